"""From approved to running, and nothing running without a run.

A tick does two things, both safe on any number of workers at once. *Admit*: an approved Change whose time has come,
that policy still lets through and whose targets are all free, becomes ``running`` in one transaction with its locks and
steps. *Carry*: for every Change that is ``running`` or ``rolling_back``, see that its durable run exists and that
somebody living has it; run ids are a function of the Change, so starting one twice is starting it once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, text

from core.journal.record import record
from core.scope import EVERY_TENANT, Scope
from orchestrator import calendar, locks, moves, policy
from orchestrator.durable import DurableEngine
from orchestrator.plan import Plan
from orchestrator.runs.carrier import Carrier, database_gone
from orchestrator.runs.flow import BATCH, ROLLBACK, batch_run_id, rollback_run_id
from orchestrator.states import State
from orchestrator.turned_away import turn_away

__all__ = ["Dispatcher"]

_LOG = logging.getLogger(__name__)
_SCOPE: Final = Scope(tenant=EVERY_TENANT, reason="run approved changes")
_AT_ONCE: Final = 200
_MOST_RUNS: Final = 8
_LONGEST_PAUSE: Final = 60.0

_APPROVED: Final = text(
    "select id, kind, requested_by, request_id, reason, emergency, plan_hash, waiting_for, not_before, early from ("
    "select *, not_before > now() as early,"
    # Told already what they wait for: however many of those there are, they hold up nobody behind them.
    " row_number() over (partition by outcome ? 'waits' order by emergency desc, id) as place"
    " from change where state = 'approved'"
    # Without targets there is nothing to run durably: orchestrator.inline writes the inventory in one transaction.
    " and not (jsonb_array_length(plan -> 'targets') = 0 and jsonb_array_length(plan -> 'commands') > 0)"
    " and not (coalesce(not_before > now(), false) and waiting_for = array['schedule'])"
    ") c where place <= :limit order by emergency desc, id"
)


class _Blocked(Exception):
    """Not an error: how an admission leaves its transaction without committing it."""

    def __init__(self, waits_for: str, detail: Mapping[str, Any]) -> None:
        super().__init__(waits_for)
        self.waits_for = waits_for
        self.detail = detail


class Dispatcher:
    """One worker's dispatcher.

    Args:
        most_runs: Changes this worker carries at the same time.
    """

    def __init__(self, carrier: Carrier, engine: DurableEngine, *, most_runs: int = _MOST_RUNS) -> None:
        self._carrier = carrier
        self._engine = engine
        self._most_runs = most_runs
        self._wake = threading.Event()
        self._plans: dict[UUID, tuple[str, Plan]] = {}
        self._restarts: dict[str, tuple[int, float]] = {}

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    def wait(self, seconds: float) -> None:
        """Until somebody wakes us, or for so long."""
        self._wake.wait(seconds)
        self._wake.clear()

    def tick(self) -> None:
        """Admit what may run, carry what runs."""
        if self._carrier.stopping:
            return
        self._admit_all()
        self._carry_all()

    # ---------------------------------------------------------------------------------------------------------- admit
    def _admit_all(self) -> None:
        with self._carrier.database.transaction("worker", _SCOPE) as tx:
            approved = tx.execute(_APPROVED, {"limit": _AT_ONCE}).all()
        self._plans = {row.id: self._plans[row.id] for row in approved if row.id in self._plans}
        wanted: set[str] = set()
        room = self._most_runs - self._carrier.active  # what is admitted here counts as active only once it is carried
        for row in approved:
            if row.early:
                self._waits(row, "schedule", {"not_before": row.not_before.isoformat()})
                continue
            if room <= 0 or self._carrier.stopping:
                return
            try:
                room -= self._admit(row, wanted)
            except _Blocked as blocked:
                if blocked.waits_for == "locks":
                    # Whoever came first gets the targets first: a later change must not overtake on one of them.
                    wanted |= {target.id for target in self._plan(row).targets}
                self._waits(row, blocked.waits_for, blocked.detail)
            except Exception as error:
                if database_gone(error):
                    raise
                _LOG.exception("change %s cannot be admitted now", row.id)

    def _admit(self, row: Any, wanted: Collection[str]) -> bool:
        """Whether it runs now."""
        kind = self._carrier.registry.kinds().get(row.kind)  # one that is unknown here says so when it runs
        if kind is not None and (waits := kind.waits_for()):
            raise _Blocked(*waits)
        scope = Scope(EVERY_TENANT, row.requested_by, row.request_id, row.reason, row.id)
        with self._carrier.database.transaction("worker", scope) as tx:
            held = tx.execute(
                text(
                    "select tenant_id, plan, now() as now from change where id = :id and state = 'approved'"
                    " for update skip locked"
                ),
                {"id": row.id},
            ).one_or_none()
            if held is None or not self._passes(tx, row.id):
                return False
            plan = self._plan(row, held.plan)
            allowed = calendar.may_run_now(tx, plan, held.now)
            if not allowed:
                raise _Blocked("window", _later(allowed))
            targets = {target.id for target in plan.targets}
            if overtaken := sorted(targets & set(wanted)):
                raise _Blocked("locks", {"targets": overtaken[:20]})
            if not locks.take(tx, row.id, targets, purpose=plan.summary, epoch=0):
                raise _Blocked("locks", _held_by(tx, row.id, targets))
            self._lay_out(tx, row.id, held.tenant_id, plan)
            moves.move(
                tx, row.id, State.RUNNING, columns={"batch": 0, "executor": self._carrier.executor},
                body={"targets": len(targets), "batches": len(plan.batches), "atomic": plan.options.atomic},
            )  # fmt: skip
        return True

    def _passes(self, tx: Connection, change_id: UUID) -> bool:
        """The gate: asked in the database at the moment of running."""
        decision = policy.gate(tx, change_id)
        if not decision.allowed:
            turn_away(tx, change_id, decision)
        return decision.allowed

    def _plan(self, row: Any, stored: dict[str, Any] | None = None) -> Plan:
        known = self._plans.get(row.id)
        if known is None or known[0] != row.plan_hash:
            if stored is None:
                with self._carrier.database.transaction("worker", _SCOPE) as tx:
                    stored = tx.execute(text("select plan from change where id = :id"), {"id": row.id}).scalar_one()
            known = self._plans[row.id] = (row.plan_hash, Plan.from_dict(stored))
        return known[1]

    @staticmethod
    def _lay_out(tx: Connection, change_id: UUID, tenant_id: UUID, plan: Plan) -> None:
        names = {target.id: target.name for target in plan.targets}
        ordered = [(number, target) for number, batch in enumerate(plan.batches) for target in batch]
        rows = [
            {"ordinal": ordinal, "batch": number, "target_id": target, "target_name": names[target]}
            for ordinal, (number, target) in enumerate(ordered)
        ]
        tx.execute(
            text(
                "insert into change_step (change_id, tenant_id, ordinal, batch, target_id, target_name)"
                " select :change, :tenant, ordinal, batch, target_id, target_name"
                " from jsonb_to_recordset(cast(:rows as jsonb))"
                " as r(ordinal integer, batch integer, target_id text, target_name text)"
            ),
            {"change": change_id, "tenant": tenant_id, "rows": msgspec.json.encode(rows).decode()},
        )

    def _waits(self, row: Any, reason: str, detail: Mapping[str, Any]) -> None:
        """Say on the Change what it waits for, once."""
        if list(row.waiting_for) == [reason]:
            return
        scope = Scope(EVERY_TENANT, None, row.request_id, row.reason, row.id)
        with self._carrier.database.transaction("worker", scope) as tx:
            told = tx.execute(
                text(
                    "update change set waiting_for = array[:reason], outcome = outcome || cast(:outcome as jsonb),"
                    " version = version + 1 where id = :id and state = 'approved' returning tenant_id"
                ),
                {"id": row.id, "reason": reason, "outcome": msgspec.json.encode({"waits": detail}).decode()},
            ).scalar_one_or_none()
            if told is not None:
                body = {"waiting_for": [reason], **detail}
                record(tx, "event", "change.waits", "change", row.id, body=body, tenant_id=told)

    # ---------------------------------------------------------------------------------------------------------- carry
    def _carry_all(self) -> None:
        with self._carrier.database.transaction("worker", _SCOPE) as tx:
            living = set(tx.execute(text("select executor from executor_lease")).scalars())
            running = tx.execute(
                text("select id, state, batch from change where state in ('running', 'rolling_back') order by id")
            ).all()
        for row in running:
            try:
                self._carry(row, living)
            except Exception as error:
                if database_gone(error):
                    raise
                _LOG.exception("run of change %s cannot be started now", row.id)
        self._restarts = {key: value for key, value in self._restarts.items() if value[1] > time.monotonic() - 600}

    def _carry(self, row: Any, living: Collection[str]) -> None:
        back = row.state == State.ROLLING_BACK
        run_id = rollback_run_id(row.id) if back else batch_run_id(row.id, row.batch)
        if run_id in self._carrier.runs:
            return
        workflow = ROLLBACK if back else BATCH
        status, executor = self._engine.status(run_id)
        if status == "absent":
            self._engine.start(workflow, run_id, str(row.id), row.batch)
        elif status == "ended":
            self._start_again(workflow, run_id, row)
        elif executor and executor not in living:
            self._engine.recover([executor])  # its lease row is gone already: it came back for a moment

    def _start_again(self, workflow: str, run_id: str, row: Any) -> None:
        """A run that ended without having brought its Change on: it was interrupted. Again, with growing pauses."""
        times, last = self._restarts.get(run_id, (0, 0.0))
        if times and time.monotonic() < last + min(2.0**times, _LONGEST_PAUSE):
            return
        with self._carrier.database.transaction("worker", _SCOPE) as tx:
            mine = tx.execute(
                text("select pg_try_advisory_xact_lock(hashtextextended(:run, 0))"), {"run": run_id}
            ).scalar_one()
            now = tx.execute(text("select state, batch from change where id = :id"), {"id": row.id}).one()
            if (
                not mine
                or (now.state, now.batch) != (row.state, row.batch)
                or self._engine.status(run_id)[0] != "ended"
            ):
                return
            self._restarts[run_id] = (times + 1, time.monotonic())
            _LOG.warning("run %s was interrupted; started again", run_id)
            self._engine.restart(workflow, run_id, str(row.id), row.batch)


def _held_by(tx: Connection, change_id: UUID, targets: Collection[str]) -> dict[str, Any]:
    """Who stands in the way; what the attempt itself took is not held, because it does not commit."""
    return {
        "locks": [
            {"target": h.target_id, "change": str(h.change_id), "purpose": h.purpose, "since": h.since.isoformat()}
            for h in locks.holders(tx, targets, beside=change_id)
        ]
    }


def _later(refusal: calendar.Answer) -> dict[str, Any]:
    return {"why": refusal.why, **({"until": refusal.until.isoformat()} if refusal.until else {})}
