"""The plant as files: GeoJSON of nodes, ducts and cables, and CSV of every type. Importing them gives the same plant.

The region's own export holds the plant as well (``inventory.region_export``); these are for maps and for spreadsheets.
"""

from __future__ import annotations

import csv
import io
from importlib.resources import files
from typing import Final

import msgspec
from sqlalchemy import Connection, text

from inventory import shapes
from inventory.imports import SourceFile
from inventory.plant.objects import PLANT

__all__ = ["export_csv", "export_geojson"]

_FEATURES: Final = text((files("inventory.plant") / "sql" / "features.sql").read_text())


def export_geojson(tx: Connection) -> str:
    """A feature collection: nodes, then ducts, then cables along their ducts (RFC 7946: WGS84, longitude first).

    ``plant`` of each feature says what it is; ``ducts`` of a cable, what it lies in, in order.
    """
    return str(tx.execute(_FEATURES).scalar_one())


def export_csv(tx: Connection) -> list[SourceFile]:
    """A file a type, the columns being its fields; what holds for a time is given as it holds now."""
    out = []
    for made in PLANT:
        if made.part_of is not None:
            continue
        now = f" where t.{made.period} @> now()" if made.period else ""
        rows = tx.execute(
            text(
                f"select {shapes.object_sql(made.name, meta=False)}::text from {made.name} t{now}"  # noqa: S608 - our fragments
                f' order by ({made.key}) collate "C", t.id'
            )
        ).scalars()
        written = io.StringIO(newline="")
        table = csv.writer(written, lineterminator="\n")
        table.writerow(made.fields)
        table.writerows([_cell(value) for value in msgspec.json.decode(row).values()] for row in rows)
        out.append(SourceFile(f"{made.collection}.csv", written.getvalue().encode()))
    return out


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return msgspec.json.encode(value).decode() if isinstance(value, list | dict) else value
