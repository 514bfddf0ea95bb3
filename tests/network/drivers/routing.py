"""Routing for a lab, written by hand: what the driver's tests push, independent of how Irisplane renders intent."""

from __future__ import annotations

from core.instance import Instance
from lab.network import Router, Topology

__all__ = ["bare", "loopback4", "loopback6", "routed"]

AS_NUMBER = 64512


def loopback4(router: Router) -> str:
    """The IPv4 loopback of a router."""
    return f"10.255.0.{router.number}"


def loopback6(router: Router) -> str:
    """The IPv6 loopback of a router."""
    return f"fd00:255::{router.number:x}"


def _management(instance: Instance, router: Router) -> list[str]:
    address = f"{instance.mgmt_address(router.number)}/{instance.mgmt_network.prefixlen}"
    return ["interface mgmt0", f" ip address {address}", "exit"]


def bare(instance: Instance, router: Router) -> str:
    """A router as delivered: its name and its management address."""
    head = [f"hostname {router.name}", "log file /var/log/frr/frr.log warnings", "agentx"]
    return "\n".join([*head, *_management(instance, router)]) + "\n"


def _link(topology: Topology, router: Router) -> list[str]:
    out: list[str] = []
    for index, fibre in enumerate(topology.fibres):
        if router.name not in (fibre.a, fibre.b):
            continue
        mine = fibre.a == router.name
        peer = fibre.b if mine else fibre.a
        side = 2 * index + (0 if mine else 1)
        out += [
            f"interface to-{peer}",
            f" description {fibre.name}",
            f" ip address 10.0.{side // 256}.{side % 256}/31",
            " ip ospf area 0",
            " ip ospf dead-interval 4",
            " ip ospf hello-interval 1",
            " ip ospf network point-to-point",
            f" ipv6 address fd00:1:{index:x}::{side % 2}/127",
            " ipv6 ospf6 area 0",
            " ipv6 ospf6 dead-interval 4",
            " ipv6 ospf6 hello-interval 1",
            " ipv6 ospf6 network point-to-point",
            "exit",
        ]
    return out


def _bgp(topology: Topology, router: Router) -> list[str]:
    reflector = router.role == "core"
    peers = [r for r in topology.routers if r is not router and (reflector or r.role == "core")]
    client = ["  neighbor MESH route-reflector-client"] if reflector else []
    service4, service6 = f"10.100.{router.number}.0/24", f"fd00:100:{router.number:x}::/48"
    return [
        f"router bgp {AS_NUMBER}",
        f" bgp router-id {loopback4(router)}",
        " no bgp default ipv4-unicast",
        " neighbor MESH peer-group",
        f" neighbor MESH remote-as {AS_NUMBER}",
        " neighbor MESH update-source lo",
        " neighbor MESH timers connect 5",
        " neighbor MESH6 peer-group",
        f" neighbor MESH6 remote-as {AS_NUMBER}",
        " neighbor MESH6 update-source lo",
        " neighbor MESH6 timers connect 5",
        *(f" neighbor {loopback4(peer)} peer-group MESH" for peer in peers),
        *(f" neighbor {loopback6(peer)} peer-group MESH6" for peer in peers),
        " address-family ipv4 unicast",
        f"  network {service4}",
        "  neighbor MESH activate",
        *client,
        " exit-address-family",
        " address-family ipv6 unicast",
        f"  network {service6}",
        "  neighbor MESH6 activate",
        *(line.replace("MESH", "MESH6") for line in client),
        " exit-address-family",
        "exit",
    ]


def routed(instance: Instance, topology: Topology, router: Router) -> str:
    """OSPFv2 and OSPFv3 in area 0, iBGP for both families with the core as route reflectors, a service prefix each."""
    service4, service6 = f"10.100.{router.number}.0/24", f"fd00:100:{router.number:x}::/48"
    lines = [
        f"ip route {service4} blackhole",
        f"ipv6 route {service6} blackhole",
        "interface lo",
        f" ip address {loopback4(router)}/32",
        " ip ospf area 0",
        f" ipv6 address {loopback6(router)}/128",
        " ipv6 ospf6 area 0",
        "exit",
        *_link(topology, router),
        *_bgp(topology, router),
        "router ospf",
        f" ospf router-id {loopback4(router)}",
        " timers lsa min-arrival 100",
        " timers throttle lsa all 200",
        " timers throttle spf 50 200 1000",
        "exit",
        "router ospf6",
        f" ospf6 router-id {loopback4(router)}",
        " timers throttle spf 50 200 1000",
        "exit",
    ]
    return bare(instance, router) + "\n".join(lines) + "\n"
