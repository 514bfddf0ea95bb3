"""The plant as a picture: an SVG with ducts by what lies in them, sites by what they are, a scale and sources."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

from sqlalchemy import Connection, text

__all__ = ["drawing"]

_WIDTH: Final = 1600
_MARGIN: Final = 40
_BELOW: Final = 90
_METRES_OF_A_DEGREE: Final = 111_195.0

_LINES: Final = {
    "core": ("core", "#b3261e", 3.2),
    "aggregation": ("aggregation ring", "#1f5fa8", 2.0),
    "access": ("access", "#5c6b73", 0.9),
    "empty": ("no cable", "#c4ccd0", 0.8),
}
_DOTS: Final = {
    "datacentre": ("data centre", "#b3261e", 9.0),
    "station": ("station", "#1f5fa8", 4.5),
    "town-hall": ("town hall", "#6a3d9a", 5.0),
    "school": ("school", "#2e7d32", 2.8),
    "hotspot": ("hotspot", "#c77700", 2.8),
    "other": ("other public site", "#37474f", 2.8),
}

_DUCTS: Final = text("""
    select coalesce(d.path,
                    jsonb_build_array(jsonb_build_array(a.lon, a.lat), jsonb_build_array(b.lon, b.lat))) as path,
           coalesce((select min(case split_part(c.code, '.', 1) when 'CR' then '1core' when 'RI' then '2aggregation'
                                     else '3access' end)
             from cable_duct x join cable c on c.id = x.cable_id where x.duct_id = d.id and c.status <> 'retired'),
             '9empty') as what
      from duct d join plant_node a on a.id = d.a_node_id join plant_node b on b.id = d.b_node_id
     order by what desc, d.code""")
_SITES: Final = text("""
    select distinct on (s.code) n.lon, n.lat, s.kind, s.code from plant_node n join site s on s.id = n.site_id
     order by s.code, n.kind <> 'building', n.code""")
_SOURCES: Final = text("""
    select distinct trim(one) as source from duct, regexp_split_to_table(source, ';') one
     where trim(one) <> '' order by 1""")


def drawing(tx: Connection) -> str:
    """The picture; an empty plant gives an empty one."""
    ducts = tx.execute(_DUCTS).all()
    sites = tx.execute(_SITES).all()
    paper = _Paper([place for duct in ducts for place in duct.path] + [(site.lon, site.lat) for site in sites])
    parts = [f'<g fill="none" stroke="{colour}" stroke-width="{width}" stroke-linecap="round" stroke-linejoin="round">'
             + "".join(f'<path d="{paper.path(duct.path)}"/>' for duct in ducts if duct.what[1:] == what) + "</g>"
             for what, (_, colour, width) in reversed(_LINES.items())]  # fmt: skip
    parts += [_dots(paper, sites, kind) for kind in reversed(_DOTS)]
    parts.append(_legend(paper, {duct.what[1:] for duct in ducts}, {_kind(site.kind) for site in sites}))
    parts.append(_foot(paper, tx.execute(_SOURCES).scalars().all()))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {paper.height}" role="img"'
        f' aria-label="The fibre plant" font-family="sans-serif" font-size="15">'
        f"<title>The fibre plant</title>"
        f'<rect width="{_WIDTH}" height="{paper.height}" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


class _Paper:
    """Where a place of the region is on the paper: north is up, and a metre as long in every direction."""

    def __init__(self, places: Sequence[Sequence[Any]]) -> None:
        lons = [float(place[0]) for place in places] or [4.35]
        lats = [float(place[1]) for place in places] or [50.85]
        self.west, self.north = min(lons), max(lats)
        self.across = math.cos(math.radians((min(lats) + self.north) / 2)) * _METRES_OF_A_DEGREE
        metres = max((max(lons) - self.west) * self.across, 100.0)
        self.scale = (_WIDTH - 2 * _MARGIN) / metres
        self.height = round(2 * _MARGIN + _BELOW + (self.north - min(lats)) * _METRES_OF_A_DEGREE * self.scale)

    def at(self, lon: Any, lat: Any) -> tuple[float, float]:
        x = _MARGIN + (float(lon) - self.west) * self.across * self.scale
        y = _MARGIN + (self.north - float(lat)) * _METRES_OF_A_DEGREE * self.scale
        return round(x, 1), round(y, 1)

    def path(self, places: Iterable[Sequence[Any]]) -> str:
        return "M" + "L".join("{} {}".format(*self.at(lon, lat)) for lon, lat in places)


def _kind(kind: str) -> str:
    return kind if kind in _DOTS else "other"


def _dots(paper: _Paper, sites: Sequence[Any], kind: str) -> str:
    _, colour, radius = _DOTS[kind]
    circles = "".join(
        '<circle cx="{}" cy="{}" r="{}"><title>{}</title></circle>'.format(
            *paper.at(site.lon, site.lat), radius, escape(site.code)
        )
        for site in sites if _kind(site.kind) == kind
    )  # fmt: skip
    return f'<g fill="{colour}" stroke="#ffffff" stroke-width="0.8">{circles}</g>'


def _legend(paper: _Paper, lines: set[str], dots: set[str]) -> str:
    out, x, y = [], _MARGIN, paper.height - _BELOW + 25
    for name, (label, colour, width) in _LINES.items():
        if name in lines:
            out.append(
                f'<line x1="{x}" y1="{y - 5}" x2="{x + 34}" y2="{y - 5}" stroke="{colour}" stroke-width="{width}"/>'
            )
            out.append(f'<text x="{x + 42}" y="{y}">{label}</text>')
            x += 62 + 8 * len(label)
    for name, (label, colour, radius) in _DOTS.items():
        if name in dots:
            out.append(f'<circle cx="{x + 8}" cy="{y - 5}" r="{radius}" fill="{colour}"/>')
            out.append(f'<text x="{x + 22}" y="{y}">{label}</text>')
            x += 42 + 8 * len(label)
    return f'<g fill="#1c262b">{"".join(out)}</g>'


def _foot(paper: _Paper, sources: Sequence[str]) -> str:
    """A scale of as many round metres as fit on a fifth of the paper, and who is to be named."""
    room = _WIDTH / 5 / paper.scale
    power = 10 ** math.floor(math.log10(room))
    metres = max(step for step in (power, 2 * power, 5 * power) if step <= room)
    label = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    y, end = paper.height - 22, _MARGIN + metres * paper.scale
    named = escape("; ".join(sources))
    return (
        f'<g fill="#1c262b"><path d="M{_MARGIN} {y - 8}v8H{end:.1f}v-8" fill="none" stroke="#1c262b"/>'
        f'<text x="{end + 10:.1f}" y="{y}">{label}</text>'
        f'<text x="{_WIDTH - _MARGIN}" y="{y}" text-anchor="end" font-size="12">{named}</text></g>'
    )
