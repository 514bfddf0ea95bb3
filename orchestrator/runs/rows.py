"""The rows of one run, behind its fencing number.

Whoever carries a run draws a number (``epoch``) when it takes it up; the number stands on the Change, on each of its
steps and on its locks. Every write says ``where epoch = mine`` and counts its rows: after a takeover the old carrier
writes nothing any more, and its number on a device is older than the one the device has seen.

What is about to be done is committed to disk before it is done (``begin``); what was done is committed without waiting
(``settle``): a lost answer is asked for again, and the next ``begin`` takes earlier answers to disk with it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, text

from core.db import Database
from core.journal.record import record_events
from core.scope import EVERY_TENANT, Scope
from orchestrator.kinds import Step, Surroundings
from orchestrator.plan import Plan, Target
from orchestrator.runs.errors import FencedOut, LeaseLost
from orchestrator.states import State

__all__ = ["PHASES", "Run", "StepRow", "claim"]

PHASES: Final = {
    "prepare": ("preparing", "prepared"),
    "apply": ("applying", "applied"),
    "verify": ("verifying", "verified"),
    "confirm": ("confirming", "confirmed"),
    "undo": ("undoing", "undone"),
}
"""Phase → state of a step while it is under way, and when it is done."""


@dataclass(slots=True)
class StepRow:
    """One row of ``change_step``, as this process knows it.

    ``record`` holds what each phase returned under the phase's name, and under ``began`` when each phase first began
    (seconds since 1970 by the database's clock): what has begun may have happened.
    """

    id: UUID
    ordinal: int
    batch: int
    target: Target
    state: str
    record: dict[str, Any]
    error: dict[str, Any] | None

    def began(self, phase: str) -> float | None:
        """When a phase first began on this target."""
        when = self.record.get("began", {}).get(phase)
        return None if when is None else float(when)

    @property
    def touched(self) -> bool:
        """Something was asked of the target."""
        return bool(self.record.get("began"))

    @property
    def altered(self) -> bool:
        """The target may have been altered."""
        return self.began("apply") is not None


@dataclass(slots=True)
class Run:
    """A Change as one worker carries it out, under one fencing number."""

    database: Database
    executor: str
    change_id: UUID
    tenant_id: UUID
    scope: Scope
    kind: str
    plan: Plan
    undo_of: UUID | None
    epoch: int
    state: State
    batch: int
    targets: dict[str, Target] = field(init=False)

    def __post_init__(self) -> None:
        self.targets = {target.id: target for target in self.plan.targets}

    # ------------------------------------------------------------------------------------------------- what kinds see
    @property
    def around(self) -> Surroundings:
        """What a kind may use."""
        return Surroundings(self.database, self.scope)

    def step(self, row: StepRow) -> Step:
        """A row as a kind sees it."""
        return Step(
            change_id=self.change_id,
            step_id=row.id,
            epoch=self.epoch,
            target=row.target,
            timer=self.plan.timer,
            record=row.record,
            undo_of=self.undo_of,
        )

    # ---------------------------------------------------------------------------------------------------- transactions
    def transaction(self, *, asynchronous: bool = False) -> AbstractContextManager[Connection]:
        """A transaction under the Change's scope, as role ``worker``."""
        return self.database.transaction("worker", self.scope, asynchronous=asynchronous)

    def must_be_mine(self, rows: int, expected: int) -> None:
        """Raises ``FencedOut`` when a fenced write met fewer rows than it should."""
        if rows != expected:
            raise FencedOut(f"Another worker has taken over change {self.change_id}.", epoch=self.epoch)

    def hold(self, tx: Connection) -> Any:
        """Lock the Change's row for this transaction and see that it is still ours; gives the row."""
        row = tx.execute(
            text(
                "select state, batch, decision, cancel_by, cancel_reason, outcome, extract(epoch from now()) as now"
                " from change where id = :id and epoch = :epoch for update"
            ),
            {"id": self.change_id, "epoch": self.epoch},
        ).one_or_none()
        self.must_be_mine(int(row is not None), 1)
        return row

    def steps(self, batch: int | None = None) -> list[StepRow]:
        """The steps of a batch (of all), in the order of running."""
        with self.transaction() as tx:
            rows = tx.execute(
                text(
                    "select id, ordinal, batch, target_id, state, record, error from change_step where change_id = :id"
                    " and (cast(:batch as integer) is null or batch = :batch) order by ordinal"
                ),
                {"id": self.change_id, "batch": batch},
            ).all()
        return [
            StepRow(r.id, r.ordinal, r.batch, self.targets[r.target_id], r.state, dict(r.record), r.error) for r in rows
        ]

    def begin(self, steps: Sequence[StepRow], phase: str) -> float:
        """Commit to disk that a phase begins on these targets; gives the database's time."""
        doing = PHASES[phase][0]
        with self.transaction() as tx:
            now = float(tx.execute(text("select extract(epoch from clock_timestamp())")).scalar_one())
            for row in steps:
                row.state, row.error = doing, None
                row.record["began"] = {phase: now, **row.record.get("began", {})}
            self._write(tx, steps)
            self._tell(tx, [self._news(row, phase, "started") for row in steps])
        return now

    def settle(self, steps: Sequence[StepRow], phase: str, *, done: int, total: int) -> None:
        """Record what a phase did on these targets; a lost record is asked for again."""
        with self.transaction(asynchronous=True) as tx:
            self._write(tx, steps)
            news = []
            for row in steps:
                status = "unknown" if row.state == "unknown" else "failed" if row.error else "ok"
                news.append({**self._news(row, phase, status), "done": done, "total": total})
            self._tell(tx, news)

    def seal(self, steps: Sequence[StepRow]) -> None:
        """Commit to disk what a phase did on all its targets, before the phase counts as done.

        A server that crashed during the phase has forgotten what it had not flushed, while we still know it.
        """
        with self.transaction() as tx:
            self._write(tx, steps)

    def _write(self, tx: Connection, steps: Sequence[StepRow]) -> None:
        values = [
            {
                "id": str(row.id),
                "state": row.state,
                "record": row.record,
                "error": row.error,
                "over": row.state in _OVER,
            }
            for row in steps
        ]
        result = tx.execute(
            text(
                "update change_step s set state = v.state, record = v.record, error = v.error,"
                " started_at = coalesce(s.started_at, now()), finished_at = case when v.over then now() end"
                " from jsonb_to_recordset(cast(:rows as jsonb))"
                " as v(id uuid, state text, record jsonb, error jsonb, over boolean)"
                " where s.id = v.id and s.epoch = :epoch"
            ),
            {"rows": msgspec.json.encode(values).decode(), "epoch": self.epoch},
        )
        self.must_be_mine(result.rowcount, len(steps))

    def _tell(self, tx: Connection, news: Sequence[dict[str, Any]]) -> None:
        record_events(tx, "change.step", "change", self.change_id, news, tenant_id=self.tenant_id)

    @staticmethod
    def _news(row: StepRow, phase: str, status: str) -> dict[str, Any]:
        note = row.error["message"] if row.error and status != "started" else row.record.get("notes", {}).get(phase, "")
        return {
            "target": row.target.name,
            "target_id": row.target.id,
            "phase": phase,
            "status": status,
            "note": note if status != "started" else "",
            "batch": row.batch,
        }

    def renew(self) -> None:
        """Draw a newer number under the same carrier: calls that were abandoned are refused by devices from now on."""
        with self.transaction() as tx:
            self.hold(tx)
            self.epoch = _number(tx, self.change_id, self.executor)


_OVER: Final = frozenset({"confirmed", "undone", "failed", "skipped", "unknown"})


def claim(
    database: Database, executor: str, change_id: UUID, states: Collection[State], batch: int | None = None
) -> Run | None:
    """Take a run up under a new number; ``None`` when there is nothing to carry any more.

    Args:
        states: the states in which there is something to do.
        batch: the batch it must be at.
    Raises:
        LeaseLost: the others have declared this worker lost.
    """
    everywhere = Scope(tenant=EVERY_TENANT, reason="run a change")
    with database.transaction("worker", everywhere) as tx:
        if not tx.execute(
            text("select 1 from executor_lease where executor = :me and lost_at is null for share"), {"me": executor}
        ).first():
            raise LeaseLost(f"Executor {executor} was declared lost.", executor=executor)
        row = tx.execute(
            text(
                "select c.tenant_id, t.kind as tenant_kind, c.requested_by, c.request_id, c.reason, c.kind, c.plan,"
                " c.undo_of, c.state, c.batch from change c join tenant t on t.id = c.tenant_id where c.id = :id"
                " and c.state = any(:states) and (cast(:batch as integer) is null or c.batch = :batch) for update of c"
            ),
            {"id": change_id, "states": [state.value for state in states], "batch": batch},
        ).one_or_none()
        if row is None:
            return None
        epoch = _number(tx, change_id, executor)
    return Run(
        database=database,
        executor=executor,
        change_id=change_id,
        tenant_id=row.tenant_id,
        scope=Scope(
            # The region's own changes touch what belongs to its agencies; an agency's change sees its own alone.
            tenant=EVERY_TENANT if row.tenant_kind == "region" else row.tenant_id,
            actor=row.requested_by,
            request_id=row.request_id,
            reason=row.reason,
            change_id=change_id,
        ),
        kind=row.kind,
        plan=Plan.from_dict(row.plan),
        undo_of=row.undo_of,
        epoch=epoch,
        state=State(row.state),
        batch=row.batch,
    )


def _number(tx: Connection, change_id: UUID, executor: str) -> int:
    """Draw a fencing number and write it wherever the run writes."""
    epoch = int(
        tx.execute(
            text("update change set epoch = nextval('change_epoch'), executor = :me where id = :id returning epoch"),
            {"id": change_id, "me": executor},
        ).scalar_one()
    )
    values = {"id": change_id, "epoch": epoch}
    tx.execute(text("update change_step set epoch = :epoch where change_id = :id"), values)
    tx.execute(text("update target_lock set epoch = :epoch where change_id = :id"), values)
    return epoch
