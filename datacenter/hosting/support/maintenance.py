"""Maintenance notices: what the region will do, when, how much it is felt, and which resources of whom it touches.

A notice alters nothing, so it is a row and no Change; the work itself is one, or several. Whom it touches is looked up
when it is scheduled and again until it is done, so who orders on a host that will be worked on is told as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from psycopg import sql
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Connection, text

from core.db import Database
from core.errors import InvalidInput, StaleVersion
from core.ids import uuid7
from core.journal.record import record
from core.scope import EVERY_TENANT, Scope
from datacenter.hosting.support.errors import MaintenanceMoved, NoSuchMaintenance
from datacenter.hosting.support.resources import table_of

__all__ = ["MOVES", "Impact", "State", "Touch", "alter", "announce_due", "draft", "listed", "one"]

Impact = Literal["none", "degraded", "interrupted"]
State = Literal["draft", "scheduled", "in-progress", "done", "cancelled"]

MOVES: Final[Mapping[str, frozenset[str]]] = {
    "draft": frozenset({"scheduled", "cancelled"}),
    "scheduled": frozenset({"in-progress", "cancelled"}),
    "in-progress": frozenset({"done", "cancelled"}),
    "done": frozenset(),
    "cancelled": frozenset(),
}
"""Where a notice goes from each state."""


class Touch(BaseModel):
    """Some resources: by their ids, or all of a type in a zone, on a host or of a tenant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str = Field(max_length=63, description="For example server.")
    ids: list[UUID] = Field(default_factory=list, max_length=1000)
    zone: str | None = Field(default=None, max_length=31, description="Code of a zone; servers only.")
    host: str | None = Field(default=None, max_length=255, description="Name of a host of the cloud; servers only.")
    tenant: str | None = Field(default=None, max_length=63, description="Code.")

    @model_validator(mode="after")
    def _narrow(self) -> Touch:
        if not (self.ids or self.zone or self.host or self.tenant):
            raise ValueError("name ids, a zone, a host or a tenant")
        if self.type != "server" and (self.zone or self.host):
            raise ValueError("only servers stand in a zone or on a host")
        return self


_TOUCHED: Final = """(select coalesce(json_agg(json_build_object('type', x.resource_type, 'id', x.resource_id,
    'name', x.resource_name, 'tenant', o.code) order by o.code, x.resource_type, x.resource_name), '[]')
    from maintenance_touch x join tenant o on o.id = x.tenant_id where x.maintenance_id = m.id)"""
_SHOWN: Final = f"""json_build_object('id', m.id,
    'title', json_build_object('fr', m.title_fr, 'nl', m.title_nl, 'en', m.title_en),
    'text', json_build_object('fr', m.text_fr, 'nl', m.text_nl, 'en', m.text_en),
    'impact', m.impact, 'state', m.state, 'begins', lower(m.held), 'ends', upper(m.held), 'resources', {_TOUCHED},
    'touches', case when (select irisplane_tenant()) = '*' then m.touches end, 'version', m.version)"""
_LIST: Final = text(
    f"select {_SHOWN}::text as body, m.id::text as key from maintenance m"  # noqa: S608 - parts are constants above
    " where (cast(:state as text) is null or m.state = :state)"
    " and (cast(:after as timestamptz) is null or upper(m.held) > :after)"
    " and (cast(:before as uuid) is null or m.id < :before) order by m.id desc limit :limit"
)
_ONE: Final = text(f"select {_SHOWN}::text as body, m.version from maintenance m where m.id = :id")  # noqa: S608 - same
_TEXTS: Final = ("title_fr", "title_nl", "title_en", "text_fr", "text_nl", "text_en", "impact")
_INSERT: Final = text(
    f"insert into maintenance (id, tenant_id, {', '.join(_TEXTS)}, held, touches)"  # noqa: S608 - names of columns above
    f" values (:id, :tenant, {', '.join(f':{name}' for name in _TEXTS)}, tstzrange(:begins, :ends),"
    " cast(:touches as jsonb))"
)
_ALTER: Final = text(
    "update maintenance set "  # noqa: S608 - names of columns above
    + ", ".join(f"{name} = coalesce(cast(:{name} as text), {name})" for name in _TEXTS)
    + ", state = coalesce(cast(:state as text), state), touches = coalesce(cast(:touches as jsonb), touches),"
    " held = tstzrange(coalesce(cast(:begins as timestamptz), lower(held)),"
    " coalesce(cast(:ends as timestamptz), upper(held)))"
    " where id = :id"
)
_LOCK: Final = text(
    "select state, version, lower(held) as begins, upper(held) as ends from maintenance where id = :id for update"
)


def listed(
    tx: Connection, state: str | None, after: datetime | None, before: UUID | None, limit: int
) -> list[tuple[str, tuple[str]]]:
    """Notices this scope may see, newest first; an administration sees of each its own resources. One statement."""
    rows = tx.execute(_LIST, {"state": state, "after": after, "before": before, "limit": limit})
    return [(row.body, (row.key,)) for row in rows]


def one(tx: Connection, notice_id: UUID) -> tuple[str, int]:
    """A notice as JSON text, and its version.

    Raises:
        NoSuchMaintenance: no such notice, or it touches nothing of this scope.
    """
    row = tx.execute(_ONE, {"id": notice_id}).one_or_none()
    if row is None:
        raise NoSuchMaintenance(f"There is no maintenance notice {notice_id}.")
    return row.body, row.version


def draft(tx: Connection, tenant: UUID, facts: Mapping[str, Any], touches: Sequence[Touch]) -> UUID:
    """Write a notice that nobody is told of yet; gives its id.

    Args:
        tenant: the region's.
        facts: titles, texts, ``impact``, ``begins``, ``ends``.
    """
    made = uuid7()
    _must_last(facts["begins"], facts["ends"])
    tx.execute(_INSERT, {**facts, "id": made, "tenant": tenant, "touches": _as_json(touches)})
    _look_up(tx, made)
    record(tx, "audit", "maintenance.drafted", "maintenance", made)
    return made


def alter(
    tx: Connection,
    notice_id: UUID,
    version: int | None,
    facts: Mapping[str, Any],
    touches: Sequence[Touch] | None,
    state: str | None,
) -> None:
    """Alter what a notice says, or move it on; whom it touches is told.

    Raises:
        NoSuchMaintenance, StaleVersion.
        MaintenanceMoved: it has ended, or does not become that from where it is.
    """
    row = tx.execute(_LOCK, {"id": notice_id}).one_or_none()
    if row is None:
        raise NoSuchMaintenance(f"There is no maintenance notice {notice_id}.")
    if version is not None and row.version != version:
        raise StaleVersion("The notice was altered since you read it.")
    if not MOVES[row.state] or (state is not None and state != row.state and state not in MOVES[row.state]):
        raise MaintenanceMoved(f"A notice that is {row.state} does not become {state or 'another'}.", state=row.state)
    _must_last(facts.get("begins") or row.begins, facts.get("ends") or row.ends)
    absent = dict.fromkeys((*_TEXTS, "begins", "ends"))
    given = None if touches is None else _as_json(touches)
    tx.execute(_ALTER, {**absent, **facts, "id": notice_id, "state": state, "touches": given})
    now = state or row.state
    _look_up(tx, notice_id)
    record(tx, "audit", "maintenance.altered", "maintenance", notice_id, body={"before": row.state, "state": now})
    if now == "draft" or (row.state == "draft" and now == "cancelled"):
        return
    if now == row.state:  # it says something else than people were told
        tx.execute(text("update maintenance_touch set told = null where maintenance_id = :id"), {"id": notice_id})
    _announce(tx, notice_id, now)


def announce_due(database: Database) -> int:
    """Look up again whom every notice ahead touches, and tell who was not told; gives how many tenants were."""
    with database.transaction("platform", Scope(EVERY_TENANT, reason="whom maintenance touches")) as tx:
        ahead = tx.execute(text("select id, state from maintenance where state in ('scheduled', 'in-progress')")).all()
        told = 0
        for notice in ahead:
            _look_up(tx, notice.id)
            told += _announce(tx, notice.id, notice.state)
    return told


def _announce(tx: Connection, notice_id: UUID, state: str) -> int:
    """An event for each tenant that was not told of this state, naming its own resources alone."""
    rows = tx.execute(_TELL, {"id": notice_id, "state": state}).all()
    for row in rows:
        body = {
            "state": state,
            "impact": row.impact,
            "begins": row.begins,
            "ends": row.ends,
            "resources": row.resources,
        }
        record(tx, "event", f"maintenance.{state}", "maintenance", notice_id, body=body, tenant_id=row.tenant_id)
    return len(rows)


_TELL: Final = text(
    """
    with told as (
        update maintenance_touch set told = :state where maintenance_id = :id and told is distinct from :state
        returning tenant_id, resource_type, resource_id, resource_name)
    select t.tenant_id, m.impact, lower(m.held)::text as begins, upper(m.held)::text as ends,
           jsonb_agg(jsonb_build_object('type', t.resource_type, 'id', t.resource_id, 'name', t.resource_name)
                     order by t.resource_type, t.resource_name) as resources
      from told t join maintenance m on m.id = :id group by t.tenant_id, m.impact, m.held
    """
)
_FIND: Final = sql.SQL(
    """
    select t.tenant_id, s.type as resource_type, t.id as resource_id,
           coalesce(nullif(to_jsonb(t) ->> 'name', ''), to_jsonb(t) ->> 'code', '') as resource_name
      from selector s join {table} t on (s.ids is null or t.id = any(s.ids)) join tenant o on o.id = t.tenant_id {place}
     where s.type = {type} and (s.tenant is null or o.code = s.tenant) and to_jsonb(t) ->> 'gone_at' is null
    """
)
_PLACE: Final = sql.SQL(
    "left join zone z on z.id = t.zone_id join lateral (select 1) here"
    " on (s.zone is null or z.code = s.zone) and (s.host is null or t.host = s.host)"
)
_NOTHING: Final = sql.SQL(
    "select null::uuid as tenant_id, '' as resource_type, null::uuid as resource_id, '' as resource_name limit 0"
)
_REPLACE: Final = sql.SQL(
    """
    with selector as (
        select s.* from maintenance m,
               jsonb_to_recordset(m.touches) s(type text, ids uuid[], zone text, host text, tenant text)
         where m.id = :id)
    , found as ({found})
    , gone as (
        delete from maintenance_touch x where x.maintenance_id = :id and not exists
            (select from found f where f.resource_type = x.resource_type and f.resource_id = x.resource_id))
    insert into maintenance_touch (maintenance_id, tenant_id, resource_type, resource_id, resource_name)
    select :id, * from found on conflict (maintenance_id, resource_type, resource_id)
        do update set resource_name = excluded.resource_name
    """
)


def _look_up(tx: Connection, notice_id: UUID) -> None:
    """Write down which resources the notice touches now: one statement, however many selectors and resources."""
    kinds = tx.execute(
        text("select distinct s ->> 'type' from maintenance, jsonb_array_elements(touches) s where id = :id"),
        {"id": notice_id},
    ).scalars()
    parts = [
        _FIND.format(
            type=sql.Literal(kind),
            table=sql.Identifier(table_of(kind, "/touches")),
            place=_PLACE if kind == "server" else sql.SQL(""),
        )
        for kind in kinds
    ]
    found = sql.SQL(" union ").join(parts) if parts else _NOTHING
    tx.execute(text(_REPLACE.format(found=found).as_string()), {"id": notice_id})


def _as_json(touches: Sequence[Touch]) -> str:
    for number, touch in enumerate(touches):
        table_of(touch.type, f"/touches/{number}/type")
    return json.dumps([touch.model_dump(mode="json", exclude_defaults=True) for touch in touches])


def _must_last(begins: datetime, ends: datetime) -> None:
    if ends <= begins:
        raise InvalidInput("It ends before it begins.", pointer="/ends", hint="Give an end after the beginning.")
