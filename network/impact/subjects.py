"""What is lost when something of the plant is: from a duct, a cable, a polygon on the map, down to strands and devices.

What stands in the ground is lost as ground is: with a duct, every cable in it; with a manhole or a building, every
cable that passes it. A power feed takes no light away: it stops the devices of sites that have no other feed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import shapely
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Connection, text

from inventory.errors import FieldRefused, ObjectNotFound
from inventory.plant.geometry import misplaced

__all__ = ["KINDS", "Lost", "Polygon", "Question", "Subject", "SubjectKind", "lost"]

SubjectKind = Literal["duct", "cable", "strand", "node", "site", "device", "link", "feed"]
KINDS: Final[tuple[SubjectKind, ...]] = ("duct", "cable", "strand", "node", "site", "device", "link", "feed")

_KEYS: Final[Mapping[str, str]] = {
    "duct": "select id, code as key from duct where code = any(:keys)",
    "cable": "select id, code as key from cable where code = any(:keys)",
    "strand": "select s.id, k as key from unnest(cast(:keys as text[])) k"
    " join cable c on c.code = split_part(k, '/', 1)"
    " join strand s on s.cable_id = c.id and s.number::text = split_part(k, '/', 2)",
    "node": "select id, code as key from plant_node where code = any(:keys)",
    "site": "select id, code as key from site where code = any(:keys)",
    "device": "select id, name as key from device where name = any(:keys)",
    "link": "select id, name as key from link where name = any(:keys)",
    "feed": "select id, code as key from power_feed where code = any(:keys)",
}
_FOLLOWS: Final = text("""
with sites_lost as (select unnest(cast(:site as uuid[])) as id),
     nodes_lost as (select unnest(cast(:node as uuid[])) as id
                    union select n.id from plant_node n join sites_lost s on s.id = n.site_id),
     ducts_lost as (select unnest(cast(:duct as uuid[])) as id
                    union select d.id from duct d join nodes_lost n on n.id in (d.a_node_id, d.b_node_id)),
     cables_lost as (select unnest(cast(:cable as uuid[])) as id
                     union select x.cable_id from cable_duct x join ducts_lost d on d.id = x.duct_id
                     union select c.id from cable c join nodes_lost n on n.id in (c.a_node_id, c.b_node_id)),
     dark as (select f.site_id as id from site_feed f where f.feed_id = any(:feed)
              except select f.site_id from site_feed f where f.feed_id <> all(:feed)),
     one_feed_left as (select f.site_id as id from site_feed f where f.feed_id = any(:feed) except select id from dark)
select coalesce((select json_agg(d.code order by d.code) from ducts_lost l join duct d on d.id = l.id), '[]') as ducts,
       coalesce((select json_agg(json_build_object('id', c.id, 'code', c.code, 'strands', c.strands, 'a', a.code,
                                                   'b', b.code, 'length_m', c.length_m) order by c.code)
                   from cables_lost l join cable c on c.id = l.id join plant_node a on a.id = c.a_node_id
                   join plant_node b on b.id = c.b_node_id where c.status <> 'retired'), '[]') as cables,
       coalesce((select json_agg(d.id) from device d where d.status <> 'retired' and (d.id = any(:device)
                    or d.site_id in (select id from sites_lost union select id from dark))), '[]') as devices,
       coalesce((select json_agg(s.code order by s.code) from one_feed_left l join site s on s.id = l.id), '[]')
           as one_feed_left
""")
_GEOMETRY: Final = text("""
select d.id::text, coalesce(d.path, jsonb_build_array(jsonb_build_array(a.lon, a.lat), jsonb_build_array(b.lon, b.lat)))
  from duct d join plant_node a on a.id = d.a_node_id join plant_node b on b.id = d.b_node_id
 where least(a.lon, b.lon) <= :east + 0.05 and greatest(a.lon, b.lon) >= :west - 0.05
   and least(a.lat, b.lat) <= :north + 0.05 and greatest(a.lat, b.lat) >= :south - 0.05
""")
_NODES: Final = text("""
select id::text, lon, lat from plant_node where lon between :west and :east and lat between :south and :north
""")


def _readable(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """One geometry of whatever is sent: several polygons are one loss, as works in several pits are.

    Raises:
        ValueError: it is no polygon, or not in degrees of this country.
    """
    parts = [part for geometry in _geometries(value) for part in _polygons(geometry)]
    if not parts:
        raise ValueError("There is no polygon in it.")
    for part in parts:
        _placed(part)
    geometry: Mapping[str, Any] = {"type": "MultiPolygon", "coordinates": parts}
    try:
        shape = shapely.from_geojson(json.dumps(geometry))
    except (shapely.errors.GEOSException, TypeError, ValueError) as error:
        raise ValueError(_UNREADABLE) from error
    each = shapely.get_parts(shape)
    if not shapely.is_valid(each).all():
        raise ValueError("The polygon crosses itself.")
    if not shape.is_valid:  # polygons that overlap: together they are what both cover
        geometry = json.loads(shapely.to_geojson(shapely.union_all(each)))
    return geometry


def _geometries(value: object) -> list[Any]:
    """What is drawn in a geometry, a feature, or a collection of either."""
    if not isinstance(value, Mapping):
        return [value]
    match value.get("type"):
        case "Feature":
            return _geometries(value.get("geometry"))
        case "FeatureCollection" | "GeometryCollection" as kind:
            inner = value.get("features" if kind == "FeatureCollection" else "geometries")
            return [one for part in inner for one in _geometries(part)] if isinstance(inner, list) else [inner]
    return [value]


def _polygons(geometry: object) -> list[Any]:
    """The polygons of a geometry, each a list of rings."""
    kind = geometry.get("type") if isinstance(geometry, Mapping) else None
    if not isinstance(geometry, Mapping) or kind not in ("Polygon", "MultiPolygon"):
        raise ValueError("This is no Polygon and no MultiPolygon of GeoJSON (RFC 7946).")
    inside = _listed(geometry.get("coordinates"))
    return [part for part in ([inside] if kind == "Polygon" else inside) if part]


def _placed(rings: object) -> None:
    """Each ring is one, and lies in this country."""
    for ring in _listed(rings):
        try:
            places = [(float(place[0]), float(place[1])) for place in _listed(ring)]
        except (TypeError, ValueError, IndexError, KeyError) as error:
            raise ValueError(_UNREADABLE) from error
        for lon, lat in places:
            if wrong := misplaced(lon, lat):
                raise ValueError(f"The polygon: {wrong}.")
        if len(places) < _CORNERS or places[0] != places[-1]:
            raise ValueError("A ring is not closed: its last place must be its first again, and it has four at least.")


def _listed(value: object) -> list[Any]:
    if isinstance(value, list):
        return value
    raise ValueError(_UNREADABLE)


_CORNERS: Final = 4
_UNREADABLE: Final = "Coordinates cannot be read: a ring is a list of at least four [lon, lat]."
Polygon = Annotated[dict[str, Any], AfterValidator(_readable)]


class Subject(BaseModel):
    """One thing that is lost: its kind, and its code or name (``CABLE/NUMBER`` for a strand)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: SubjectKind
    key: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class Question(BaseModel):
    """What is lost, all of it together: things by name, and what lies in a polygon in the ground."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: Annotated[tuple[Subject, ...], Field(max_length=1000)] = ()
    polygon: Annotated[Polygon | None, Field(description="GeoJSON, WGS84: ducts that cross it, nodes inside it.")] = (
        None
    )


@dataclass(frozen=True, slots=True)
class Lost:
    """What is gone.

    Attributes:
        ducts: codes.
        cables: ``id``, ``code``, ``strands``, ``a``, ``b``, ``length_m``.
        strands: ids of strands that are lost by themselves, not with their cable.
        devices, links: ids.
        one_feed_left: codes of sites that lost a power feed and have another.
    """

    ducts: Sequence[str] = ()
    cables: Sequence[Mapping[str, Any]] = ()
    strands: Sequence[str] = ()
    devices: Sequence[str] = ()
    links: Sequence[str] = ()
    one_feed_left: Sequence[str] = ()


def lost(tx: Connection, question: Question) -> Lost:
    """Everything that is gone with what is asked about.

    Raises:
        ObjectNotFound: names what does not exist.
        FieldRefused: nothing is asked about.
    """
    if not question.of and question.polygon is None:
        raise FieldRefused(
            "Say what is lost.", hint=f"One of {', '.join(KINDS)}, or a polygon.", pointer="/of", field="of"
        )
    ids: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for kind in KINDS:
        keys = [subject.key for subject in question.of if subject.kind == kind]
        if keys:
            ids[kind] += _found(tx, kind, keys, question)
    if question.polygon is not None:
        ducts, nodes = _inside(tx, question.polygon)
        ids["duct"] += ducts
        ids["node"] += nodes
    row = tx.execute(_FOLLOWS, {kind: ids[kind] for kind in ("duct", "cable", "node", "site", "device", "feed")}).one()
    return Lost(row.ducts, row.cables, ids["strand"], row.devices, ids["link"], row.one_feed_left)


def _found(tx: Connection, kind: SubjectKind, keys: Sequence[str], question: Question) -> list[str]:
    rows = {row.key: str(row.id) for row in tx.execute(text(_KEYS[kind]), {"keys": list(keys)})}
    missing = [key for key in dict.fromkeys(keys) if key not in rows]
    if missing:
        place = next(i for i, subject in enumerate(question.of) if subject.kind == kind and subject.key == missing[0])
        raise ObjectNotFound(
            f"There is no {kind} {', '.join(map(repr, missing[:5]))}"
            + (f" (and {len(missing) - 5} more)." if len(missing) > 5 else "."),
            pointer=f"/of/{place}/key",
            type=kind,
            unknown=missing[:20],
        )
    return list(rows.values())


def _inside(tx: Connection, polygon: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Ids of ducts that cross a polygon, and of nodes inside it."""
    shape = shapely.from_geojson(json.dumps(polygon))
    west, south, east, north = shape.bounds
    box = {"west": west, "south": south, "east": east, "north": north}
    shapely.prepare(shape)
    rows = tx.execute(_GEOMETRY, box).all()
    lines = [shapely.LineString(path) for _, path in rows]
    ducts = [str(row[0]) for row, crosses in zip(rows, shapely.intersects(shape, lines), strict=True) if crosses]
    places = tx.execute(_NODES, box).all()
    points = [shapely.Point(row.lon, row.lat) for row in places]
    return ducts, [str(row.id) for row, inside in zip(places, shapely.intersects(shape, points), strict=True) if inside]
