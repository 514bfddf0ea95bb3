"""An area of works as people give it: GeoJSON, corners one after the other, or so many metres around a place."""

from __future__ import annotations

import json
import re
from math import cos, pi, radians, sin
from typing import Any, Final

from sqlalchemy import Connection, text

from inventory.errors import FieldRefused, ObjectNotFound
from inventory.plant.geometry import EARTH_RADIUS_M

__all__ = ["MOST_METRES", "area_around", "area_read"]

MOST_METRES: Final = 5_000
"""Around a place; what is larger is drawn."""
_SIDES: Final = 48
_CORNER: Final = re.compile(r"\s*(-?\d{1,9}(?:\.\d{1,15})?)\s*[,\s]\s*(-?\d{1,9}(?:\.\d{1,15})?)\s*")
_PLACES: Final = text("""
select lon, lat from (select 1 as rank, lon, lat from plant_node where code = :code
                      union all select 2, lon, lat from site where code = :code and lon is not null) found
 order by rank limit 1
""")


def area_read(typed: str) -> dict[str, Any]:
    """What was typed: a GeoJSON object as it stands, or corners, a line each, as a polygon that closes itself.

    Whether it is a sound polygon, in degrees and longitude first, is asked where it is looked at
    (:class:`network.impact.subjects.Question`).

    Raises:
        FieldRefused: neither.
    """
    if typed.lstrip().startswith(("{", "[", '"')):
        try:
            found = json.loads(typed)
        except (ValueError, RecursionError):  # of brackets alone
            raise FieldRefused("The polygon is no JSON.", hint=_HINT, pointer="/polygon") from None
        if not isinstance(found, dict):
            raise FieldRefused(
                "This is no Polygon and no MultiPolygon of GeoJSON (RFC 7946).", hint=_HINT, pointer="/polygon"
            )
        return found
    lines = [line for line in re.split(r"[\n;]", typed) if line.strip()]
    ring = [_corner(line) for line in lines]
    if len(ring) < 3:
        raise FieldRefused("An area has at least three corners.", hint=_HINT, pointer="/polygon", corners=len(ring))
    return {"type": "Polygon", "coordinates": [ring if ring[0] == ring[-1] else [*ring, ring[0]]]}


def area_around(tx: Connection, place: str, radius_m: int) -> dict[str, Any]:
    """A polygon that holds everything within ``radius_m`` of a place, and a few hundredths of it more.

    Args:
        place: the code of a node of the plant or of a site, or ``LON LAT``.
    Raises:
        FieldRefused: the radius is none that can be asked about.
        ObjectNotFound: there is no such place, or nobody knows where it lies.
    """
    if not 1 <= radius_m <= MOST_METRES:
        raise FieldRefused(
            f"The radius is {radius_m} m; it must be from 1 to {MOST_METRES}.", pointer="/radius", field="radius"
        )
    typed = _CORNER.fullmatch(place)
    if typed:
        lon, lat = float(typed[1]), float(typed[2])
    else:
        row = tx.execute(_PLACES, {"code": place.strip()}).one_or_none()
        if row is None:
            raise ObjectNotFound(
                f"There is no place '{place.strip()[:63]}'.",
                hint="Name a manhole, a building or a site by its code, or give its longitude and latitude.",
                pointer="/around",
            )
        lon, lat = float(row.lon), float(row.lat)
    reach = radius_m / cos(pi / _SIDES)  # so that the sides, and not only the corners, are as far away
    north = reach / radians(1) / EARTH_RADIUS_M
    east = north / max(cos(radians(lat)), 0.01)
    turns = [2 * pi * side / _SIDES for side in range(_SIDES)]
    ring = [[round(lon + east * cos(turn), 7), round(lat + north * sin(turn), 7)] for turn in turns]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def _corner(line: str) -> list[float]:
    found = _CORNER.fullmatch(line)
    if found is None:
        raise FieldRefused(f"'{line.strip()[:60]}' is no corner.", hint=_HINT, pointer="/polygon")
    return [float(found[1]), float(found[2])]


_HINT: Final = "Give a GeoJSON polygon in WGS84, or a corner a line: longitude, then latitude."
