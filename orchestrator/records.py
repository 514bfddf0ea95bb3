"""A Change as its row says: what callers of the engine get back, and how the engine reads it to decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from orchestrator.errors import ChangeNotFound
from orchestrator.plan import Plan
from orchestrator.states import State

__all__ = ["ChangeRecord", "read", "read_plan"]


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """A Change now.

    Attributes:
        waiting_for: roles that are asked, one entry for each person needed; or ``schedule``, ``window``, ``locks``.
        outcome: how it went; ``{"nothing_to_do": true}`` when the plan was empty.
        cancel_asked: somebody asked to stop it while it runs.
        version: for ETag and If-Match.
    """

    id: UUID
    tenant_id: UUID
    kind: str
    title: str
    state: State
    waiting_for: tuple[str, ...]
    plan_hash: str
    requested_by: UUID
    reason: str
    version: int
    emergency: bool = False
    emergency_due: datetime | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None
    undo_of: UUID | None = None
    finished_at: datetime | None = None
    cancel_asked: bool = False
    outcome: Mapping[str, Any] = field(default_factory=dict)


_READ: Final = (
    "select id, tenant_id, kind, title, state, waiting_for, plan_hash, requested_by, reason, version, emergency,"
    " emergency_due,"
    " not_before, expires_at, undo_of, finished_at, cancel_by is not null as cancel_asked, outcome - 'inverse' as"
    " outcome"
    " from change where id = :id"
)


def read(tx: Connection, change_id: UUID, *, lock: bool = False) -> ChangeRecord:
    """A Change by its id; ``lock`` keeps others from moving it until this transaction ends.

    Raises:
        ChangeNotFound: no such Change in this scope.
    """
    row = tx.execute(text(_READ + (" for update" if lock else "")), {"id": change_id}).one_or_none()
    if row is None:
        raise ChangeNotFound(f"There is no change {change_id}.", change_id=str(change_id))
    values = {**row._mapping, "state": State(row.state), "waiting_for": tuple(row.waiting_for)}  # noqa: SLF001 - public in SQLAlchemy
    return ChangeRecord(**values)


def read_plan(tx: Connection, change_id: UUID) -> Plan:
    """The frozen plan of a Change.

    Raises:
        ChangeNotFound: no such Change in this scope.
    """
    stored = tx.execute(text("select plan from change where id = :id"), {"id": change_id}).scalar_one_or_none()
    if stored is None:
        raise ChangeNotFound(f"There is no change {change_id}.", change_id=str(change_id))
    return Plan.from_dict(stored)
