"""Device models that the rendering tests share: one a kind of router we have."""

from __future__ import annotations

from network.device_model import (
    Bgp,
    BgpFamily,
    BgpNetwork,
    BgpPeer,
    DeviceModel,
    Interface,
    LoginUser,
    OpaqueBlock,
    Ospf,
    OspfInterface,
    PeerFamily,
    PrefixList,
    PrefixListEntry,
    Redistribution,
    RouteMap,
    RouteMapEntry,
    SecretRef,
    Snmp,
    SnmpCommunity,
    SnmpUser,
    StaticRoute,
    SyslogServer,
    System,
    Vlan,
    Vrf,
)

AS = 64512
SYSTEM = System(
    domain="irisnet.example",
    name_servers=("192.0.2.53",),
    ntp_servers=("192.0.2.123", "2001:db8::123"),
    syslog_servers=(SyslogServer("192.0.2.14"),),
    syslog_level="informational",
    banner="Authorised use only",
    snmp=Snmp(
        location="Brussels",
        contact="noc@irisnet.example",
        communities=(SnmpCommunity(SecretRef("snmp/community")),),
        users=(SnmpUser("poller", "sha", SecretRef("snmp/auth"), "aes", SecretRef("snmp/priv")),),
    ),
    users=(LoginUser("irisplane", "admin", SecretRef("login/irisplane")),),
)


def _loopback(number: int, name: str = "lo") -> Interface:
    area = OspfInterface("0", passive=True)
    return Interface(
        name, ipv4=(f"10.255.0.{number}/32",), ipv6=(f"fd00:ffff::{number:x}/128",), ospf=area, ospfv3=area
    )


def _fibre(name: str, peer: str, number: int, *, cost: int = 10, key: bool = False) -> Interface:
    ospf = OspfInterface(
        "0",
        cost=cost,
        network="point-to-point",
        hello=1,
        dead=4,
        auth_key_id=7 if key else None,
        auth_key=SecretRef("ospf/key") if key else None,
    )
    return Interface(
        name,
        description=f"fibre to {peer}",
        ipv4=(f"10.0.0.{number}/31",),
        ipv6=(f"fd00:0:0:{number // 2:x}::{number % 2:x}/127",),
        ospf=ospf,
        ospfv3=OspfInterface("0", cost=cost, network="point-to-point"),
    )


def _bgp(number: int, *, reflector: bool, peers: tuple[int, ...]) -> Bgp:
    family = PeerFamily(route_reflector_client=reflector, maximum_prefix=None if reflector else 10000)
    group = BgpPeer(
        "IBGP",
        remote_as=str(AS),
        update_source="lo",
        password=SecretRef("bgp/ibgp"),
        connect=5,
        ipv4=family,
    )
    group6 = BgpPeer("IBGP6", remote_as=str(AS), update_source="lo", ipv6=family)
    return Bgp(
        AS,
        f"10.255.0.{number}",
        log_neighbor_changes=True,
        groups=(group6, group),
        neighbors=(
            *(BgpPeer(f"10.255.0.{peer}", group="IBGP", description=f"router {peer}") for peer in peers),
            *(BgpPeer(f"fd00:ffff::{peer:x}", group="IBGP6") for peer in peers),
        ),
        ipv4=BgpFamily(networks=(BgpNetwork(f"10.100.{number}.0/24"),)),
        ipv6=BgpFamily(networks=(BgpNetwork(f"fd00:100:{number:x}::/64"),)),
    )


def core() -> DeviceModel:
    """A route reflector in a data centre, with an eBGP neighbour, policy, and two fibres."""
    bgp = _bgp(1, reflector=True, peers=(2, 10, 11))
    transit = BgpPeer(
        "192.0.2.1",
        remote_as="64999",
        description="transit",
        keepalive=10,
        hold=30,
        ebgp_multihop=2,
        ipv4=PeerFamily(
            soft_reconfiguration=True,
            maximum_prefix=500,
            prefix_list_in="PL-ANY",
            route_map_in="RM-IN",
            route_map_out="RM-OUT",
        ),
    )
    return DeviceModel(
        "cr01",
        "frr",
        "core",
        "dc1",
        system=SYSTEM,
        interfaces=(_fibre("to-cr02", "cr02", 0, key=True), _fibre("to-ag01", "ag01", 2), _loopback(1)),
        static_routes=(
            StaticRoute("10.100.1.0/24", discard="blackhole"),
            StaticRoute("fd00:100:1::/64", discard="blackhole"),
            StaticRoute("198.51.100.0/24", next_hop="10.0.0.3", distance=200, tag=5),
        ),
        prefix_lists=(
            PrefixList("PL-ANY", 4, (PrefixListEntry(10, "permit", "any"),)),
            PrefixList(
                "PL-OURS",
                4,
                (
                    PrefixListEntry(10, "deny", "10.100.0.0/16", ge=25),
                    PrefixListEntry(5, "permit", "10.100.0.0/16", le=24),
                ),
                "what we announce",
            ),
            PrefixList("PL6-OURS", 6, (PrefixListEntry(5, "permit", "fd00:100::/32", ge=48, le=64),)),
        ),
        route_maps=(
            RouteMap("RM-IN", (RouteMapEntry(10, "permit", "prefer transit", set_local_preference=200),)),
            RouteMap(
                "RM-OUT",
                (
                    RouteMapEntry(20, "deny"),
                    RouteMapEntry(
                        10,
                        "permit",
                        match_prefix_list="PL-OURS",
                        set_metric=5,
                        set_communities=("64512:1", "64512:2"),
                        additive=True,
                    ),
                ),
            ),
        ),
        ospf=Ospf(
            "10.255.0.1",
            reference_bandwidth=400000,
            log_adjacency=True,
            spf_timers=(50, 200, 5000),
            maximum_paths=8,
            redistribute=(Redistribution("static", metric=20, route_map="RM-OUT"), Redistribution("connected")),
            default_originate=True,
        ),
        ospfv3=Ospf(
            "10.255.0.1",
            reference_bandwidth=400000,
            log_adjacency=True,
            spf_timers=(50, 200, 5000),
            redistribute=(Redistribution("static"),),
            default_originate_always=True,
        ),
        bgp=Bgp(
            AS,
            bgp.router_id,
            log_neighbor_changes=True,
            cluster_id="10.255.0.1",
            groups=bgp.groups,
            neighbors=(transit, *bgp.neighbors),
            ipv4=BgpFamily(bgp.ipv4.networks, (Redistribution("static", route_map="RM-OUT"),), maximum_paths_ibgp=4),
            ipv6=bgp.ipv6,
        ),
    )


def access() -> DeviceModel:
    """An access router: two fibres, one of them down on purpose, a client of the reflectors."""
    down = _fibre("to-ag02", "ag02", 8, cost=100)
    return DeviceModel(
        "ac01",
        "frr",
        "access",
        "commune1",
        system=SYSTEM,
        interfaces=(
            _fibre("to-ag01", "ag01", 6),
            Interface(
                down.name, down.description, enabled=False, mtu=9000, ipv4=down.ipv4, ipv6=down.ipv6, ospf=down.ospf
            ),
            _loopback(30),
            Interface("eth10", "school", ipv4=("203.0.113.1/24", "198.51.100.1/24")),
            Interface("eth9", "town hall", ipv6=("2001:db8:9::1/64",)),
        ),
        static_routes=(
            StaticRoute("10.100.30.0/24", discard="blackhole"),
            StaticRoute("0.0.0.0/0", next_hop="10.0.0.6"),
            StaticRoute("10.100.9.0/24", next_hop="10.0.0.10"),
            StaticRoute("10.100.9.0/24", next_hop="10.0.0.9"),
        ),
        ospf=Ospf("10.255.0.30"),
        ospfv3=Ospf("10.255.0.30"),
        bgp=_bgp(30, reflector=False, peers=(1, 2)),
    )


def vrf() -> DeviceModel:
    """A router with a table of its own for a tenant."""
    tenant = Bgp(AS, "10.255.1.1", ipv4=BgpFamily(redistribute=(Redistribution("connected"), Redistribution("static"))))
    return DeviceModel(
        "ag01",
        "frr",
        "aggregation",
        "station1",
        interfaces=(_loopback(20),),
        vrfs=(
            Vrf(
                "blue", "police", rd="64512:10", import_targets=("64512:10",), export_targets=("64512:10",), bgp=tenant
            ),
        ),
        static_routes=(
            StaticRoute("172.16.0.0/16", next_hop="172.16.255.1", vrf="blue"),
            StaticRoute("172.17.0.0/16", discard="blackhole", vrf="blue"),
            StaticRoute("2001:db8:77::/64", discard="blackhole", vrf="blue"),
        ),
        ospf=Ospf("10.255.0.20"),
    )


def opaque() -> DeviceModel:
    """A router taken over with lines we have no fields for."""
    base = access()
    return DeviceModel(
        "old7",
        "frr",
        interfaces=base.interfaces,
        ospf=base.ospf,
        ospfv3=base.ospfv3,
        opaque=(
            OpaqueBlock(
                "access-list VTY", "old", "access-list VTY seq 5 permit 10.0.0.0/8\naccess-list VTY seq 10 deny any"
            ),
            OpaqueBlock("key chain RIP", "foreign", "key chain RIP\n key 1\n  key-string <secret-ref:old7/rip>"),
            OpaqueBlock("interface to-ag01", "foreign", "ip ospf retransmit-interval 7", ("interface to-ag01",)),
            OpaqueBlock("line vty", "foreign", "line vty\n access-class VTY"),
        ),
    )


def vlan() -> DeviceModel:
    """A switch of a rack: VLANs, an access port, a trunk, a routed VLAN."""
    return DeviceModel(
        "sw01",
        "eos",
        "access",
        "dc1",
        vlans=(Vlan(20, "servers"), Vlan(10, "management")),
        interfaces=(
            Interface("Ethernet1", "server 1", access_vlan=20),
            Interface("Ethernet2", "uplink", trunk_vlans=(20, 10)),
            Interface("Vlan10", "management", ipv4=("10.9.0.2/24",), vlan_id=10),
        ),
    )


def defaults() -> DeviceModel:
    """Every value that FRR does not print because it is the default, and what it prints in an order of its own."""
    both = OspfInterface("0", cost=10, hello=10, dead=40, priority=1, network="broadcast")
    fast, slow = OspfInterface("0", hello=5), OspfInterface("0", dead=20)
    group = BgpPeer(
        "G",
        remote_as="external",
        keepalive=60,
        hold=180,
        connect=120,
        ebgp_multihop=1,
        ipv4=PeerFamily(maximum_prefix=5),
        ipv6=PeerFamily(),
    )
    neighbors = (
        BgpPeer("10.0.0.9", group="G", shutdown=True),
        BgpPeer("10.0.0.8", remote_as="64512", ipv4=PeerFamily()),
        BgpPeer("10.0.0.7", remote_as="64999", ebgp_multihop=255, keepalive=0, hold=0, ipv4=PeerFamily(activate=False)),
        BgpPeer(
            "fd00::7",
            remote_as="64999",
            ipv4=PeerFamily(activate=False),
            ipv6=PeerFamily(default_originate=True, next_hop_self=True),
        ),
    )
    loopback = OspfInterface("0.0.0.0", cost=1)  # noqa: S104 - an area, no socket
    everything = PrefixListEntry(7, "permit", "0.0.0.0/0", le=32)
    return DeviceModel(
        "def01",
        "frr",
        interfaces=(
            Interface("eth0", ipv4=("10.0.0.1/24",), ipv6=("FD00:0:0::1/64",), ospf=both, ospfv3=both),
            Interface("eth1", ipv4=("10.0.1.1/24",), ospf=fast, ospfv3=slow),
            Interface("eth2", ipv4=("10.0.2.1/24",), ospf=slow, ospfv3=fast),
            Interface("lo", ospf=loopback, ospfv3=loopback),
        ),
        ospf=Ospf(
            "1.1.1.1",
            reference_bandwidth=100000,
            spf_timers=(0, 50, 5000),
            maximum_paths=64,
            redistribute=(Redistribution("static", 20), Redistribution("connected", 0)),
        ),
        ospfv3=Ospf(
            "1.1.1.1",
            reference_bandwidth=100000,
            spf_timers=(0, 50, 5000),
            maximum_paths=64,
            log_adjacency=True,
            redistribute=(Redistribution("connected", 5, "RM"),),
        ),
        static_routes=(
            StaticRoute("10.1.0.0/24", next_hop="10.0.0.2", distance=1),
            StaticRoute("10.2.0.9/24", discard="blackhole", distance=1, tag=0),
            StaticRoute("10.3.0.0/24", interface="eth0", next_hop="10.0.0.3"),
            StaticRoute("10.3.0.0/24", interface="eth1"),
            StaticRoute("10.3.0.0/24", next_hop="10.0.0.20"),
            StaticRoute("10.4.0.0/24", next_hop="10.0.0.3", distance=50),
            StaticRoute("10.4.0.0/24", next_hop="10.0.0.2", distance=100),
        ),
        prefix_lists=(
            PrefixList("A", 4, (PrefixListEntry(5, "permit", "10.0.0.0/8", ge=8, le=32), everything)),
            PrefixList("B", 6, (PrefixListEntry(7, "permit", "::/0", le=128), PrefixListEntry(8, "permit", "::/0"))),
        ),
        route_maps=(
            RouteMap(
                "RM",
                (
                    RouteMapEntry(
                        10, "permit", match_prefix_list6="B", set_communities=("no-export", "64512:2", "64512:1")
                    ),
                ),
            ),
        ),
        bgp=Bgp(
            AS,
            "1.1.1.1",
            ebgp_requires_policy=True,
            default_ipv4_unicast=True,
            groups=(group,),
            neighbors=neighbors,
            ipv4=BgpFamily(maximum_paths=64, maximum_paths_ibgp=64, redistribute=(Redistribution("connected", 0),)),
            ipv6=BgpFamily(maximum_paths_ibgp=1),
        ),
    )


CASES = {"core": core, "access": access, "vrf": vrf, "opaque": opaque, "vlan": vlan, "defaults": defaults}


def reveal(secret: SecretRef) -> str:
    """Test values that can be recognised anywhere."""
    return "v+" + secret.name.replace("/", "-")
