"""The safe road, with real workers."""

from __future__ import annotations

from orchestrator.states import State
from tests.orchestrator.runs.region import NEW, Region


def test_a_change_runs_through_its_batches_and_succeeds(region: Region) -> None:
    devices = region.devices(6)
    change = region.change(devices, canary=1, share=40)
    region.worker()
    assert region.ended(change) is State.SUCCEEDED, region.story(change)
    assert {device.running for device in devices} == {NEW}
    assert {step.state for step in region.steps(change)} == {"confirmed"}
    assert [step.batch for step in region.steps(change)] == [0, 1, 1, 2, 2, 2]
