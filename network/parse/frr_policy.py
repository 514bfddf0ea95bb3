"""Prefix lists and route maps out of an FRR tree."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, cast

from network.device_model import PrefixList, PrefixListEntry, RouteMap, RouteMapEntry
from network.drivers.frr.tree import Node
from network.parse.lines import Lines

__all__ = ["prefix_lists", "route_maps"]

_Action = Literal["permit", "deny"]


def prefix_lists(lines: Iterable[str]) -> tuple[PrefixList, ...]:
    """All prefix lists named in these top-level lines; an entry without a number is not taken."""
    entries: dict[tuple[Literal[4, 6], str], list[PrefixListEntry]] = {}
    descriptions: dict[tuple[Literal[4, 6], str], str] = {}
    for line in lines:
        match = re.fullmatch(r"ip(v6)? prefix-list (\S+) (.+)", line)
        if match is None:
            continue
        version: Literal[4, 6] = 6 if match[1] else 4
        key = (version, match[2])
        told = re.fullmatch(r"description (.+)", match[3])
        entry = re.fullmatch(r"seq (\d+) (permit|deny) (any|\S+/\d+)(?: ge (\d+))?(?: le (\d+))?", match[3])
        if told:
            descriptions[key] = told[1]
            entries.setdefault(key, [])
        elif entry:
            seq, action, prefix, ge, le = entry.groups()
            made = PrefixListEntry(
                int(seq), cast("_Action", action), prefix, int(ge) if ge else None, int(le) if le else None
            )
            entries.setdefault(key, []).append(made)
    return tuple(
        PrefixList(name, version, tuple(found), descriptions.get((version, name), ""))
        for (version, name), found in entries.items()
    )


def route_maps(nodes: Iterable[Node]) -> tuple[RouteMap, ...]:
    """All route maps among these contexts, with the clauses that the model has fields for."""
    entries: dict[str, list[RouteMapEntry]] = {}
    for node in nodes:
        match = re.fullmatch(r"route-map (\S+) (permit|deny) (\d+)", node.line)
        if match:
            entries.setdefault(match[1], []).append(_entry(node, cast("_Action", match[2]), int(match[3])))
    return tuple(RouteMap(name, tuple(found)) for name, found in entries.items())


def _entry(node: Node, action: _Action, seq: int) -> RouteMapEntry:
    lines = Lines(node.children)
    communities = lines.take(r"set community ((?:(?!additive)\S+ ?)+?)( additive)?")
    return RouteMapEntry(
        seq=seq,
        action=action,
        description=lines.text(r"description (.+)") or "",
        match_prefix_list=lines.text(r"match ip address prefix-list (\S+)"),
        match_prefix_list6=lines.text(r"match ipv6 address prefix-list (\S+)"),
        set_local_preference=lines.number(r"set local-preference (\d+)"),
        set_metric=lines.number(r"set metric (\d+)"),
        set_communities=tuple(communities[1].split()) if communities else (),
        additive=bool(communities and communities[2]),
    )
