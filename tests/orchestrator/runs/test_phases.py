"""The time that a phase has."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from pydantic import BaseModel
from sqlalchemy import text

from orchestrator.kinds import ChangeKind, Outcome, Step, Surroundings, World
from orchestrator.plan import Draft, Target
from orchestrator.runs import phases
from orchestrator.runs.rows import Run, claim
from orchestrator.states import State
from tests.orchestrator.runs.region import SCOPE, Region
from tests.orchestrator.runs.test_dispatch import Started, dispatcher_of


class Slow(ChangeKind[BaseModel]):
    """Takes its time over every target, and cannot gather."""

    name = "test.slow"
    title = "Slow"
    intent = BaseModel

    def plan(self, intent: BaseModel, world: World) -> Draft:
        raise NotImplementedError

    def gather(self, phase: str, targets: Sequence[Target], around: Surroundings) -> object:
        raise LookupError(phase)

    def prepare(self, step: Step, around: Surroundings) -> Outcome:
        time.sleep(1.0)
        return Outcome({})


def taken_up(region: Region, devices: int, *, concurrency: int) -> Run:
    """A Change that runs, claimed by this process."""
    change = region.change(region.devices(devices), canary=0, share=100, concurrency=concurrency)
    with region.database.transaction("worker", SCOPE) as tx:
        tx.execute(text("insert into executor_lease (executor, host, pid, version) values ('tester', 'here', 1, 'x')"))
    dispatcher_of(region, Started()).tick()
    run = claim(region.database, "tester", change, {State.RUNNING})
    assert run is not None
    return run


def test_a_large_batch_is_prepared_wave_by_wave_each_with_the_time_of_one(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phases, "_PREPARE_SECONDS", 3.0)
    run = taken_up(region, 4, concurrency=1)
    assert phases.complete(run, Slow(), 0, "prepare")["ok"]
