"""Over which links, strands and devices a service goes, and whether there is a second way where one was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any, Final

from sqlalchemy import Connection, text

from network.errors import NotServiceable
from network.paths.disjoint import disjoint_pair
from network.paths.diverse import beside, diverse_pair, shared
from network.paths.graph import NO_RISKS, Edge, Graph, Path
from network.paths.shortest import cheapest
from network.services.orders import Protection
from network.services.risks import KINDS, Risk, Risks, in_order, read_risks

__all__ = ["Way", "ways"]

_PAIRS: Final = 45
"""Pairs of ends that a plan looks at one by one: ten sites, each with each."""


@dataclass(frozen=True, slots=True)
class Way:
    """Between two devices: the devices and links passed now, and the links of the second way where there is one.

    Attributes:
        strands: what the links passed now light, in order; links of which no circuit is known light nothing known.
        shared: of a diverse service, what both ways pass all the same; ``None`` where nobody asked.
        unknown: of a diverse service, links of either way of which the plant knows no duct.
    """

    a: str
    b: str
    links: tuple[str, ...]
    devices: tuple[str, ...]
    second: tuple[str, ...] = ()
    strands: tuple[str, ...] = ()
    shared: tuple[Risk, ...] | None = None
    unknown: tuple[str, ...] = ()

    def __str__(self) -> str:
        spare = f"; else over {', '.join(self.second)}" if self.second else "; no second way"
        lit = f" (strands {', '.join(self.strands)})" if self.strands else ""
        return f"{self.a} – {self.b}: over {', '.join(self.links)}{lit}{spare}"

    def together(self) -> tuple[str, ...]:
        """What its two ways share, in sentences; nothing where nobody asked."""
        if self.shared is None:
            return ()
        pair = f"{self.a} – {self.b}"
        told = [
            f"{pair}: its two ways share the {_PLURAL[kind]} {', '.join(codes)}"
            for kind in KINDS
            if (codes := [code for one, code in self.shared if one == kind])
        ]
        if self.unknown:
            links = ", ".join(self.unknown)
            told.append(f"{pair}: the plant knows no ducts of {links}; what they share with others is not known")
        return tuple(told or [f"{pair}: its two ways share no duct, no building or manhole, no power feed"])

    def as_dict(self) -> dict[str, Any]:
        """For plans and answers."""
        told = {} if self.shared is None else {"shared": [list(one) for one in self.shared], "unknown": self.unknown}
        return {
            "a": self.a,
            "b": self.b,
            "links": self.links,
            "strands": self.strands,
            "devices": self.devices,
            "second": self.second,
            **told,
        }


_PLURAL: Final = {"duct": "ducts", "node": "buildings or manholes", "feed": "power feeds"}


_LINKS: Final = text("""
select l.name, da.name as a, db.name as b,
       array(select c.code || '/' || s.number from circuit k join circuit_strand x on x.circuit_id = k.id
               join strand s on s.id = x.strand_id join cable c on c.id = s.cable_id
              where k.link_id = l.id and k.status = 'active' and x.role = 'working' and x.during @> now()
              order by x.position) as strands
  from link l
join interface ia on ia.id = l.a_interface_id join device da on da.id = ia.device_id
join interface ib on ib.id = l.b_interface_id join device db on db.id = ib.device_id
where l.status = 'active' and da.id <> db.id and da.status <> 'retired' and db.status <> 'retired' order by l.name
""")


def ways(tx: Connection, devices: Sequence[str], protection: Protection, exits: Sequence[str] = ()) -> list[Way]:
    """The way of every pair of devices: fewest links first, as routing with equal costs goes.

    Args:
        exits: devices that all of them want to reach, instead of each other.
    Raises:
        NotServiceable: no way leads from one to the other, or too few for the protection that was ordered.
    """
    links = tx.execute(_LINKS).all()
    risks = read_risks(tx) if protection == "diverse" else None
    graph = Graph.of(
        (Edge(row.name, row.a, row.b, 1, risks.links.get(row.name, NO_RISKS) if risks else NO_RISKS) for row in links),
        risks.devices if risks else None,
    )
    lit = {row.name: tuple(row.strands) for row in links}
    pairs = [(a, b) for a, b in product(devices, exits) if a != b] if exits else list(combinations(devices, 2))
    found = [_way(graph, a, b, protection, risks) for a, b in pairs[:_PAIRS]]
    return [replace(way, strands=tuple(one for link in way.links for one in lit[link])) for way in found]


def _way(graph: Graph, a: str, b: str, protection: Protection, risks: Risks | None) -> Way:
    first = cheapest(graph, a, b) if {a, b} <= graph.number.keys() else None
    if first is None:
        raise NotServiceable(f"No link leads from {a} to {b}.", hint="Enter the links between them first.")
    diverse = disjoint_pair(graph, a, b, share="nothing")
    pair = diverse or disjoint_pair(graph, a, b, share="nodes")
    if protection != "none" and (pair if protection == "protected" else diverse) is None:
        what = "link" if protection == "protected" else "device"
        raise NotServiceable(
            f"Every two ways from {a} to {b} share a {what}, so the service cannot be {protection}.",
            hint="Order it with less protection, or lay another link.",
            pointer="/protection",
        )
    if risks is None or diverse is None:
        return Way(a, b, _names(first.edges), _names(first.nodes), _second(first, pair))
    return _apart(graph, first, diverse, risks)


def _apart(graph: Graph, first: Path, least: tuple[Path, Path], risks: Risks) -> Way:
    """The way that routing takes and one that shares no risk with it; else two that share none with each other; else
    two without a common device, and what they share."""
    other = beside(graph, first)
    if other is None:
        first, other = diverse_pair(graph, first.nodes[0], first.nodes[-1]).pair or least
    return Way(
        str(first.nodes[0]),
        str(first.nodes[-1]),
        _names(first.edges),
        _names(first.nodes),
        _names(other.edges),
        shared=in_order(shared(graph, first, other)),
        unknown=tuple(link for link in _names((*first.edges, *other.edges)) if link in risks.unknown),
    )


def _second(first: Path, pair: tuple[Path, Path] | None) -> tuple[str, ...]:
    if pair is None:
        return ()
    used = set(first.edges)
    return _names(min(pair, key=lambda path: (len(used & set(path.edges)), path.weight)).edges)


def _names(found: Sequence[object]) -> tuple[str, ...]:
    return tuple(str(one) for one in found)
