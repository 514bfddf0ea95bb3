"""Over which links, strands and devices a service goes, and whether there is a second way where one was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any, Final

from sqlalchemy import Connection, text

from network.errors import NotServiceable
from network.paths.disjoint import disjoint_pair
from network.paths.graph import Edge, Graph, Path
from network.paths.shortest import cheapest
from network.services.orders import Protection

__all__ = ["Way", "ways"]

_PAIRS: Final = 45
"""Pairs of ends that a plan looks at one by one: ten sites, each with each."""


@dataclass(frozen=True, slots=True)
class Way:
    """Between two devices: the devices and links passed now, and the links of the second way where there is one.

    Attributes:
        strands: what the links passed now light, in order; links of which no circuit is known light nothing known.
    """

    a: str
    b: str
    links: tuple[str, ...]
    devices: tuple[str, ...]
    second: tuple[str, ...] = ()
    strands: tuple[str, ...] = ()

    def __str__(self) -> str:
        spare = f"; else over {', '.join(self.second)}" if self.second else "; no second way"
        lit = f" (strands {', '.join(self.strands)})" if self.strands else ""
        return f"{self.a} – {self.b}: over {', '.join(self.links)}{lit}{spare}"

    def as_dict(self) -> dict[str, Any]:
        """For plans and answers."""
        return {
            "a": self.a,
            "b": self.b,
            "links": self.links,
            "strands": self.strands,
            "devices": self.devices,
            "second": self.second,
        }


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
    graph = Graph.of(Edge(row.name, row.a, row.b, 1) for row in links)
    lit = {row.name: tuple(row.strands) for row in links}
    pairs = [(a, b) for a, b in product(devices, exits) if a != b] if exits else list(combinations(devices, 2))
    found = [_way(graph, a, b, protection) for a, b in pairs[:_PAIRS]]
    return [replace(way, strands=tuple(one for link in way.links for one in lit[link])) for way in found]


def _way(graph: Graph, a: str, b: str, protection: Protection) -> Way:
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
    return Way(a, b, _names(first.edges), _names(first.nodes), _second(first, pair))


def _second(first: Path, pair: tuple[Path, Path] | None) -> tuple[str, ...]:
    if pair is None:
        return ()
    used = set(first.edges)
    return _names(min(pair, key=lambda path: (len(used & set(path.edges)), path.weight)).edges)


def _names(found: Sequence[object]) -> tuple[str, ...]:
    return tuple(str(one) for one in found)
