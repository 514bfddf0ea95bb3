"""A Change from the wish to its end, as people drive it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from core.errors import Conflict, Denied, IrisplaneError
from core.ids import uuid7
from core.journal.chain import connect
from orchestrator import commands, engine, queries
from orchestrator.engine import ChangeRequest
from orchestrator.errors import (
    ChangeEnded,
    ChangeNotFound,
    IntentRefused,
    MoveRefused,
    NothingToUndo,
    OldPlan,
    ReasonMissing,
    RowRefused,
    RowsChanged,
    RowTaken,
    UnknownKind,
)
from orchestrator.moves import APPROVED_CHANNEL
from orchestrator.plan import JsonObject, Plan, canonical_json, digest_of
from orchestrator.policy import RULES, Policy
from orchestrator.states import State
from tests.orchestrator.conftest import SYSTEM, Push, Stage, site


def test_a_preview_writes_nothing_and_has_the_hash_that_submitting_stores(stage: Stage) -> None:
    request = ChangeRequest(
        kind="inventory.rows", intent={"commands": [commands.insert("tenant", [site("new")])]}, reason="r"
    )
    before = stage.sql(
        "select (select count(*) from tenant), (select count(*) from journal), (select count(*) from change_log)"
    )
    plan = engine.preview(stage.database, stage["eve"], request, kinds=stage.kinds, rules=stage.rules)
    after = stage.sql(
        "select (select count(*) from tenant), (select count(*) from journal), (select count(*) from change_log)"
    )
    assert before == after
    stored = engine.submit(stage.database, stage["eve"], request, kinds=stage.kinds, rules=stage.rules)
    assert stored.plan_hash == plan.hash


def test_a_preview_tells_what_the_database_would_refuse(stage: Stage) -> None:
    stage.rows("eve", commands.insert("tenant", [site("taken")]))
    for row, error in ((site("taken"), RowTaken), (site("NOT A CODE"), RowRefused)):
        request = ChangeRequest(
            kind="inventory.rows", intent={"commands": [commands.insert("tenant", [row])]}, reason="r"
        )
        with pytest.raises(error) as caught:
            engine.preview(stage.database, stage["eve"], request, kinds=stage.kinds, rules=stage.rules)
        assert caught.value.fields["row"] == {"table": "tenant", "index": 0, "id": row["id"]}


def test_an_inventory_edit_that_asks_nobody_is_done_in_one_transaction(stage: Stage) -> None:
    change = stage.rows("eve", commands.insert("tenant", [site("one")]))
    assert change.state is State.SUCCEEDED
    [row] = stage.sql("select xmin::text, plan_hash, plan, finished_at is not null as over from change")
    written = stage.sql("select distinct xmin::text from tenant where code = 'one'")
    audit = stage.sql("select xmin::text, kind, action from journal where subject_type = 'change' order by kind")
    assert row.over
    assert {row.xmin} == {w.xmin for w in written} == {a.xmin for a in audit}
    assert [(a.kind, a.action) for a in audit] == [("audit", "change.succeeded"), ("event", "change.succeeded")]
    [log] = stage.sql(
        "select change_id, actor, reason from journal where action = 'tenant.insert' and change_id is not null"
    )
    assert (log.change_id, log.actor, log.reason) == (change.id, stage["eve"].id, "because")


def test_the_stored_plan_has_the_hash_that_was_approved(stage: Stage) -> None:
    for change in (stage.push(), stage.rows("eve", commands.insert("tenant", [site("xx", name_fr='a"\\ \x7f€\n')]))):
        with stage.database.transaction("api", SYSTEM) as tx:
            stored = json.loads(queries.plan_json(tx, change.id))
        assert digest_of(canonical_json(stored)) == change.plan_hash == Plan.from_dict(stored).hash


def test_an_empty_plan_succeeds_with_nothing_to_do_and_asks_nobody(stage: Stage) -> None:
    change = stage.push(count=0)
    assert change.state is State.SUCCEEDED
    assert change.outcome == {"nothing_to_do": True}
    assert stage.sql("select outcome from change")[0].outcome == {"nothing_to_do": True}
    with pytest.raises(NothingToUndo):
        stage.undo("eve", change)


def test_network_changes_wait_for_a_lead_and_are_approved_by_one(stage: Stage) -> None:
    change = stage.push()
    assert (change.state, change.waiting_for) == (State.WAITING, ("network-lead",))
    approved = stage.approve("lea", change)
    assert (approved.state, approved.waiting_for) == (State.APPROVED, ())
    with pytest.raises(MoveRefused):
        stage.approve("leo", change)


def test_core_devices_or_many_need_two_different_leads(stage: Stage) -> None:
    for change in (stage.push(role="core"), stage.push(count=21)):
        assert change.waiting_for == ("network-lead", "network-lead")
        half = stage.approve("lea", change)
        assert (half.state, half.waiting_for) == (State.WAITING, ("network-lead",))
        assert stage.approve("leo", change).state is State.APPROVED


def test_blank_reasons_unknown_kinds_and_wrong_intents_are_refused_before_anything(stage: Stage) -> None:
    with pytest.raises(ReasonMissing):
        stage.push(reason="  ")
    with pytest.raises(UnknownKind, match=r"hosting\.order, inventory\.rows, network\.push"):
        stage.ask("eve", "network.nope", {})
    with pytest.raises(IntentRefused) as caught:
        stage.ask("eve", "network.push", {"devices": [1]})
    assert caught.value.pointer == "/intent/devices/0"
    change = stage.push()
    with pytest.raises(ReasonMissing):
        stage.approve("lea", change, reason="\t")
    with pytest.raises(ReasonMissing):
        engine.cancel(stage.database, stage["eve"], change.id, "", rules=stage.rules)
    assert stage.sql("select count(*) from change")[0][0] == 1


def test_text_that_cannot_be_stored_is_the_callers_mistake(stage: Stage) -> None:
    with pytest.raises(IrisplaneError) as caught:
        stage.rows("eve", commands.insert("tenant", [site("nul", name_fr="a\x00b")]))
    assert caught.value.code == "ORC-131"


def test_an_approval_of_an_old_hash_names_both(stage: Stage) -> None:
    change = stage.push()
    Push.base = "base-2"
    try:
        anew = engine.replan(
            stage.database, stage["eve"], change.id, "world moved", kinds=stage.kinds, rules=stage.rules
        )
    finally:
        Push.base = "base-1"
    assert anew.id == change.id
    assert anew.plan_hash != change.plan_hash
    with pytest.raises(OldPlan) as caught:
        stage.approve("lea", change)
    assert change.plan_hash in caught.value.message
    assert anew.plan_hash in caught.value.message
    assert stage.approve("lea", anew).state is State.APPROVED


def test_planning_anew_takes_approvals_of_the_old_plan_away(stage: Stage) -> None:
    change = stage.approve("lea", stage.push())
    Push.base = "base-3"
    try:
        anew = engine.replan(stage.database, stage["eve"], change.id, "moved", kinds=stage.kinds, rules=stage.rules)
    finally:
        Push.base = "base-1"
    assert (anew.state, anew.waiting_for) == (State.WAITING, ("network-lead",))
    assert stage.approve("lea", anew).state is State.APPROVED


def test_a_stale_change_is_planned_anew_as_a_new_one(stage: Stage) -> None:
    change = stage.push()
    stage.finish(change, "stale")
    anew = engine.replan(stage.database, stage["eve"], change.id, "again", kinds=stage.kinds, rules=stage.rules)
    assert anew.id != change.id
    assert anew.state is State.WAITING
    stage.finish(anew, "succeeded")
    with pytest.raises(ChangeEnded):
        engine.replan(stage.database, stage["eve"], anew.id, "again", kinds=stage.kinds, rules=stage.rules)


def test_cancelling_ends_what_waits_and_asks_what_runs(stage: Stage) -> None:
    waiting = stage.push()
    assert (
        engine.cancel(stage.database, stage["eve"], waiting.id, "no more", rules=stage.rules).state is State.CANCELLED
    )
    with pytest.raises(ChangeEnded):
        engine.cancel(stage.database, stage["eve"], waiting.id, "no more", rules=stage.rules)
    with pytest.raises(ChangeEnded):
        stage.approve("lea", waiting)
    running = stage.approve("lea", stage.push())
    stage.sql("update change set state = 'running' where id = :id", id=running.id)
    asked = engine.cancel(stage.database, stage["leo"], running.id, "stop it", rules=stage.rules)
    assert (asked.state, asked.cancel_asked) == (State.RUNNING, True)
    again = engine.cancel(stage.database, stage["eve"], running.id, "stop it", rules=stage.rules)
    assert again.version == asked.version


def test_undoing_an_edit_gives_the_rows_back_as_they_were(stage: Stage) -> None:
    before = site("here")
    stage.rows("eve", commands.insert("tenant", [before]))
    image = stage.sql("select * from tenant where code = 'here'")
    other = site("there")
    change = stage.rows(
        "eve",
        commands.update("tenant", [{"id": before["id"], "version": 1, "name_fr": "nouveau"}]),
        commands.insert("tenant", [other]),
        commands.update("tenant", [{"id": other["id"], "version": 1, "name_nl": "nieuw"}]),
    )
    undone = stage.undo("erik", change)
    assert (undone.state, undone.undo_of) == (State.SUCCEEDED, change.id)
    [now] = stage.sql("select * from tenant where code = 'here'")
    assert {**now._mapping, "version": 1} == {**image[0]._mapping}
    assert stage.sql("select * from tenant where code = 'there'") == []
    redone = stage.undo("eve", undone)
    assert redone.state is State.SUCCEEDED
    [there] = stage.sql("select name_nl from tenant where code = 'there'")
    assert there.name_nl == "nieuw"


def test_undoing_a_deletion_brings_whole_rows_back(stage: Stage) -> None:
    row = site("gone")
    stage.rows("eve", commands.insert("tenant", [row]))
    [image] = stage.sql("select * from tenant where code = 'gone'")
    deleted = stage.rows("eve", commands.delete("tenant", [{"id": row["id"], "version": 1}]))
    stage.undo("eve", deleted)
    assert stage.sql("select * from tenant where code = 'gone'") == [image]


def test_an_undo_is_refused_when_rows_changed_since(stage: Stage) -> None:
    row = site("mine")
    change = stage.rows("eve", commands.insert("tenant", [row]))
    stage.rows("erik", commands.update("tenant", [{"id": row["id"], "version": 1, "name_fr": "x"}]))
    with pytest.raises(RowsChanged) as caught:
        stage.undo("eve", change)
    assert caught.value.fields["altered"] == [row["id"]]
    assert len(stage.sql("select 1 from tenant where code = 'mine'")) == 1


def test_nothing_is_taken_back_twice_at_once(stage: Stage) -> None:
    change = stage.rows("eve", commands.insert("tenant", [site("once")]))
    undone = stage.undo("eve", change)
    with pytest.raises(NothingToUndo, match=str(undone.id)):
        stage.undo("erik", change)
    with pytest.raises(NothingToUndo):
        stage.undo("eve", stage.push())


def test_taking_back_within_a_day_what_was_approved_asks_nobody_again(stage: Stage) -> None:
    change = stage.approve("lea", stage.push())
    stage.finish(change)
    stage.sql(
        "insert into change_step (change_id, tenant_id, ordinal, batch, target_id, target_name, state)"
        " select id, tenant_id, 0, 0, 'device:ac00', 'ac00', 'confirmed' from change where id = :id",
        id=change.id,
    )
    undone = stage.undo("eve", change)
    assert (undone.state, undone.waiting_for) == (State.APPROVED, ())
    engine.cancel(stage.database, stage["eve"], undone.id, "another way", rules=stage.rules)
    stage.sql("update change set finished_at = now() - interval '25 hours' where id = :id", id=change.id)
    assert stage.undo("eve", change).waiting_for == ("network-lead",)


def test_an_emergency_goes_first_and_is_settled_by_a_second_lead(stage: Stage) -> None:
    with pytest.raises(Denied, match="emergency"):
        stage.push("eve", emergency=True)
    change = stage.push("lea", emergency=True, role="core")
    assert change.state is State.APPROVED
    assert change.emergency_due is not None
    with pytest.raises(Denied):
        stage.approve("lea", change)
    assert stage.approve("leo", change).emergency_due is None


def test_an_agencys_order_waits_for_its_administrator_and_then_runs_at_once(stage: Stage) -> None:
    order = stage.ask("ugo", "hosting.order", {"commands": [commands.insert("tenant", [site("ordered")])]})
    assert order.waiting_for == ("agency-admin",)
    assert stage.sql("select 1 from tenant where code = 'ordered'") == []
    done = stage.approve("ada", order)
    assert done.state is State.SUCCEEDED
    assert len(stage.sql("select 1 from tenant where code = 'ordered'")) == 1
    actions = [
        row.action
        for row in stage.sql(
            "select action from journal where kind = 'audit' and subject_id = :id order by id", id=str(order.id)
        )
    ]
    assert actions == ["change.submitted", "change.approved", "change.started", "change.succeeded"]


def test_an_order_whose_rows_are_gone_by_then_is_stale_and_writes_nothing(stage: Stage) -> None:
    row = site("wanted")
    order = stage.ask("ugo", "hosting.order", {"commands": [commands.insert("tenant", [row])]})
    stage.rows("eve", commands.insert("tenant", [site("wanted")]))
    assert stage.approve("ada", order).state is State.STALE
    [ended] = stage.sql("select outcome from change where id = :id", id=order.id)
    assert ended.outcome["error"]["code"] == "ORC-130"


def test_agencies_see_and_order_only_their_own(stage: Stage) -> None:
    order = stage.ask("ugo", "hosting.order", {"commands": [commands.insert("tenant", [site("secret")])]})
    with pytest.raises(ChangeNotFound):
        engine.cancel(stage.database, stage["uma"], order.id, "mine?", rules=stage.rules)
    with pytest.raises(Denied):
        stage.ask("ugo", "hosting.order", {"commands": []}, tenant=stage.tenants["uccle"])
    with pytest.raises(Denied):
        stage.push("ugo")
    with pytest.raises(Denied):
        stage.rows("ugo", commands.insert("tenant", [site("inventory")]))
    for reader in ("aude", "mia"):
        with pytest.raises(Denied):
            stage.push(reader)


def test_an_approver_of_the_region_lends_an_agencys_order_no_reach(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "writable", lambda: frozenset({"webhook"}))
    (tmp_path / "orders.cedar").write_text(
        '@id("orders-need-a-lead") @approval("network-lead") forbid (principal, action == Action::"run", resource)'
        ' when { resource.family == "hosting" } unless { context.approvals["network-lead"] >= 1 };'
    )
    stricter = replace(stage, rules=Policy(RULES, tmp_path))
    hook = {"id": str(uuid7()), "tenant_id": str(stage.tenants["uccle"]), "url": "https://x", "secret": "s"}
    stage.sql("insert into webhook (id, tenant_id, url, secret) values (:id, :tenant_id, :url, :secret)", **hook)
    taken = {"id": hook["id"], "tenant_id": str(stage.tenants["ixelles"])}
    with pytest.raises(RowsChanged):
        stricter.ask("ada", "hosting.order", {"commands": [commands.update("webhook", [taken])]})
    own = {**hook, "id": str(uuid7()), "tenant_id": str(stage.tenants["ixelles"])}
    order = stricter.ask("ada", "hosting.order", {"commands": [commands.insert("webhook", [own])]})
    assert stricter.approve("lea", order).state is State.SUCCEEDED
    [log] = stage.sql(
        "select actor, reason from journal where action = 'webhook.insert' and change_id = :id", id=order.id
    )
    assert (log.actor, log.reason) == (stage["ada"].id, "because")


def test_what_the_gate_refuses_when_its_time_has_come_ends_and_holds_up_nobody(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestrator import inline

    soon = datetime.now(UTC) + timedelta(hours=1)
    busy = stage.rows("lea", commands.insert("tenant", [site("busy")]), not_before=soon)
    closed = stage.rows("eve", commands.insert("tenant", [site("closed")]), not_before=soon)
    fine = stage.rows("lea", commands.insert("tenant", [site("fine")]), not_before=soon)
    stage.sql("update change set not_before = now() - interval '1 second'")
    stage.sql("update principal set active = false where handle = 'eve'")
    execute = commands.execute

    def contended(tx: Connection, given: Sequence[JsonObject]) -> list[str]:
        if given[0]["rows"][0]["code"] == "busy":
            raise Conflict("Somebody else is writing the same rows right now.")
        return execute(tx, given)

    monkeypatch.setattr(commands, "execute", contended)
    assert inline.run_due(stage.database, stage.rules) == 2
    states = dict(stage.sql("select id, state from change"))
    assert states == {busy.id: "approved", closed.id: "rejected", fine.id: "succeeded"}
    monkeypatch.undo()
    monkeypatch.setattr(commands, "writable", lambda: frozenset({"tenant"}))
    assert inline.run_due(stage.database, stage.rules) == 1


def test_a_change_for_later_waits_for_its_time(stage: Stage) -> None:
    from orchestrator import inline

    soon = datetime.now(UTC) + timedelta(hours=1)
    change = stage.rows("eve", commands.insert("tenant", [site("later")]), not_before=soon)
    assert change.state is State.APPROVED
    assert inline.run_due(stage.database, stage.rules) == 0
    stage.sql("update change set not_before = now() - interval '1 second'")
    assert inline.run_due(stage.database, stage.rules) == 1
    assert len(stage.sql("select 1 from tenant where code = 'later'")) == 1
    [done] = stage.sql("select state, outcome -> 'inverse' -> 0 ->> 'op' as op from change")
    assert (done.state, done.op) == ("succeeded", "delete")


def test_what_nobody_approves_is_told_to_the_workers_as_it_is_stored(stage: Stage) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    with connect(stage.database.dsn("worker"), autocommit=True, name="a test") as listening:
        listening.execute(f"listen {APPROVED_CHANNEL}")
        waits = stage.push("eve", 1)
        assert waits.state is State.WAITING
        assert list(listening.notifies(timeout=0.3)) == []
        change = stage.rows("lea", commands.insert("tenant", [site("told")]), not_before=later)
        assert change.state is State.APPROVED
        assert len(list(listening.notifies(timeout=60, stop_after=1))) == 1
