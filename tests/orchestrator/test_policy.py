"""The rules: validated against their schema, compared with a plain-Python oracle, extended by a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Denied
from core.roles import ROLES
from orchestrator import policy as policy_module
from orchestrator.errors import BrokenRule
from orchestrator.policy import RULES, ChangeFacts, Policy, Requester, gate
from orchestrator.states import State
from tests.orchestrator.conftest import SYSTEM, Stage

RULE_SET = Policy(RULES)


@dataclass(frozen=True)
class Somebody:
    """Who asks."""

    roles: frozenset[str]
    staff: bool = True
    kind: str = "person"
    tenant_id: UUID = field(default_factory=uuid4)
    id: UUID = field(default_factory=uuid4)
    handle: str = "somebody"


def test_every_rule_fits_the_schema_and_says_why() -> None:
    result = cedarpy.validate_policies(RULE_SET.source, (RULES / "schema.cedarschema").read_text())
    assert result.validation_passed, [str(error) for error in result.errors]
    for rule in cedarpy.PolicySet.from_str(RULE_SET.source).to_pst().static_policies.values():
        if rule.annotations["id"] != "requester-runs":
            assert rule.annotations.get("text"), rule.annotations


def test_the_schema_counts_approvals_of_every_role() -> None:
    schema = (RULES / "schema.cedarschema").read_text()
    assert all(f'"{role}": Long' in schema for role in ROLES)


# ------------------------------------------------------------------------------------------- the oracle
def may_submit(who: Somebody, facts: ChangeFacts) -> bool:
    """The rules of people.cedar, said again in Python."""
    if who.staff and who.roles & {"engineer", "network-lead"}:
        return True
    if who.staff and "platform-manager" in who.roles and facts.family != "network":
        return True
    agency = bool(who.roles & {"agency-user", "agency-admin"}) and facts.tenant == str(who.tenant_id)
    return agency and facts.family not in {"network", "inventory"}


def leads_needed(who: Somebody, facts: ChangeFacts, leads: int) -> int:
    """How many more leads approvals.cedar asks for."""
    standing_order = who.kind == "service" and facts.standing
    if facts.family != "network" or facts.emergency or facts.recent_undo or standing_order:
        return 0
    two = "core" in facts.roles or facts.targets > 20
    return int(facts.targets > 0 and leads < 1) + int(two and leads < 2)


roles = st.frozensets(st.sampled_from(sorted(ROLES)), max_size=3)
kind_names = st.sampled_from(["network.config", "network.restore", "inventory.edit", "hosting.order"])


@st.composite
def facts_and_person(draw: st.DrawFn) -> tuple[Somebody, ChangeFacts]:
    """Somebody and a change they ask for."""
    who = Somebody(draw(roles), staff=draw(st.booleans()), kind=draw(st.sampled_from(["person", "service"])))
    facts = ChangeFacts(
        kind=draw(kind_names),
        tenant=str(draw(st.sampled_from([who.tenant_id, uuid4()]))),
        requester=str(who.id),
        targets=draw(st.sampled_from([0, 1, 20, 21, 300])),
        roles=draw(st.sampled_from([(), ("access",), ("access", "core")])),
        emergency=draw(st.booleans()),
        recent_undo=draw(st.booleans()),
        standing=draw(st.sampled_from(["", "restore"])),
    )
    return who, facts


@settings(max_examples=400, deadline=None)
@given(facts_and_person())
def test_who_may_submit_is_what_the_oracle_says(pair: tuple[Somebody, ChangeFacts]) -> None:
    who, facts = pair
    for action in ("submit", "preview", "undo", "replan", "cancel"):
        assert RULE_SET.may(who, action, facts).allowed == may_submit(who, facts)
    lead = who.staff and "network-lead" in who.roles
    assert RULE_SET.may(who, "emergency", facts).allowed == lead


@settings(max_examples=400, deadline=None)
@given(facts_and_person(), st.integers(0, 3), st.integers(0, 1))
def test_what_is_missing_is_what_the_oracle_says(pair: tuple[Somebody, ChangeFacts], leads: int, admins: int) -> None:
    who, facts = pair
    missing = RULE_SET.missing(Requester.of(who), facts, {"network-lead": leads, "agency-admin": admins})
    needs_admin = "agency-user" in who.roles and not who.staff and "agency-admin" not in who.roles and not admins
    expected = ["network-lead"] * leads_needed(who, facts, leads) + ["agency-admin"] * needs_admin
    assert sorted(need.role for need in missing.needs) == sorted(expected)
    assert missing.allowed == (not expected)
    assert not missing.final


@settings(max_examples=200, deadline=None)
@given(facts_and_person(), roles, st.booleans(), st.booleans(), st.sampled_from(sorted(ROLES)))
def test_nobody_approves_what_they_asked_for(
    pair: tuple[Somebody, ChangeFacts], held: frozenset[str], own: bool, person: bool, role: str
) -> None:
    who, facts = pair
    decider = Somebody(held, kind="person" if person else "service")
    voices = [str(decider.id), str(who.id)] if own else [str(decider.id)]
    allowed = RULE_SET.may(decider, "approve", facts, role=role, voices=voices).allowed
    assert allowed == (role in held and not own and person)


@pytest.mark.parametrize(
    ("who", "resource", "allowed"),
    [
        (Somebody(frozenset({"engineer"})), {"kind": "secret"}, True),
        (Somebody(frozenset({"engineer"})), {"kind": "membership"}, False),
        (Somebody(frozenset({"network-lead"})), {"kind": "membership"}, False),
        (Somebody(frozenset({"platform-manager"})), {"kind": "membership"}, True),
        (Somebody(frozenset({"auditor", "management"})), {"kind": "secret"}, False),
        (Somebody(frozenset({"auditor"})), {"kind": "calendar"}, False),
        (Somebody(frozenset({"agency-admin"}), staff=False), {"kind": "webhook"}, False),
        (Somebody(frozenset({"agency-user"}), staff=False), {"kind": "webhook"}, False),
    ],
)
def test_who_writes_other_things(who: Somebody, resource: Mapping[str, str], allowed: bool) -> None:
    assert RULE_SET.may(who, "write", resource).allowed == allowed


def test_an_agencys_administrator_writes_the_agencys_things_only() -> None:
    ada = Somebody(frozenset({"agency-admin"}), staff=False)
    assert RULE_SET.may(ada, "write", {"kind": "webhook", "tenant": str(ada.tenant_id)}).allowed
    assert not RULE_SET.may(ada, "write", {"kind": "webhook", "tenant": str(uuid4())}).allowed
    assert not RULE_SET.may(ada, "write", {"kind": "calendar", "tenant": str(ada.tenant_id)}).allowed


def test_everybody_keeps_their_own_tokens() -> None:
    uma = Somebody(frozenset({"agency-user"}), staff=False)
    assert RULE_SET.may(uma, "write", {"kind": "token", "owner": str(uma.id)}).allowed
    assert not RULE_SET.may(uma, "write", {"kind": "token", "owner": str(uuid4())}).allowed


def test_a_denial_names_the_rule_or_says_that_none_permits() -> None:
    aude = Somebody(frozenset({"auditor"}), handle="aude")
    with pytest.raises(Denied, match=r"aude may not submit this network\.config: No rule lets auditor do that"):
        RULE_SET.require(aude, "submit", ChangeFacts("network.config", "", ""))


# ------------------------------------------------------------------------------------------- adding a rule
NIGHT_RULE = """
@id("stations-need-management")
@approval("management")
@text("Work in a station is approved by management.")
forbid (principal, action == Action::"run", resource)
when { resource.sites.contains("MRS") }
unless { context.approvals["management"] >= 1 };
"""


def test_adding_a_file_asks_for_one_more_approval(tmp_path: Path, stage: Stage) -> None:
    before = stage.push()
    assert before.waiting_for == ("network-lead",)
    (tmp_path / "stations.cedar").write_text(NIGHT_RULE)
    stricter = Stage(stage.database, stage.people, stage.tenants, stage.kinds, Policy(RULES, tmp_path))
    change = stricter.push()
    assert sorted(change.waiting_for) == ["management", "network-lead"]
    assert stricter.approve("mia", change).state is State.WAITING
    assert stricter.approve("lea", change).state is State.APPROVED


def test_a_rule_added_after_the_approval_stops_the_run_at_the_gate(tmp_path: Path, stage: Stage) -> None:
    change = stage.approve("lea", stage.push())
    (tmp_path / "stations.cedar").write_text(NIGHT_RULE)
    with stage.database.transaction("worker", SYSTEM) as tx:
        assert gate(tx, change.id, stage.rules).allowed
        denied = gate(tx, change.id, Policy(RULES, tmp_path))
    assert (denied.allowed, denied.final, [need.role for need in denied.needs]) == (False, False, ["management"])
    assert denied.rules == ("stations-need-management",)


def test_the_rules_in_force_are_read_again_when_a_file_appears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_module, "_LOOK_AGAIN_SECONDS", 0.0)
    rules = policy_module._Reloading((RULES, tmp_path))
    facts = ChangeFacts("inventory.edit", "", "", sites=("MRS",))
    who = Requester.of(Somebody(frozenset({"engineer"})))
    assert rules.get().missing(who, facts).allowed
    (tmp_path / "stations.cedar").write_text(NIGHT_RULE)
    assert not rules.get().missing(who, facts).allowed
    (tmp_path / "stations.cedar").unlink()
    assert rules.get().missing(who, facts).allowed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("permit (principal", "broken.cedar"),
        ("permit (principal, action, resource);", "@id"),
        ('@id("four-eyes") permit (principal, action, resource);', "four-eyes"),
        ('@id("x") @approval("king") forbid (principal, action, resource);', "king"),
    ],
)
def test_a_broken_rule_names_its_file_or_its_mistake(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "broken.cedar").write_text(text)
    with pytest.raises(BrokenRule, match=message):
        Policy(RULES, tmp_path)


def test_a_rule_that_cannot_be_evaluated_denies(tmp_path: Path) -> None:
    (tmp_path / "slip.cedar").write_text(
        '@id("slip") forbid (principal, action, resource) when { resource.colour == 1 };'
    )
    slipped = Policy(RULES, tmp_path)
    decision = slipped.may(Somebody(frozenset({"engineer"})), "submit", ChangeFacts("inventory.edit", "", ""))
    assert (decision.allowed, decision.rules, decision.final) == (False, ("broken-rule",), True)


# ------------------------------------------------------------------------------------------- the gate
def test_what_is_cancelled_waiting_or_of_a_closed_account_cannot_run(stage: Stage) -> None:
    waiting = stage.push()
    change = stage.approve("lea", stage.push())
    with stage.database.transaction("worker", SYSTEM) as tx:
        assert not gate(tx, waiting.id, stage.rules).allowed
        assert gate(tx, change.id, stage.rules).allowed
    stage.sql("update principal set active = false where handle = 'eve'")
    with stage.database.transaction("worker", SYSTEM) as tx:
        closed = gate(tx, change.id, stage.rules)
    assert (closed.allowed, closed.final, closed.rules) == (False, True, ("active-only",))
    stage.sql("update principal set active = true where handle = 'eve'")
    stage.sql("update change set cancel_by = requested_by, cancel_reason = 'no' where id = :id", id=change.id)
    with stage.database.transaction("worker", SYSTEM) as tx:
        assert gate(tx, change.id, stage.rules).rules == ("cancelled",)


def test_approvals_that_lapsed_or_are_for_another_plan_do_not_open_the_gate(stage: Stage) -> None:
    change = stage.approve("lea", stage.push())
    for alter, back in (
        ("lapses_at = now()", "lapses_at = now() + interval '1 hour'"),
        (f"plan_hash = '{'0' * 64}'", f"plan_hash = '{change.plan_hash}'"),
        ("decision = 'reject'", "decision = 'approve'"),
    ):
        stage.sql(f"update change_approval set {alter}")
        with stage.database.transaction("worker", SYSTEM) as tx:
            denied = gate(tx, change.id, stage.rules)
        assert (denied.allowed, [need.role for need in denied.needs]) == (False, ["network-lead"])
        stage.sql(f"update change_approval set {back}")
