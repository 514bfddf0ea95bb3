"""OSPF and BGP out of an FRR tree."""

from __future__ import annotations

import re
from collections.abc import Iterable

from network.device_model import Bgp, BgpFamily, BgpNetwork, BgpPeer, Ospf, PeerFamily, Redistribution
from network.drivers.frr.tree import Node
from network.parse.frr_interfaces import secret
from network.parse.lines import Lines

__all__ = ["bgp", "ospf"]

_EVPN = 0  # among the versions of IP, the family that is of neither
_REDISTRIBUTE = r"redistribute (\S+)(?: metric (\d+))?(?: route-map (\S+))?"


def ospf(node: Node) -> Ospf:
    """An OSPFv2 or OSPFv3 process of the default table."""
    lines = Lines(node.children)
    spf = lines.take(r"timers throttle spf (\d+) (\d+) (\d+)")
    return Ospf(
        router_id=lines.text(r"ospf6? router-id (\S+)"),
        reference_bandwidth=lines.number(r"auto-cost reference-bandwidth (\d+)"),
        log_adjacency=lines.flag("log-adjacency-changes"),
        spf_timers=(int(spf[1]), int(spf[2]), int(spf[3])) if spf else None,
        maximum_paths=lines.number(r"maximum-paths (\d+)"),
        passive_default=lines.flag("passive-interface default"),
        redistribute=_redistribute(lines),
        default_originate=lines.flag("default-information originate"),
        default_originate_always=lines.flag("default-information originate always"),
    )


def _redistribute(lines: Lines) -> tuple[Redistribution, ...]:
    return tuple(
        Redistribution(match[1], int(match[2]) if match[2] else None, match[3])
        for match in lines.take_all(_REDISTRIBUTE)
    )


def _names(lines: Iterable[str], pattern: str) -> dict[str, None]:
    found = (re.match(pattern, line) for line in lines)
    return {match[1]: None for match in found if match}


def bgp(node: Node) -> Bgp:
    """A BGP instance, of the default table or of a VRF."""
    texts = [child.line for child in node.children]
    groups = _names(texts, r"neighbor (\S+) peer-group$")
    peers = _names(texts, r"(?:no )?neighbor (\S+) ")
    lines = Lines(node.children)
    families = {version: node.child(f"address-family ipv{version} unicast") for version in (4, 6)}
    families[_EVPN] = node.child("address-family l2vpn evpn")
    family_lines = {version: Lines(found.children if found else ()) for version, found in families.items()}
    told = {name: _peer(lines, family_lines, name) for name in peers}
    return Bgp(
        asn=int(node.line.split()[2]),
        router_id=lines.text(r"bgp router-id (\S+)"),
        log_neighbor_changes=lines.flag("bgp log-neighbor-changes"),
        ebgp_requires_policy=not lines.flag("no bgp ebgp-requires-policy"),
        default_ipv4_unicast=not lines.flag("no bgp default ipv4-unicast"),
        cluster_id=lines.text(r"bgp cluster-id (\S+)"),
        groups=tuple(told[name] for name in groups),
        neighbors=tuple(peer for name, peer in told.items() if name not in groups and _is_peer(peer)),
        ipv4=_family(family_lines[4]),
        ipv6=_family(family_lines[6]),
        advertise_all_vni=family_lines[_EVPN].flag("advertise-all-vni"),
    )


def _is_peer(peer: BgpPeer) -> bool:
    """Unnumbered neighbours (``neighbor eth0 interface …``) have no field of their own; their lines stay opaque."""
    return peer.group is not None or peer.remote_as is not None


def _peer(lines: Lines, families: dict[int, Lines], name: str) -> BgpPeer:
    start = f"neighbor {re.escape(name)}"
    lines.flag(f"neighbor {name} peer-group")
    timers = lines.take(rf"{start} timers (\d+) (\d+)")
    return BgpPeer(
        name=name,
        group=lines.text(rf"{start} peer-group (\S+)"),
        remote_as=lines.text(rf"{start} remote-as (\S+)"),
        description=lines.text(rf"{start} description (.+)") or "",
        shutdown=lines.flag(f"neighbor {name} shutdown"),
        bfd=lines.flag(f"neighbor {name} bfd"),
        password=secret(lines.text(rf"{start} password <secret-ref:([^<>\s]+)>")),
        ebgp_multihop=lines.number(rf"{start} ebgp-multihop (\d+)"),
        update_source=lines.text(rf"{start} update-source (\S+)"),
        keepalive=int(timers[1]) if timers else None,
        hold=int(timers[2]) if timers else None,
        connect=lines.number(rf"{start} timers connect (\d+)"),
        ipv4=_peer_family(families[4], name),
        ipv6=_peer_family(families[6], name),
        evpn=_peer_family(families[_EVPN], name),
    )


def _peer_family(lines: Lines, name: str) -> PeerFamily | None:
    start = f"neighbor {re.escape(name)}"
    active = True if lines.flag(f"neighbor {name} activate") else None
    if lines.flag(f"no neighbor {name} activate"):
        active = False
    family = PeerFamily(
        activate=active,
        route_reflector_client=lines.flag(f"neighbor {name} route-reflector-client"),
        next_hop_self=lines.flag(f"neighbor {name} next-hop-self"),
        default_originate=lines.flag(f"neighbor {name} default-originate"),
        soft_reconfiguration=lines.flag(f"neighbor {name} soft-reconfiguration inbound"),
        maximum_prefix=lines.number(rf"{start} maximum-prefix (\d+)"),
        prefix_list_in=lines.text(rf"{start} prefix-list (\S+) in"),
        prefix_list_out=lines.text(rf"{start} prefix-list (\S+) out"),
        route_map_in=lines.text(rf"{start} route-map (\S+) in"),
        route_map_out=lines.text(rf"{start} route-map (\S+) out"),
    )
    return family if family != PeerFamily(activate=None) else None


def _family(lines: Lines) -> BgpFamily:
    networks = lines.take_all(r"network (\S+/\d+)(?: route-map (\S+))?")
    return BgpFamily(
        networks=tuple(BgpNetwork(match[1], match[2]) for match in networks),
        redistribute=_redistribute(lines),
        maximum_paths=lines.number(r"maximum-paths (\d+)"),
        maximum_paths_ibgp=lines.number(r"maximum-paths ibgp (\d+)"),
    )
