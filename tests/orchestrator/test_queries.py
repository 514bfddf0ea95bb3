"""Lists, details and the story of a Change, as PostgreSQL writes them."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from core.journal.sequencer import Sequencer
from core.scope import Scope
from orchestrator import commands, engine, queries
from orchestrator.errors import ChangeNotFound
from tests.orchestrator.conftest import SYSTEM, Stage, site


def read(stage: Stage, query: Any, *arguments: Any, scope: Scope = SYSTEM, **named: Any) -> Any:
    with stage.database.transaction("api", scope) as tx:
        return json.loads(query(tx, *arguments, **named))


def test_a_list_is_newest_first_and_goes_on_where_it_ended(stage: Stage) -> None:
    made = [stage.push(count=number + 1) for number in range(5)]
    first = read(stage, queries.changes_json, limit=2)
    assert [row["id"] for row in first] == [str(made[4].id), str(made[3].id)]
    rest = read(stage, queries.changes_json, before=first[-1]["id"])
    assert [row["id"] for row in rest] == [str(change.id) for change in reversed(made[:3])]
    stage.approve("lea", made[0])
    assert [row["id"] for row in read(stage, queries.changes_json, states=["approved"])] == [str(made[0].id)]
    assert read(stage, queries.changes_json, kind="inventory.rows") == []
    assert len(read(stage, queries.changes_json, requested_by=stage["eve"].id)) == 5


def test_a_tenant_lists_its_own_changes_only(stage: Stage) -> None:
    stage.push()
    order = stage.ask("ugo", "hosting.order", {"commands": [commands.insert("tenant", [site("own")])]})
    ixelles = stage["ugo"].scope("r")
    assert [row["id"] for row in read(stage, queries.changes_json, scope=ixelles)] == [str(order.id)]
    with pytest.raises(ChangeNotFound):
        read(stage, queries.change_json, order.id, scope=stage["uma"].scope("r"))
    with pytest.raises(ChangeNotFound):
        read(stage, queries.plan_json, uuid4())


def test_what_waits_for_me_leaves_out_what_i_asked_for(stage: Stage) -> None:
    mine, other = stage.push("lea"), stage.push("eve")
    waiting = read(stage, queries.waiting_json, ["network-lead"], stage["lea"].id)
    assert [row["id"] for row in waiting] == [str(other.id)]
    assert len(read(stage, queries.waiting_json, ["network-lead"], stage["leo"].id)) == 2
    assert read(stage, queries.waiting_json, ["auditor"], stage["aude"].id) == []
    assert mine.id != other.id


def test_the_detail_has_plan_approvals_and_steps_and_counts_rows(stage: Stage) -> None:
    change = stage.push(role="core")
    stage.approve("lea", change)
    shown = read(stage, queries.change_json, change.id)
    assert (shown["state"], shown["waiting_for"], shown["requested_by"]) == ("waiting", ["network-lead"], "eve")
    assert [need["rule"] for need in shown["plan"]["approvals"]] == ["core-needs-two-leads", "network-needs-a-lead"]
    [approval] = shown["approvals"]
    assert (approval["decided_by"], approval["lapsed"], approval["of_old_plan"]) == ("lea", False, False)
    assert approval == read(stage, queries.approvals_json, change.id)[0]
    assert shown["steps"] == read(stage, queries.steps_json, change.id) == []
    edit = stage.rows("eve", commands.insert("tenant", [site("aa"), site("bb")]))
    shown = read(stage, queries.change_json, edit.id)
    assert shown["plan"]["commands"] == [{"op": "insert", "table": "tenant", "rows": 2}]
    assert "inverse" not in shown["outcome"]


def test_the_story_tells_who_did_what_why_and_which_rows_it_wrote(stage: Stage) -> None:
    order = stage.ask("ugo", "hosting.order", {"commands": [commands.insert("tenant", [site("told")])]})
    engine.approve(stage.database, stage["ada"], order.id, order.plan_hash, "needed", rules=stage.rules)
    Sequencer(stage.database, None).drain()
    story = read(stage, queries.story_json, order.id)
    assert [(entry["action"], entry["actor"]) for entry in story] == [
        ("change.submitted", "ugo"),
        ("change.approved", "ada"),
        ("tenant.insert", "ugo"),
        ("change.started", "ada"),
        ("change.succeeded", "ada"),
    ]
    assert [entry["reason"] for entry in story] == ["because", "needed", "because", "needed", "needed"]
    assert all(entry["seq"] for entry in story)
