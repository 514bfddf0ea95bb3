"""Ask for a Change: preview it, submit it, plan it anew, take a finished one back.

A plan is made and stored in one transaction. When it only writes the inventory and policy asks nobody, it is carried
out in that same transaction: one commit, same hash, same audit, no durable run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from core.db import Database
from core.errors import Conflict
from core.ids import uuid7
from core.settings import get_settings
from orchestrator import blobs, commands, moves, registry
from orchestrator.errors import ChangeEnded, MoveRefused, NothingToUndo, ReasonMissing
from orchestrator.kinds import AnyKind
from orchestrator.plan import Draft, Plan, digest_of
from orchestrator.planning import ChangeRequest, TransactionWorld, facts_for, freeze, intent_of
from orchestrator.policy import ChangeFacts, Policy, frozen_facts, policy
from orchestrator.records import ChangeRecord, read, read_plan
from orchestrator.refusals import pointing_into_the_intent, said_plainly
from orchestrator.states import ENDED, State
from orchestrator.undo import had_its_approvals, merged, must_be_undoable, steps_done

if TYPE_CHECKING:
    from core.identity import Principal
    from orchestrator.registry import Registry

__all__ = ["preview", "replan", "submit", "undo"]


def preview(
    database: Database,
    person: Principal,
    request: ChangeRequest,
    request_id: str = "",
    *,
    kinds: Registry | None = None,
    rules: Policy | None = None,
) -> Plan:
    """What would be done, by whom approved: nothing is written. Commands are tried and rolled back.

    Raises:
        UnknownKind, IntentRefused, Denied: before anything is planned.
        IrisplaneError: what the kind says of the intent, or the database of the commands.
    """
    work = _Work(database, person, request, request_id, kinds or registry.installed(), rules or policy())
    scope = person.scope(request_id, request.reason)
    with said_plainly(), database.transaction("api", scope, preview=True) as tx:
        draft = work.draft(tx, action="preview")
        plan = work.freeze(draft)
        commands.execute(tx, plan.commands)
        with pointing_into_the_intent():
            work.kind.reserve(plan, None, tx)
        return plan


def submit(
    database: Database,
    person: Principal,
    request: ChangeRequest,
    request_id: str = "",
    *,
    kinds: Registry | None = None,
    rules: Policy | None = None,
) -> ChangeRecord:
    """Plan, freeze, hash, store; then wait for people, or be ready to run, or have run already.

    The state afterwards is ``waiting``, ``approved``, or ``succeeded``: for a plan that has nothing to do, and for one
    that only writes the inventory and needs nobody.

    Raises:
        ReasonMissing, UnknownKind, IntentRefused, Denied: before anything is planned.
        IrisplaneError: what the kind says of the intent, or the database of the commands.
    """
    must_say_why(request.reason)
    work = _Work(database, person, request, request_id, kinds or registry.installed(), rules or policy())
    change_id = work.change_id = uuid7()
    scope = person.scope(request_id, request.reason).for_change(change_id)
    with said_plainly(), database.transaction("api", scope) as tx:
        draft = work.draft(tx, action="submit")
        return work.store(tx, change_id, draft)


def undo(
    database: Database,
    person: Principal,
    change_id: UUID,
    reason: str,
    request_id: str = "",
    *,
    kinds: Registry | None = None,
    rules: Policy | None = None,
) -> ChangeRecord:
    """A new Change of the same kind that takes a finished one back, from what its steps recorded.

    Within 24 hours of a change that had its approvals, policy asks nobody again.

    Raises:
        NothingToUndo: it has not run, was taken back already, or altered nothing.
        RowsChanged: rows it wrote were altered since.
    """
    must_say_why(reason)
    new_id = uuid7()
    with said_plainly(), database.transaction("api", person.scope(request_id, reason).for_change(new_id)) as tx:
        done = read(tx, change_id)
        plan = read_plan(tx, change_id)
        must_be_undoable(tx, done)
        request = ChangeRequest(
            kind=done.kind, intent=dict(plan.intent), reason=reason, options=plan.options, tenant=done.tenant_id
        )
        work = _Work(database, person, request, request_id, kinds or registry.installed(), rules or policy())
        work.change_id, work.undo_of = new_id, done.id
        work.recent_undo = had_its_approvals(tx, done, plan, work.rules)
        draft = work.draft_of_undo(tx, plan)
        if not draft.targets and not draft.commands:
            raise NothingToUndo(f"The change {change_id} altered nothing.", change_id=str(change_id))
        must_be_undoable(tx, _lock_as_read(tx, done))  # another undo, stored meanwhile, does not move the change itself
        return work.store(tx, new_id, draft)


def replan(
    database: Database,
    person: Principal,
    change_id: UUID,
    reason: str,
    request_id: str = "",
    *,
    kinds: Registry | None = None,
    rules: Policy | None = None,
) -> ChangeRecord:
    """Plan again with the world as it is now.

    A Change that still waits gets its new plan and hash in place, and approvals are asked anew; one that ended without
    effect (stale, expired, failed …) is submitted again as a new Change.

    Raises:
        MoveRefused: it is running.
        ChangeEnded: it succeeded.
    """
    must_say_why(reason)
    with said_plainly(), database.transaction("api", person.scope(request_id, reason).for_change(change_id)) as tx:
        present = read(tx, change_id)
        request = _request_again(present, read_plan(tx, change_id), reason)
        if present.undo_of is not None and present.state in ENDED:
            raise ChangeEnded(
                "An undo that ended is asked for again on the change itself.", change_id=str(present.undo_of)
            )
        if present.state in {State.WAITING, State.APPROVED}:
            work = _Work(database, person, request, request_id, kinds or registry.installed(), rules or policy())
            work.change_id = change_id
            work.rules.require(person, "replan", frozen_facts(read_plan(tx, change_id).facts)[0])
            return work.replace(tx, present)
    if present.state not in ENDED:
        raise MoveRefused(f"The change is {present.state}; it cannot be planned anew.", state=present.state.value)
    if present.state is State.SUCCEEDED:
        raise ChangeEnded("The change succeeded; there is nothing to plan anew.", state=present.state.value)
    return submit(database, person, request, request_id, kinds=kinds, rules=rules)


def must_say_why(reason: str) -> None:
    """Raises ``ReasonMissing`` for a blank reason."""
    if not reason.strip():
        raise ReasonMissing("A reason is required, and it may not be blank.", pointer="/reason")


@dataclass(slots=True)
class _Work:
    """One request on its way into the database."""

    database: Database
    person: Principal
    request: ChangeRequest
    request_id: str
    kinds: Registry
    rules: Policy
    change_id: UUID | None = None
    undo_of: UUID | None = None
    recent_undo: bool = False

    @property
    def kind(self) -> AnyKind:
        return self.kinds.get(self.request.kind)

    @property
    def tenant(self) -> UUID:
        return self.request.tenant or self.person.tenant_id

    def draft(self, tx: Connection, action: str) -> Draft:
        """Ask policy at the door, then the kind; policy once more when it sees what the kind wants to do."""
        kind = self.kind
        self._ask(
            action, ChangeFacts(kind.name, str(self.tenant), str(self.person.id), emergency=self.request.emergency)
        )
        intent = intent_of(kind, self.request.intent)
        with pointing_into_the_intent():
            draft = kind.plan(intent, self._world(tx))
        self._ask(action, facts_for(kind, self.request, draft, self.person))
        return draft

    def draft_of_undo(self, tx: Connection, plan: Plan) -> Draft:
        """What takes the other Change back: its kind's undo of the steps, and the stored inverse of its commands."""
        assert self.undo_of is not None
        kind = self.kind
        self._ask("undo", ChangeFacts(kind.name, str(self.tenant), str(self.person.id)))
        inverse: Sequence[Any] = tx.execute(
            text("select coalesce(outcome -> 'inverse', '[]') from change where id = :id"), {"id": self.undo_of}
        ).scalar_one()
        steps = steps_done(tx, self.undo_of, plan)
        kind.must_be_undoable(steps, self._world(tx))
        summary = f"Take back: {plan.summary}"
        draft = kind.plan_undo(steps, self._world(tx)) if steps else Draft(summary=summary, impact=plan.impact)
        kept = {name: plan.facts[name] for name in kind.undo_keeps & plan.facts.keys()}
        return merged(replace(draft, facts={**kept, **draft.facts}), summary, tuple(inverse))

    def freeze(self, draft: Draft) -> Plan:
        """The draft as a frozen plan."""
        return freeze(
            self.kind, self.request, draft, self.person, self.rules, undo_of=self.undo_of, recent_undo=self.recent_undo
        )

    def store(self, tx: Connection, change_id: UUID, draft: Draft) -> ChangeRecord:
        """Write the Change; carry it out on the spot when it may."""
        plan = self.freeze(draft)
        stored = plan.as_json()
        waiting_for = [need.role for need in plan.approvals if need.due == "before"]
        idle = not plan.targets and not plan.commands
        inline = not idle and not plan.targets and not waiting_for and not self._later
        outcome = '{"nothing_to_do":true}' if idle else "{}"
        if inline:
            outcome = f'{{"inverse":[{",".join(commands.execute(tx, plan.commands))}]}}'
        elif plan.commands:
            _try(tx, plan)
        blobs.put_all(tx, draft.blobs)
        state = State.SUCCEEDED if idle or inline else State.WAITING if waiting_for else State.APPROVED
        settings = get_settings()
        row = tx.execute(
            _INSERT,
            {
                "id": change_id,
                "tenant_id": self.tenant,
                "kind": plan.kind,
                "title": plan.summary,
                "state": state.value,
                "waiting_for": waiting_for,
                "reason": self.request.reason.strip(),
                "requested_by": self.person.id,
                "request_id": self.request_id,
                "plan_hash": digest_of(stored),
                "plan": stored,
                "not_before": self.request.not_before,
                "expires_hours": settings.change_expiry_hours,
                "emergency": self.request.emergency,
                "emergency_hours": settings.emergency_second_hours if self._needs_second_look(plan) else None,
                "undo_of": self.undo_of,
                "ended": state in ENDED,
                "outcome": outcome,
                "channel": moves.APPROVED_CHANNEL,
            },
        ).one()
        if not idle and self.undo_of is None:
            with pointing_into_the_intent():
                self.kind.reserve(plan, change_id, tx)
        record = ChangeRecord(
            id=change_id, tenant_id=self.tenant, kind=plan.kind, title=plan.summary, state=state,
            waiting_for=tuple(waiting_for), plan_hash=row.plan_hash, requested_by=self.person.id,
            reason=self.request.reason.strip(), version=1, emergency=self.request.emergency,
            emergency_due=row.emergency_due, not_before=self.request.not_before, expires_at=row.expires_at,
            undo_of=self.undo_of, finished_at=row.finished_at,
            outcome={"nothing_to_do": True} if idle else {},
        )  # fmt: skip
        self._announce(tx, record, plan, inline=inline)
        return record

    def replace(self, tx: Connection, present: ChangeRecord) -> ChangeRecord:
        """Put a new plan into a Change that waits."""
        if present.undo_of is not None:
            self.undo_of = present.undo_of
            done, plan = read(tx, present.undo_of), read_plan(tx, present.undo_of)
            self.recent_undo = had_its_approvals(tx, done, plan, self.rules)
            draft = self.draft_of_undo(tx, plan)
        else:
            draft = self.draft(tx, "replan")
        new = self.freeze(draft)
        _lock_as_read(tx, present)
        if new.hash == present.plan_hash:
            return present
        _try(tx, new)
        if self.undo_of is None:
            self.kind.release(present.id, tx)
            with pointing_into_the_intent():
                self.kind.reserve(new, present.id, tx)
        blobs.put_all(tx, draft.blobs)
        columns = {"plan": new.as_json(), "plan_hash": new.hash, "title": new.summary}
        waiting_for = [need.role for need in new.approvals if need.due == "before"]
        body = {"old_plan_hash": present.plan_hash}
        moves.move(
            tx,
            present.id,
            State.WAITING,
            action="change.replanned",
            waiting_for=waiting_for,
            columns=columns,
            body=body,
        )
        if not waiting_for:
            moves.move(tx, present.id, State.APPROVED)
        return read(tx, present.id)

    @property
    def _later(self) -> bool:
        when = self.request.not_before
        return when is not None and when > datetime.now(UTC)

    @staticmethod
    def _needs_second_look(plan: Plan) -> bool:
        return any(need.due == "after" for need in plan.approvals)

    def _world(self, tx: Connection) -> TransactionWorld:
        scope = self.person.scope(self.request_id, self.request.reason)
        return TransactionWorld(tx, scope.for_change(self.change_id) if self.change_id else scope, self.database)

    def _ask(self, action: str, facts: ChangeFacts) -> None:
        self.rules.require(self.person, action, facts)
        if facts.emergency:
            self.rules.require(self.person, "emergency", facts)

    def _announce(self, tx: Connection, record: ChangeRecord, plan: Plan, *, inline: bool) -> None:
        moved = moves.Moved(
            record.id, record.tenant_id, record.kind, record.title, record.state, record.state, record.waiting_for,
            record.plan_hash, 1,
        )  # fmt: skip
        body: dict[str, Any] = {"requested_by": str(record.requested_by), "targets": len(plan.targets)}
        if record.undo_of:
            body["undo_of"] = str(record.undo_of)
        if record.emergency:
            body["emergency"] = True
        if record.state is State.SUCCEEDED:
            body["inline"] = inline
            body["rows"] = sum(len(command["rows"]) for command in plan.commands)
        moves.announce(
            tx, moved, "change.succeeded" if record.state is State.SUCCEEDED else "change.submitted", body=body
        )


_INSERT: Final = text(
    "insert into change (id, tenant_id, kind, title, state, waiting_for, reason, requested_by, request_id,"
    " plan_hash, plan,"
    " not_before, expires_at, emergency, emergency_due, undo_of, started_at, finished_at, outcome)"
    " values (:id, :tenant_id, :kind, :title, :state, :waiting_for, :reason, :requested_by, :request_id, :plan_hash,"
    " cast(:plan as jsonb), :not_before,"
    " greatest(now(), cast(:not_before as timestamptz)) + make_interval(hours => :expires_hours), :emergency,"
    " now() + make_interval(hours => cast(:emergency_hours as integer)), :undo_of, case when :ended then now() end,"
    " case when :ended then now() end, cast(:outcome as jsonb))"
    # Nobody is asked: a worker is told at once, as it is of an approval.
    " returning plan_hash, expires_at, emergency_due, finished_at,"
    " case when state = 'approved' then pg_notify(:channel, '')::text end as told"
)


def _try(tx: Connection, plan: Plan) -> None:
    """Carry commands out and take them back: what cannot work is said now, not to the approver's surprise later."""
    if plan.commands:
        savepoint = tx.begin_nested()
        try:
            tx.exec_driver_sql("select set_config('irisplane.preview', 'on', true)")
            commands.execute(tx, plan.commands)
        finally:
            savepoint.rollback()


def _lock_as_read(tx: Connection, seen: ChangeRecord) -> ChangeRecord:
    """Keep others from moving a Change, once it is planned what shall become of it.

    Not before: a plan may ask equipment that hangs, and the journal is numbered only up to the oldest transaction that
    writes or locks.

    Raises:
        Conflict: it was moved meanwhile.
    """
    present = read(tx, seen.id, lock=True)
    if present.version != seen.version:
        raise Conflict(
            f"The change was {seen.state} when this was planned and is {present.state} now.",
            hint="Look at it and ask again.",
        )
    return present


def _request_again(present: ChangeRecord, plan: Plan, reason: str) -> ChangeRequest:
    return ChangeRequest(
        kind=present.kind, intent=dict(plan.intent), reason=reason, options=plan.options, not_before=present.not_before,
        emergency=present.emergency, tenant=present.tenant_id,
    )  # fmt: skip
