"""Volumes and snapshots in our tables: how they are shown, what hangs on them, what they cost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, text

from datacenter.hosting.catalogue.offered import OfferedKind, offering_of
from datacenter.hosting.listing import Shown
from datacenter.hosting.pricing import QUARTERS_OF_A_MONTH, Cost, of_offering

__all__ = ["SNAPSHOTS", "VOLUMES", "cost_of", "newest_snapshot", "snapshots_of"]


def _month(kind: str) -> str:
    """Micro-euros a month of a row, at today's price."""
    return (
        "((select c.quarter_micro_eur from offering o join price c on c.offering_id = o.id and c.plan_id is null"  # noqa: S608 - texts of this code alone
        f" and c.component = 'gib' and c.valid @> now() where o.kind = '{kind}' and o.valid @> now()"
        f" order by o.code limit 1) * r.size_gib * {QUARTERS_OF_A_MONTH})::text"
    )


VOLUMES: Final = Shown(
    noun="volume",
    table="volume",
    fields={
        "name": "r.name",
        "description": "r.description",
        "size_gib": "r.size_gib",
        "wanted_gib": "r.wanted_gib",
        "snapshot_id": "r.snapshot_id",
        "image": "r.image",
        "server": "case when s.id is null then null else jsonb_build_object('id', s.id, 'name', s.name) end",
        "server_id": "r.server_id",
        "device": "r.device",
        "month_micro_eur": _month("volume"),
    },
    joins="left join server s on s.id = r.server_id",
    filters={"server": "r.server_id"},
)

SNAPSHOTS: Final = Shown(
    noun="snapshot",
    table="volume_snapshot",
    fields={
        "name": "r.name",
        "description": "r.description",
        "size_gib": "r.size_gib",
        "volume": "v.name",
        "volume_id": "r.volume_id",
        "schedule_id": "r.schedule_id",
        "taken_at": "r.taken_at",
        "month_micro_eur": _month("snapshot"),
    },
    joins="join volume v on v.id = r.volume_id",
    filters={"volume": "r.volume_id", "schedule": "r.schedule_id"},
)


def cost_of(tx: Connection, kind: OfferedKind, gib: int) -> Cost:
    """What so many GiB come to.

    Raises:
        NotOffered: nothing of this kind is offered today.
    """
    return Cost((of_offering(offering_of(tx, kind, datetime.now(UTC), pointer=""), gib),))


def snapshots_of(tx: Connection, volume: UUID) -> list[str]:
    """Names of the snapshots that a volume has."""
    found = tx.execute(
        text("select name from volume_snapshot where volume_id = :id and gone_at is null order by id"), {"id": volume}
    )
    return list(found.scalars())


def newest_snapshot(tx: Connection, volume: UUID) -> Row[Any] | None:
    """The newest snapshot that stands."""
    return tx.execute(
        text(
            "select * from volume_snapshot where volume_id = :id and status = 'available' and gone_at is null"
            " order by taken_at desc, id desc limit 1"
        ),
        {"id": volume},
    ).one_or_none()
