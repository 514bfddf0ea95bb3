"""A word of a phase that is under way on one target: for who watches, before the phase has ended there."""

from __future__ import annotations

from sqlalchemy import text

from core.journal.record import record_events
from orchestrator.kinds import Step, Surroundings

__all__ = ["tell"]


def tell(around: Surroundings, step: Step, phase: str, status: str, note: str) -> None:
    """Write what is going on into the step's notes and the Change's events; nothing, where another carries the run.

    Args:
        note: one sentence, without secrets.
    """
    with around.database.transaction("worker", around.scope, asynchronous=True) as tx:
        row = tx.execute(
            text(
                "update change_step set record = jsonb_set(record, '{notes}', coalesce(record -> 'notes', '{}')"
                " || jsonb_build_object(cast(:phase as text), cast(:note as text)))"
                " where id = :id and epoch = :epoch returning batch, tenant_id"
            ),
            {"id": step.step_id, "epoch": step.epoch, "phase": phase, "note": note},
        ).one_or_none()
        if row is not None:
            body = {
                "target": step.target.name, "target_id": step.target.id, "phase": phase, "status": status,
                "note": note, "batch": row.batch,
            }  # fmt: skip
            record_events(tx, "change.step", "change", step.change_id, [body], tenant_id=row.tenant_id)
