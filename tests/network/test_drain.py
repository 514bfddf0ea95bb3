"""Draining lines: on the protocols that run, and on nothing else."""

from __future__ import annotations

from core.instance import Instance
from lab.network import plan
from network.drain import drained
from network.drivers.frr.tree import parse
from tests.network.drivers.routing import bare, routed

_TOPOLOGY = plan(4)


def _added(text: str) -> set[tuple[str, str]]:
    def lines(of: str) -> set[tuple[str, str]]:
        return {(path[-1] if path else "", node.line) for path, node in parse(of).walk()}

    assert lines(text) <= lines(drained(text))
    return lines(drained(text)) - lines(text)


def test_each_protocol_that_runs_is_drained_and_each_link_but_the_loopback() -> None:
    router = _TOPOLOGY.router("ac01")
    links = {(f"interface {name}", "ipv6 ospf6 cost 65535") for name in router.interfaces}
    assert _added(routed(Instance.named("test"), _TOPOLOGY, router)) == links | {
        ("router ospf", "max-metric router-lsa administrative"),
        ("router bgp 64512", "bgp graceful-shutdown"),
    }


def test_a_drained_router_tells_anew_by_the_cost_of_its_ospfv3_links_alone() -> None:
    router = _TOPOLOGY.router("ac01")
    text = routed(Instance.named("test"), _TOPOLOGY, router)
    other = drained(text, ospf6_cost=65534).splitlines()
    assert [line for line in drained(text).splitlines() if line not in other] == [" ipv6 ospf6 cost 65535"] * len(
        router.interfaces
    )


def test_a_router_without_routing_stays_as_it_is() -> None:
    text = bare(Instance.named("test"), _TOPOLOGY.router("ac01"))
    assert drained(text) == drained(text, ospf6_cost=65534) == text
    assert not _added(text)
