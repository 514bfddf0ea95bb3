"""A service's lines on every platform, against golden files; ``IRISPLANE_GOLDEN=write`` writes them anew."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from network.device_model import DeviceModel
from network.drivers.frr.halves import split
from network.drivers.frr.linux.grammar import parse
from network.drivers.frr.tree import parse as parse_frr
from network.errors import NotOffered
from network.render import PLATFORMS, render_unfilled
from network.services.lines import Block, Port, Uplink, block_of

GOLDEN = Path(__file__).parent / "golden"
_PORTS = {"frr": "port1", "eos": "Ethernet3", "junos": "ge-0/0/3", "iosxr": "GigabitEthernet0/0/0/3"}


def _l3vpn(platform: str, *, code: str = "town-halls", table: int = 1000) -> Block:
    name = _PORTS[platform]
    return Block(
        code=code,
        kind="l3vpn",
        platform=platform,
        asn=64512,
        loopback="10.255.0.9",
        table=table,
        tunnel=9000 + table,
        ports=(Port(name, "10.20.1.1/24"), Port(f"{name[:-1]}4", "2001:db8:20::1/64")),
        peers=("10.255.0.10",),
        connect=5,
    )


def _line(platform: str) -> Block:
    ports = (Port(_PORTS[platform]),)
    return replace(_l3vpn(platform), code="two-halls", kind="e-line", table=None, ports=ports, remote="10.255.0.10")


def _internet(platform: str, *, at: str = "site") -> Block:
    """Of two sites; one of them, or the exit of the region, or both in one."""
    name = _PORTS[platform]
    site, uplink = (Port(name, "203.0.113.9/29"),), Uplink(f"{name[:-1]}1", "198.51.100.2/30", "198.51.100.1")
    return replace(
        _l3vpn(platform, code="way-out"),
        kind="internet",
        ports=() if at == "exit" else site,
        networks=("203.0.113.8/29", "203.0.113.16/28"),
        uplink=None if at == "site" else uplink,
    )


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("at", ["site", "exit"])
def test_the_lines_of_internet_access_are_the_golden_ones(at: str, platform: str) -> None:
    text = block_of(_internet(platform, at=at)).text
    path = GOLDEN / platform / f"service-internet-{at}.txt"
    if os.environ.get("IRISPLANE_GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()
    both = block_of(_internet(platform, at="both")).text
    assert {line.strip() for line in text.splitlines()} <= {line.strip() for line in both.splitlines()}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("rate", [None, 200])
@pytest.mark.parametrize("kind", ["l3vpn", "e-line"])
def test_a_services_lines_are_the_golden_ones(kind: str, rate: int | None, platform: str) -> None:
    made = _l3vpn(platform) if kind == "l3vpn" else _line(platform)
    text = block_of(replace(made, rate=rate)).text
    path = GOLDEN / platform / f"service-{kind}{'-rate' if rate else ''}.txt"
    if os.environ.get("IRISPLANE_GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()


def test_the_linux_half_of_a_service_is_one() -> None:
    for block in (_l3vpn("frr"), _line("frr"), _internet("frr", at="both")):
        for rate in (None, 1, 400_000):
            assert parse(split(parse_frr(block_of(replace(block, rate=rate)).text))[1])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_service_that_goes_leaves_the_text_as_it_was(platform: str) -> None:
    """What two services share (a peer) stays with the one that is left; nothing else of the other does."""
    model = DeviceModel(hostname="ac01", platform=platform)
    one = block_of(replace(_l3vpn(platform), rate=200))
    other = block_of(replace(_l3vpn(platform, code="schools", table=1001), rate=50))
    bare, alone = render_unfilled(model, platform), render_unfilled(replace(model, opaque=(other,)), platform)
    both = render_unfilled(replace(model, opaque=(one, other)), platform)
    assert bare != alone != both
    assert "V1000" in both
    assert "V1000" not in alone
    left = tuple(block for block in (one, other) if block.owner != one.owner)
    assert render_unfilled(replace(model, opaque=left), platform) == alone
    assert render_unfilled(replace(model, opaque=()), platform) == bare


def test_an_exit_goes_with_the_last_service_that_leaves_there() -> None:
    model = DeviceModel(hostname="cr01", platform="frr")
    one, other = (
        block_of(replace(_internet("frr", at="exit"), code=code, table=table, networks=(network,)))
        for code, table, network in (("one", 1000, "203.0.113.8/29"), ("other", 1001, "203.0.113.16/28"))
    )
    both = render_unfilled(replace(model, opaque=(one, other)), "frr")
    assert both.count("address port1 198.51.100.2/30") == 1
    assert " ip route 203.0.113.8/29 100.64.0.1\n" in both
    left = render_unfilled(replace(model, opaque=(other,)), "frr")
    assert "linux namespace INTERNET" in left
    assert "203.0.113.8" not in left
    assert "V1000" not in left
    assert render_unfilled(replace(model, opaque=()), "frr") == render_unfilled(model, "frr")


def test_a_port_whose_name_linux_would_not_take_is_refused() -> None:
    long = replace(_l3vpn("frr"), ports=(Port("a-very-long-port", "10.0.0.1/24"),))
    with pytest.raises(NotOffered, match="16 characters"):
        block_of(long)


def test_a_platform_without_templates_is_named() -> None:
    with pytest.raises(NotOffered, match="nxos"):
        block_of(replace(_l3vpn("eos"), platform="nxos"))
