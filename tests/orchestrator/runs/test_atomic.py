"""``--atomic``: all targets or none, also when one of them hangs at the worst moment."""

from __future__ import annotations

import pytest

from orchestrator.states import State
from tests.orchestrator.runs.region import NEW, OLD, Region

COUNT = 12


@pytest.mark.parametrize("phase", ["prepare", "apply", "verify"])
def test_one_target_that_hangs_before_the_decision_takes_all_back(region: Region, phase: str) -> None:
    devices = region.devices(COUNT)
    region.bad(f"hold-before-{phase}-d07")
    change = region.change(devices, timer=15, atomic=True)
    region.worker()
    state = region.ended(change, 120)
    assert state is (State.FAILED if phase == "prepare" else State.ROLLED_BACK), region.story(change)
    assert {device.running for device in devices} == {OLD}
    assert "d07" in region.row(change).outcome["summary"]
    # It wakes: what it was asked so long ago is refused, for the number is old.
    region.good(f"hold-before-{phase}-d07")
    assert {device.running for device in devices} == {OLD}


def test_one_target_that_hangs_at_its_confirmation_and_wakes_is_brought_along(region: Region) -> None:
    devices = region.devices(COUNT)
    region.bad("hold-before-confirm-d07")
    region.bad("hold-before-inspect-d07")
    change = region.change(devices, timer=6, atomic=True)
    region.worker()
    region.reached("hold-before-inspect-d07")
    assert "timer" in devices[6].log or devices[6].running == NEW
    region.good("hold-before-confirm-d07")
    region.good("hold-before-inspect-d07")
    assert region.ended(change, 90) is State.SUCCEEDED, region.story(change)
    assert {device.running for device in devices} == {NEW}


def test_one_target_that_never_confirms_takes_the_confirmed_ones_back(region: Region) -> None:
    devices = region.devices(COUNT)
    region.bad("fail-confirm-d07")
    change = region.change(devices, timer=5, atomic=True)
    region.worker()
    assert region.ended(change, 120) is State.ROLLED_BACK, region.story(change)
    assert {device.running for device in devices} == {OLD}
    assert region.row(change).outcome["failure"]["phase"] == "confirm"
    assert "d07" in region.row(change).outcome["summary"]


def test_one_target_that_is_gone_for_good_is_unknown_and_the_others_are_as_before(region: Region) -> None:
    devices = region.devices(4)
    change = region.change(devices, timer=4, atomic=True)
    region.bad("hold-after-apply-d03")
    region.worker()
    region.reached("hold-after-apply-d03")
    for phase in ("verify", "undo", "inspect"):
        region.bad(f"fail-{phase}-d03")
    region.good("hold-after-apply-d03")
    assert region.ended(change, 150) is State.UNKNOWN, region.story(change)
    assert [device.running for device in devices if device.name != "d03"] == [OLD] * 3
    assert [unknown["target"] for unknown in region.row(change).outcome["unknown"]] == ["d03"]
    assert devices[2].running == OLD  # its own timer took it back, though nobody could see it
