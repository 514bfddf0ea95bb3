"""The order in which FRR 8.4 prints contexts and lines, written down as sort keys.

Read from the output of a real FRR 8.4.4 (the round-trip tests ask it again). Where FRR's own order is the order of
creation (prefix lists, route maps, VRFs) or depends on history (neighbours), names decide here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from network.device_model.ordering import natural, network_key
from network.drivers.frr.tree import Node

__all__ = ["order"]

_Key = tuple[object, ...]
_TOP = (
    r"frr ", r"hostname ", r"domainname ", r"log ", r"agentx$", r"no ip forwarding$", r"no ipv6 forwarding$",
    r"(?:no )?service ", r"zebra ", r"(?:ip )?router-id ", r"debug ", r"password ", r"enable password ", r"key chain ",
    r"ip route ", r"ipv6 route ", r"vrf ", r"interface ", r"nexthop-group ", r"router rip", r"router eigrp",
    r"router babel", r"router bgp ", r"router ospf(?: |$)", r"router ospf6", r"router isis", r"router ", r"mpls ",
    r"access-list ", r"ipv6 access-list ", r"mac access-list ", r"ip prefix-list ", r"ipv6 prefix-list ",
    r"bgp as-path ", r"bgp community-list ", r"bgp ", r"route-map ", r"pbr-map ",
)  # fmt: skip
_LAST = (r"segment-routing", r"bfd$", r"line vty$", r"linux main$", r"linux ")
_ROUTE_WORDS = ("tag", "label", "table", "nexthop-vrf", "vrf", "color", "onlink", "segments")
_PROTOCOLS = ("kernel", "connected", "static", "rip", "ripng", "ospf", "ospf6", "isis", "bgp", "table", "vnc", "sharp")
_OSPF = (
    r"ospf router-id ", r"ospf abr-type ", r"log-adjacency-changes", r"auto-cost ", r"timers throttle spf ", r"timers ",
    r"max-metric ", r"maximum-paths ", r"refresh ", r"redistribute ", r"passive-interface ", r"no passive-interface ",
    r"network ", r"area ", r"neighbor ", r"default-metric ", r"distribute-list ", r"default-information ", r"distance ",
)  # fmt: skip
_OSPF6 = (
    r"ospf6 router-id ", r"log-adjacency-changes", r"auto-cost ", r"maximum-paths ", r"redistribute ", r"area ",
    r"timers throttle spf ", r"timers ", r"distance ", r"default-information ",
)  # fmt: skip
_BGP = (
    r"bgp router-id ", r"bgp log-neighbor-changes", r"(?:no )?bgp ebgp-requires-policy", r"(?:no )?bgp default ",
    r"bgp cluster-id ", r"bgp graceful-restart", r"bgp bestpath ", r"timers bgp ", r"neighbor ", r"address-family ",
)  # fmt: skip
_PEER = (
    r"peer-group$", r"interface ", r"remote-as ", r"peer-group ", r"local-as ", r"description ", r"shutdown", r"bfd",
    r"password ", r"solo$",
    r"passive$", r"ebgp-multihop ", r"ttl-security ", r"update-source ", r"advertisement-interval ", r"timers \d",
    r"timers connect ", r"capability ",
)  # fmt: skip
_FAMILIES = (
    "ipv4 unicast",
    "ipv4 multicast",
    "ipv4 labeled-unicast",
    "ipv4 vpn",
    "ipv6 unicast",
    "ipv6 multicast",
    "l2vpn evpn",
)
_FAMILY = (
    r"network ",
    r"aggregate-address ",
    r"redistribute ",
    r"neighbor ",
    r"maximum-paths \d",
    r"maximum-paths ibgp ",
)
_PEER_FAMILY = (
    r"activate$", r"addpath-", r"route-reflector-client$", r"route-server-client$", r"next-hop-self",
    r"remove-private-AS",
    r"send-community", r"default-originate", r"soft-reconfiguration ", r"maximum-prefix ", r"maximum-prefix-out ",
    r"allowas-in", r"weight ", r"distribute-list ", r"prefix-list \S+ in", r"prefix-list ", r"route-map \S+ in",
    r"route-map ", r"unsuppress-map ", r"filter-list ",
)  # fmt: skip


def _rank(line: str, patterns: Sequence[str]) -> int:
    return next((index for index, pattern in enumerate(patterns) if re.match(pattern, line)), len(patterns))


def _prefix_key(word: str) -> _Key:
    try:
        return (0, *network_key(word))
    except ValueError:
        return (1, natural(word))


def _next_hop_key(words: list[str]) -> _Key:
    """Next hops of one prefix: by distance, then interfaces, gateways, gateways on an interface."""
    distance = int(words[-1]) if len(words) > 1 and words[-1].isdigit() and words[-2] != "tag" else 1
    first = _prefix_key(words[0])
    if first[0]:
        return (distance, 0, first)
    on_interface = len(words) > 1 and words[1][0].isalpha() and words[1] not in _ROUTE_WORDS
    return (distance, 2 if on_interface else 1, first)


def _protocol_key(line: str) -> _Key:
    protocol = line.split()[1]
    return (_PROTOCOLS.index(protocol) if protocol in _PROTOCOLS else len(_PROTOCOLS), line)


def _top(line: str) -> _Key:
    last = _rank(line, _LAST)
    if last < len(_LAST):
        return (1, last, line)
    rank = _rank(line, _TOP)
    words = line.split()
    if re.match(r"(?:ip|ipv6) route ", line):
        return (0, rank, _prefix_key(words[2]), _next_hop_key(words[3:]), line)
    if re.match(r"(?:ip |ipv6 )?(?:prefix-list|access-list) ", line):
        name, rest = line.split("-list ", 1)[1].split(" ", 1)
        number = re.search(r"(?<=seq )\d+", rest)
        return (0, rank, natural(name), int(number[0]) if number else -1, rest)
    if line.startswith("route-map ") and len(words) > 3 and words[3].isdigit():
        return (0, rank, natural(words[1]), int(words[3]))
    return (0, rank, natural(line))


def _ospf(line: str, patterns: Sequence[str]) -> _Key:
    rank = _rank(line, patterns)
    if line.startswith("redistribute "):
        return (rank, _protocol_key(line))
    if line.startswith("network "):
        return (rank, _prefix_key(line.split()[1]), line)
    return (rank, natural(line))


def _peers(node: Node) -> Callable[[str], _Key]:
    """The order of neighbours: groups, their members, unnumbered ones, then by address."""
    groups = {line.split()[1] for line in _lines(node) if re.match(r"neighbor \S+ peer-group$", line)}
    members = {line.split()[1] for line in _lines(node) if re.match(r"neighbor \S+ peer-group \S", line)}
    own_as = {line.split()[1] for line in _lines(node) if re.match(r"neighbor \S+ remote-as ", line)}

    def key(name: str) -> _Key:
        if name in groups:
            return (0, (1, natural(name)))
        address = _prefix_key(name)
        if name in members:
            return (2 if name in own_as else 1, address)
        return (3 if address[0] else 4, address)

    return key


def _lines(node: Node) -> list[str]:
    return [child.line for child in node.children]


def _neighbor(line: str, peer: Callable[[str], _Key], patterns: Sequence[str]) -> _Key:
    words = line.removeprefix("no ").split(" ", 2)
    rest = words[2] if len(words) > 2 else ""
    return (peer(words[1]), _rank(rest, patterns), rest, line)


def _bgp(line: str, peer: Callable[[str], _Key]) -> _Key:
    rank = _rank(line.removeprefix("no ") if "neighbor " in line else line, _BGP)
    if line.removeprefix("no ").startswith("neighbor "):
        return (rank, _neighbor(line, peer, _PEER))
    if line.startswith("address-family "):
        name = line.split(" ", 1)[1]
        return (len(_BGP) + 1, _FAMILIES.index(name) if name in _FAMILIES else len(_FAMILIES), line)
    return (rank, natural(line))


def _family(line: str, peer: Callable[[str], _Key]) -> _Key:
    bare = line.removeprefix("no ")
    rank = _rank(bare, _FAMILY)
    if bare.startswith("neighbor "):
        return (rank, _neighbor(line, peer, _PEER_FAMILY))
    if line.startswith("redistribute "):
        return (rank, _protocol_key(line))
    if line.startswith(("network ", "aggregate-address ")):
        return (rank, _prefix_key(line.split()[1]), line)
    return (rank, natural(line))


def order(root: Node) -> None:
    """Put a tree into canonical order, in place; contexts that we do not know keep their own order."""
    root.children.sort(key=lambda child: _top(child.line))
    for node in root.children:
        if node.line.startswith(("interface ", "route-map ", "line vty")):
            # strcmp order, as vtysh prints these; nested contexts move with their first line.
            node.children.sort(key=lambda child: child.line)
        elif node.line.startswith("linux "):
            node.children.sort(key=lambda child: natural(child.line))
        elif node.line.startswith("vrf "):
            node.children.sort(key=lambda child: _top(child.line))
        elif re.match(r"router ospf(?: |$)", node.line):
            node.children.sort(key=lambda child: _ospf(child.line, _OSPF))
        elif node.line.startswith("router ospf6"):
            node.children.sort(key=lambda child: _ospf(child.line, _OSPF6))
        elif node.line.startswith("router bgp "):
            _order_bgp(node)


def _order_bgp(node: Node) -> None:
    peer = _peers(node)
    node.children.sort(key=lambda child: _bgp(child.line, peer))
    for family in node.children:
        if family.line.startswith("address-family "):
            family.children.sort(key=lambda child: _family(child.line, peer))
