"""Who may say yes, for whom, how often, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.db import Database
from core.errors import Conflict, Denied, InvalidInput
from core.identity import Principal, create_principal, grant, principal_in
from core.scope import EVERY_TENANT, Scope
from core.tokens import issue
from orchestrator import deputies, engine
from orchestrator.errors import AlreadyDecided, MoveRefused, NotDeputy, OwnApproval, RoleMissing
from orchestrator.lapsing import lapse
from orchestrator.states import State
from tests.orchestrator.conftest import Stage

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def stand_in(stage: Stage, absent: str, deputy: str, begins: datetime = NOW - DAY, ends: datetime = NOW + DAY) -> Any:
    return deputies.name(
        stage.database, stage[absent], absent=stage[absent].id, deputy=stage[deputy].id, begins=begins, ends=ends,
        reason="away", rules=stage.rules,
    )  # fmt: skip


def test_who_asked_may_not_approve_whatever_their_role(stage: Stage) -> None:
    change = stage.push("lea")
    with pytest.raises(OwnApproval):
        stage.approve("lea", change)
    assert stage.approve("leo", change).state is State.APPROVED


def test_who_asked_may_not_approve_through_a_deputy_nor_as_one(stage: Stage) -> None:
    change = stage.push("lea")
    stand_in(stage, "lea", "erik")
    with pytest.raises(OwnApproval):
        stage.approve("erik", change, on_behalf_of=stage["lea"].id)
    stand_in(stage, "leo", "lea")
    with pytest.raises(OwnApproval):
        stage.approve("lea", change, on_behalf_of=stage["leo"].id)


def service(stage: Stage, by: str, handle: str, role: str) -> Principal:
    """A service account that somebody made, with a token that they hold."""
    with stage.database.transaction("platform", Scope(EVERY_TENANT, stage[by].id, "r", "robot")) as tx:
        made = create_principal(tx, handle=handle, kind="service", display_name="Robot")
        grant(tx, principal_id=made, tenant_id=stage.tenants["region"], role=role, granted_by=stage[by].id)
    with stage.database.transaction("platform", Scope(EVERY_TENANT, stage[by].id, "r", "robot")) as tx:
        issue(tx, principal_id=made, tenant_id=stage.tenants["region"], name="t")
        return principal_in(tx, handle, "region")


def test_who_asked_through_a_service_account_of_theirs_may_not_approve(stage: Stage) -> None:
    stage.people["robot"] = service(stage, "lea", "robot", "engineer")
    change = stage.push("robot")
    with pytest.raises(OwnApproval):
        stage.approve("lea", change)
    assert stage.approve("leo", change).state is State.APPROVED


def test_a_service_account_has_no_eyes(stage: Stage) -> None:
    stage.people["robot"] = service(stage, "pim", "robot", "network-lead")
    with pytest.raises(Denied, match="for persons"):
        stage.approve("robot", stage.push())


def test_an_approval_needs_the_role_that_is_asked(stage: Stage) -> None:
    change = stage.push()
    for who in ("erik", "pim", "aude", "mia"):
        with pytest.raises(RoleMissing, match="network-lead"):
            stage.approve(who, change)
    with pytest.raises(RoleMissing):
        stage.approve("lea", change, role="platform-manager")
    with pytest.raises(MoveRefused, match="engineer"):
        stage.approve("erik", change, role="engineer")


def test_a_deputy_approves_between_the_dates_only(stage: Stage) -> None:
    change = stage.push()
    lea = stage["lea"].id
    with pytest.raises(NotDeputy):
        stage.approve("erik", change, on_behalf_of=lea)
    stand_in(stage, "lea", "erik", NOW - 3 * DAY, NOW - 2 * DAY)
    stand_in(stage, "lea", "erik", NOW + 2 * DAY, NOW + 3 * DAY)
    with pytest.raises(NotDeputy):
        stage.approve("erik", change, on_behalf_of=lea)
    made = stand_in(stage, "lea", "erik")
    assert stage.approve("erik", change, on_behalf_of=lea).state is State.APPROVED
    [row] = stage.sql("select decided_by, on_behalf_of, role from change_approval")
    assert (row.decided_by, row.on_behalf_of, row.role) == (stage["erik"].id, lea, "network-lead")
    deputies.end(stage.database, stage["lea"], made, reason="back", rules=stage.rules)
    with pytest.raises(NotDeputy):
        stage.approve("erik", stage.push(), on_behalf_of=lea)


def test_one_person_has_one_voice_also_as_a_deputy_and_beside_one(stage: Stage) -> None:
    change = stage.push(role="core")
    stand_in(stage, "lea", "leo")
    stand_in(stage, "lea", "erik")
    assert stage.approve("leo", change).state is State.WAITING
    with pytest.raises(AlreadyDecided, match="leo"):
        stage.approve("leo", change, on_behalf_of=stage["lea"].id)
    assert stage.approve("erik", change, on_behalf_of=stage["lea"].id).state is State.APPROVED
    other = stage.push(role="core")
    assert stage.approve("lea", other).state is State.WAITING
    with pytest.raises(AlreadyDecided, match="lea"):
        stage.approve("erik", other, on_behalf_of=stage["lea"].id)


def test_only_oneself_or_a_lead_names_ones_deputy(stage: Stage) -> None:
    with pytest.raises(Denied):
        deputies.name(
            stage.database, stage["erik"], absent=stage["lea"].id, deputy=stage["erik"].id, begins=NOW, ends=NOW + DAY,
            rules=stage.rules,
        )  # fmt: skip
    with pytest.raises(InvalidInput):
        stand_in(stage, "lea", "lea")
    with pytest.raises(InvalidInput):
        stand_in(stage, "lea", "leo", NOW, NOW)
    stand_in(stage, "lea", "leo")
    with pytest.raises(Conflict):
        stand_in(stage, "lea", "leo")


def test_a_rejection_ends_it_and_needs_a_role_that_is_asked(stage: Stage) -> None:
    change = stage.push()
    reject: dict[str, Any] = {"reason": "not on a Friday", "rules": stage.rules}
    with pytest.raises(RoleMissing):
        engine.reject(stage.database, stage["erik"], change.id, **reject)
    assert engine.reject(stage.database, stage["lea"], change.id, **reject).state is State.REJECTED


def test_a_lead_may_reject_after_another_approved_half(stage: Stage) -> None:
    change = stage.push(role="core")
    stage.approve("lea", change)
    assert engine.reject(stage.database, stage["leo"], change.id, "no", rules=stage.rules).state is State.REJECTED


def test_approvals_that_lapse_are_asked_again(stage: Stage) -> None:
    change = stage.push()
    stage.approve("lea", change)
    stage.sql("update change_approval set decided_at = now() - interval '2 days', lapses_at = now() - interval '1 day'")
    assert lapse(stage.database, stage.rules) == 1
    [row] = stage.sql("select state, waiting_for from change")
    assert (row.state, row.waiting_for) == ("waiting", ["network-lead"])
    assert lapse(stage.database, stage.rules) == 0
    assert stage.approve("lea", change).state is State.APPROVED


def test_half_an_approval_that_lapses_counts_no_more(stage: Stage) -> None:
    change = stage.push(role="core")
    stage.approve("lea", change)
    stage.sql("update change_approval set decided_at = now() - interval '2 days', lapses_at = now() - interval '1 day'")
    assert stage.approve("leo", change).waiting_for == ("network-lead",)


def test_what_nobody_decides_on_expires(stage: Stage) -> None:
    change = stage.push()
    assert lapse(stage.database, stage.rules) == 0
    stage.sql("update change set expires_at = now() - interval '1 second'")
    assert lapse(stage.database, stage.rules) == 1
    assert stage.sql("select state from change where id = :id", id=change.id)[0].state == "expired"


def test_an_emergency_without_a_second_look_raises_one_alarm(stage: Stage) -> None:
    change = stage.push("lea", emergency=True)
    stage.sql("update change set state = 'succeeded', emergency_due = now() - interval '1 minute'")
    assert lapse(stage.database, stage.rules) == 1
    assert lapse(stage.database, stage.rules) == 0
    alarms = stage.sql("select kind, body from journal where action = 'change.emergency_unapproved' order by kind")
    assert [row.kind for row in alarms] == ["audit", "event"]
    assert alarms[0].body["alarm"] is True
    assert stage.approve("leo", change).emergency_due is None


def test_two_leads_who_approve_at_once_are_both_counted(stage: Stage, fresh_database: Database) -> None:
    import threading

    change = stage.push(role="core")
    states: list[State] = []
    start = threading.Barrier(2)

    def decide(who: str) -> None:
        start.wait()
        states.append(stage.approve(who, change).state)

    threads = [threading.Thread(target=decide, args=(who,)) for who in ("lea", "leo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(states) == [State.APPROVED, State.WAITING]
