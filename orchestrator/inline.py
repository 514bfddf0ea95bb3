"""Changes that only write the inventory: carried out in one transaction, without a durable run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, text

from core.db import Database
from core.errors import Conflict, IrisplaneError, Unavailable
from core.scope import EVERY_TENANT, Scope
from orchestrator import commands, moves
from orchestrator.policy import Policy, gate
from orchestrator.records import read_plan
from orchestrator.runs.carrier import database_gone
from orchestrator.states import State
from orchestrator.turned_away import turn_away

__all__ = ["carry_out_if_possible", "run_due"]

_LOG = logging.getLogger(__name__)


def carry_out_if_possible(tx: Connection, change_id: UUID, rules: Policy | None = None) -> State | None:
    """Carry an approved Change out here and now if it has commands alone, is due, and the gate lets it.

    Returns:
        ``succeeded``; ``stale`` when the rows are no longer as the plan read them (nothing is written then); where the
        gate's refusal left it; ``None`` when it is not for us.
    Raises:
        Conflict, Unavailable: the database was busy with the same rows, or went away: no fault of the plan.
    """
    due = tx.execute(_IS_OURS, {"id": change_id}).one_or_none()
    if due is None:
        return None
    decision = gate(tx, change_id, rules)
    if not decision.allowed:
        return turn_away(tx, change_id, decision)
    plan = read_plan(tx, change_id)
    savepoint = tx.begin_nested()
    try:
        with _as_requester(tx, due):
            inverse = commands.execute(tx, plan.commands)
    except IrisplaneError as error:
        if isinstance(error, Unavailable) or type(error) is Conflict:  # Conflict itself: a lock; its kinds: the rows
            raise
        savepoint.rollback()
        moves.move(tx, change_id, State.STALE, outcome={"error": error.as_dict()})
        return State.STALE
    savepoint.commit()
    moves.move(tx, change_id, State.RUNNING, action="change.started")
    tx.execute(
        text("update change set outcome = outcome || cast(:outcome as jsonb) where id = :id"),
        {"id": change_id, "outcome": f'{{"inverse":[{",".join(inverse)}]}}'},
    )
    moves.move(tx, change_id, State.SUCCEEDED, body={"inline": True})
    return State.SUCCEEDED


@contextmanager
def _as_requester(tx: Connection, change: Row[Any]) -> Iterator[None]:
    """Rows are written under the requester's name, reason and reach: an approver of the region lends none of theirs."""
    before = tx.execute(_SCOPE).one()._asdict()
    tenant = EVERY_TENANT if change.of_region else str(change.tenant_id)
    mine = {"tenant": tenant, "actor": str(change.requested_by), "reason": change.reason}
    tx.execute(_SET_SCOPE, mine)
    yield
    tx.execute(_SET_SCOPE, before)  # not after an error: the savepoint's rollback gives them back


def run_due(database: Database, rules: Policy | None = None) -> int:
    """Carry out approved inventory changes whose time has come; gives how many it moved. Called by the worker."""
    everywhere = Scope(EVERY_TENANT, reason="its time has come")
    with database.transaction("platform", everywhere) as tx:
        due = tx.execute(_DUE).all()
    done = 0
    for row in due:
        tenant = EVERY_TENANT if row.of_region else row.tenant_id
        scope = Scope(tenant, row.requested_by, row.request_id, row.reason, row.id)
        try:
            with database.transaction("worker", scope) as tx:
                done += carry_out_if_possible(tx, row.id, rules) is not None
        except Exception as error:
            if database_gone(error):
                raise
            _LOG.exception("change %s cannot be carried out now", row.id)
    return done


_WHERE: Final = """
    c.state = 'approved' and coalesce(c.not_before, '-infinity') <= now()
    and jsonb_array_length(c.plan -> 'targets') = 0 and jsonb_array_length(c.plan -> 'commands') > 0
"""
_FROM: Final = """
    select c.id, c.tenant_id, c.requested_by, c.request_id, c.reason, t.kind = 'region' as of_region
      from change c join tenant t on t.id = c.tenant_id
"""
_IS_OURS: Final = text(f"{_FROM} where c.id = :id and {_WHERE} for update of c skip locked")
_DUE: Final = text(f"{_FROM} where {_WHERE} order by c.id limit 100")
_SCOPE: Final = text(
    "select current_setting('irisplane.tenant') as tenant, current_setting('irisplane.actor') as actor,"
    " current_setting('irisplane.reason') as reason"
)
_SET_SCOPE: Final = text(
    "select set_config('irisplane.tenant', :tenant, true), set_config('irisplane.actor', :actor, true),"
    " set_config('irisplane.reason', :reason, true)"
)
