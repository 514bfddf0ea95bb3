"""What we ask of the durable engine, and what only a private call of it gives us: watched here."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest
from dbos import DBOS, StepOptions
from sqlalchemy import text

from orchestrator.durable import DbosEngine
from orchestrator.lease import new_executor_id
from orchestrator.states import State
from tests.orchestrator.runs.region import NEW, SCOPE, Region, until


def test_the_private_call_is_still_what_we_take_it_for() -> None:
    signature = inspect.signature(DBOS._recover_pending_workflows)
    assert list(signature.parameters) == ["executor_ids"]


def test_nothing_is_pickled_and_arguments_are_ids_only(region: Region) -> None:
    change = region.change(region.devices(1))
    region.worker()
    assert region.ended(change) is State.SUCCEEDED, region.story(change)
    with region.database.transaction("worker", SCOPE) as tx:
        rows = tx.execute(text("select workflow_uuid, inputs, serialization from dbos.workflow_status")).all()
        stored = tx.execute(text("select * from dbos.workflow_input")).all()
    assert [row.workflow_uuid for row in rows] == [f"{change}:0"]
    assert {row.serialization for row in rows} == {"portable_json"}
    assert str(change) in str(rows) + str(stored)
    assert NEW not in str(rows) + str(stored)


def test_of_an_error_the_engine_records_its_class_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded: list[str] = []

    def run_step(options: StepOptions, work: Callable[[], object]) -> object:
        try:
            return work()
        except Exception as error:
            recorded.append(repr(error))
            raise

    monkeypatch.setattr(DBOS, "run_step", run_step)
    engine = object.__new__(DbosEngine)

    def burst() -> None:
        raise LookupError("the key is 1234")

    with pytest.raises(LookupError, match="1234"):
        engine.step("apply", burst)
    assert recorded == ["StepEnded('LookupError')"]
    assert engine.step("apply", lambda: 1) == 1


def test_a_run_is_handed_over_once_however_often_it_is_asked_for(region: Region) -> None:
    devices = region.devices(2)
    region.bad("hold-before-apply-d01")
    change = region.change(devices, canary=0, share=100, timer=120)
    first = region.worker()
    region.reached("hold-before-apply-d01")
    first.kill()
    region.good("hold-before-apply-d01")
    for _ in range(2):  # both reap, one carries on
        region.worker()
    assert region.ended(change) is State.SUCCEEDED, region.story(change)
    assert [line.split()[0] for line in devices[1].log].count("confirm") == 1
    until(lambda: _leases(region) == 2, 90)


def test_an_upgrade_goes_on_with_what_waits_and_what_runs(region: Region) -> None:
    devices = region.devices(4)
    region.bad("hold-after-apply-d01")
    running = region.change(devices[:2], canary=0, share=100, timer=120)
    old = region.worker("runs-0")
    region.reached("hold-after-apply-d01")
    waiting = region.change(devices[2:])
    with region.database.transaction("worker", SCOPE) as tx:
        tx.execute(text("update change set not_before = now() + interval '8 s' where id = :id"), {"id": waiting})
    old.kill()
    region.good("hold-after-apply-d01")
    region.worker("runs-9")
    assert region.ended(running) is State.SUCCEEDED, region.story(running)
    assert region.ended(waiting) is State.SUCCEEDED, region.story(waiting)
    assert {device.running for device in devices} == {NEW}
    assert [line.split()[0] for line in devices[0].log].count("commit") == 2  # asked again, done once
    with region.database.transaction("worker", SCOPE) as tx:
        versions = tx.execute(text("select distinct application_version from dbos.workflow_status")).scalars().all()
    assert versions == ["runs-9"]


def test_history_of_ended_runs_is_dropped_and_their_story_stays(region: Region) -> None:
    change = region.change(region.devices(1))
    region.worker()
    assert region.ended(change) is State.SUCCEEDED, region.story(change)
    until(lambda: _statuses(region) == ["SUCCESS"], 90)
    region.workers[0].stop()
    engine = DbosEngine(region.database.dsn("worker"), new_executor_id(), {})
    engine.launch()
    try:
        assert engine.forget(1) == 0
        assert engine.forget(-1) == 1
        assert engine.status(f"{change}:0") == ("absent", "")
    finally:
        engine.destroy()
    assert [step.state for step in region.steps(change)] == ["confirmed"]


def _statuses(region: Region) -> list[str]:
    with region.database.transaction("worker", SCOPE) as tx:
        return list(tx.execute(text("select status from dbos.workflow_status")).scalars())


def _leases(region: Region) -> int:
    with region.database.transaction("worker", SCOPE) as tx:
        return int(tx.execute(text("select count(*) from executor_lease")).scalar_one())
