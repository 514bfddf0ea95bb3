"""The phases of one batch: what each asks of the targets, and what it answers.

Every phase looks at the rows first and asks only the targets that are not past it, so it may be begun again by any
worker at any time. A phase answers with an ``Answer``, small enough to be a checkpoint; what happened on each target
stands in its row.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, TypedDict

from core.errors import IrisplaneError
from orchestrator.errors import StalePlan
from orchestrator.kinds import AnyKind, ChangeKind, Outcome, Step, Surroundings, Verdict
from orchestrator.runs.carrier import database_gone, patiently
from orchestrator.runs.fan_out import Answer, fan_out
from orchestrator.runs.rows import PHASES, Run, StepRow

__all__ = ["PhaseAnswer", "ask", "check_base", "complete", "describe", "open_phase", "remaining"]

_LOG = logging.getLogger(__name__)

_PREPARE_SECONDS: Final = 30.0
_SHARES: Final = {"apply": 0.35, "verify": 0.75, "confirm": 0.95}
"""Until when a phase may last, as a share of the timer since the batch's first commit: the rest is for taking back."""
_LEAST_SECONDS: Final = 5.0

_READY: Final = {
    "prepare": {"pending", "preparing"},
    "apply": {"prepared", "applying"},
    "verify": {"applied", "verifying"},
    "confirm": {"verified", "confirming"},
}
_PAST: Final = (
    "pending",
    "preparing",
    "prepared",
    "applying",
    "applied",
    "verifying",
    "verified",
    "confirming",
    "confirmed",
)


class PhaseAnswer(TypedDict):
    """A phase's result, as the durable engine keeps it."""

    ok: bool
    phase: str
    why: str  # "" | "failed" | "stale" | "cancelled"
    targets: list[str]


def answer(phase: str, why: str = "", targets: Sequence[str] = ()) -> PhaseAnswer:
    """A ``PhaseAnswer``."""
    return {"ok": not why, "phase": phase, "why": why, "targets": list(targets)}


def open_phase(run: Run) -> bool:
    """Whether somebody asked to stop; raises when the run is no longer ours."""
    with run.transaction() as tx:
        return run.hold(tx).cancel_by is not None


def check_base(run: Run, kind: AnyKind, batch: int) -> PhaseAnswer:
    """Are the targets still as the plan saw them? Only those nobody has touched yet are asked."""
    steps = [row for row in patiently(lambda: run.steps(batch)) if not row.touched]
    if type(kind).fingerprint is ChangeKind.fingerprint:
        return answer("lock")
    moved: list[StepRow] = []
    failed: list[StepRow] = []
    around = _gathered(run, kind, steps, "lock")
    calls = fan_out(
        steps, lambda row: kind.fingerprint(row.target, around), concurrency=run.plan.options.concurrency,
        seconds=_PREPARE_SECONDS,
    )  # fmt: skip
    for arrived in calls:
        for one in arrived:
            if one.error:
                failed.append(_refused(one.item, "lock", one.error))
            elif one.result != one.item.target.base:
                error = StalePlan(
                    f"{one.item.target.name} is no longer as the plan saw it.", target=one.item.target.name
                )
                moved.append(_refused(one.item, "lock", error))
    if moved or failed:
        patiently(lambda: run.settle([*moved, *failed], "lock", done=len(steps), total=len(steps)))
    if failed:
        return answer("lock", "failed", [row.target.name for row in failed])
    return answer("lock", "stale" if moved else "", [row.target.name for row in moved])


def complete(run: Run, kind: AnyKind, batch: int, phase: str, *, seconds: float | None = None) -> PhaseAnswer:
    """Bring every target of a batch past a phase; the answer names those that are not."""
    steps = patiently(lambda: run.steps(batch))
    ask(run, kind, [row for row in steps if row.state in _READY[phase]], phase, seconds=seconds)
    wanted = _PAST.index(PHASES[phase][1])
    short = [row for row in steps if row.state not in _PAST or _PAST.index(row.state) < wanted]
    stale = bool(short) and all((row.error or {}).get("code") == StalePlan.code for row in short)
    return answer(phase, "stale" if stale else "failed" if short else "", [row.target.name for row in short])


def ask(run: Run, kind: AnyKind, steps: Sequence[StepRow], phase: str, *, seconds: float | None = None) -> None:
    """Carry a phase out on these targets, as many at once as the plan says; rows and memory say afterwards what became
    of each.

    A call that does not come back is abandoned, and the run draws a newer number, so that the device refuses the
    abandoned call should it ever arrive.
    """
    if not steps:
        return
    now = patiently(lambda: run.begin(steps, phase))
    call = _call(kind, phase)
    around = _gathered(run, kind, steps, phase)
    budget = remaining(run, kind, steps, phase, now) if seconds is None else seconds
    # Against the targets' timers the whole phase has the budget; elsewhere each wave of targets has it.
    waves = 1 if phase in _SHARES else math.ceil(len(steps) / run.plan.options.concurrency)
    done = 0
    silent = False
    prepared = {row.id: run.step(row) for row in steps}  # taken once: a newer number is for later calls
    calls = fan_out(
        list(steps), lambda row: call(prepared[row.id], around), concurrency=run.plan.options.concurrency,
        seconds=min(budget, kind.call_seconds), in_all=budget * waves,
    )  # fmt: skip
    for arrived in calls:
        done += len(arrived)
        silent = silent or any(one.silent for one in arrived)
        settled = [_settled(one, phase) for one in arrived]
        patiently(lambda rows=settled, so_far=done: run.settle(rows, phase, done=so_far, total=len(steps)))  # type: ignore[misc]  # bound now
    patiently(lambda: run.seal(steps))
    if silent:
        patiently(run.renew)


def remaining(run: Run, kind: AnyKind, steps: Sequence[StepRow], phase: str, now: float) -> float:
    """Seconds that a phase may take without outliving the timer that was started by the batch's first commit."""
    share = _SHARES.get(phase)
    if share is None:
        longer = kind.prepare_seconds > ChangeKind.prepare_seconds
        return kind.prepare_seconds if longer else _PREPARE_SECONDS
    first = min((row.began("apply") or now for row in steps), default=now)
    return max(_LEAST_SECONDS, first + share * run.plan.timer - now)


def describe(error: BaseException) -> dict[str, Any]:
    """An error as it may stand in a row: our own in full; of a foreign one its class: its text may hold anything."""
    if isinstance(error, IrisplaneError):
        return error.as_dict()
    return {
        "code": "CORE-199",
        "title": "Unexpected error",
        "message": f"The step ended with {type(error).__name__}.",
        "hint": "The worker's log has the details under the change's id.",
    }


def _call(kind: AnyKind, phase: str) -> Callable[[Step, Surroundings], Outcome | Verdict]:
    calls: dict[str, Callable[[Step, Surroundings], Outcome | Verdict]] = {
        "prepare": kind.prepare,
        "apply": kind.apply,
        "verify": kind.verify,
        "confirm": kind.confirm,
        "undo": kind.undo,
    }
    return calls[phase]


def _gathered(run: Run, kind: AnyKind, steps: Sequence[StepRow], phase: str) -> Surroundings:
    """What the kind may use, with what it could read for all these targets at once."""
    around = run.around
    try:
        found = patiently(lambda: kind.gather(phase, [row.target for row in steps], around))
    except IrisplaneError as error:
        # One target's trouble must not become every target's: each call reads for itself, and says its own.
        _LOG.info("%s: nothing gathered: %s", phase, error)
        return around
    except Exception as error:
        if database_gone(error):
            raise
        _LOG.exception("%s: nothing gathered", phase)
        return around
    return replace(around, gathered=found)


def _settled(one: Answer[StepRow, Outcome | Verdict], phase: str) -> StepRow:
    row = one.item
    notes = row.record.setdefault("notes", {})
    row.record.setdefault("seconds", {})[phase] = round(one.seconds, 3)
    if one.error is not None:
        return _refused(row, phase, one.error, unknown=one.silent)
    if isinstance(one.result, Outcome):
        row.record[phase] = dict(one.result.data)
        notes[phase] = one.result.note
    elif isinstance(one.result, Verdict):
        row.record[phase] = {"status": one.result.status, "evidence": list(one.result.evidence)}
        notes[phase] = "; ".join(one.result.evidence[:3])
        if not one.result.ok:
            row.state = "unknown" if one.result.status == "unknown" else "failed"
            message = "; ".join(one.result.evidence[:3]) or f"verification says {one.result.status}"
            row.error = {"code": "ORC-164", "title": "Not as intended", "message": message, "phase": phase}
            return row
    row.state, row.error = PHASES[phase][1], None
    return row


def _refused(row: StepRow, phase: str, error: Exception, *, unknown: bool = False) -> StepRow:
    if not isinstance(error, IrisplaneError):
        _LOG.error("%s of %s ended unexpectedly", phase, row.target.name, exc_info=error)
    row.state = "unknown" if unknown else "failed"
    row.error = {**describe(error), "phase": phase}
    return row
