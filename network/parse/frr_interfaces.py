"""Interfaces, static routes and VRFs out of an FRR tree."""

from __future__ import annotations

import re
from typing import Literal, cast, get_args

from network.device_model import Interface, OspfInterface, SecretRef, StaticRoute
from network.drivers.frr.tree import Node
from network.parse.lines import Lines

__all__ = ["interface", "secret", "static_route"]

_NETWORKS = ("point-to-point", "broadcast", "non-broadcast", "point-to-multipoint")
_Network = Literal["point-to-point", "broadcast", "non-broadcast", "point-to-multipoint"]
assert get_args(_Network) == _NETWORKS
_REF = r"<secret-ref:([^<>\s]+)>"


def secret(text: str | None) -> SecretRef | None:
    """The reference in a placeholder's group, when there is one."""
    return SecretRef(text) if text else None


def interface(node: Node) -> Interface | None:
    """An interface stanza; lines it does not know are left out (the caller keeps them)."""
    header = re.fullmatch(r"interface (\S+)(?: vrf (\S+))?", node.line)
    if header is None:
        return None
    lines = Lines(node.children)
    return Interface(
        name=header[1],
        vrf=header[2],
        description=lines.text(r"description (.+)") or "",
        enabled=not lines.flag("shutdown"),
        ipv4=tuple(match[1] for match in lines.take_all(r"ip address (\S+/\d+)")),
        ipv6=tuple(match[1] for match in lines.take_all(r"ipv6 address (\S+/\d+)")),
        ospf=_ospf(lines, "ip ospf"),
        ospfv3=_ospf(lines, "ipv6 ospf6"),
    )


def _ospf(lines: Lines, start: str) -> OspfInterface | None:
    area = lines.text(rf"{start} area (\S+)")
    if area is None:
        return None
    network = lines.text(rf"{start} network ({'|'.join(_NETWORKS)})")
    key = lines.take(rf"{start} message-digest-key (\d+) md5 {_REF}") if start == "ip ospf" else None
    return OspfInterface(
        area=area,
        cost=lines.number(rf"{start} cost (\d+)"),
        network=cast("_Network", network) if network else None,
        passive=lines.flag(f"{start} passive"),
        hello=lines.number(rf"{start} hello-interval (\d+)"),
        dead=lines.number(rf"{start} dead-interval (\d+)"),
        priority=lines.number(rf"{start} priority (\d+)"),
        bfd=lines.flag(f"{start} bfd"),
        auth_key_id=int(key[1]) if key else None,
        auth_key=secret(key[2]) if key else None,
    )


def static_route(line: str, vrf: str | None) -> StaticRoute | None:
    """``ip route PREFIX [NEXT-HOP] [INTERFACE | blackhole | reject] [tag T] [DISTANCE]``; None for any other form."""
    match = re.fullmatch(
        r"ip(?:v6)? route (?P<prefix>[0-9a-fA-F.:]+/\d+)"
        r"(?: (?P<hop>\d+\.\d+\.\d+\.\d+|[0-9a-fA-F]*:[0-9a-fA-F:.]*))?"
        r"(?: (?P<out>(?!tag |table |label |nexthop-vrf |from )[A-Za-z]\S*))?"
        r"(?: tag (?P<tag>\d+))?(?: (?P<distance>\d+))?",
        line,
    )
    if match is None or not (match["hop"] or match["out"]):
        return None
    discard = match["out"] if match["out"] in ("blackhole", "reject") else None
    return StaticRoute(
        prefix=match["prefix"],
        next_hop=match["hop"],
        interface=None if discard else match["out"],
        discard=cast("Literal['blackhole', 'reject'] | None", discard),
        distance=int(match["distance"]) if match["distance"] else None,
        tag=int(match["tag"]) if match["tag"] else None,
        vrf=vrf,
    )
