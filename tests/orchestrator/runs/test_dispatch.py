"""What is admitted, and in which company; whoever carries it is of no interest here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import text

from orchestrator import dispatch
from orchestrator.dispatch import Dispatcher
from orchestrator.durable import RunStatus
from orchestrator.registry import Registry
from orchestrator.runs.carrier import Carrier
from tests.orchestrator.runs.region import SCOPE, Region


class Started:
    """A durable engine that only remembers what it was asked to start."""

    def __init__(self) -> None:
        self.runs: list[str] = []

    def launch(self) -> None: ...

    def destroy(self) -> None: ...

    def start(self, workflow: str, run_id: str, change_id: str, batch: int) -> None:
        self.runs.append(run_id)

    def restart(self, workflow: str, run_id: str, change_id: str, batch: int) -> None: ...

    def status(self, run_id: str) -> tuple[RunStatus, str]:
        return ("alive" if run_id in self.runs else "absent"), ""

    def recover(self, executors: Sequence[str]) -> int:
        return 0

    def pending(self, executor: str) -> list[str]:
        return []

    def forget(self, days: float) -> int:
        return 0

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        return work()


def dispatcher_of(region: Region, engine: Started, **more: int) -> Dispatcher:
    return Dispatcher(Carrier(region.database, "tester", Registry()), engine, **more)


def test_one_tick_admits_no_more_than_the_worker_carries(region: Region) -> None:
    engine = Started()
    for device in region.devices(4):
        region.change([device])
    dispatcher_of(region, engine, most_runs=2).tick()
    assert len(engine.runs) == 2


def test_changes_that_wait_for_their_hour_hold_up_nobody(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "_AT_ONCE", 1)
    engine = Started()
    devices = region.devices(2)
    later = region.change(devices[:1])
    with region.database.transaction("worker", SCOPE) as tx:
        tx.execute(text("update change set not_before = now() + interval '1 month' where id = :id"), {"id": later})
    now = region.change(devices[1:])
    dispatcher = dispatcher_of(region, engine)
    for _ in range(2):
        dispatcher.tick()
    assert region.row(later).waiting_for == ["schedule"]
    assert engine.runs == [f"{now}:0"]


def test_who_holds_a_target_is_said_without_the_ones_that_were_nearly_taken(region: Region) -> None:
    engine = Started()
    devices = region.devices(2)
    first = region.change(devices[1:])
    dispatcher = dispatcher_of(region, engine)
    dispatcher.tick()
    second = region.change(devices)
    dispatcher.tick()
    waits = region.row(second).outcome["waits"]["locks"]
    assert [one["change"] for one in waits] == [str(first)]
