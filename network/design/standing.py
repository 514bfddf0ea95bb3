"""What a design starts from, as the inventory has it: sites, corridor, and the network that is there. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Connection, text

from network.design.choosing import RULES, Candidate
from network.design.plan import Cable, Circuit, Corridor, CorridorEdge, Design, Duct, Place, Role, Site, millimetres

__all__ = ["Standing", "standing", "stretch"]


@dataclass(frozen=True, slots=True)
class Standing:
    """The inventory before a design.

    Attributes:
        buildings: the plant's node of a site, by the site's code.
        nodes: codes of every node of the plant.
        closures: codes of every closure.
    """

    candidates: list[Candidate]
    corridor: Corridor
    there: Design
    buildings: Mapping[str, str] = field(default_factory=dict)
    nodes: frozenset[str] = frozenset()
    closures: frozenset[str] = frozenset()


def standing(tx: Connection) -> Standing:
    """Read what a design starts from; one statement for each kind of thing."""
    kinds = sorted({rule.kind for rule in RULES})
    sites = [
        Candidate(row.code, row.kind, (float(row.lon), float(row.lat)), row.facts)
        for row in tx.execute(_SITES, {"kinds": kinds})
    ]
    corners: dict[str, Place] = {row.code: (float(row.lon), float(row.lat)) for row in tx.execute(_CORNERS)}
    edges = tuple(stretch(row, corners) for row in tx.execute(_STRETCHES))
    nodes = {row.code: row for row in tx.execute(_NODES)}
    buildings = {row.site: row.code for row in nodes.values() if row.site is not None}
    inside = {node: site for site, node in buildings.items()}
    there = _network(tx, {site.code: site for site in sites}, nodes, inside)
    closures = frozenset(tx.execute(_CLOSURES).scalars())
    return Standing(sites, Corridor(corners, edges), there, buildings, frozenset(nodes), closures)


def stretch(row: Any, corners: Mapping[str, Place]) -> CorridorEdge:
    """A stretch from corner to corner.

    Sources draw some from their b, and end some short of the corner, where several were drawn together: the path is
    turned and led to its corners, and is at least as long as it is drawn.
    """
    a, b = corners[row.a], corners[row.b]
    path = _path(row.path, a, b)
    if millimetres(a, path[-1]) + millimetres(b, path[0]) < millimetres(a, path[0]) + millimetres(b, path[-1]):
        path = path[::-1]
    path = tuple(place for place, before in zip((a, *path, b), (None, a, *path), strict=True) if place != before)
    drawn = sum(millimetres(one, other) for one, other in pairwise(path))
    return CorridorEdge(row.code, row.a, row.b, max(_mm(row.length_m), drawn), path, row.source)


def _network(
    tx: Connection, sites: Mapping[str, Candidate], nodes: Mapping[str, Any], inside: Mapping[str, str]
) -> Design:
    """Ducts, cables and circuits as a design; buildings go by their site's code."""
    there = Design()
    for row in tx.execute(_DUCTS):
        at = {end: (float(nodes[end].lon), float(nodes[end].lat)) for end in (row.a, row.b)}
        a, b = inside.get(row.a, row.a), inside.get(row.b, row.b)
        path = _path(row.path, at[row.a], at[row.b])
        there.ducts[row.code] = Duct(row.code, a, b, _mm(row.length_m), path, lead_in=a in sites, source=row.source)
    for row in tx.execute(_CABLES):
        a, b = inside.get(row.a, row.a), inside.get(row.b, row.b)
        ducts = tuple((str(code), bool(backwards)) for code, backwards in row.ducts)
        there.cables[row.code] = Cable(row.code, _role(row.code), a, b, ducts, _mm(row.length_m), row.strands)
        there.taken[row.code] = row.taken
    roles = {rule.kind: rule.role for rule in RULES}
    for row in tx.execute(_CIRCUITS):
        there.circuits[row.code] = Circuit(row.code, "access", row.a or "", row.b or "", ())
        for code in filter(None, (row.a, row.b)):
            if code in sites:
                one = sites[code]
                there.sites[code] = Site(code, one.kind, one.place, roles[one.kind])
    return there


_ROLES: Final[Mapping[str, Role]] = {"CR": "core", "RI": "aggregation"}


def _role(code: str) -> Role:
    """What a cable is for, as designs name theirs."""
    return _ROLES.get(code.partition(".")[0], "access")


def _mm(metres: float) -> int:
    return round(metres * 1000)


def _path(path: list[list[float]] | None, a: Place, b: Place) -> tuple[Place, ...]:
    return tuple((float(lon), float(lat)) for lon, lat in path) if path else (a, b)


_SITES: Final = text(
    "select code, kind, lon, lat, facts from site where kind = any(:kinds) and lon is not null order by code"
)
_CORNERS: Final = text("select code, lon, lat from corridor_node order by code")
_STRETCHES: Final = text("""
    select t.code, a.code as a, b.code as b, t.length_m, t.path, t.source from corridor t
      join corridor_node a on a.id = t.a_node_id join corridor_node b on b.id = t.b_node_id order by t.code""")
_NODES: Final = text("""
    select n.code, n.lon, n.lat, case when n.kind = 'building' then s.code end as site from plant_node n
      left join site s on s.id = n.site_id order by n.code desc""")
_DUCTS: Final = text("""
    select t.code, a.code as a, b.code as b, t.length_m, t.path, t.source from duct t
      join plant_node a on a.id = t.a_node_id join plant_node b on b.id = t.b_node_id order by t.code""")
# A strand that is lit, held or joined to something is taken; new circuits count on from the last one.
_CABLES: Final = text("""
    with taken as (
      select s.cable_id, max(s.number) as number from strand s join (
               select strand_id from circuit_strand where upper_inf(during) or upper(during) > now()
               union select strand_id from strand_hold where upper_inf(during) or upper(during) > now()
               union select strand_id from strand_end) u on u.strand_id = s.id
       group by s.cable_id),
    lying as (
      select x.cable_id, json_agg(json_build_array(d.code, x.reversed) order by x.position) as ducts
        from cable_duct x join duct d on d.id = x.duct_id group by x.cable_id)
    select t.code, a.code as a, b.code as b, t.length_m, t.strands, coalesce(l.ducts, '[]') as ducts,
           coalesce(u.number, 0) as taken
      from cable t join plant_node a on a.id = t.a_node_id join plant_node b on b.id = t.b_node_id
      left join taken u on u.cable_id = t.id left join lying l on l.cable_id = t.id
     where t.status <> 'retired' order by t.code""")
_CIRCUITS: Final = text("""
    select t.code, sa.code as a, sb.code as b from circuit t
      left join panel_port pa on pa.id = t.a_port_id left join panel la on la.id = pa.panel_id
      left join site sa on sa.id = la.site_id
      left join panel_port pb on pb.id = t.b_port_id left join panel lb on lb.id = pb.panel_id
      left join site sb on sb.id = lb.site_id
     where t.status <> 'retired' order by t.code""")
_CLOSURES: Final = text("select code from closure")
