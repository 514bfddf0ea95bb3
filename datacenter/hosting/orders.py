"""What was ordered in hosting: each Change with what it is about, costs, waits for, who decides and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

__all__ = ["Wanted", "listed"]

_PROJECT: Final = (
    "coalesce(c.plan #>> '{facts,project}', c.plan #>> '{targets,0,data,project_id}',"
    " c.plan #>> '{targets,0,data,project}')"
)
_RESOURCE: Final = """
    case when c.outcome ? 'resource' then jsonb_build_object(
        'type', c.outcome #>> '{resource,type}', 'id', c.outcome #>> '{resource,id}',
        'name', c.plan #>> '{targets,0,name}',
        'href', '/api/v1/' || (c.outcome #>> '{resource,type}')
                || case when c.outcome #>> '{resource,type}' like '%s' then 'es/' else 's/' end
                || (c.outcome #>> '{resource,id}')) end"""
_PRICE: Final = """
    case when jsonb_typeof(c.plan #> '{cost,price}') = 'object' then jsonb_build_object(
        'month_micro_eur', c.plan #>> '{cost,price,month_micro_eur}',
        'quarter_micro_eur', c.plan #>> '{cost,price,quarter_micro_eur}') end"""
_DECISIONS: Final = """
    (select coalesce(jsonb_agg(jsonb_build_object('role', v.role, 'decision', v.decision, 'by', d.handle,
                                                  'reason', v.reason, 'at', v.decided_at) order by v.decided_at), '[]')
       from change_approval v left join principal d on d.id = v.decided_by
      where v.change_id = c.id and v.plan_hash = c.plan_hash)"""
_LIST: Final = text(
    f"""
    select jsonb_build_object('id', c.id, 'tenant', t.code, 'project', p.code, 'kind', c.kind, 'title', c.title,
               'state', c.state, 'resource', {_RESOURCE}, 'price', {_PRICE}, 'waiting_for', c.waiting_for,
               'decides', coalesce(c.plan -> 'approvals', '[]'), 'decisions', {_DECISIONS}, 'reason', c.reason,
               'requested_by', r.handle, 'requested_at', c.requested_at, 'started_at', c.started_at,
               'finished_at', c.finished_at, 'plan_hash', c.plan_hash, 'outcome', c.outcome - 'inverse' - 'resource',
               'version', c.version)::text as body, c.id::text as key
      from change c join tenant t on t.id = c.tenant_id left join principal r on r.id = c.requested_by
      left join project p on p.id::text = {_PROJECT}
     where c.kind like 'hosting.%'
       and (cast(:states as text[]) is null or c.state = any(:states))
       and (cast(:kind as text) is null or c.kind = :kind)
       and (cast(:tenant as text) is null or t.code = :tenant)
       and (cast(:project as text) is null or p.code = :project or p.id::text = :project)
       and (cast(:requested_by as text) is null or r.handle = :requested_by)
       and (cast(:resource as text) is null or c.outcome #>> '{{resource,id}}' = :resource)
       and (cast(:before as uuid) is null or c.id < :before)
     order by c.id desc limit :limit
    """  # noqa: S608 - constants of this module
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which orders: ``tenant`` a code, ``project`` a code or an id, ``requested_by`` a handle, ``resource`` an id."""

    states: tuple[str, ...] = ()
    kind: str | None = None
    tenant: str | None = None
    project: str | None = None
    requested_by: str | None = None
    resource: UUID | None = None


def listed(tx: Connection, wanted: Wanted, before: UUID | None, limit: int) -> list[tuple[str, tuple[str]]]:
    """Orders of this scope, newest first: JSON text and cursor key of each. One statement."""
    values = {
        "states": list(wanted.states) or None, "kind": wanted.kind, "tenant": wanted.tenant, "project": wanted.project,
        "requested_by": wanted.requested_by, "resource": str(wanted.resource) if wanted.resource else None,
        "before": before, "limit": limit,
    }  # fmt: skip
    return [(row.body, (row.key,)) for row in tx.execute(_LIST, values)]
