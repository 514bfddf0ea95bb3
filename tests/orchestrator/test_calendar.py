"""Windows and freezes over what targets are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from core.errors import Conflict, Denied, InvalidInput
from orchestrator import calendar
from orchestrator.calendar import Answer
from orchestrator.engine import ChangeRecord
from orchestrator.records import read_plan
from tests.orchestrator.conftest import SYSTEM, Stage

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


def enter(
    stage: Stage, sort: Literal["window", "freeze"], begins: datetime, ends: datetime, who: str = "lea", **selector: Any
) -> Any:
    return calendar.add(
        stage.database, stage[who], kind=sort, name=f"a {sort}", begins=begins, ends=ends, selector=selector,
        reason="planned", rules=stage.rules,
    )  # fmt: skip


def ask(stage: Stage, change: ChangeRecord) -> Answer:
    with stage.database.transaction("worker", SYSTEM.for_change(change.id)) as tx:
        return calendar.may_run_now(tx, read_plan(tx, change.id), NOW)


def test_an_empty_calendar_forbids_nothing(stage: Stage) -> None:
    assert ask(stage, stage.push())


def test_a_freeze_forbids_what_it_concerns_and_says_until_when(stage: Stage) -> None:
    entry = enter(stage, "freeze", NOW - HOUR, NOW + HOUR, role="core")
    assert ask(stage, stage.push(role="access"))
    frozen = ask(stage, stage.push(role="core"))
    assert not frozen
    assert frozen.until == NOW + HOUR
    assert "a freeze" in frozen.why
    calendar.remove(stage.database, stage["lea"], entry, reason="over", rules=stage.rules)
    assert ask(stage, stage.push(role="core"))
    with pytest.raises(Conflict):
        calendar.remove(stage.database, stage["lea"], entry, reason="over", rules=stage.rules)


@pytest.mark.parametrize(
    ("selector", "concerned"),
    [
        ({}, True), ({"name": "ac01"}, True), ({"name": ["ac07", "ac01"]}, True), ({"name": "ac07"}, False),
        ({"site": "MRS"}, True), ({"site": "MRS", "role": "core"}, False), ({"kind": "network.push"}, True),
    ],
)  # fmt: skip
def test_a_selector_means_targets_that_have_all_its_facts(
    stage: Stage, selector: dict[str, Any], *, concerned: bool
) -> None:
    enter(stage, "freeze", NOW - HOUR, NOW + HOUR, **selector)
    assert bool(ask(stage, stage.push())) is not concerned


def test_a_window_ahead_binds_what_it_concerns(stage: Stage) -> None:
    enter(stage, "window", NOW + HOUR, NOW + 2 * HOUR, role="core")
    enter(stage, "window", NOW + 5 * HOUR, NOW + 6 * HOUR, role="core")
    waits = ask(stage, stage.push(role="core"))
    assert (bool(waits), waits.until) == (False, NOW + HOUR)
    assert ask(stage, stage.push(role="access"))
    enter(stage, "window", NOW - HOUR, NOW + HOUR, role="core")
    assert ask(stage, stage.push(role="core"))


def test_what_is_over_or_yet_to_come_forbids_nothing_now(stage: Stage) -> None:
    enter(stage, "freeze", NOW - 2 * HOUR, NOW - HOUR)
    enter(stage, "freeze", NOW + HOUR, NOW + 2 * HOUR)
    enter(stage, "window", NOW - 2 * HOUR, NOW - HOUR)
    assert ask(stage, stage.push())


def test_an_emergency_passes_a_freeze_with_an_audit_entry_of_its_own(stage: Stage) -> None:
    enter(stage, "freeze", NOW - HOUR, NOW + HOUR)
    change = stage.push("lea", emergency=True)
    assert ask(stage, change)
    [entry] = stage.sql("select kind, subject_id, body from journal where action = 'change.passed_calendar'")
    assert (entry.kind, entry.subject_id) == ("audit", str(change.id))
    assert "a freeze" in entry.body["why"]


def test_leads_keep_the_calendar_and_wrong_entries_are_refused(stage: Stage) -> None:
    with pytest.raises(Denied):
        enter(stage, "freeze", NOW, NOW + HOUR, who="aude")
    with pytest.raises(InvalidInput):
        enter(stage, "freeze", NOW, NOW)
    with pytest.raises(InvalidInput, match="colour"):
        enter(stage, "freeze", NOW, NOW + HOUR, colour="red")
