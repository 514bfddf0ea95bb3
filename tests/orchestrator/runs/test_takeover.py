"""A worker that is killed, lost for good, or frozen: the run goes on elsewhere, and no device is half configured."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID

import pytest

from orchestrator.states import State
from tests.orchestrator.runs.devices import Device
from tests.orchestrator.runs.region import NEW, OLD, SCOPE, Region, until

LONG = os.environ.get("IRISPLANE_LONG") == "1"
ONE_BATCH: dict[str, Any] = {"canary": 0, "share": 100}
PLACES = [
    f"hold-{when}-{phase}"
    for phase in ("fingerprint", "prepare", "apply", "verify", "confirm")
    for when in ("before", "after")
]


def true_end(region: Region, change: UUID, devices: list[Device], seconds: float = 150) -> State:
    """The end, which must be what the devices say: all as intended, or all as before."""
    state = region.ended(change, seconds)
    texts = {device.running for device in devices}
    assert texts == ({NEW} if state is State.SUCCEEDED else {OLD}), region.story(change)
    assert state in {State.SUCCEEDED, State.ROLLED_BACK, State.FAILED}, region.story(change)
    with region.database.transaction("worker", SCOPE) as tx:
        assert tx.exec_driver_sql("select count(*) from target_lock").scalar_one() == 0
    return state


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("turn", range(3 if LONG else 1))
def test_a_killed_workers_run_ends_in_a_true_state(region: Region, place: str, turn: int) -> None:
    devices = region.devices(3)
    change = region.change(devices, timer=120, **ONE_BATCH)
    region.bad(f"{place}-d02")
    first = region.worker()
    region.reached(f"{place}-d02")
    first.kill()
    region.good(f"{place}-d02")
    region.worker()
    assert true_end(region, change, devices) is State.SUCCEEDED, region.story(change)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_while_it_takes_back_is_followed_by_one_that_ends_it(region: Region, when: str) -> None:
    devices = region.devices(3)
    region.bad("fail-verify-d03")
    place = f"hold-{when}-undo-d02"
    region.bad(place)
    change = region.change(devices, timer=120, **ONE_BATCH)
    first = region.worker()
    region.reached(place)
    first.kill()
    region.good(place)
    region.worker()
    assert true_end(region, change, devices) is State.ROLLED_BACK, region.story(change)


def test_a_worker_lost_for_good_is_replaced_by_the_one_that_lives(region: Region) -> None:
    devices = region.devices(3)
    region.bad("hold-before-verify-d01")
    change = region.change(devices, timer=120, **ONE_BATCH)
    first = region.worker()
    region.reached("hold-before-verify-d01")
    region.worker()
    until(lambda: "is up" in region.workers[1].log.read_text(), 120)
    first.kill()
    region.good("hold-before-verify-d01")
    assert true_end(region, change, devices) is State.SUCCEEDED, region.story(change)
    assert "change.taken_over" in [action for action, _ in region.events(change, "audit")]


def test_a_frozen_worker_that_thaws_touches_nothing(region: Region) -> None:
    devices = region.devices(3)
    region.bad("hold-before-apply-d02")
    change = region.change(devices, timer=120, **ONE_BATCH)
    first = region.worker()
    region.reached("hold-before-apply-d02")
    first.freeze()
    region.good("hold-before-apply-d02")
    region.worker()
    assert true_end(region, change, devices) is State.SUCCEEDED, region.story(change)
    epoch = region.row(change).epoch
    logs = [device.log for device in devices]
    first.thaw()
    assert first.process.wait(90) == 75
    assert [device.running for device in devices] == [NEW] * 3
    assert region.row(change).epoch == epoch
    # What it tried with its old number, if it came to it, was refused by the device.
    assert all(
        line.startswith("refused commit")
        for device, log in zip(devices, logs, strict=True)
        for line in device.log[len(log) :]
    )


def test_a_worker_that_is_asked_to_stop_finishes_its_phase_and_hands_over_at_once(region: Region) -> None:
    devices = region.devices(3)
    region.bad("hold-after-apply-d02")
    change = region.change(devices, timer=120, **ONE_BATCH)
    first = region.worker()
    region.reached("hold-after-apply-d02")
    second = region.worker()
    until(lambda: "is up" in second.log.read_text(), 120)
    first.process.terminate()
    region.good("hold-after-apply-d02")
    assert first.process.wait(90) == 0
    assert true_end(region, change, devices) is State.SUCCEEDED
    assert [line.split()[0] for line in devices[1].log].count("commit") == 1
