"""The two durable workflows of a Change: one for each batch, and one that takes everything back.

Their arguments are ids only; their steps are the phases, so a run that is taken up elsewhere goes on at the phase that
was not finished, under a new fencing number, and inside that phase at the targets that are not past it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final
from uuid import UUID

from core.logs import bind
from orchestrator.durable import DurableEngine, Workflow
from orchestrator.kinds import AnyKind
from orchestrator.runs import ending, taking_back
from orchestrator.runs.carrier import Carrier, patiently
from orchestrator.runs.errors import LeaseLost, RunStopped
from orchestrator.runs.forward import confirm_all
from orchestrator.runs.phases import PhaseAnswer, answer, check_base, complete, open_phase
from orchestrator.runs.rows import Run, claim
from orchestrator.runs.take_back import as_undo
from orchestrator.states import State

__all__ = ["ROLLBACK", "RunInterrupted", "batch_run_id", "rollback_run_id", "workflows"]

_LOG = logging.getLogger(__name__)

BATCH: Final = "batch"
ROLLBACK: Final = "rollback"


class RunInterrupted(Exception):
    """The run could not be carried on here; its rows say where it stands, and the dispatcher starts it again.

    Its text is stored by the durable engine, so it holds nothing but the class of what happened.
    """


def batch_run_id(change_id: UUID, batch: int) -> str:
    """The durable id of a batch's run: always the same, so it can never be started twice."""
    return f"{change_id}:{batch}"


def rollback_run_id(change_id: UUID) -> str:
    """The durable id of the run that takes a Change back."""
    return f"{change_id}:{ROLLBACK}"


def workflows(carrier: Carrier) -> Mapping[str, Workflow]:
    """The workflows of this process, by the names under which the durable engine knows them."""

    def batch(engine: DurableEngine, change_id: str, number: int) -> None:
        boundary = partial(carrier.boundary, batch_run_id(UUID(change_id), number))
        _carry(carrier, UUID(change_id), number, lambda run: _run_batch(carrier, engine, run, number, boundary))

    def rollback(engine: DurableEngine, change_id: str, number: int) -> None:  # noqa: ARG001 - one shape for both
        boundary = partial(carrier.boundary, rollback_run_id(UUID(change_id)))
        _carry(carrier, UUID(change_id), None, lambda run: _take_back(carrier, engine, run, boundary))

    return {BATCH: batch, ROLLBACK: rollback}


def _carry(carrier: Carrier, change_id: UUID, batch: int | None, work: Callable[[Run], None]) -> None:
    run_id = rollback_run_id(change_id) if batch is None else batch_run_id(change_id, batch)
    state = State.ROLLING_BACK if batch is None else State.RUNNING
    with carrier.carrying(run_id):
        carrier.boundary(run_id)
        try:
            run = patiently(lambda: claim(carrier.database, carrier.executor, change_id, {state}, batch))
            if run is not None:
                with bind(change_id=change_id, request_id=run.scope.request_id):
                    work(run)
        except LeaseLost:
            carrier.on_lost()
            raise RunInterrupted("LeaseLost") from None
        except RunStopped as stopped:
            _LOG.warning("run of change %s stopped here: %s", change_id, stopped)
            raise RunInterrupted(type(stopped).__name__) from None
        except Exception as error:  # noqa: BLE001 - its text stays out of the durable engine's tables
            _LOG.exception("run of change %s interrupted", change_id)
            raise RunInterrupted(type(error).__name__) from None
    carrier.wake()


def _kind(carrier: Carrier, run: Run) -> AnyKind:
    return as_undo(carrier.registry.get(run.kind), run)


def _run_batch(carrier: Carrier, engine: DurableEngine, run: Run, batch: int, boundary: Callable[[], None]) -> None:
    kind = _kind(carrier, run)
    steps: tuple[tuple[str, Callable[[], PhaseAnswer]], ...] = (
        ("lock", lambda: check_base(run, kind, batch)),
        ("prepare", lambda: complete(run, kind, batch, "prepare")),
        ("apply", lambda: complete(run, kind, batch, "apply")),
        ("verify", lambda: complete(run, kind, batch, "verify")),
        ("decide", lambda: ending.decide(run, batch)),
        ("confirm", lambda: confirm_all(boundary, run, kind, batch)),
    )
    for name, work in steps:
        boundary()
        result = engine.step(name, _unless_cancelled(run, name, work))
        if not result["ok"]:
            engine.step("turn", lambda because=result: ending.turn_back(run, batch, because))  # type: ignore[misc]  # bound now
            return
    engine.step("end", lambda: ending.finish_batch(run, batch))


def _unless_cancelled(run: Run, name: str, work: Callable[[], PhaseAnswer]) -> Callable[[], PhaseAnswer]:
    def guarded() -> PhaseAnswer:
        # "decide" looks by itself, in the transaction that decides; after it a request comes too late.
        if name not in {"decide", "confirm"} and patiently(lambda: open_phase(run)):
            return answer(name, "cancelled")
        return work()

    return guarded


def _take_back(carrier: Carrier, engine: DurableEngine, run: Run, boundary: Callable[[], None]) -> None:
    kind = _kind(carrier, run)
    which = engine.step("which", lambda: patiently(lambda: taking_back.batches(run)))
    clean = True
    for batch in which:
        boundary()
        clean &= engine.step(f"undo {batch}", lambda number=batch: taking_back.first_pass(run, kind, number))  # type: ignore[misc]  # bound now
    if not clean:
        engine.step("undo again", lambda: taking_back.again(boundary, run, kind, which))
    engine.step("end", lambda: ending.undone(run))
