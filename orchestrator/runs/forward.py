"""After the decision there is only forward: confirm, and put in force again where a timer ran out meanwhile.

A target that does not answer is asked again until its timer must have run out, and in an atomic Change once more that
long, because every other target is confirmed already; then the whole is taken back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from orchestrator.kinds import AnyKind
from orchestrator.runs.carrier import patiently
from orchestrator.runs.fan_out import fan_out
from orchestrator.runs.phases import PhaseAnswer, answer, ask, complete
from orchestrator.runs.rows import Run, StepRow

__all__ = ["confirm_all"]

_GRACE_SECONDS: Final = 15.0
_CALL_SECONDS: Final = 20.0
_PAUSES: Final = (0.5, 1.0, 2.0, 4.0)


def confirm_all(boundary: Callable[[], None], run: Run, kind: AnyKind, batch: int) -> PhaseAnswer:
    """Confirm every target of a batch."""
    result = complete(run, kind, batch, "confirm")
    if result["ok"]:
        return result
    patience = run.plan.timer * (2 if run.plan.options.atomic else 1) + _GRACE_SECONDS
    end = time.monotonic() + patience - _age(run, batch)
    pauses = iter(_PAUSES)
    while left := _left(run, batch):
        if time.monotonic() > end:
            return answer("confirm", "failed", [step.target.name for step in left])
        boundary()
        time.sleep(next(pauses, _PAUSES[-1]))
        _push(run, kind, left)
    return answer("confirm")


def _left(run: Run, batch: int) -> list[StepRow]:
    return [step for step in patiently(lambda: run.steps(batch)) if step.state != "confirmed"]


def _age(run: Run, batch: int) -> float:
    """Seconds since the batch was first put in force, by the database's clock."""
    with run.transaction() as tx:
        now = float(run.hold(tx).now)
    return now - min((step.began("apply") or now for step in run.steps(batch)), default=now)


def _push(run: Run, kind: AnyKind, left: Sequence[StepRow]) -> None:
    seen: dict[str, list[StepRow]] = {"old": [], "new": []}
    looked = fan_out(
        list(left), lambda step: kind.inspect(run.step(step), run.around), concurrency=run.plan.options.concurrency,
        seconds=_CALL_SECONDS,
    )  # fmt: skip
    for arrived in looked:
        for one in arrived:
            if one.result is not None and (one.result.data or {}).get("is") in seen:
                seen[(one.result.data or {})["is"]].append(one.item)
            elif one.error is None:
                seen["new"].append(one.item)  # it answers but cannot tell: the confirmation itself will
    again = seen["old"]
    for phase in ("apply", "verify"):
        ask(run, kind, again, phase, seconds=_CALL_SECONDS)
        again = [step for step in again if not step.error]
    ask(run, kind, [*seen["new"], *again], "confirm", seconds=_CALL_SECONDS)
