"""Taking a Change back: whether it can be, what its steps recorded, and whether people are asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from orchestrator.errors import NothingToUndo
from orchestrator.kinds import Step
from orchestrator.plan import Draft, Plan, Target
from orchestrator.policy import Policy, frozen_facts
from orchestrator.records import ChangeRecord
from orchestrator.states import State

__all__ = ["had_its_approvals", "merged", "must_be_undoable", "steps_done"]

RECENT: Final = timedelta(hours=24)
"""So long a change that had its approvals may be taken back without asking again."""

_UNDOABLE: Final = frozenset({State.SUCCEEDED, State.FAILED, State.UNKNOWN})


def merged(draft: Draft, summary: str, inverse: tuple[Any, ...]) -> Draft:
    """The kind's undo of its steps, and the stored inverse of the commands, as one draft."""
    return Draft(
        summary=summary,
        targets=draft.targets,
        commands=(*draft.commands, *(command for command in inverse if command["rows"])),
        blobs=draft.blobs,
        impact=draft.impact,
        facts=draft.facts,
        cost=draft.cost,
        undo_note=draft.undo_note or "Submit the original change again.",
    )


def must_be_undoable(tx: Connection, done: ChangeRecord) -> None:
    """Raises ``NothingToUndo`` for what has not run, or is taken back already."""
    if done.state not in _UNDOABLE:
        raise NothingToUndo(f"The change is {done.state}.", change_id=str(done.id), state=done.state.value)
    other = tx.execute(
        text(
            "select id, state from change where undo_of = :id and state not in"
            " ('rejected', 'cancelled', 'expired', 'stale', 'failed', 'rolled_back') order by id desc limit 1"
        ),
        {"id": done.id},
    ).one_or_none()
    if other is not None:
        raise NothingToUndo(
            f"It is taken back by the change {other.id} ({other.state}).",
            hint="To have it again, take that one back.",
            change_id=str(done.id),
            undo=str(other.id),
        )


def had_its_approvals(tx: Connection, done: ChangeRecord, plan: Plan, rules: Policy) -> bool:
    """Whether the Change ended within 24 hours and had every approval that policy asks for today."""
    if done.finished_at is None or datetime.now(UTC) - done.finished_at > RECENT:
        return False
    counts = tx.execute(
        text(
            "select role, count(distinct decided_by) as n from change_approval where change_id = :id and plan_hash ="
            " :hash"
            " and decision = 'approve' group by role"
        ),
        {"id": done.id, "hash": done.plan_hash},
    )
    facts, requester = frozen_facts(plan.facts)
    return rules.missing(requester, facts, {row.role: row.n for row in counts}).allowed


def steps_done(tx: Connection, change_id: UUID, plan: Plan) -> list[Step]:
    """What the steps of a run did, in the order of running; those that altered nothing are left out."""
    rows = tx.execute(
        text(
            "select id, target_id, epoch, record from change_step where change_id = :id"
            " and state in ('confirmed', 'unknown') order by ordinal"
        ),
        {"id": change_id},
    )
    targets: dict[str, Target] = {target.id: target for target in plan.targets}
    return [
        Step(change_id, row.id, row.epoch, targets[row.target_id], plan.timer, row.record)
        for row in rows
        if row.target_id in targets
    ]
