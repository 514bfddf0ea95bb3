"""How a batch, and with it a run, ends: the decision, the next batch, the turn back, the end.

Each of these is one transaction, committed to disk, that first locks the Change's row and sees that the run is still
ours. Each may be begun again: it sees that it was done before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, text

from core.errors import IrisplaneError, Unavailable
from core.journal.record import record
from orchestrator import commands, locks, moves
from orchestrator.runs.carrier import patiently
from orchestrator.runs.errors import RunStopped
from orchestrator.runs.phases import PhaseAnswer, answer, describe
from orchestrator.runs.rows import Run, StepRow
from orchestrator.states import ENDED, State

__all__ = ["decide", "finish_batch", "turn_back", "undone"]

_LIMIT: Final = 50  # names in an outcome: the steps have them all


def decide(run: Run, batch: int) -> PhaseAnswer:
    """Keep what this batch put in force? With the last batch it is the decision about the whole Change.

    From the committed decision on there is no way back but forward, and a request to cancel comes too late. What the
    Change writes in the inventory is written in the same transaction: there is one moment at which it became true.
    """
    return patiently(lambda: _decide(run, batch))


def _decide(run: Run, batch: int) -> PhaseAnswer:
    last = batch >= len(run.plan.batches) - 1
    try:
        with run.transaction() as tx:
            row = run.hold(tx)
            if row.decision == "confirm":
                return answer("decide")
            if row.cancel_by is not None:
                return answer("decide", "cancelled")
            if not last:
                return answer("decide")
            outcome: dict[str, Any] = {}
            if run.plan.commands:
                outcome["inverse"] = [
                    msgspec.json.decode(inverse) for inverse in commands.execute(tx, run.plan.commands)
                ]
            tx.execute(
                text(
                    "update change set decision = 'confirm', version = version + 1,"
                    " outcome = outcome || cast(:outcome as jsonb) where id = :id"
                ),
                {"id": run.change_id, "outcome": msgspec.json.encode(outcome).decode()},
            )
            _tell(run, tx, "change.decided", {"decision": "confirm", "batch": batch}, audit=True)
    except IrisplaneError as error:
        if isinstance(error, (RunStopped, Unavailable)):
            raise
        refusal = describe(error)
        patiently(lambda: _note(run, {"refused": refusal}))
        return answer("decide", "failed")
    return answer("decide")


def _note(run: Run, outcome: dict[str, Any]) -> None:
    with run.transaction() as tx:
        run.hold(tx)
        tx.execute(
            text("update change set outcome = outcome || cast(:outcome as jsonb) where id = :id"),
            {"id": run.change_id, "outcome": msgspec.json.encode(outcome).decode()},
        )


def finish_batch(run: Run, batch: int) -> None:
    """Every target of the batch is confirmed: hand over to the next batch, or end."""
    patiently(lambda: _finish_batch(run, batch))


def _finish_batch(run: Run, batch: int) -> None:
    with run.transaction() as tx:
        row = run.hold(tx)
        if row.batch != batch or row.state != State.RUNNING:
            return
        targets = len(run.plan.batches[batch]) if run.plan.batches else 0
        body: dict[str, Any] = {"batch": batch, "batches": len(run.plan.batches), "targets": targets}
        if batch < len(run.plan.batches) - 1:
            tx.execute(
                text("update change set batch = :next, version = version + 1 where id = :id"),
                {"id": run.change_id, "next": batch + 1},
            )
            _tell(run, tx, "change.batch", body)
            return
        if row.cancel_by is not None:
            body["note"] = "The request to cancel came after the decision; it was not followed."
        _end(run, tx, State.SUCCEEDED, {"summary": _count(len(run.plan.targets), "verified and confirmed")}, body)


def turn_back(run: Run, batch: int, because: PhaseAnswer) -> None:
    """The batch did not go through: end if no target was spoken to, else begin to take back."""
    patiently(lambda: _turn_back(run, batch, because))


def _turn_back(run: Run, batch: int, because: PhaseAnswer) -> None:
    steps = run.steps()
    with run.transaction() as tx:
        row = run.hold(tx)
        if row.state != State.RUNNING:
            return
        keep = run.plan.options.on_failure == "keep" and because["why"] != "cancelled" and not run.plan.options.atomic
        here = [step for step in steps if step.batch == batch]
        failure = {
            "phase": because["phase"],
            "batch": batch,
            "why": because["why"],
            "targets": [
                {"target": step.target.name, "error": step.error}
                for step in here
                if step.target.name in because["targets"]
            ][:_LIMIT],
            "sentence": _sentence(because, here, row),
        }
        if because["why"] == "cancelled":
            failure |= {"cancelled_by": str(row.cancel_by), "cancel_reason": row.cancel_reason}
        undo_from = batch if keep else 0
        outcome = {"failure": failure, "undo_from": undo_from, "turned_at": float(row.now)}
        undo = [step for step in steps if step.touched and step.batch >= undo_from]
        body = {"failure": failure["sentence"], "phase": because["phase"], "batch": batch}
        if undo or row.decision == "confirm":
            moves.move(
                tx, run.change_id, State.ROLLING_BACK, outcome=outcome, body=body, columns={"decision": "rollback"},
                expected_epoch=run.epoch,
            )  # fmt: skip
            return
        kept = [step for step in steps if step.state == "confirmed"]
        to = State.STALE if because["why"] == "stale" and not kept else State.FAILED
        if because["why"] == "cancelled" and not kept:
            to = State.ROLLED_BACK
        _end(run, tx, to, {**outcome, **_kept(kept), "summary": failure["sentence"]}, body)


def undone(run: Run) -> None:
    """Everything that can be taken back was: say how it ended."""
    patiently(lambda: _undone(run))


def _undone(run: Run) -> None:
    steps = run.steps()
    with run.transaction() as tx:
        row = run.hold(tx)
        if State(row.state) in ENDED:
            return
        outcome = dict(row.outcome)
        scope = [step for step in steps if step.batch >= outcome.get("undo_from", 0)]
        unseen = [step for step in scope if step.altered and step.state != "undone"]
        kept = [step for step in steps if step not in scope and step.state == "confirmed"]
        altered = [step for step in scope if step.altered]
        failure = outcome.get("failure", {})
        if unseen:
            to, summary = State.UNKNOWN, f"{_count(len(unseen), 'cannot be seen or taken back')}: {_names(unseen)}."
        elif kept:
            to, summary = (
                State.FAILED,
                f"{_count(len(kept), 'kept as the options say')}, the failed batch was taken back.",
            )
        elif altered or failure.get("why") == "cancelled":
            to = State.ROLLED_BACK
            summary = "1 target is as before" if len(altered) == 1 else f"{len(altered)} targets are as before"
        elif failure.get("why") == "stale":
            to, summary = State.STALE, "Nothing was altered."
        else:
            to, summary = State.FAILED, "Nothing was altered."
        sentence = str(failure.get("sentence", "")).rstrip(".")
        more: dict[str, Any] = {"summary": f"{sentence}. {summary}" if sentence else summary, **_kept(kept)}
        if unseen:
            more["unknown"] = [{"target": step.target.name, "error": step.error} for step in unseen][:_LIMIT]
        if outcome.get("inverse"):
            try:
                with tx.begin_nested():
                    commands.execute(tx, outcome["inverse"])
                more["inverse"] = []  # taken back: a later undo finds nothing to take back again
            except IrisplaneError as error:
                to, more["inventory"] = State.UNKNOWN, describe(error)
        _end(run, tx, to, more, {"failure": failure.get("sentence", "")})


def _end(run: Run, tx: Connection, to: State, outcome: dict[str, Any], body: dict[str, Any]) -> None:
    _skip_rest(run, tx)
    moves.move(
        tx, run.change_id, to, outcome=outcome, body={**body, "summary": outcome["summary"]}, expected_epoch=run.epoch
    )
    locks.release(tx, run.change_id)


def _skip_rest(run: Run, tx: Connection) -> None:
    tx.execute(
        text(
            "update change_step set state = 'skipped', finished_at = now() where change_id = :id and state = 'pending'"
        ),
        {"id": run.change_id},
    )


def _tell(run: Run, tx: Connection, action: str, body: dict[str, Any], *, audit: bool = False) -> None:
    record(tx, "event", action, "change", run.change_id, body=body, tenant_id=run.tenant_id)
    if audit:
        record(tx, "audit", action, "change", run.change_id, body=body, tenant_id=run.tenant_id)


def _sentence(because: PhaseAnswer, steps: Sequence[StepRow], row: Any) -> str:
    if because["why"] == "cancelled":
        return f"Cancelled while running: {row.cancel_reason or 'no reason given'}."
    if not because["targets"]:
        refused = dict(row.outcome).get("refused", {})
        return str(refused.get("message") or f"{because['phase'].capitalize()} did not succeed.")
    failed = [step for step in steps if step.target.name in because["targets"]]
    first = failed[0].error["message"] if failed and failed[0].error else ""
    word = "The plan is stale on" if because["why"] == "stale" else f"{because['phase'].capitalize()} failed on"
    return f"{word} {_names(failed)}: {first}"


def _names(steps: Sequence[StepRow]) -> str:
    names = [step.target.name for step in steps]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _count(number: int, what: str) -> str:
    return f"{number} target{'' if number == 1 else 's'} {what}"


def _kept(steps: Sequence[StepRow]) -> dict[str, Any]:
    return {"kept": [step.target.name for step in steps][:_LIMIT]} if steps else {}
