"""Taking back what a run did: batch by batch in reverse order, then again for whoever did not answer.

A target whose own timer took the commit back is as before too: where ``undo`` cannot say, the kind is asked to look.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from orchestrator.kinds import AnyKind, ChangeKind
from orchestrator.runs.carrier import patiently
from orchestrator.runs.fan_out import fan_out
from orchestrator.runs.phases import ask
from orchestrator.runs.rows import Run, StepRow

__all__ = ["again", "batches", "first_pass"]

_CALL_SECONDS: Final = 40.0
_GRACE_SECONDS: Final = 30.0
_PATIENCE_UNALTERED: Final = 15.0
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0)


def batches(run: Run) -> list[int]:
    """Batches that have something to take back, the last first."""
    with run.transaction() as tx:
        outcome = dict(run.hold(tx).outcome)
    first = int(outcome.get("undo_from", 0))
    return sorted({step.batch for step in run.steps() if step.touched and step.batch >= first}, reverse=True)


def first_pass(run: Run, kind: AnyKind, batch: int) -> bool:
    """Take one batch back, every target once; whether all are as before."""
    left = _left(run, [batch])
    ask(run, kind, left, "undo", seconds=_seconds(kind, again=False))
    return all(step.state == "undone" for step in left)


def again(boundary: Callable[[], None], run: Run, kind: AnyKind, which: Sequence[int]) -> None:
    """Try again what did not answer, until the timers on the targets have run out and a little longer."""
    with run.transaction() as tx:
        row = run.hold(tx)
        spent = float(row.now) - float(dict(row.outcome).get("turned_at", row.now))
    began = time.monotonic() - spent
    pauses = iter(_PAUSES)
    while left := _left(run, which):
        altered = any(step.altered for step in left)
        timed = run.plan.timer if run.plan.facts.get("timed", True) else 0  # else no timer on the target runs out
        patience = timed + _GRACE_SECONDS if altered else _PATIENCE_UNALTERED
        if time.monotonic() - began > patience:
            break
        boundary()
        time.sleep(next(pauses, _PAUSES[-1]))
        ask(run, kind, left, "undo", seconds=_seconds(kind, again=True))
        _look(run, kind, [step for step in left if step.state != "undone"])
    _give_up(run, kind, which)


def _seconds(kind: AnyKind, *, again: bool) -> float:
    """A target's share of time for its undo, less when it is asked again.

    A kind with long calls has their whole length each time: a call given up for lost would go on beside the next one.
    """
    if kind.call_seconds > ChangeKind.call_seconds:
        return kind.call_seconds
    return max(_CALL_SECONDS, kind.call_seconds / 2) / (2 if again else 1)


def _left(run: Run, which: Sequence[int]) -> list[StepRow]:
    steps = patiently(run.steps)
    return [step for step in steps if step.batch in which and step.touched and step.state != "undone"]


def _look(run: Run, kind: AnyKind, steps: Sequence[StepRow]) -> None:
    """What says that it is as before counts as taken back, whoever did it."""
    seen: list[StepRow] = []
    looked = fan_out(
        list(steps), lambda step: kind.inspect(run.step(step), run.around), concurrency=run.plan.options.concurrency,
        seconds=_CALL_SECONDS / 2,
    )  # fmt: skip
    for arrived in looked:
        for one in arrived:
            if one.result is not None and (one.result.data or {}).get("is") == "old":
                one.item.state, one.item.error = "undone", None
                one.item.record.setdefault("notes", {})["undo"] = "Found as it was before: its own timer took it back."
                seen.append(one.item)
    if seen:
        patiently(lambda: run.settle(seen, "undo", done=len(seen), total=len(steps)))


def _give_up(run: Run, kind: AnyKind, which: Sequence[int]) -> None:
    left = _left(run, which)
    if not left:
        return
    _look(run, kind, left)
    still = [step for step in left if step.state != "undone"]
    for step in still:
        # Prepared only: nothing of it can be in force, so nothing is unknown about it.
        step.state = "unknown" if step.altered else "failed"
    if still:
        patiently(lambda: run.settle(still, "undo", done=0, total=len(still)))
