"""The plant as ways are looked for in it: nodes and ducts, weighed by metres or by decibels, with what fails together.

Reading it costs more than asking it, so the last reading is kept while nothing in it has changed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from sqlalchemy import Connection, text

from inventory.errors import ObjectNotFound
from inventory.plant.figures import SPLICE_DB, attenuation
from network.paths.graph import Edge, Graph

__all__ = ["WAVELENGTH_NM", "Plant", "PlantDuct", "PlantNode", "Weight", "read_plant"]

Weight = Literal["length", "loss"]

WAVELENGTH_NM: Final = 1550
"""What losses of ways are reckoned at: what the region's long links are lit with."""
_FIBRE: Final = "G.652.D"
_KEPT: Final = 4
_MICRODECIBELS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class PlantNode:
    """A node of the plant: its kind, the site that stands there, and the feeds that it hangs on."""

    code: str
    kind: str
    site: str | None
    site_kind: str | None
    feeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlantDuct:
    """A duct; its loss is that of a strand through it, in micro-decibels: the fibre's, and half of a splice at each
    end where there is a closure."""

    code: str
    a: str
    b: str
    length_mm: int
    loss_udb: int


@dataclass(slots=True)
class Plant:
    """Nodes and ducts by code, the node that each site is entered by, and the graphs made of them so far."""

    nodes: Mapping[str, PlantNode]
    ducts: Mapping[str, PlantDuct]
    at_site: Mapping[str, str]
    _graphs: dict[tuple[Weight, bool], Graph] = field(default_factory=dict)

    def node(self, ref: str, *, pointer: str) -> str:
        """The node of that code, or that of the site of that code: its building, where the plant has it.

        Raises:
            ObjectNotFound: neither is in the plant.
        """
        found = ref if ref in self.nodes else self.at_site.get(ref)
        if found is None:
            raise ObjectNotFound(f"The plant has no node and no building of a site {ref!r}.", pointer=pointer)
        return found

    def graph(self, weight: Weight, *, feeds: bool) -> Graph:
        """Ducts as edges; with ``feeds``, what hangs on one power feed shares a risk."""
        known = self._graphs.get((weight, feeds))
        if known is None:
            risks: dict[Hashable, frozenset[Hashable]] = (
                {
                    code: frozenset(("feed", feed) for feed in node.feeds)
                    for code, node in self.nodes.items()
                    if node.feeds
                }
                if feeds
                else {}
            )
            edges = (
                Edge(duct.code, duct.a, duct.b, duct.length_mm if weight == "length" else duct.loss_udb)
                for duct in self.ducts.values()
            )
            known = self._graphs[weight, feeds] = Graph.of(edges, risks)
        return known


_LOCK: Final = threading.Lock()
_READ: Final[OrderedDict[str, tuple[str, Plant]]] = OrderedDict()


def read_plant(tx: Connection) -> Plant:
    """The plant as the caller sees it: read in one statement, or as it was read last while nothing has changed."""
    seen = tx.execute(_AS_IT_IS).one()
    with _LOCK:
        kept = _READ.get(seen.whose)
        if kept is not None and kept[0] == seen.print:
            _READ.move_to_end(seen.whose)
            return kept[1]
    plant = _read(tx)
    with _LOCK:
        _READ[seen.whose] = (seen.print, plant)
        while len(_READ) > _KEPT:
            _READ.popitem(last=False)
    return plant


def _read(tx: Connection) -> Plant:
    nodes: dict[str, PlantNode] = {}
    ducts: dict[str, PlantDuct] = {}
    closures, per_km = set[str](), attenuation(WAVELENGTH_NM)[_FIBRE]
    rows = tx.execute(_EVERYTHING).all()
    for row in rows:
        if row.what == "node":
            nodes[row.code] = PlantNode(row.code, row.kind, row.site, row.site_kind, tuple(row.feeds or ()))
            if row.closures:
                closures.add(row.code)
    for row in rows:
        if row.what == "duct":
            joints = (row.a in closures) + (row.b in closures)
            loss = round((row.length_m / 1000 * per_km + joints * SPLICE_DB["fusion"] / 2) * _MICRODECIBELS)
            ducts[row.code] = PlantDuct(row.code, row.a, row.b, round(row.length_m * 1000), loss)
    return Plant(nodes, ducts, _at_sites(nodes))


def _at_sites(nodes: Mapping[str, PlantNode]) -> dict[str, str]:
    """The node that a site is entered by: its building, where the plant has it; of several the first by code."""
    last_wins = sorted(nodes.values(), key=lambda node: (node.kind != "building", node.code), reverse=True)
    return {node.site: node.code for node in last_wins if node.site}


_AS_IT_IS: Final = text("""
    select current_database() || ' ' || irisplane_tenant() as whose, (select json_agg(f) from (
      select count(*) as n, max(updated_at) as at from plant_node union all select count(*), max(updated_at) from duct
      union all select count(*), max(updated_at) from closure union all select count(*), max(updated_at) from site_feed
      union all select count(*), max(updated_at) from power_feed union all select count(*), max(updated_at) from site
      ) f)::text as print""")
_EVERYTHING: Final = text("""
    select 'node' as what, n.code, n.kind, s.code as site, s.kind as site_kind, null as a, null as b,
           null::double precision as length_m, exists (select from closure c where c.node_id = n.id) as closures,
           array(select f.code from power_feed f where f.id = n.feed_id
                 union select f.code from site_feed x join power_feed f on f.id = x.feed_id where x.site_id = n.site_id
                 order by 1) as feeds
      from plant_node n left join site s on s.id = n.site_id
    union all
    select 'duct', d.code, d.kind, null, null, a.code, b.code, d.length_m, false, null
      from duct d join plant_node a on a.id = d.a_node_id join plant_node b on b.id = d.b_node_id
     order by 1, 2""")
