"""Images made of servers: how they are shown, and what Glance has of them beside what our rows say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Row

from core.db import Database
from datacenter.hosting import cloud
from datacenter.hosting.drivers.openstack import marked_images
from datacenter.hosting.drivers.protocol import ImageSeen
from datacenter.hosting.listing import Shown
from datacenter.hosting.standing_look import Seen, rows_of, write_down

__all__ = ["IMAGES", "converge"]

IMAGES: Final = Shown(
    noun="image",
    table="server_image",
    fields={
        "name": "r.name",
        "image": "r.cloud_id",
        "bytes": "r.bytes",
        "server": "jsonb_build_object('id', s.id, 'name', s.name, 'status', s.status)",
    },
    joins="join server s on s.id = r.server_id",
    filters={"server": "r.server_id"},
)
_WORDS: Final[Mapping[str, str]] = {"queued": "building", "saving": "building", "active": "active"}
"""Glance's status in ours; everything else is an ``error``: it cannot be ordered by."""
_COLUMNS: Final = {"cloud_id": "text", "bytes": "bigint"}


def converge(database: Database) -> int:
    """Let rows say what Glance says, in one list for all projects; gives how many that altered."""
    if cloud.away():
        return 0
    rows = rows_of(database, "server_image", "server-image")
    if not rows:
        return 0
    there = {str(one.properties["mark"]): one for one in marked_images(cloud.admin())}
    seen = [_seen(row, there.get(str(row.id))) for row in rows]
    return write_down(database, "server_image", "server-image", seen, _COLUMNS)


def _seen(row: Row[Any], found: ImageSeen | None) -> Seen:
    if found is None:
        return Seen(row, "vanished", (), {"cloud_id": row.cloud_id, "bytes": row.bytes})
    return Seen(row, _WORDS.get(found.status, "error"), (), {"cloud_id": found.id, "bytes": found.size})
