"""What time does to Changes: they expire, approvals lapse, an emergency without a second look raises an alarm."""

from __future__ import annotations

import logging
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, text

from core.db import Database
from core.scope import EVERY_TENANT, Scope
from orchestrator import moves
from orchestrator.approvals import as_moved, frozen, voices
from orchestrator.policy import Policy, gate, policy
from orchestrator.records import read
from orchestrator.states import State
from orchestrator.turned_away import ask_again, turn_away

__all__ = ["lapse"]

_LOG = logging.getLogger(__name__)


def lapse(database: Database, rules: Policy | None = None) -> int:
    """Move every overdue Change on, each in a transaction of its own.

    Called by the worker twice a minute; gives how many Changes it touched.
    """
    rules = rules or policy()
    touched = 0
    scope = Scope(EVERY_TENANT, reason="time has passed")
    with database.transaction("platform", scope) as tx:
        overdue = tx.execute(_OVERDUE, {"id": None}).all()
    for seen in overdue:
        try:
            with database.transaction("platform", scope) as tx:
                row = tx.execute(_OVERDUE_STILL, {"id": seen.id}).one_or_none()
                touched += 0 if row is None else _lapse_one(tx, row, rules)
        except Exception:  # noqa: BLE001 - one change's bad day must not keep the others from ending
            _LOG.exception("change %s is overdue and could not be moved", seen.id)
    return touched


def _lapse_one(tx: Connection, row: Row[Any], rules: Policy) -> int:
    if row.alarm:
        tx.execute(_ALARMED, {"id": row.id})
        body = {"emergency_due": row.emergency_due.isoformat(), "alarm": True}
        moves.announce(tx, as_moved(read(tx, row.id)), "change.emergency_unapproved", body=body)
    elif row.expired:
        moves.move(tx, row.id, State.EXPIRED)
    else:
        return _reconsider(tx, row.id, rules)
    return 1


_OVERDUE: Final = text(
    "select id, emergency_due, emergency_due < now() and not outcome ? 'emergency_alarm' and state <> 'waiting' as"
    " alarm,"
    " state = 'waiting' and expires_at < now() as expired from change c"
    " where (cast(:id as uuid) is null or id = :id) and ((state = 'waiting' and expires_at < now())"
    " or (emergency_due < now() and not outcome ? 'emergency_alarm' and state not in ('waiting', 'approved'))"
    " or (state in ('waiting', 'approved') and exists (select from change_approval a where a.change_id = c.id"
    "     and a.plan_hash = c.plan_hash and a.decision = 'approve' and a.lapses_at <= now())))"
)
_OVERDUE_STILL: Final = text(f"{_OVERDUE.text} for update skip locked")
_ALARMED: Final = text(
    "update change set outcome = outcome || jsonb_build_object('emergency_alarm', now()), version = version + 1"
    " where id = :id"
)


def _reconsider(tx: Connection, change_id: UUID, rules: Policy) -> int:
    """Approvals lapsed: ask again whoever is missing now."""
    change = read(tx, change_id)
    if change.state is State.APPROVED:
        decision = gate(tx, change_id, rules)
    else:
        facts, requester = frozen(tx, change_id)
        decision = rules.missing(requester, facts, voices(tx, change))
    if decision.allowed or (
        change.state is State.WAITING and tuple(need.role for need in decision.needs) == change.waiting_for
    ):
        return 0
    (turn_away if change.state is State.APPROVED else ask_again)(tx, change_id, decision)
    return 1
