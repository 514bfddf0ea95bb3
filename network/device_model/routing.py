"""How a device routes: static routes, policy, OSPF, BGP and VRFs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from network.device_model.ordering import natural, network_key, spelled, spelled_prefix
from network.device_model.system import SecretRef

__all__ = [
    "Bgp",
    "BgpFamily",
    "BgpNetwork",
    "BgpPeer",
    "Ospf",
    "PeerFamily",
    "PrefixList",
    "PrefixListEntry",
    "Redistribution",
    "RouteMap",
    "RouteMapEntry",
    "StaticRoute",
    "Vrf",
]


@dataclass(frozen=True, slots=True)
class StaticRoute:
    """A static route: through ``next_hop`` and/or ``interface``, or dropped (``blackhole``, ``reject``)."""

    prefix: str
    next_hop: str | None = None
    interface: str | None = None
    discard: Literal["blackhole", "reject"] | None = None
    distance: int | None = None
    tag: int | None = None
    vrf: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "prefix", spelled_prefix(self.prefix))
        if self.next_hop:
            object.__setattr__(self, "next_hop", spelled(self.next_hop))

    @property
    def version(self) -> int:
        return 6 if ":" in self.prefix else 4


@dataclass(frozen=True, slots=True)
class PrefixListEntry:
    """``prefix`` is a prefix or ``any``."""

    seq: int
    action: Literal["permit", "deny"]
    prefix: str
    ge: int | None = None
    le: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "prefix", spelled_prefix(self.prefix))


@dataclass(frozen=True, slots=True)
class PrefixList:
    name: str
    version: Literal[4, 6]
    entries: tuple[PrefixListEntry, ...] = ()
    description: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", tuple(sorted(self.entries, key=lambda entry: entry.seq)))


# Well-known communities stand where their number puts them (RFC 1997, 7999, 8326).
_WELL_KNOWN = ("internet", "graceful-shutdown", "blackhole", "no-export", "no-advertise", "local-AS", "no-peer")


def _community_key(community: str) -> tuple[int, int, str]:
    if community in _WELL_KNOWN:
        return (0 if community == "internet" else 1 << 32), _WELL_KNOWN.index(community), community
    high, _, low = community.partition(":")
    known = high.isdigit() and low.isdigit()
    return (int(high) * 65536 + int(low), 0, community) if known else (1 << 33, 0, community)


@dataclass(frozen=True, slots=True)
class RouteMapEntry:
    seq: int
    action: Literal["permit", "deny"]
    description: str = ""
    match_prefix_list: str | None = None
    match_prefix_list6: str | None = None
    set_local_preference: int | None = None
    set_metric: int | None = None
    set_communities: tuple[str, ...] = ()
    additive: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "set_communities", tuple(sorted(self.set_communities, key=_community_key)))


@dataclass(frozen=True, slots=True)
class RouteMap:
    name: str
    entries: tuple[RouteMapEntry, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", tuple(sorted(self.entries, key=lambda entry: entry.seq)))


@dataclass(frozen=True, slots=True)
class Redistribution:
    protocol: str
    metric: int | None = None
    route_map: str | None = None


def _by_protocol(sources: tuple[Redistribution, ...]) -> tuple[Redistribution, ...]:
    return tuple(sorted(sources, key=lambda source: source.protocol))


@dataclass(frozen=True, slots=True)
class Ospf:
    """One OSPFv2 or OSPFv3 process of the default table; areas stand on the interfaces.

    ``reference_bandwidth`` in Mbit/s, ``spf_timers`` (delay, initial hold, maximum hold) in milliseconds.
    """

    router_id: str | None = None
    reference_bandwidth: int | None = None
    log_adjacency: bool = False
    spf_timers: tuple[int, int, int] | None = None
    maximum_paths: int | None = None
    passive_default: bool = False
    redistribute: tuple[Redistribution, ...] = ()
    default_originate: bool = False
    default_originate_always: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "redistribute", _by_protocol(self.redistribute))


@dataclass(frozen=True, slots=True)
class PeerFamily:
    """What a peer or group does in one address family; ``activate`` None leaves it to group or default."""

    activate: bool | None = True
    route_reflector_client: bool = False
    next_hop_self: bool = False
    default_originate: bool = False
    soft_reconfiguration: bool = False
    maximum_prefix: int | None = None
    prefix_list_in: str | None = None
    prefix_list_out: str | None = None
    route_map_in: str | None = None
    route_map_out: str | None = None


@dataclass(frozen=True, slots=True)
class BgpPeer:
    """A neighbour (``name`` is its address) or a peer group (``name`` is the group's name).

    ``remote_as`` is a number, ``internal`` or ``external``; None takes the group's. Times in seconds.
    """

    name: str
    group: str | None = None
    remote_as: str | None = None
    description: str = ""
    shutdown: bool = False
    bfd: bool = False
    password: SecretRef | None = None
    ebgp_multihop: int | None = None
    update_source: str | None = None
    keepalive: int | None = None
    hold: int | None = None
    connect: int | None = None
    ipv4: PeerFamily | None = None
    ipv6: PeerFamily | None = None
    evpn: PeerFamily | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", spelled(self.name))


@dataclass(frozen=True, slots=True)
class BgpNetwork:
    prefix: str
    route_map: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "prefix", spelled_prefix(self.prefix))


@dataclass(frozen=True, slots=True)
class BgpFamily:
    networks: tuple[BgpNetwork, ...] = ()
    redistribute: tuple[Redistribution, ...] = ()
    maximum_paths: int | None = None
    maximum_paths_ibgp: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "redistribute", _by_protocol(self.redistribute))
        object.__setattr__(self, "networks", tuple(sorted(self.networks, key=lambda net: network_key(net.prefix))))


def _peer_key(peer: BgpPeer) -> tuple[bool, tuple[int, int, int] | tuple[tuple[int, int, str], ...]]:
    try:
        return False, network_key(peer.name)
    except ValueError:
        return True, natural(peer.name)


@dataclass(frozen=True, slots=True)
class Bgp:
    """One BGP instance. The two booleans of policy say what the instance really does, not what FRR prints.

    ``advertise_all_vni``: tunnels of the kernel are told to peers of the EVPN family (RFC 7432, RFC 9136).
    """

    asn: int
    router_id: str | None = None
    log_neighbor_changes: bool = False
    ebgp_requires_policy: bool = False
    default_ipv4_unicast: bool = False
    cluster_id: str | None = None
    groups: tuple[BgpPeer, ...] = ()
    neighbors: tuple[BgpPeer, ...] = ()
    ipv4: BgpFamily = BgpFamily()
    ipv6: BgpFamily = BgpFamily()
    advertise_all_vni: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "groups", tuple(sorted(self.groups, key=lambda peer: peer.name)))
        object.__setattr__(self, "neighbors", tuple(sorted(self.neighbors, key=_peer_key)))


@dataclass(frozen=True, slots=True)
class Vrf:
    """A routing table of its own; ``rd`` and route targets in the form ``64512:100``."""

    name: str
    description: str = ""
    rd: str | None = None
    import_targets: tuple[str, ...] = ()
    export_targets: tuple[str, ...] = ()
    bgp: Bgp | None = None
