"""Memoising, secrets as the last step, and what a platform cannot hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import IrisplaneError
from network.device_model import DeviceModel, Interface, OspfInterface, SecretRef
from network.render import (
    MEMO,
    TemplateError,
    UnknownSecret,
    UnprintableSecret,
    UnsupportedPlatform,
    normalise,
    render,
    render_unfilled,
    unsupported,
)
from network.render.memo import Memo
from tests.network.render.models import CASES, core, reveal


def test_the_same_model_is_rendered_once_whatever_its_secrets() -> None:
    MEMO.clear()
    first = render(core(), "frr", reveal)
    second = render(core(), "frr", lambda secret: "new-" + secret.name[:8].replace("/", "-"))
    assert (MEMO.misses, MEMO.hits) == (1, 1)
    assert first != second
    render(replace(core(), hostname="cr02"), "frr", reveal)
    assert MEMO.misses == 2


def test_the_memo_is_bounded() -> None:
    memo = Memo(2)
    for key in "abca":
        memo.get((key,), lambda: "text")
    assert (memo.misses, memo.hits) == (4, 0)


def test_no_secret_value_is_in_the_memo() -> None:
    MEMO.clear()
    render(core(), "frr", reveal)
    assert "v+" not in str(MEMO._kept)


@pytest.mark.parametrize("value", ["two\nlines", "", "bell\a"])
def test_a_secret_that_would_break_the_line_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(UnprintableSecret) as caught:
        render(core(), "frr", lambda _: value)
    assert not value or value not in str(caught.value)


def test_an_ospf_key_that_a_router_would_cut_is_refused() -> None:
    ospf = OspfInterface("0", auth_key=SecretRef("k"))
    model = DeviceModel("r", "frr", interfaces=(Interface("eth0", ospf=ospf),))
    with pytest.raises(UnprintableSecret, match="16"):
        render(model, "frr", lambda _: "x" * 17)
    assert "x" * 16 in render(model, "frr", lambda _: "x" * 16)


def test_an_unknown_secret_is_named() -> None:
    def empty_store(secret: SecretRef) -> str:
        raise UnknownSecret(f"There is no secret {secret.name!r}.")

    with pytest.raises(UnknownSecret, match=r"ospf/key|bgp/ibgp"):
        render(core(), "frr", empty_store)


def test_an_unknown_platform_is_refused_with_those_we_have() -> None:
    with pytest.raises(UnsupportedPlatform, match="frr, eos, junos, iosxr"):
        render(core(), "vyos", reveal)


@pytest.mark.parametrize("case", CASES)
def test_normalising_twice_is_normalising_once(case: str) -> None:
    text = render_unfilled(CASES[case](), "frr")
    assert normalise(text, "frr") == text


def test_what_frr_cannot_hold_is_said() -> None:
    said = "\n".join(unsupported(CASES["access"](), "frr"))
    for part in ("ntp_servers", "syslog_servers", "banner", "users", "snmp.communities", "snmp.users", "MTU", "domain"):
        assert part in said
    assert "route distinguisher" in "\n".join(unsupported(CASES["vrf"](), "frr"))
    assert unsupported(DeviceModel("a", "frr"), "frr") == []


def test_an_opaque_block_for_another_platform_is_said() -> None:
    said = unsupported(CASES["opaque"](), "eos")
    assert sum("written for frr" in line for line in said) == 4


def test_every_part_of_an_interface_is_rendered_or_said() -> None:
    """Changing any interface field changes the FRR text, or is named as unsupported."""
    model = core()
    plain = render_unfilled(model, "frr")
    first = model.interfaces[0]
    for changed in (
        replace(first, description="other"),
        replace(first, enabled=False),
        replace(first, mtu=1400),
        replace(first, ipv4=("10.9.9.9/31",)),
        replace(first, ipv6=()),
        replace(first, ospf=None),
        replace(first, ospfv3=None),
        replace(first, access_vlan=5),
        replace(first, vlan_id=5),
        replace(first, vrf="blue"),
    ):
        other = replace(model, interfaces=(changed, *model.interfaces[1:]))
        assert render_unfilled(other, "frr") != plain or unsupported(other, "frr") != unsupported(model, "frr")


def test_errors_carry_codes() -> None:
    codes = {kind.code for kind in (TemplateError, UnsupportedPlatform, UnknownSecret, UnprintableSecret)}
    assert codes == {"NET-201", "NET-202", "NET-203", "NET-204"}
    assert all(issubclass(kind, IrisplaneError) for kind in (TemplateError, UnknownSecret))
