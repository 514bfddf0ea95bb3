"""Who alters a target now: one row a target, with owner, purpose and since.

A run takes all its targets at once, in the order of their ids, when it begins, and gives them back when it ends; it
never waits while it holds some. So there is no deadlock, and a change that cannot have them all holds none.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

__all__ = ["Holder", "holders", "release", "take"]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a target."""

    target_id: str
    change_id: UUID
    purpose: str
    since: datetime


def take(tx: Connection, change_id: UUID, targets: Collection[str], *, purpose: str, epoch: int) -> bool:
    """Take every target, or none: ``False`` says that somebody holds one; the caller's transaction must not commit.

    Another transaction that is taking the same target right now is waited for; both go in the order of ids.
    """
    if not targets:
        return True
    taken = tx.execute(
        text(
            "insert into target_lock (target_id, change_id, purpose, epoch)"
            " select id, :change, :purpose, :epoch from unnest(cast(:targets as text[])) id order by id"
            " on conflict (target_id) do nothing"
        ),
        {"targets": sorted(targets), "change": change_id, "purpose": purpose, "epoch": epoch},
    )
    return taken.rowcount == len(targets)


def holders(tx: Connection, targets: Collection[str], *, beside: UUID, limit: int = 20) -> list[Holder]:
    """Who holds any of these targets now, ``beside`` the Change that asks."""
    rows = tx.execute(
        text(
            "select target_id, change_id, purpose, since from target_lock where target_id = any(:targets)"
            " and change_id <> :beside order by target_id limit :limit"
        ),
        {"targets": list(targets), "beside": beside, "limit": limit},
    )
    return [Holder(row.target_id, row.change_id, row.purpose, row.since) for row in rows]


def release(tx: Connection, change_id: UUID) -> None:
    """Give back whatever a Change holds. The caller holds the Change's row under its fencing number."""
    tx.execute(text("delete from target_lock where change_id = :change"), {"change": change_id})
