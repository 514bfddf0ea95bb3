"""The region's corridor graph: its corners, and the stretches of street, track, canal and tunnel between them."""

from __future__ import annotations

from typing import Any, Final

from inventory.imports.places import OSM
from inventory.imports.reading import Reading, SourceFile, rows_of

__all__ = ["EDGES", "NODES", "read_edges", "read_nodes"]

NODES: Final = frozenset({"id", "lon", "lat"})
"""The columns of corners; no other."""
EDGES: Final = frozenset({"u", "v", "length_m", "kind", "path"})
"""The columns of stretches; no other."""


def read_nodes(file: SourceFile, text: str, reading: Reading) -> None:
    """Every row as a corner, ``C`` and its number."""
    reading.source(file.name, "corners of the corridor", OSM)
    for line, row in rows_of(file, text, reading):
        values = {"code": f"C{row['id']}", "lon": row["lon"], "lat": row["lat"], **_origin()}
        reading.take("corridor_node", values, file.name, line)


def read_edges(file: SourceFile, text: str, reading: Reading) -> None:
    """Every row as a stretch, called by its two corners; several between the same two are numbered."""
    reading.source(file.name, "stretches of the corridor", OSM)
    seen: dict[str, int] = {}
    for line, row in rows_of(file, text, reading):
        a, b = f"C{row['u']}", f"C{row['v']}"
        code = f"{a}-{b}"
        seen[code] = number = seen.get(code, 0) + 1
        try:
            path = [[float(part) for part in point.split()] for point in row["path"].split(";")]
        except ValueError:
            reading.refuse(file.name, line, "path: not 'lon lat;lon lat;…'")
            continue
        values = {
            "code": code if number == 1 else f"{code}.{number}",
            "kind": row["kind"],
            "a_node": a,
            "b_node": b,
            "length_m": row["length_m"],
            "path": path,
            **_origin(),
        }
        reading.take("corridor", values, file.name, line)


def _origin() -> dict[str, Any]:
    return {"provenance": "derived", "source": OSM}
