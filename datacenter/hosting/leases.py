"""Leases: a server has an end date; people are warned before, it is stopped then, and given back after a grace.

Stopping and giving back are Changes like any other, asked for by the system's own account in the administration's
name. Each step is taken once for each end date: who renews begins anew. A protected server is stopped and stays.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final
from uuid import UUID

from pydantic import AwareDatetime
from sqlalchemy import Connection, Row, text

from core.bootstrap import SYSTEM
from core.db import Database
from core.errors import Conflict, IrisplaneError
from core.identity import Principal, principal_in
from core.journal.record import record
from core.scope import EVERY_TENANT, Scope
from core.settings import Settings, get_settings
from datacenter.hosting.errors import NoLeaseHere
from datacenter.hosting.servers.changes.base import ServerIntent
from datacenter.hosting.servers.queries import read
from orchestrator import commands, engine, moves
from orchestrator.engine import ChangeRequest
from orchestrator.kinds import ChangeKind, World
from orchestrator.plan import Draft, Plan
from orchestrator.states import State

__all__ = ["ExtendIntent", "ServerExtend", "enforce"]

_LOG = logging.getLogger(__name__)

_STOP: Final = "hosting.server.stop"
_DELETE: Final = "hosting.server.delete"
_AGAIN: Final = timedelta(minutes=15)
"""After a stop that did not go through, when it is asked for again."""
_STOPPED_DAY: Final = 0
_DELETED_DAY: Final = -1


class ExtendIntent(ServerIntent):
    """Until when the server is leased; absent: as long again as the settings say, from its present end or from now."""

    lease_until: AwareDatetime | None = None


class ServerExtend(ChangeKind[ExtendIntent]):
    """Renew a lease: at once, without asking anybody again. A stop that waits because it had ended is taken back."""

    name = "hosting.server.extend"
    title = "Extend a lease"
    intent = ExtendIntent
    undo_keeps = frozenset({"bounded"})
    needs_network: ClassVar[bool] = False

    def plan(self, intent: ExtendIntent, world: World) -> Draft:
        """One column of our own row.

        Raises:
            NoSuchServer: none in this scope.
            NoLeaseHere: it has no end, or would have an earlier one.
        """
        server = read(world.tx, intent.server, "/server")
        present = world.tx.execute(
            text("select lease_until from server where id = :id"), {"id": server.id}
        ).scalar_one()
        if present is None:
            raise NoLeaseHere(f"{server.name} has no end.", pointer="/lease_until", hint="Nothing to do.")
        now = datetime.now(UTC)
        until = intent.lease_until or max(present, now) + timedelta(days=get_settings().server_lease_days)
        if until <= max(present, now):
            raise NoLeaseHere(
                f"{server.name} is leased until {_day(present)}; {_day(until)} is no later.", pointer="/lease_until"
            )
        return Draft(
            f"Extend the lease of {server.name} to {_day(until)}",
            commands=(commands.update("server", [{"id": str(server.id), "lease_until": until.isoformat()}]),),
            facts={"bounded": True, "project": str(server.project_id)},
            undo_note="The former end holds again.",
        )

    def reserve(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:
        """Take back what waits to be done because the lease had ended, and say what the Change is about."""
        if change_id is None:
            return
        server = str(plan.intent["server"])
        for waiting in tx.execute(_WAITING, {"server": server}).scalars().all():
            moves.move(tx, waiting, State.CANCELLED, body={"by": "lease", "renewed_by": str(change_id)})
        tx.execute(
            text(
                "update change set outcome = outcome || jsonb_build_object('resource', jsonb_build_object("
                "'type', 'server', 'id', cast(:id as text))) where id = :change"
            ),
            {"id": server, "change": change_id},
        )


_WAITING: Final = text(
    "select c.id from change c join lease_step s on s.change_id = c.id where s.server_id = cast(:server as uuid)"
    " and c.state in ('waiting', 'approved') for update of c"
)


@dataclass(frozen=True, slots=True)
class _Terms:
    """How long before its end people are warned, and how long after it a server is kept stopped."""

    days: tuple[int, ...]
    grace: timedelta

    @classmethod
    def of(cls, settings: Settings) -> _Terms:
        return cls(settings.server_lease_warnings, timedelta(days=settings.server_lease_grace_days))


def enforce(database: Database, now: datetime | None = None, settings: Settings | None = None) -> int:
    """Warn, stop and give back what is due; gives how many steps were taken. Called by the worker every few minutes.

    Args:
        now: the time that counts; the clock's when absent.
    """
    at = now or datetime.now(UTC)
    terms = _Terms.of(settings or get_settings())
    scope = Scope(EVERY_TENANT, reason="leases")
    with database.transaction("platform", scope) as tx:
        person = _system(tx)
        due = (
            []
            if person is None
            else tx.execute(_DUE, {"horizon": at + timedelta(days=max(terms.days, default=0))}).all()
        )
    taken = 0
    for server in due:
        assert person is not None
        try:
            with database.transaction("api", person.scope("", "leases")) as tx:
                taken += _step(database.joining(tx), tx, person, server.id, at, terms)
        except Conflict as error:  # it is being altered, or is as it shall be already: looked at again next time
            _LOG.info("lease of %s: %s", server.name, error.message)
        except IrisplaneError as error:
            _LOG.warning("lease of %s: %s %s", server.name, error.code, error.message)
    return taken


_DUE: Final = text(
    "select id, name from server where lease_until <= :horizon and gone_at is null"
    " and status not in ('ordered', 'building', 'kept', 'deleting', 'vanished', 'gone') order by lease_until, id"
)
_ONE: Final = text(
    "select s.id, s.tenant_id, s.name, s.status, s.protected, s.lease_until,"
    " coalesce((select jsonb_object_agg(l.days, coalesce(c.state, '')) from lease_step l"
    "           left join change c on c.id = l.change_id"
    "          where l.server_id = s.id and l.lease_until = s.lease_until), '{}') as taken,"
    " (select max(coalesce(c.finished_at, l.taken_at)) from lease_step l left join change c on c.id = l.change_id"
    "   where l.server_id = s.id and l.lease_until = s.lease_until and l.days <= 0) as last"
    " from server s where s.id = :id and s.lease_until is not null and s.gone_at is null for update of s skip locked"
)
_TAKE: Final = text(
    "insert into lease_step (server_id, tenant_id, lease_until, days, change_id)"
    " select :server, :tenant, :until, d, :change from unnest(cast(:days as integer[])) d"
    " on conflict (server_id, lease_until, days) do update set change_id = excluded.change_id, taken_at = now()"
)


def _step(joined: Database, tx: Connection, person: Principal, server_id: UUID, at: datetime, terms: _Terms) -> int:
    """The one step that is due for a server, under its row's lock: a renewal waits for it, or it for the renewal."""
    server = tx.execute(_ONE, {"id": server_id}).one_or_none()
    if server is None:
        return 0
    taken = {int(day): str(state) for day, state in server.taken.items()}
    if at < server.lease_until:
        return _warn(tx, server, at, [day for day in terms.days if day not in taken])
    if at >= server.lease_until + terms.grace and not server.protected:
        return _ask(joined, tx, person, server, _DELETED_DAY, taken, terms)
    if server.status == "stopped":
        return 0 if _STOPPED_DAY in taken else _ended(tx, server, None, terms)
    return _ask(joined, tx, person, server, _STOPPED_DAY, taken, terms)


def _warn(tx: Connection, server: Row[Any], at: datetime, open_days: Sequence[int]) -> int:
    """One warning, the nearest; those that were due before it are not made up for."""
    due = [day for day in open_days if at >= server.lease_until - timedelta(days=day)]
    if not due:
        return 0
    _take(tx, server, due, None)
    left = -((at - server.lease_until) // timedelta(days=1))
    body = {"days": left, "until": _day(server.lease_until), "name": server.name}
    record(tx, "event", "lease.ends", "server", server.id, body=body, tenant_id=server.tenant_id)
    return 1


def _ask(
    joined: Database,
    tx: Connection,
    person: Principal,
    server: Row[Any],
    day: int,
    taken: dict[int, str],
    terms: _Terms,
) -> int:
    """Ask for the stop or the deletion, unless it was asked for and may still happen, or just failed."""
    if day in taken:
        ended = taken[day] in {"", "rejected", "cancelled", "expired", "stale", "failed", "rolled_back", "unknown"}
        if not ended or (server.last is not None and datetime.now(UTC) - server.last < _AGAIN):
            return 0
    kind = _STOP if day == _STOPPED_DAY else _DELETE
    reason = f"The lease of {server.name} ended at {_day(server.lease_until)}."
    asked = ChangeRequest(kind=kind, intent={"server": str(server.id)}, reason=reason, tenant=server.tenant_id)
    made = engine.submit(joined, person, asked)
    if day == _STOPPED_DAY and day not in taken:
        return _ended(tx, server, made.id, terms)
    _take(tx, server, [day], made.id)
    return 1


def _ended(tx: Connection, server: Row[Any], change: UUID | None, terms: _Terms) -> int:
    """The end was reached: said once, also of a server that was stopped already."""
    _take(tx, server, [_STOPPED_DAY], change)
    deleted = "" if server.protected else _day(server.lease_until + terms.grace)
    body = {"until": _day(server.lease_until), "deleted": deleted, "name": server.name}
    record(tx, "event", "lease.ended", "server", server.id, body=body, tenant_id=server.tenant_id)
    return 1


def _take(tx: Connection, server: Row[Any], days: Iterable[int], change: UUID | None) -> None:
    values = {"server": server.id, "tenant": server.tenant_id, "until": server.lease_until, "days": list(days)}
    tx.execute(_TAKE, {**values, "change": change})


def _system(tx: Connection) -> Principal | None:
    """The system's own account in the region; ``None`` before the first start has made it."""
    region = tx.execute(
        text(
            "select t.code from tenant t join membership m on m.tenant_id = t.id and m.held @> now()"
            " join principal p on p.id = m.principal_id and p.handle = :handle and p.active"
            " where t.kind = 'region' order by t.id limit 1"
        ),
        {"handle": SYSTEM},
    ).scalar()
    return None if region is None else principal_in(tx, SYSTEM, region)


def _day(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
