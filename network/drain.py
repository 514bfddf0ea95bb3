"""Drained: a router that stays in the network and carries nobody's traffic but its own, while it is worked on.

OSPF tells its neighbours to go round it (RFC 6987), BGP marks its paths as the last resort (RFC 8326). For OSPFv3 its
links cost the most there is, which is what RFC 6987 does too: FRR 8.4's ``stub-router`` makes the router itself forget
every IPv6 route. Lines are laid only on protocols that the router runs.
"""

from __future__ import annotations

import re
from typing import Final

from network.drivers.frr.merge import merge
from network.drivers.frr.tree import Node, parse

__all__ = ["DRAINED_BY", "OSPF6_COST", "drained"]

OSPF6_COST: Final = 65535
"""The most that a link can cost."""
DRAINED_BY: Final = f"OSPF max-metric, OSPFv3 cost {OSPF6_COST}, BGP graceful-shutdown"
_LINES: Final = (
    (re.compile(r"router ospf(?: |$)"), "max-metric router-lsa administrative"),
    (re.compile(r"router bgp \d+(?: |$)"), "bgp graceful-shutdown"),
)


def drained(text: str, *, ospf6_cost: int = OSPF6_COST) -> str:
    """An FRR configuration with the lines that drain the router. The same text when it runs no routing."""
    contexts = parse(text).children
    lines = [f"{node.line}\n {line}\n" for node in contexts for context, line in _LINES if context.match(node.line)]
    lines += [f"{node.line}\n ipv6 ospf6 cost {ospf6_cost}\n" for node in contexts if _carries_ospf6(node)]
    return merge(text, "".join(lines)).text if lines else text


def _carries_ospf6(node: Node) -> bool:
    return (
        node.line.startswith("interface ")
        and node.line != "interface lo"
        and any(child.line.startswith("ipv6 ospf6 area ") for child in node.children)
    )
