"""A Change that undoes another one by its steps' own ``undo``, for kinds that plan nothing of their own for it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy import text

from core.errors import Conflict
from orchestrator.kinds import AnyKind, ChangeKind, Outcome, Step, Surroundings, Verdict
from orchestrator.plan import Draft, JsonObject, Target
from orchestrator.runs.rows import Run

__all__ = ["TakeBack", "as_undo"]


def as_undo(kind: AnyKind, run: Run) -> AnyKind:
    """The kind; or, where the Change undoes another and the kind plans no undo of its own, one that takes back."""
    if run.undo_of is None or type(kind).plan_undo is not ChangeKind.plan_undo:
        return kind
    with run.transaction() as tx:
        found = tx.execute(
            text("select id, target_id, record from change_step where change_id = :id"), {"id": run.undo_of}
        ).all()
    return TakeBack(kind, {row.target_id: (row.id, dict(row.record)) for row in found})


class TakeBack(ChangeKind):  # type: ignore[type-arg]  # it plans nothing, so it has no intent
    """Applying is the other Change's ``undo``; there is no timer, and nothing to take back again.

    Args:
        kind: the kind of the Change that is undone.
        done: its steps by target: id and what each recorded.
    """

    name = "take-back"
    title = "Take back"

    def __init__(self, kind: AnyKind, done: dict[str, tuple[UUID, JsonObject]]) -> None:
        self._kind = kind
        self._done = done

    def plan(self, intent: object, world: object) -> Draft:
        """Never asked: the Change that takes back is planned already."""
        raise NotImplementedError

    def _original(self, step: Step) -> Step:
        step_id, record = self._done[step.target.id]
        return replace(step, change_id=step.undo_of or step.change_id, step_id=step_id, record=record)

    def fingerprint(self, target: Target, around: Surroundings) -> str:  # noqa: ARG002 - same shape
        """What the target was before the other Change is no measure of what it is after it."""
        return target.base

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Take back what the other Change did on this target."""
        return self._kind.undo(self._original(step), around)

    def inspect(self, step: Step, around: Surroundings) -> Verdict:
        """The other Change's ``old`` is what we want: our ``new``."""
        seen = self._kind.inspect(self._original(step), around)
        turned = {"old": "new", "new": "old"}
        return replace(seen, data={"is": turned.get((seen.data or {}).get("is", ""), "other")})

    def undo(self, step: Step, around: Surroundings) -> Outcome:  # noqa: ARG002 - same shape
        """Refuses once something was taken back: the original Change's plan is the way to have it again."""
        if "apply" in step.record:
            raise Conflict(f"{step.target.name} was taken back; apply the original change again.")
        return Outcome({}, "Nothing was taken back here.")
