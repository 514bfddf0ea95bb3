"""What stands in the plant, for people who look: cables with what is taken of them, one with its strands."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from sqlalchemy import Connection, TextClause, text

from inventory import queries

__all__ = ["cable", "cables", "map_json"]


def cables(tx: Connection, *, q: str | None = None, limit: int) -> dict[str, Any]:
    """Cables by code, those of which code, ends or ducts hold ``q``.

    Returns:
        ``all``: how many there are; ``cables``: the first, each with its ends, ``length_m``, ``ducts`` in order, and of
        its ``strands`` how many lead on at both ends (``through``), are ``lit`` by a circuit and ``held`` by somebody.
    """
    found: dict[str, Any] = msgspec.json.decode(tx.execute(_sql("cables"), {"q": q, "limit": limit}).scalar_one())
    return found


def cable(tx: Connection, code: str) -> dict[str, Any]:
    """One cable with its ``ducts`` and ``strands``; of each strand what its ends ``a`` and ``b`` lead to, if anything.

    Raises:
        ObjectNotFound: there is none, or it is not yours.
    """
    row = tx.execute(_sql("cable"), {"id": queries.id_of(tx, "cable", code)}).scalar_one()
    found: dict[str, Any] = msgspec.json.decode(row)
    return found


def map_json(tx: Connection) -> str:
    """GeoJSON of nodes, of ducts with the cables in them, and of cables whose ducts nobody knows, drawn straight."""
    found: str = tx.execute(_sql("map")).scalar_one()
    return found


@cache
def _sql(name: str) -> TextClause:
    return text((files("inventory.plant") / "sql" / f"{name}.sql").read_text())
