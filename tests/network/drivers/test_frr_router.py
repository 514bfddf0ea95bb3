"""What is special about FRR: its grammar both ways, the guard's death, routing that converges, NAPALM."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from napalm import get_network_driver
from napalm.base import NetworkDriver
from napalm.base.exceptions import CommitError, ConnectionException, ReplaceConfigException

from network.drivers.frr.driver import FRRConfigDriver
from network.drivers.protocol import Candidate, ConfigDriver, Mark
from network.errors import CandidateTooLarge, CommitRolledBack, DeviceMisbehaves, SessionLost, SyntaxRefused
from network.render.normalise import normalise
from tests.lab.running import RunningLab, eventually
from tests.network.drivers.routing import bare, loopback4, loopback6, routed

pytestmark = pytest.mark.lab
_ROUTER = "ag01"

# Each line that Irisplane's templates can write, and each value then altered.
_SINK = """
log syslog informational
ip prefix-list OUT description what we tell
ip prefix-list OUT seq 5 permit 10.0.0.0/8 ge 24 le 32
ip prefix-list OUT seq 10 deny any
ipv6 prefix-list OUT6 seq 5 permit fd00::/8 le 64
bgp community-list standard CL seq 5 permit 64512:100
bgp as-path access-list AP seq 5 permit ^64512_
ip route 10.100.1.0/24 blackhole
ip route 10.100.2.0/24 10.0.0.1 tag 5 50
ipv6 route fd00:100::/48 blackhole
interface lo
 ip address 10.255.0.3/32
 ip ospf area 0
 ip ospf passive
 ipv6 address fd00:ffff::3/128
 ipv6 ospf6 area 0
exit
interface to-cr01
 description fibre to the core
 ip address 10.0.0.0/31
 ip ospf area 0
 ip ospf cost 10
 ip ospf dead-interval 4
 ip ospf hello-interval 1
 ip ospf network point-to-point
 ip ospf authentication message-digest
 ip ospf message-digest-key 1 md5 s3cretkey
 ipv6 address fd00:1::/127
 ipv6 ospf6 area 0
 ipv6 ospf6 cost 10
 ipv6 ospf6 dead-interval 4
 ipv6 ospf6 hello-interval 1
 ipv6 ospf6 network point-to-point
exit
interface to-cr02
 ip address 10.0.0.2/31
 shutdown
exit
router bgp 64512
 bgp router-id 10.255.0.3
 bgp log-neighbor-changes
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 bgp cluster-id 10.255.0.9
 timers bgp 10 30
 neighbor RR peer-group
 neighbor RR remote-as 64512
 neighbor RR password hunter22
 neighbor RR update-source lo
 neighbor RR timers 3 9
 neighbor RR timers connect 5
 neighbor 10.255.0.2 peer-group RR
 neighbor 10.255.0.2 description core two
 neighbor 192.0.2.1 remote-as 65001
 neighbor 192.0.2.1 ebgp-multihop 3
 neighbor 192.0.2.1 shutdown
 address-family ipv4 unicast
  network 10.100.1.0/24
  redistribute connected route-map TAG
  neighbor RR activate
  neighbor RR route-reflector-client
  neighbor RR next-hop-self
  neighbor 192.0.2.1 activate
  neighbor 192.0.2.1 maximum-prefix 100
  neighbor 192.0.2.1 prefix-list OUT out
  neighbor 192.0.2.1 route-map TAG in
  maximum-paths ibgp 4
 exit-address-family
 address-family ipv6 unicast
  network fd00:100::/48
  neighbor RR activate
 exit-address-family
exit
router ospf
 ospf router-id 10.255.0.3
 log-adjacency-changes
 auto-cost reference-bandwidth 10000
 timers throttle spf 50 200 5000
 maximum-paths 4
 redistribute static metric 20 route-map TAG
 default-information originate always
exit
router ospf6
 ospf6 router-id 10.255.0.3
 auto-cost reference-bandwidth 10000
 timers throttle spf 50 200 5000
 maximum-paths 4
 redistribute static metric 20
exit
route-map TAG permit 10
 description tag it
 match ip address prefix-list OUT
 set community 64512:100 additive
 set local-preference 200
exit
route-map TAG deny 20
exit
"""
_ALTERED = {
    "informational": "warnings", "ge 24 le 32": "ge 25 le 31", "what we tell": "what we say", "cost 10": "cost 30",
    "fibre to the core": "dark fibre", "10.0.0.0/31": "10.0.0.4/31", "fd00:1::/127": "fd00:2::/127",
    "dead-interval 4": "dead-interval 8", "hello-interval 1": "hello-interval 2", "s3cretkey": "0thersecret",
    "timers bgp 10 30": "timers bgp 5 15", "hunter22": "hunter33", "timers 3 9": "timers 4 12", "core two": "core 2",
    "ebgp-multihop 3": "ebgp-multihop 5", "maximum-prefix 100": "maximum-prefix 200",
    "route-map TAG in": "route-map T in",
    "bandwidth 10000": "bandwidth 40000", "spf 50 200 5000": "spf 10 100 1000", "maximum-paths 4": "maximum-paths 2",
    "metric 20": "metric 30", "local-preference 200": "local-preference 50", "64512:100 additive": "64512:200",
    "tag it": "tagged", "area 0": "area 1", "65001": "65002", "deny 20": "permit 20",
    "timers connect 5": "timers connect 9",
}  # fmt: skip


def _push(lab: RunningLab, driver: ConfigDriver, text: str, step: str) -> None:
    mark = Mark(f"push-{lab.epoch()}", step, lab.epoch())
    driver.prepare(Candidate(text), mark)
    driver.commit(mark, 120)
    driver.confirm(mark)


@pytest.fixture
def router(lab: RunningLab) -> FRRConfigDriver:
    lab.reset(_ROUTER, bare(lab.instance, lab.topology.router(_ROUTER)))
    driver = lab.driver(_ROUTER)
    driver.open()
    return driver


def test_every_line_goes_there_changes_and_comes_back_without_the_slow_road(
    lab: RunningLab, router: FRRConfigDriver
) -> None:
    start = bare(lab.instance, lab.topology.router(_ROUTER))
    altered = _SINK
    for old, new in _ALTERED.items():
        assert old in altered, old
        altered = altered.replace(old, new)
    for step, text in (
        ("there", start + _SINK),
        ("changed", start + altered),
        ("back", start + _SINK),
        ("gone", start),
    ):
        _push(lab, router, text, step)
        assert router.running() == normalise(text, "frr"), step
    journal = lab.console(_ROUTER, "tail", "-n", "12", "/etc/frr/irisplane/journal.log")
    assert "reloaded" not in journal, journal


def test_a_line_that_the_router_keeps_differently_is_named_and_put_back(
    lab: RunningLab, router: FRRConfigDriver
) -> None:
    before = router.running()
    mark = Mark(f"odd-{lab.epoch()}", "step", lab.epoch())
    router.prepare(Candidate("interface to-cr01\n ip ospf cost 010\n", "merge"), mark)
    with pytest.raises(CommitRolledBack) as refused:
        router.commit(mark, 60)
    assert refused.value.fields["missing"] == ["interface to-cr01 / ip ospf cost 010"]
    assert refused.value.fields["unexpected"] == ["interface to-cr01 / ip ospf cost 10"]
    assert router.running() == before
    assert (router.status(mark).state, router.status(mark).reason) == ("reverted", "not exact")


def test_when_the_guard_dies_in_the_middle_of_a_commit_the_timer_still_reverts(
    lab: RunningLab, router: FRRConfigDriver
) -> None:
    before = router.running()
    many = "".join(f"ip prefix-list BIG seq {n} permit 10.{n // 250}.{n % 250}.0/24\n" for n in range(1, 400))
    mark = Mark(f"dies-{lab.epoch()}", "step", lab.epoch())
    patient = lab.driver(_ROUTER)
    patient.open()
    patient.prepare(Candidate(many, "merge"), mark)

    with ThreadPoolExecutor(1) as pool:
        killed = pool.submit(_kill_the_guard_while_it_types, lab)
        with pytest.raises((SessionLost, DeviceMisbehaves)):
            patient.commit(mark, 3)
        killed.result()
    patient.close()
    router.close()
    router.open()
    eventually(lambda: router.status(mark).state == "reverted", 60, "the timer at work")
    assert router.running() == before


def _kill_the_guard_while_it_types(lab: RunningLab) -> None:
    # the router itself looks, without a pause: from outside, a busy machine looks too seldom
    lab.console(
        _ROUTER, "timeout", "50", "sh", "-c",
        "until pgrep -f '^vtysh -f' > /dev/null; do :; done;"
        " kill -9 $(pgrep -f '^/usr/bin/python3 -E -s -S -c import sys')",
    )  # fmt: skip


def test_real_routing_converges_on_what_was_pushed(lab: RunningLab) -> None:
    def push(name: str) -> None:
        lab.reset(name, routed(lab.instance, lab.topology, lab.topology.router(name)))

    names = [router.name for router in lab.topology.routers]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(push, names))
    everyone = [address(router) for router in lab.topology.routers for address in (loopback4, loopback6)]
    for name in names:
        with lab.driver(name) as driver:
            eventually(partial(_sees, driver, everyone), 120, f"{name} reaches every loopback")
            links = len(lab.topology.fibres_of(name))
            eventually(partial(_adjacent, driver, links), 120, f"{name}: {links} neighbours by OSPF, all full")
            eventually(partial(_sessions_up, driver), 120, f"{name}: BGP")


def _sees(driver: FRRConfigDriver, everyone: list[str]) -> bool:
    return len(driver.pings(everyone, patience=0.3)) == len(everyone)


def _adjacent(driver: FRRConfigDriver, links: int) -> bool:
    two, three = driver.show_json("show ip ospf neighbor json", "show ipv6 ospf6 neighbor json")
    return len(two["neighbors"]) == links and all(entry["state"] == "Full" for entry in three["neighbors"])


def _sessions_up(driver: FRRConfigDriver) -> bool:
    summary = driver.show_json("show bgp summary json")[0]
    families = ("ipv4Unicast", "ipv6Unicast")
    return set(summary) >= set(families) and all(
        peer["state"] == "Established" for family in families for peer in summary[family]["peers"].values()
    )


def _receives6(device: NetworkDriver) -> bool:
    peer = device.get_bgp_neighbors()["global"]["peers"]["fd00:255::1"]
    return bool(peer["address_family"]["ipv6"]["received_prefixes"] > 0)


def test_napalm_finds_the_driver_and_its_getters_tell_the_truth(lab: RunningLab) -> None:
    test_real_routing_converges_on_what_was_pushed(lab)
    target = lab.target(_ROUTER)
    device = get_network_driver("frr")(
        target.host, target.username, target.password, timeout=60, optional_args={"host_keys": target.host_keys}
    )
    device.open()
    facts = device.get_facts()
    assert (facts["vendor"], facts["hostname"]) == ("FRRouting", _ROUTER)
    router = lab.topology.router(_ROUTER)
    assert set(facts["interface_list"]) == {"lo", "mgmt0", *router.interfaces, *router.ports}
    assert device.get_interfaces()["to-cr01"]["is_up"]
    assert target.host in device.get_interfaces_ip()["mgmt0"]["ipv4"]
    peers = device.get_bgp_neighbors()["global"]["peers"]
    assert peers["10.255.0.1"]["is_up"]
    eventually(partial(_receives6, device), 120, "IPv6 prefixes by BGP")
    eventually(lambda: all(one["is_full"] for one in device.get_ospf_neighbors()["ospf"]), 120, "OSPF")
    eventually(lambda: device.get_lldp_neighbors().get("to-cr01", [{}])[0].get("hostname") == "cr01", 120, "LLDP")
    assert any(entry["interface"] == "mgmt0" for entry in device.get_arp_table())
    assert device.get_route_to("10.255.0.1/32")["10.255.0.1/32"][0]["protocol"] == "ospf"
    assert device.get_environment()["memory"]["available_ram"] > 0

    device.load_replace_candidate(config=device.get_config()["running"])
    assert device.compare_config() == ""
    device.load_merge_candidate(
        config="interface to-cr01\n description by NAPALM\n ip ospf message-digest-key 1 md5 hidden9\n"
    )
    assert "+" in device.compare_config()
    device.commit_config(revert_in=10)
    assert device.has_pending_commit()
    assert "hidden9" not in device.get_config(sanitized=True)["running"]
    eventually(lambda: not device.has_pending_commit(), 90, "the timer")
    assert "by NAPALM" not in device.get_config()["running"]
    device.discard_config()
    device.load_merge_candidate(config="interface to-cr01\n description kept\n")
    device.commit_config()
    assert "description kept" in device.get_config()["startup"]
    device.rollback()
    assert "description kept" not in device.get_config()["running"]
    with pytest.raises(ReplaceConfigException):
        device.load_replace_candidate(config="router ospf\n colour blue\n")
    with pytest.raises(CommitError):
        device.commit_config()
    device.close()
    with pytest.raises(ConnectionException):
        get_network_driver("frr")(target.host, target.username, target.password).open()


def test_ten_megabytes_are_refused_before_the_router_sees_them(lab: RunningLab, router: FRRConfigDriver) -> None:
    text = "ip prefix-list X seq 5 permit 10.0.0.0/8\n" * 250_000
    mark = Mark(f"big-{lab.epoch()}", "step", lab.epoch())
    with pytest.raises(CandidateTooLarge):
        router.prepare(Candidate(text), mark)
    assert router.status(mark).state == "none"


def test_a_long_text_with_mistakes_is_refused_in_time(lab: RunningLab, router: FRRConfigDriver) -> None:
    text = "router ospf\n" + " ospf colour blue\n" * 20_000
    began = time.monotonic()
    with pytest.raises(SyntaxRefused, match="line 2"):
        router.prepare(Candidate(text), Mark(f"big-{lab.epoch()}", "step", lab.epoch()))
    assert time.monotonic() - began < 60
