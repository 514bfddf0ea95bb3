"""Overlays as frozen data of a plan: whole rows, so that an undo can put them back as they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

__all__ = ["rows_of", "rows_of_change"]

_COLUMNS = "select id::text, kind, name, body, ordinal, change_id::text from config_overlay"


def rows_of(tx: Connection, ids: Sequence[UUID]) -> tuple[Mapping[str, Any], ...]:
    """These overlays, in the order they are laid."""
    rows = tx.execute(text(f"{_COLUMNS} where id = any(:ids) order by ordinal"), {"ids": list(ids)})
    return tuple(dict(row) for row in rows.mappings())


def rows_of_change(tx: Connection, device_id: UUID, change_id: UUID) -> tuple[Mapping[str, Any], ...]:
    """What one change laid on a device."""
    rows = tx.execute(
        text(f"{_COLUMNS} where device_id = :device and change_id = :change order by ordinal"),
        {"device": device_id, "change": change_id},
    )
    return tuple(dict(row) for row in rows.mappings())
