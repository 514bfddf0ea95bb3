"""The safe road, with real workers: what goes well, what fails, what is cancelled, what must wait."""

from __future__ import annotations

from sqlalchemy import text

from orchestrator.states import State
from tests.orchestrator.runs.region import NEW, OLD, SCOPE, Region, until


def test_a_change_runs_through_its_batches_and_succeeds(region: Region) -> None:
    devices = region.devices(6)
    change = region.change(devices, canary=1, share=40)
    region.worker()
    assert region.ended(change) is State.SUCCEEDED, region.story(change)
    assert {device.running for device in devices} == {NEW}
    assert {step.state for step in region.steps(change)} == {"confirmed"}
    assert [step.batch for step in region.steps(change)] == [0, 1, 1, 2, 2, 2]
    actions = [action for action, _ in region.events(change)]
    assert [action for action in actions if action != "change.step"] == [
        "change.running", "change.batch", "change.batch", "change.decided", "change.succeeded",
    ]  # fmt: skip
    steps = [body for action, body in region.events(change) if action == "change.step"]
    assert [body["phase"] for body in steps if body["target"] == "d01" and body["status"] == "ok"] == [
        "prepare", "apply", "verify", "confirm",
    ]  # fmt: skip
    assert all(device.log[0].startswith("prepare") and len(device.log) == 3 for device in devices)


def test_a_canary_that_fails_verification_is_taken_back_and_nobody_else_is_touched(region: Region) -> None:
    devices = region.devices(5)
    region.bad("fail-verify-d01")
    change = region.change(devices, canary=1)
    region.worker()
    assert region.ended(change) is State.ROLLED_BACK, region.story(change)
    assert {device.running for device in devices} == {OLD}
    assert [step.state for step in region.steps(change)] == ["undone", "skipped", "skipped", "skipped", "skipped"]
    assert all(device.log == [] for device in devices[1:])
    outcome = region.row(change).outcome
    assert outcome["failure"]["phase"] == "verify"
    assert "d01 refuses to verify" in outcome["summary"]


def test_a_later_batch_that_fails_takes_back_the_earlier_ones_last_first(region: Region) -> None:
    devices = region.devices(4)
    region.bad("fail-apply-d04")
    change = region.change(devices, canary=1, share=50)
    region.worker()
    assert region.ended(change) is State.ROLLED_BACK, region.story(change)
    assert {device.running for device in devices} == {OLD}
    undone = [
        b["target"]
        for a, b in region.events(change)
        if a == "change.step" and b["phase"] == "undo" and b["status"] == "ok"
    ]
    assert undone.index("d04") < undone.index("d02") < undone.index("d01")


def test_keep_leaves_what_was_confirmed_and_takes_back_only_the_batch_that_failed(region: Region) -> None:
    devices = region.devices(3)
    region.bad("fail-verify-d03")
    change = region.change(devices, canary=1, share=50, on_failure="keep")
    region.worker()
    assert region.ended(change) is State.FAILED, region.story(change)
    assert [device.running for device in devices] == [NEW, NEW, OLD]
    assert region.row(change).outcome["kept"] == ["d01", "d02"]


def test_a_target_that_cannot_be_prepared_fails_the_change_with_nothing_in_force(region: Region) -> None:
    devices = region.devices(3)
    region.bad("fail-prepare-d02")
    change = region.change(devices, canary=0, share=100)
    region.worker()
    assert region.ended(change) is State.FAILED, region.story(change)
    assert {device.running for device in devices} == {OLD}
    assert not any("commit" in line for device in devices for line in device.log)


def test_a_target_altered_since_the_plan_makes_it_stale(region: Region) -> None:
    devices = region.devices(2)
    change = region.change(devices, canary=0, share=100)
    devices[1].running = "by hand"
    region.worker()
    assert region.ended(change) is State.STALE, region.story(change)
    assert [device.running for device in devices] == [OLD, "by hand"]
    assert all(device.log == [] for device in devices)


def test_what_verification_cannot_see_is_not_taken_for_good(region: Region) -> None:
    devices = region.devices(2)
    region.bad("unknown-verify-d02")
    change = region.change(devices, canary=0, share=100)
    region.worker()
    assert region.ended(change) is State.ROLLED_BACK, region.story(change)
    assert {device.running for device in devices} == {OLD}


def test_a_change_cancelled_while_it_runs_is_taken_back(region: Region) -> None:
    devices = region.devices(3)
    change = region.change(devices, canary=1)
    region.bad("hold-after-apply-d02")
    region.worker()
    region.reached("hold-after-apply-d02")
    with region.database.transaction("api", SCOPE) as tx:
        tx.execute(
            text("update change set cancel_by = :who, cancel_reason = 'wrong week' where id = :id"),
            {"who": region.person, "id": change},
        )
    region.good("hold-after-apply-d02")
    assert region.ended(change) is State.ROLLED_BACK, region.story(change)
    assert {device.running for device in devices} == {OLD}
    assert "wrong week" in region.row(change).outcome["summary"]


def test_a_request_to_cancel_after_the_decision_comes_too_late(region: Region) -> None:
    devices = region.devices(2)
    change = region.change(devices, canary=0, share=100)
    region.bad("hold-before-confirm-d02")
    region.worker()
    region.reached("hold-before-confirm-d02")
    with region.database.transaction("api", SCOPE) as tx:
        tx.execute(text("update change set cancel_by = :who where id = :id"), {"who": region.person, "id": change})
    region.good("hold-before-confirm-d02")
    assert region.ended(change) is State.SUCCEEDED, region.story(change)
    assert any("came after the decision" in body.get("note", "") for _, body in region.events(change))


def test_two_changes_on_one_device_run_one_after_the_other(region: Region) -> None:
    devices = region.devices(2)
    first = region.change(devices, canary=0, share=100)
    second = region.change(devices[1:], wanted="newer text")
    region.bad("hold-after-apply-d01")
    region.worker()
    region.reached("hold-after-apply-d01")
    with region.database.transaction("worker", SCOPE) as tx:
        assert (
            tx.execute(text("select count(*) from target_lock where change_id = :id"), {"id": first}).scalar_one() == 2
        )
    until(lambda: region.row(second).waiting_for == ["locks"], 90, lambda: region.story(second))
    assert region.row(second).outcome["waits"]["locks"][0]["change"] == str(first)
    region.good("hold-after-apply-d01")
    assert region.ended(first) is State.SUCCEEDED
    # The second was planned on the old text: what it finds now is another, and it says so rather than overwrite.
    assert region.ended(second) is State.STALE, region.story(second)
    third = region.change(devices[1:], wanted="newer text")
    assert region.ended(third) is State.SUCCEEDED
    assert devices[1].running == "newer text"


def test_a_change_waits_for_its_schedule_and_for_the_end_of_a_freeze(region: Region) -> None:
    devices = region.devices(1)
    change = region.change(devices)
    with region.database.transaction("api", SCOPE) as tx:
        tx.execute(text("update change set not_before = now() + interval '1 hour' where id = :id"), {"id": change})
        tx.execute(
            text(
                "insert into calendar_entry (kind, name, held)"
                " values ('freeze', 'elections', tstzrange(now(), now() + interval '1 day'))"
            )
        )
    region.worker()
    until(lambda: region.row(change).waiting_for == ["schedule"], 90)
    with region.database.transaction("api", SCOPE) as tx:
        tx.execute(text("update change set not_before = now() where id = :id"), {"id": change})
    until(lambda: region.row(change).waiting_for == ["window"], 90)
    assert "elections" in region.row(change).outcome["waits"]["why"]
    assert devices[0].log == []
    with region.database.transaction("api", SCOPE) as tx:
        tx.execute(text("delete from calendar_entry"))
    assert region.ended(change) is State.SUCCEEDED


def test_what_policy_forbids_at_the_moment_of_running_never_reaches_a_device(region: Region) -> None:
    devices = region.devices(1)
    change = region.change(devices)
    with region.database.transaction("owner", SCOPE) as tx:
        tx.execute(text("update principal set active = false where id = :id"), {"id": region.person})
    region.worker()
    until(lambda: region.row(change).state != "approved", 90)
    assert region.row(change).state == "rejected"
    assert devices[0].log == []
