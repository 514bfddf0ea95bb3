"""What Cinder has of every project, beside what we say: states, sizes, holders; and what was altered by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row

from core.db import Database
from datacenter.hosting import cloud
from datacenter.hosting.cloud import tag_of
from datacenter.hosting.standing_look import Seen, by_cloud_id, differs, rows_of, write_down
from datacenter.hosting.twins import Tagged, remove_twins
from datacenter.hosting.volumes.disks import Disk, Disks, every_disk, our_word

__all__ = ["converge"]

_VOLUME: Final = {"server_id": "uuid", "device": "text", "cloud_id": "text"}
_SNAPSHOT: Final = {"cloud_id": "text"}


def converge(database: Database) -> int:
    """Let volumes and snapshots say what the cloud says; gives how many rows that altered.

    Two calls for all projects together. Nothing is written while the cloud is away.
    """
    if cloud.away():
        return 0
    volumes = rows_of(database, "volume", "volume")
    snapshots = rows_of(database, "volume_snapshot", "snapshot")
    admin = cloud.admin()
    there, kept = every_disk(admin, "volumes"), every_disk(admin, "snapshots")
    servers = by_cloud_id(database)
    by_tag = _by_tag(there, volumes)
    seen = [_volume(row, by_tag.get(tag_of(row.id)), servers) for row in volumes]
    done = write_down(database, "volume", "volume", seen, _VOLUME)
    by_tag = _by_tag(kept, snapshots)
    seen = [_snapshot(row, by_tag.get(tag_of(row.id))) for row in snapshots]
    done += write_down(database, "volume_snapshot", "snapshot", seen, _SNAPSHOT)
    remove_twins(database, "volume_snapshot", "snapshot", map(_tagged, kept), _remove_snapshot)
    remove_twins(database, "volume", "volume", map(_tagged, there), _remove_volume)
    return done


def _by_tag(found: Iterable[Disk], rows: Iterable[Row[Any]]) -> dict[str, Disk]:
    """Of several with one tag that which a row holds, or else the oldest."""
    own = {row.cloud_id for row in rows}
    ordered = sorted(found, key=lambda disk: disk.made_at, reverse=True)
    return {one.tag: one for one in sorted(ordered, key=lambda disk: disk.id in own)}


def _tagged(disk: Disk) -> Tagged:
    return Tagged(disk.id, disk.tag, disk.project, idle=disk.status in {"available", "error"} and not disk.held)


def _remove_volume(own: Any, disk: str) -> None:
    Disks(own).delete(disk)


def _remove_snapshot(own: Any, snapshot: str) -> None:
    Disks(own).delete_snapshot(snapshot)


def _volume(row: Row[Any], disk: Disk | None, servers: Mapping[str, UUID]) -> Seen:
    if disk is None:
        return Seen(row, "vanished", (), {"server_id": None, "device": "", "cloud_id": row.cloud_id})
    findings = [] if disk.name == row.name else [differs("name", row.name, disk.name)]
    if disk.size_gib != row.size_gib:
        findings.append(differs("size_gib", row.size_gib, disk.size_gib))
    held = disk.held[0] if disk.held else None
    server = servers.get(held.server) if held else None
    if held and server is None:
        findings.append(differs("server", None, held.server))
    return Seen(
        row, our_word(disk.status), findings,
        {"server_id": server, "device": held.device if held and server else "", "cloud_id": disk.id},
    )  # fmt: skip


def _snapshot(row: Row[Any], kept: Disk | None) -> Seen:
    if kept is None:
        return Seen(row, "vanished", (), {"cloud_id": row.cloud_id})
    findings = [] if kept.name == row.name else [differs("name", row.name, kept.name)]
    return Seen(row, our_word(kept.status), findings, {"cloud_id": kept.id})
