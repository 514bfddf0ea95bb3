"""People decide: approve a hash, reject, cancel; and what time does to approvals.

Who asked may not approve: not in person, not through a deputy, not through a service account whose tokens they made.
One person has one voice in a Change, however many roles they hold and for whomever they stand in.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Connection, text

from core.db import Database
from core.errors import Denied
from core.settings import get_settings
from orchestrator import inline, moves
from orchestrator.errors import (
    AlreadyDecided,
    ChangeEnded,
    MoveRefused,
    NotDeputy,
    OldPlan,
    OwnApproval,
    RoleMissing,
    StalePlan,
)
from orchestrator.policy import ChangeFacts, Decision, Policy, Requester, frozen_facts, policy
from orchestrator.records import ChangeRecord, read
from orchestrator.refusals import said_plainly
from orchestrator.states import ENDED, State
from orchestrator.submitting import must_say_why

if TYPE_CHECKING:
    from core.identity import Principal

__all__ = ["approve", "as_moved", "cancel", "frozen", "reject", "voices"]


def approve(
    database: Database,
    person: Principal,
    change_id: UUID,
    plan_hash: str,
    reason: str,
    request_id: str = "",
    role: str | None = None,
    on_behalf_of: UUID | None = None,
    *,
    rules: Policy | None = None,
) -> ChangeRecord:
    """Say yes to this very plan.

    The last approval makes the Change ``approved``; when it only writes the inventory, it is carried out at once. An
    emergency that went first takes its second approval in any state.

    Args:
        role: as what; the first role that is asked and held when absent.
        on_behalf_of: whose deputy the approver is today.
    Raises:
        ReasonMissing, ChangeNotFound, ChangeEnded, OldPlan, MoveRefused: it is not there to be approved.
        OwnApproval, AlreadyDecided, RoleMissing, NotDeputy, Denied: this person may not, or not again.
    """
    must_say_why(reason)
    rules = rules or policy()
    with said_plainly(), database.transaction("api", person.scope(request_id, reason).for_change(change_id)) as tx:
        change = read(tx, change_id, lock=True)
        late = change.emergency_due is not None and change.state is not State.WAITING
        _must_be_open(change, late=late)
        if plan_hash != change.plan_hash:
            raise OldPlan(
                f"The approval is for the plan {plan_hash}; the plan now is {change.plan_hash}.",
                pointer="/plan_hash",
                approved=plan_hash,
                present=change.plan_hash,
            )
        facts, requester = frozen(tx, change_id)
        asked = rules.missing(requester, facts, voices(tx, change), action="settle" if late else "run")
        role = _decide_as(tx, rules, person, change, facts, asked, role, on_behalf_of, action="approve")
        _record(tx, change, person, role, "approve", reason, on_behalf_of)
        left = rules.missing(requester, facts, voices(tx, change), action="settle" if late else "run")
        body = {"role": role, "by": person.handle, "on_behalf_of": str(on_behalf_of) if on_behalf_of else None}
        if late:
            _settle(tx, change, body, settled=left.allowed)
        elif left.allowed:
            moves.move(tx, change_id, State.APPROVED, body=body)
            inline.carry_out_if_possible(tx, change_id, rules)
        else:
            roles = [need.role for need in left.needs]
            moves.move(tx, change_id, State.WAITING, action="change.approval_given", waiting_for=roles, body=body)
        return read(tx, change_id)


def reject(
    database: Database,
    person: Principal,
    change_id: UUID,
    reason: str,
    request_id: str = "",
    role: str | None = None,
    on_behalf_of: UUID | None = None,
    *,
    plan_hash: str | None = None,
    rules: Policy | None = None,
) -> ChangeRecord:
    """Say no: the Change ends. Who holds a role that the plan asks for may, also after another approved.

    Raises:
        ReasonMissing, ChangeNotFound, ChangeEnded, OldPlan, MoveRefused, RoleMissing, NotDeputy, Denied: as
        ``approve``.
    """
    must_say_why(reason)
    rules = rules or policy()
    with said_plainly(), database.transaction("api", person.scope(request_id, reason).for_change(change_id)) as tx:
        change = read(tx, change_id, lock=True)
        if change.state in ENDED:
            raise _ended(change)
        if plan_hash is not None and plan_hash != change.plan_hash:
            raise OldPlan(
                f"The rejection is for the plan {plan_hash}; the plan now is {change.plan_hash}.", pointer="/plan_hash"
            )
        facts, requester = frozen(tx, change_id)
        role = _decide_as(
            tx, rules, person, change, facts, rules.missing(requester, facts), role, on_behalf_of, action="reject"
        )
        _record(tx, change, person, role, "reject", reason, on_behalf_of)
        moves.move(tx, change_id, State.REJECTED, body={"role": role, "by": person.handle})
        return read(tx, change_id)


def cancel(
    database: Database,
    person: Principal,
    change_id: UUID,
    reason: str,
    request_id: str = "",
    *,
    rules: Policy | None = None,
) -> ChangeRecord:
    """Take the request back. What runs already is asked to stop: the runner takes back what was done.

    Asking again is no error.

    Raises:
        ReasonMissing, ChangeNotFound, ChangeEnded, Denied.
    """
    must_say_why(reason)
    rules = rules or policy()
    with said_plainly(), database.transaction("api", person.scope(request_id, reason).for_change(change_id)) as tx:
        change = read(tx, change_id, lock=True)
        rules.require(person, "cancel", frozen(tx, change_id)[0])
        if change.state in {State.WAITING, State.APPROVED}:
            moves.move(tx, change_id, State.CANCELLED, body={"by": person.handle})
        elif change.state in ENDED:
            raise _ended(change)
        elif not change.cancel_asked:
            tx.execute(
                text(
                    "update change set cancel_by = :by, cancel_reason = :reason, version = version + 1 where id = :id"
                ),
                {"id": change_id, "by": person.id, "reason": reason.strip()},
            )
            moves.announce(tx, as_moved(change), "change.cancel_asked", body={"by": person.handle})
        return read(tx, change_id)


def _must_be_open(change: ChangeRecord, *, late: bool) -> None:
    if late:
        return
    if change.state in ENDED:
        raise _ended(change)
    if change.state is not State.WAITING:
        raise MoveRefused(f"The change is {change.state}: every approval it needs is there.", state=change.state.value)


def _ended(change: ChangeRecord) -> ChangeEnded:
    if change.state is State.STALE:
        return StalePlan("What the plan read has changed since; the change has ended.", change_id=str(change.id))
    return ChangeEnded(f"The change has ended: {change.state}.", change_id=str(change.id), state=change.state.value)


def _decide_as(
    tx: Connection,
    rules: Policy,
    person: Principal,
    change: ChangeRecord,
    facts: ChangeFacts,
    asked: Decision,
    role: str | None,
    on_behalf_of: UUID | None,
    *,
    action: str,
) -> str:
    """The role in which this person decides, after everything that could forbid it."""
    voices = {person.id} | ({on_behalf_of} if on_behalf_of else set())
    if action == "approve":
        own = voices & _behind(tx, change.requested_by)
        if own:
            raise OwnApproval(
                f"{person.handle} asked for this change, in person or through another account.",
                own=sorted(map(str, own)),
            )
    held: Collection[str] = person.roles
    if on_behalf_of is not None:
        held = _roles_of_absent(tx, person, on_behalf_of, change)
    wanted = [need.role for need in asked.needs]
    if role is None:
        role = next((name for name in wanted if name in held), None)
    if role is None or role not in held:
        rule = next((need.rule for need in asked.needs if role in {None, need.role}), "")
        raise RoleMissing(
            f"The approval asked for is that of: {', '.join(dict.fromkeys(wanted)) or 'nobody'};"
            f" {person.handle} holds {', '.join(sorted(held)) or 'no role'}.",
            rule=rule,
            wanted=wanted,
        )
    if role not in wanted:
        raise MoveRefused(f"Nobody asks for the approval of {role} (any more).", wanted=wanted)
    acting = replace(person, roles=frozenset(held))
    decision = rules.may(acting, action, facts, role=role, voices=sorted(map(str, voices)))
    if not decision.allowed:
        if "four-eyes" in decision.rules:
            raise OwnApproval(f"{person.handle} asked for this change.", rules=list(decision.rules))
        why = " ".join(decision.texts) or "No rule permits it."
        raise Denied(f"{person.handle} may not {action} this change: {why}", rules=list(decision.rules))
    if action == "approve":
        _must_be_a_new_voice(tx, change, voices)
    return role


def _behind(tx: Connection, requester: UUID) -> set[UUID]:
    """Who asked: the requester, and for a service account the persons who made it or its tokens."""
    makers = tx.execute(
        text(
            "select distinct j.actor from journal j join principal p on p.id = :id and p.kind = 'service'"
            " where j.subject_type = 'principal' and j.subject_id = cast(:id as text)"
            " and j.action in ('token.issued', 'principal.created') and j.actor is not null"
        ),
        {"id": requester},
    ).scalars()
    return {requester, *makers}


def _roles_of_absent(tx: Connection, person: Principal, absent: UUID, change: ChangeRecord) -> frozenset[str]:
    row = tx.execute(
        text(
            "select p.handle, exists (select from deputy d where d.principal_id = p.id and d.deputy_id = :deputy"
            " and d.held @> now()) as stands_in,"
            " array(select distinct m.role from membership m join tenant t on t.id = m.tenant_id"
            "       where m.principal_id = p.id and m.held @> now() and (t.kind = 'region' or t.id = :tenant)) as roles"
            " from principal p where p.id = :absent and p.active and p.kind = 'person'"
        ),
        {"absent": absent, "deputy": person.id, "tenant": change.tenant_id},
    ).one_or_none()
    if row is None or not row.stands_in:
        whom = row.handle if row else str(absent)
        raise NotDeputy(f"{person.handle} is not the deputy of {whom} today.", pointer="/on_behalf_of")
    return frozenset(row.roles)


def _must_be_a_new_voice(tx: Connection, change: ChangeRecord, voices: Collection[UUID]) -> None:
    earlier = tx.execute(
        text(
            "select p.handle, a.role from change_approval a join principal p on p.id = a.decided_by"
            " where a.change_id = :id and a.plan_hash = :hash and a.decision = 'approve' and a.lapses_at > now()"
            " and (a.decided_by = any(:voices) or a.on_behalf_of = any(:voices)) limit 1"
        ),
        {"id": change.id, "hash": change.plan_hash, "voices": list(voices)},
    ).one_or_none()
    if earlier is not None:
        raise AlreadyDecided(
            f"{earlier.handle} has approved this plan as {earlier.role} already: one person, one voice."
        )


def _record(
    tx: Connection,
    change: ChangeRecord,
    person: Principal,
    role: str,
    decision: str,
    reason: str,
    on_behalf_of: UUID | None,
) -> None:
    tx.execute(
        text(
            "insert into change_approval (change_id, tenant_id, plan_hash, role, decision, decided_by, on_behalf_of,"
            " reason,"
            " lapses_at) values (:id, :tenant, :hash, :role, :decision, :by, :for, :reason, now() +"
            " make_interval(hours => :hours))"
        ),
        {
            "id": change.id, "tenant": change.tenant_id, "hash": change.plan_hash, "role": role, "decision": decision,
            "by": person.id, "for": on_behalf_of, "reason": reason.strip(),
            "hours": get_settings().approval_lapse_hours,
        },
    )  # fmt: skip


def voices(tx: Connection, change: ChangeRecord) -> dict[str, int]:
    """How many persons approved the present plan, by role."""
    rows = tx.execute(
        text(
            "select role, count(distinct decided_by) as n from change_approval where change_id = :id and plan_hash ="
            " :hash"
            " and decision = 'approve' and lapses_at > now() group by role"
        ),
        {"id": change.id, "hash": change.plan_hash},
    )
    return {row.role: row.n for row in rows}


def _settle(tx: Connection, change: ChangeRecord, body: dict[str, str | None], *, settled: bool) -> None:
    if settled:
        tx.execute(
            text("update change set emergency_due = null, version = version + 1 where id = :id"), {"id": change.id}
        )
    moves.announce(tx, as_moved(change), "change.settled" if settled else "change.approval_given", body=body)


def frozen(tx: Connection, change_id: UUID) -> tuple[ChangeFacts, Requester]:
    """What policy was asked about when the Change was planned, and who asked for it."""
    return frozen_facts(
        tx.execute(text("select plan -> 'facts' from change where id = :id"), {"id": change_id}).scalar_one()
    )


def as_moved(change: ChangeRecord) -> moves.Moved:
    """The Change as the notice of a move that leaves it in its state."""
    return moves.Moved(
        change.id, change.tenant_id, change.kind, change.title, change.state, change.state, change.waiting_for,
        change.plan_hash, change.version,
    )  # fmt: skip
