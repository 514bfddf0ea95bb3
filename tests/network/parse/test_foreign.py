"""Brownfield: whatever a configuration holds, rendering what was read gives it back, so the first push is empty."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from network.device_model import DeviceModel
from network.parse import adopt, parse
from network.parse.secrets_out import without_secrets
from network.pins import apply_pins, pins_of
from network.redact import redact
from network.render import normalise, redacting, render, render_unfilled, unsupported

FOREIGN = sorted((Path(__file__).parent / "foreign").glob("*.conf"))
SECRETS = (
    "Winter Is Coming 42", "n3wer", "Zx8sYp0qPwT2k", "gH1mCc9KpQe3w", "Secret1", "Secret2", "correct horse battery",
    "0pen-Sesame", "HelloIsis", "AreaSecret",
)  # fmt: skip


@pytest.fixture(params=FOREIGN, ids=lambda path: path.stem)
def text(request: pytest.FixtureRequest) -> str:
    path: Path = request.param
    return path.read_text()


def test_the_first_push_is_empty(text: str) -> None:
    parsed = parse(text, prefix="old")
    rendered = render(parsed.model, "frr", lambda secret: parsed.secrets[secret.name])
    assert normalise(rendered, "frr") == normalise(text, "frr")


def test_nothing_of_it_is_lost_on_the_way_to_storage(text: str) -> None:
    model = parse(text).model
    assert DeviceModel.from_json(model.canonical_json()) == model


def test_what_is_foreign_is_named_once_and_counted(text: str) -> None:
    parsed = parse(text)
    names = [block.name for block in parsed.model.opaque]
    assert parsed.opaque_count == len(names) == len(set(names)) > 0
    assert all(name and block.owner == "foreign" for name, block in zip(names, parsed.model.opaque, strict=True))
    assert unsupported(parsed.model, "frr") == []


def test_no_secret_is_in_the_model_nor_in_a_printed_result(text: str) -> None:
    parsed = parse(text)
    shown = (
        parsed.model.canonical_json(),
        repr(parsed),
        render_unfilled(parsed.model, "frr"),
        render(parsed.model, "frr", redacting),
        redact(text, "frr"),
    )
    for secret in SECRETS:
        assert all(secret not in one for one in shown), secret
    assert {secret for secret in SECRETS if secret in text} == set(parsed.secrets.values())


def test_adopting_into_an_empty_intent_takes_everything(text: str) -> None:
    running = normalise(text, "frr")
    adoption = adopt(DeviceModel("new", "frr", role="access", site="s1"), running)
    rendered = render(adoption.model, "frr", lambda secret: adoption.secrets[secret.name])
    assert normalise(rendered, "frr") == running
    assert (adoption.model.role, adoption.model.site) == ("access", "s1")
    assert adoption.opaque_count == parse(text).opaque_count
    assert any(adopted.part == "hostname" for adopted in adoption.adopted)


def test_adopting_again_finds_nothing_more(text: str) -> None:
    first = adopt(DeviceModel("new", "frr"), text)
    again = adopt(first.model, text)
    assert again.adopted == ()
    assert again.model == first.model


@pytest.mark.parametrize("intended", FOREIGN, ids=lambda path: path.stem)
def test_pins_and_blocks_make_any_intent_what_runs(text: str, intended: Path) -> None:
    intent = parse(intended.read_text()).model
    running = normalise(text, "frr")
    adoption = adopt(intent, running)
    pinned = apply_pins(intent, pins_of(adoption.adopted))
    kept = {(block.context, block.text) for block in intent.opaque}
    blocks = tuple(block for block in adoption.opaque if (block.context, block.text) not in kept)
    rendered = render_unfilled(replace(pinned, opaque=(*pinned.opaque, *blocks)), "frr")
    assert normalise(rendered, "frr") == normalise(render_unfilled(adoption.model, "frr"), "frr")


def test_what_we_understand_becomes_fields() -> None:
    by_name = {path.stem: parse(path.read_text()).model for path in FOREIGN}
    old = by_name["indented_before_frr8"]
    assert [interface.name for interface in old.interfaces] == ["eth0", "eth1"]
    assert not old.interfaces[1].enabled
    assert {route.prefix for route in old.static_routes} >= {"0.0.0.0/0", "2001:db8:50::/48"}
    flat = by_name["flat_typed_by_hand"]
    assert flat.bgp is not None
    assert [peer.name for peer in flat.bgp.neighbors] == ["10.9.0.1", "2001:db8:9::1"]
    assert flat.bgp.groups[0].password is not None
    assert [(route.prefix, route.vrf) for route in flat.static_routes] == [
        ("10.9.0.0/16", None),
        ("172.20.0.0/16", "guest"),
    ]
    assert by_name["data_centre_frr8"].system.syslog_level == "informational"


def test_a_text_of_another_platform_keeps_its_spelling_when_secrets_leave_it() -> None:
    junos = (
        "system {\n    host-name mx1;\n    root-authentication {\n"
        '        encrypted-password "$6$abcdefgh$notArealhash"; ## SECRET-DATA\n    }\n}\n'
    )
    bare, secrets = without_secrets(junos, "junos", "mx1")
    assert secrets == {"mx1/encrypted-password": "$6$abcdefgh$notArealhash"}
    assert bare == junos.replace("$6$abcdefgh$notArealhash", "<secret-ref:mx1/encrypted-password>")
