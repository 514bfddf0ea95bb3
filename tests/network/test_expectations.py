"""Expectations: derived from intent, written by engineers, judged from what was seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from network.device_model import Bgp, BgpPeer, DeviceModel, Interface, Ospf, OspfInterface
from network.expectations import (
    BgpSession,
    Observations,
    OspfAdjacency,
    Route,
    checking,
    evaluate,
    expected,
    read_checks,
)
from tests.network.render.models import access


@checking("few_routes")
def _few_routes(seen: Observations, *, most: int) -> bool | None:
    return None if seen.routes is None else len(seen.routes) <= most


@checking("breaks")
def _breaks(_seen: Observations) -> bool | None:
    raise RuntimeError("no")


YAML = """
- check: reachable
- check: ospf_neighbors
  count: 2
- check: ospf_neighbors
  interfaces: [to-b]
  igp: ospfv3
- check: bgp
  peer: 10.255.0.1
- check: bgp_sessions
  count: 2
- check: route
  prefix: 10.255.0.9/32
- check: ping
  target: 10.255.0.3
- check: interface
  name: to-a
- check: python
  function: few_routes
  arguments: {most: 3}
"""
GOOD = Observations(
    adjacencies={"ospf": {"to-a": True, "to-b": True}, "ospfv3": {"to-b": True}},
    bgp={"10.255.0.1": True, "10.255.0.2": True},
    routes=frozenset({"10.255.0.9/32"}),
    interfaces={"to-a": True},
    pings={"10.255.0.3": True},
)
BAD = Observations(
    adjacencies={"ospf": {"to-a": True, "to-b": False}, "ospfv3": {}},
    bgp={"10.255.0.1": False, "10.255.0.2": True},
    routes=frozenset({"1.0.0.0/8", "2.0.0.0/8", "3.0.0.0/8", "4.0.0.0/8"}),
    interfaces={"to-a": False},
    pings={"10.255.0.3": False},
    reachable=False,
)


def _states(seen: Observations) -> list[str]:
    return [finding.status for finding in evaluate(read_checks(YAML), seen)]


def test_what_is_as_expected_is_ok() -> None:
    assert _states(GOOD) == ["ok"] * 9


def test_what_is_not_has_failed() -> None:
    assert _states(BAD) == ["failed"] * 9


def test_what_was_not_seen_is_unknown_and_never_green() -> None:
    assert _states(Observations()) == ["unknown"] * 9


def test_a_finding_says_what_is_missing() -> None:
    texts = [finding.text for finding in evaluate(read_checks(YAML), BAD)]
    assert "missing to-b" in texts[2]
    assert "seen 1" in texts[1]


def test_a_function_that_fails_knows_nothing() -> None:
    finding = evaluate(read_checks("- {check: python, function: breaks}"), GOOD)[0]
    assert finding.status == "unknown"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("- check: nothing\n", "checks, at 0"),
        ("- check: route\n", "prefix"),
        ("- check: ping\n  target: a\n  colour: red\n", "colour"),
        ("- check: python\n  function: unknown_one\n", "unknown_one"),
        ("- [", "line"),
        ("key: value", "list"),
    ],
)
def test_a_wrong_check_is_named_with_its_place(text: str, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        read_checks(text)


def test_no_checks_is_an_empty_list() -> None:
    assert read_checks("") == []


def test_intent_and_neighbours_say_what_to_expect() -> None:
    neighbours = {"to-ag01": "ag01", "to-ag02": "ag02", "lo": "nobody"}
    loopbacks = {"10.255.0.1": "cr01", "fd00:ffff::1": "cr01", "10.255.0.30": "ac01", "10.255.0.5": "planned"}
    checks = expected(access(), neighbours, ["ag01", "ag02", "cr01", "ac01"], loopbacks)
    assert [check for check in checks if isinstance(check, OspfAdjacency)] == [
        OspfAdjacency(interface="to-ag01", igp="ospf", peer="ag01"),
        OspfAdjacency(interface="to-ag01", igp="ospfv3", peer="ag01"),
    ]
    assert {check.peer for check in checks if isinstance(check, BgpSession)} == {"10.255.0.1", "fd00:ffff::1"}
    assert {check.prefix for check in checks if isinstance(check, Route)} == {"10.255.0.1/32", "fd00:ffff::1/128"}


@given(st.lists(st.sampled_from(["a", "b", "c"]), unique=True), st.lists(st.sampled_from(["a", "b", "c"]), unique=True))
def test_as_many_adjacencies_as_intended_interfaces_with_a_speaking_neighbour(
    own: list[str], speaking: list[str]
) -> None:
    model = DeviceModel(
        "r",
        "frr",
        interfaces=tuple(Interface(f"to-{name}", ospf=OspfInterface("0")) for name in own),
        ospf=Ospf("1.1.1.1"),
        bgp=Bgp(1, neighbors=tuple(BgpPeer(f"10.0.0.{ord(name)}", remote_as="1") for name in own)),
    )
    loopbacks = {f"10.0.0.{ord(name)}": name for name in speaking}
    checks = expected(model, {f"to-{name}": name for name in own}, speaking, loopbacks)
    both = set(own) & set(speaking)
    assert sum(isinstance(check, OspfAdjacency) for check in checks) == len(both)
    assert sum(isinstance(check, BgpSession) for check in checks) == len(both)
    assert sum(isinstance(check, Route) for check in checks) == len(speaking)
