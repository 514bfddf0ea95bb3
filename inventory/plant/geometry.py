"""Places on the map: WGS84 degrees of this country, longitude first; another order or datum is recognised and named.

Distances are metres on a sphere of the Earth's mean radius, as the database computes them (``plant_metres``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

__all__ = ["COUNTRY", "LARGEST_PATH", "Box", "along", "metres", "misplaced", "path_metres"]

EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean radius of the Earth (IUGG, 2a + b over 3 of GRS80)."""

LARGEST_PATH: Final = 20_000
"""Points of one path."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of degrees."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, lon: float, lat: float) -> bool:
        """Whether the place lies within."""
        return self.west <= lon <= self.east and self.south <= lat <= self.north


COUNTRY: Final = Box(2.3, 49.3, 6.6, 51.7)
"""Belgium and a little around it: a place of this plant that lies elsewhere is a slip."""

_CONVERT: Final = "convert it to WGS84 (EPSG:4326), e.g. ogr2ogr -t_srs EPSG:4326"


def misplaced(lon: float, lat: float) -> str | None:
    """What is wrong with a place, and the way out; ``None`` when it lies in this country.

    Swapped axes, Belgian Lambert 72 (EPSG:31370), Lambert 2008 (EPSG:3812), Web Mercator (EPSG:3857) and UTM 31N
    (EPSG:32631) are recognised by their magnitude: their ranges over Belgium are apart.
    """
    if COUNTRY.holds(lon, lat):
        return None
    told = f"lon {lon:.9g}, lat {lat:.9g}"
    if COUNTRY.holds(lat, lon):
        return f"{told} are in the wrong order: longitude comes first, write {lat:.9g}, {lon:.9g}"
    if not (math.isfinite(lon) and math.isfinite(lat)):
        return f"{told} are no numbers that can be a place"
    if abs(lon) <= 180 and abs(lat) <= 90:
        return f"{told} lie outside Belgium: check them, longitude comes first"
    for name, box in _PROJECTIONS:
        if box.holds(lon, lat):
            return f"{told} are metres of {name}, not degrees: {_CONVERT}"
        if box.holds(lat, lon):
            return f"{told} are metres of {name} with the axes swapped, not degrees: {_CONVERT}"
    return f"{told} are no degrees: {_CONVERT}"


_PROJECTIONS: Final[tuple[tuple[str, Box], ...]] = (
    ("Belgian Lambert 72 (EPSG:31370)", Box(0, 0, 320_000, 320_000)),
    ("Belgian Lambert 2008 (EPSG:3812)", Box(500_000, 500_000, 820_000, 820_000)),
    ("Web Mercator (EPSG:3857)", Box(250_000, 6_300_000, 740_000, 6_750_000)),
    ("UTM zone 31N (EPSG:32631)", Box(400_000, 5_400_000, 800_000, 5_750_000)),
)


def metres(a: Sequence[float], b: Sequence[float]) -> float:
    """The great-circle distance between two places ``(lon, lat)``."""
    lon1, lat1, lon2, lat2 = map(math.radians, (a[0], a[1], b[0], b[1]))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, h)))


def path_metres(path: Sequence[Sequence[float]]) -> float:
    """The length of a path."""
    return sum(metres(one, other) for one, other in pairwise(path))


def along(path: Sequence[Sequence[float]], share: float) -> tuple[float, float]:
    """The place at a share (0 … 1) of a path's length."""
    left = path_metres(path) * min(max(share, 0.0), 1.0)
    for one, other in pairwise(path):
        step = metres(one, other)
        if left <= step and step > 0:
            part = left / step
            return one[0] + (other[0] - one[0]) * part, one[1] + (other[1] - one[1]) * part
        left -= step
    return path[-1][0], path[-1][1]
