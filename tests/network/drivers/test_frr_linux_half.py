"""The two halves of a router's configuration are one: committed, timed, confirmed, taken back, made anew together."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from lab.network import Router, control, customers
from network.drivers.protocol import Candidate, Mark
from network.errors import CommitRolledBack, SyntaxRefused
from network.render.normalise import normalise
from tests.lab.running import RunningLab, eventually
from tests.network.drivers.conformance import within
from tests.network.drivers.routing import AS_NUMBER, loopback4, routed

pytestmark = pytest.mark.lab

_ENDS = {"ac01": 1, "ag01": 2}
_TABLES = {"V1": (10001, "port1"), "V2": (10002, "port2")}


def _with(lab: RunningLab, router: Router, *tables: str) -> str:
    """The whole configuration with some tables, in the order in which a router reads it."""
    return normalise(_base(lab, router) + "".join(_table(router, name) for name in tables), "frr")


def _base(lab: RunningLab, router: Router) -> str:
    """Routing, and EVPN on every session; reflectors reflect none of it."""
    family = " address-family l2vpn evpn\n  neighbor MESH activate\n  advertise-all-vni\n exit-address-family\n"
    text = routed(lab.instance, lab.topology, router)
    return text.replace(" address-family ipv6 unicast", f"{family} address-family ipv6 unicast", 1)


def _table(router: Router, name: str) -> str:
    """One VRF of one tenant, both halves; every tenant uses the same addresses."""
    vni, port = _TABLES[name]
    me, site = loopback4(router), _ENDS[router.name]
    other = {"ac01": 3, "ag01": 4}[router.name]
    return f"""\
router bgp {AS_NUMBER}
 neighbor EDGES peer-group
 neighbor EDGES remote-as {AS_NUMBER}
 neighbor EDGES update-source lo
 neighbor EDGES timers connect 5
 neighbor 10.255.0.{other} peer-group EDGES
 address-family l2vpn evpn
  neighbor EDGES activate
 exit-address-family
exit
vrf {name}
 vni {vni}
 netns /run/netns/{name}
exit-vrf
router bgp {AS_NUMBER} vrf {name}
 bgp router-id {me}
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 address-family ipv4 unicast
  redistribute connected
 exit-address-family
 address-family l2vpn evpn
  advertise ipv4 unicast
  rd {me}:{vni}
  route-target export {AS_NUMBER}:{vni - 10000}
  route-target import {AS_NUMBER}:{vni - 10000}
 exit-address-family
exit
linux main
 bridge b-{port}
 port {port} master b-{port}
 veth v-{port} master b-{port} to {port} namespace {name}
exit
linux namespace {name}
 address {port} 192.168.{site}.1/24
 bridge br{vni} address 02:00:0a:ff:00:{router.number:02x}
 vxlan vx{vni} id {vni} local {me} master br{vni}
exit
"""


def _kernel(lab: RunningLab, router: str) -> tuple[str, ...]:
    """``ip -d link``, ``ip netns``, ``ip route`` without what counts time; and FRR's list of tables."""
    asked = ("ip -d link", "ip netns", "ip route", "vtysh -c 'show vrf'", "ls /etc/frr")
    return tuple(lab.console(router, "sh", "-c", command) for command in asked)


def _must_look(lab: RunningLab, router: str, before: tuple[str, ...]) -> None:
    """Routing may move for a moment after a push; then everything is as it was."""
    with suppress(AssertionError):
        eventually(lambda: _kernel(lab, router) == before, 90, "as it was")
    assert _kernel(lab, router) == before


def _reaches(lab: RunningLab, router: str, port: str, address: str) -> bool:
    return customers.execute(router, port, ["ping", "-c1", "-W1", address], lab.instance).returncode == 0


def _passes(lab: RunningLab, port: str) -> bool:
    return _reaches(lab, "ac01", port, "192.168.2.10")


@pytest.fixture(scope="module")
def network(lab: RunningLab) -> RunningLab:
    """Routing converged, a host at every end."""
    for router in lab.topology.routers:
        lab.reset(router.name, _with(lab, router))
    for name, site in _ENDS.items():
        for _, port in _TABLES.values():
            customers.give(name, port, f"192.168.{site}.10/24", f"192.168.{site}.1", lab.instance)
    eventually(lambda: _sees(lab, "ac01", 4) and _sees(lab, "ag01", 4), 120, "every loopback and service prefix")
    eventually(lambda: _settled(lab), 120, "routes that stay as they are")
    return lab


def _settled(lab: RunningLab) -> bool:
    seen = []
    for _ in range(3):
        seen.append([lab.console(name, "ip", "route") for name in _ENDS])
        time.sleep(5)
    return seen[0] == seen[1] == seen[2]


def _sees(lab: RunningLab, router: str, routers: int) -> bool:
    routes = lab.console(router, "ip", "route").splitlines()
    others = [line for line in routes if line.startswith(("10.255.0.", "10.100."))]
    return len(others) == 2 * (routers - 1)


@pytest.fixture
def ends(network: RunningLab) -> Iterator[dict[str, Router]]:
    """The two routers that carry services, with none on them."""
    found = {name: network.topology.router(name) for name in _ENDS}
    for name, router in found.items():
        network.reset(name, _with(network, router))
    yield found
    for name, router in found.items():
        network.reset(name, _with(network, router))


def test_hosts_of_one_tenant_reach_each_other_and_nothing_is_left_afterwards(
    network: RunningLab, ends: dict[str, Router]
) -> None:
    before = {name: _kernel(network, name) for name in ends}
    for name, router in ends.items():
        text = _with(network, router, "V1", "V2")
        network.reset(name, text)
        with network.driver(name) as driver:
            running = driver.running()
        for line in ("linux namespace V1", " vxlan vx10001 id 10001 ", "vrf V1", " vni 10001"):
            assert line in running
    eventually(lambda: _passes(network, "port1") and _passes(network, "port2"), 60, "both tenants' packets pass")
    # One tenant's service goes: the other's stays whole, and the one's host is cut off.
    for name, router in ends.items():
        network.reset(name, _with(network, router, "V2"))
    assert _passes(network, "port2")
    assert not _passes(network, "port1")
    for name, router in ends.items():
        network.reset(name, _with(network, router))
    for name in ends:
        _must_look(network, name, before[name])


def test_the_timer_takes_both_halves_back(network: RunningLab, ends: dict[str, Router]) -> None:
    before = _kernel(network, "ac01")
    mark = Mark(f"change-{network.epoch()}", "step", network.epoch())
    with network.driver("ac01") as driver:
        text = driver.running()
        driver.prepare(Candidate(_with(network, ends["ac01"], "V1")), mark)
        driver.commit(mark, 6)
        assert "V1" in network.console("ac01", "ip", "netns")
        assert within(90, lambda: driver.status(mark).state == "reverted")
        assert driver.status(mark).reason == "timer"
        assert driver.running() == text
    _must_look(network, "ac01", before)


def test_what_is_deleted_by_hand_is_drift_and_a_push_makes_it_again(
    network: RunningLab, ends: dict[str, Router]
) -> None:
    texts = {name: _with(network, router, "V1") for name, router in ends.items()}
    for name, text in texts.items():
        network.reset(name, text)
    eventually(lambda: _passes(network, "port1"), 60, "packets pass")
    with network.driver("ac01") as driver:
        intended, fingerprint = driver.running(), driver.fingerprint()
        network.console("ac01", "sh", "-c", "ip netns del V1; ip link del b-port1")
        eventually(lambda: "netns /run/netns/V1" not in driver.running(), 30, "zebra sees the namespace go")
        assert driver.fingerprint() != fingerprint
        eventually(lambda: "linux" not in driver.running(), 30, "the kernel has taken the namespace apart")
        assert not _passes(network, "port1")
        network.reset("ac01", texts["ac01"])
        assert driver.running() == intended
    eventually(lambda: _passes(network, "port1"), 60, "packets pass again")


def test_a_service_whose_namespace_is_gone_can_still_be_removed(network: RunningLab, ends: dict[str, Router]) -> None:
    before = _kernel(network, "ac01")
    network.reset("ac01", _with(network, ends["ac01"], "V1"))
    network.console("ac01", "sh", "-c", "ip netns del V1")
    network.reset("ac01", _with(network, ends["ac01"]))
    _must_look(network, "ac01", before)


def test_a_router_boots_with_both_halves(network: RunningLab, ends: dict[str, Router]) -> None:
    for name, router in ends.items():
        network.reset(name, _with(network, router, "V1"))
    eventually(lambda: _passes(network, "port1"), 60, "packets pass")
    with network.driver("ac01") as driver:
        confirmed = driver.running()
    control.power_off("ac01", network.instance)
    control.power_on("ac01", network.instance)
    with network.driver("ac01") as driver:
        eventually(lambda: driver.running() == confirmed, 60, "the confirmed text, both halves")
    eventually(lambda: _passes(network, "port1"), 90, "packets pass after the power came back")


def test_a_refused_line_of_the_linux_half_is_named(network: RunningLab, ends: dict[str, Router]) -> None:
    text = _with(network, ends["ac01"]) + "linux main\n bridge mgmt0\nexit\n"
    mark = Mark(f"change-{network.epoch()}", "step", network.epoch())
    with network.driver("ac01") as driver, pytest.raises(SyntaxRefused) as refused:
        driver.prepare(Candidate(text), mark)
    assert refused.value.fields["line"] == text.splitlines().index(" bridge mgmt0") + 1
    assert "mgmt0" in str(refused.value)


def test_a_half_that_the_kernel_refuses_is_taken_back_at_once(network: RunningLab, ends: dict[str, Router]) -> None:
    """Two tunnels with one number: the grammar has nothing against them, the kernel has."""
    before = _kernel(network, "ac01")
    twice = (
        _with(network, ends["ac01"])
        + _table(ends["ac01"], "V1")
        + ("linux main\n bridge b-port2\n vxlan vx2 id 10001 local 10.255.0.4 master b-port2\nexit\n")
    )
    mark = Mark(f"change-{network.epoch()}", "step", network.epoch())
    with network.driver("ac01") as driver:
        text = driver.running()
        driver.prepare(Candidate(twice), mark)
        began = time.monotonic()
        with pytest.raises(CommitRolledBack):
            driver.commit(mark, 300)
        assert time.monotonic() - began < 200
        assert driver.running() == text
    _must_look(network, "ac01", before)
