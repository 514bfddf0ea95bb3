"""What may be held at most: reading it, and the rows that an alteration of quotas would write.

A row bounds one resource of an administration, or of one of its projects; both must have room. What is used is counted
by the database. The Changes that alter what is granted stand in ``quota_changes``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args
from uuid import UUID

from sqlalchemy import Connection, text

from core.errors import InvalidInput
from datacenter.hosting.errors import NoSuchProject
from orchestrator.plan import canonical_json

__all__ = [
    "RESOURCES", "Bound", "Resource", "Wanted", "bounds", "fingerprint", "listed", "project_named", "sold_json",
    "write",
]  # fmt: skip

Resource = Literal[
    "servers", "vcpus", "ram_mib", "volumes", "storage_gib", "snapshots", "networks", "floating_ips", "security_groups"
]
RESOURCES: Final[tuple[str, ...]] = get_args(Resource)

_LIST: Final = text(
    "select json_build_object('id', q.id, 'tenant', t.code, 'project', p.code, 'project_id', p.id,"
    " 'resource', q.resource, 'granted', q.granted, 'used', q.used, 'left', greatest(q.granted - q.used, 0),"
    " 'level', quota_level(q.granted, q.used), 'version', q.version)::text as body,"
    " t.code as tenant, coalesce(p.code, '') as project, q.resource"
    " from quota q join tenant t on t.id = q.tenant_id left join project p on p.id = q.project_id"
    " where (cast(:tenant as text) is null or t.code = :tenant)"
    " and (cast(:project as text) is null or p.code = :project or p.id::text = :project)"
    " and (cast(:resource as text) is null or q.resource = :resource)"
    " and (cast(:level as text) is null or quota_level(q.granted, q.used) = :level)"
    " and (cast(:after_tenant as text) is null"
    "      or (t.code, coalesce(p.code, ''), q.resource) > (:after_tenant, :after_project, :after_resource))"
    " order by t.code, coalesce(p.code, ''), q.resource limit :limit"
)


_SOLD: Final = text("""
    select coalesce(jsonb_agg(jsonb_build_object('resource', s.resource, 'granted', s.granted, 'used', s.used,
                                                 'tenants', s.tenants) order by s.resource), '[]')::text
      from (select resource, sum(granted)::bigint as granted, sum(used)::bigint as used,
                   count(*) filter (where used > 0) as tenants
              from quota where project_id is null group by resource) s""")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which quotas: ``tenant`` is a code, ``project`` a code or an id."""

    tenant: str | None = None
    project: str | None = None
    resource: str | None = None
    level: str | None = None


def listed(
    tx: Connection, wanted: Wanted, after: Sequence[str] | None, limit: int
) -> list[tuple[str, tuple[str, str, str]]]:
    """What is granted, used and left: JSON text and cursor key of each row. One statement."""
    tenant, project, resource = after or (None, None, None)
    values = {
        "tenant": wanted.tenant, "project": wanted.project, "resource": wanted.resource, "level": wanted.level,
        "after_tenant": tenant, "after_project": project, "after_resource": resource, "limit": limit,
    }  # fmt: skip
    return [(row.body, (row.tenant, row.project, row.resource)) for row in tx.execute(_LIST, values)]


def sold_json(tx: Connection) -> str:
    """What all administrations that the scope sees may hold and do hold, by resource; and how many hold any."""
    return str(tx.execute(_SOLD).scalar_one())


@dataclass(frozen=True, slots=True)
class Bound:
    """One row as it is: ``project_id`` is ``None`` for the administration's own."""

    project_id: UUID | None
    project: str | None
    resource: str
    granted: int
    used: int


def bounds(tx: Connection, tenant: UUID) -> list[Bound]:
    """Every bound of an administration and of its projects."""
    rows = tx.execute(
        text(
            "select q.project_id, p.code, q.resource, q.granted, q.used from quota q"
            " left join project p on p.id = q.project_id where q.tenant_id = :tenant"
            " order by q.project_id nulls first, q.resource"
        ),
        {"tenant": tenant},
    )
    return [Bound(*row) for row in rows]


def fingerprint(tx: Connection, tenant: UUID, resources: Sequence[str]) -> str:
    """What is granted of these resources, in one line: another one means that somebody granted meanwhile."""
    found = sorted(
        f"{bound.project_id}/{bound.resource}={bound.granted}"
        for bound in bounds(tx, tenant)
        if bound.resource in resources
    )
    return hashlib.sha256(" ".join(found).encode()).hexdigest()


def project_named(tx: Connection, tenant: UUID | None, ref: str, pointer: str) -> tuple[UUID, str, UUID]:
    """A project by its code or id: its id, its code, and whose it is.

    Args:
        tenant: in which a code is looked for; ``None``: in all that the scope sees.
    Raises:
        NoSuchProject: there is none, or not there.
        InvalidInput: several administrations have one of this code.
    """
    found = tx.execute(
        text(
            "select id, code, tenant_id from project where (code = :ref or id::text = :ref)"
            " and (cast(:tenant as uuid) is null or tenant_id = :tenant) order by id limit 2"
        ),
        {"ref": ref, "tenant": tenant},
    ).all()
    if not found:
        raise NoSuchProject(f"There is no project {ref!r}.", pointer=pointer)
    if len(found) > 1:
        raise InvalidInput(
            f"Several administrations have a project {ref!r}.", hint="Name the project by its id.", pointer=pointer
        )
    return found[0].id, found[0].code, found[0].tenant_id


def write(tx: Connection, tenant: UUID, rows: Sequence[Mapping[str, Any]], column: str) -> dict[str, list[str]]:
    """Let rows be granted what they say; gives, by project, the resources that were altered.

    Args:
        rows: ``project_id``, ``resource`` and the column.
        column: ``granted``, or ``was`` to take it back; rows that were not there before stay with nothing granted.
    """
    done = tx.execute(
        text(
            "insert into quota as q (tenant_id, project_id, resource, granted)"
            " select :tenant, r.project_id, r.resource, case when :column = 'was' then r.was else r.granted end"
            " from jsonb_to_recordset(cast(:rows as jsonb))"
            " r(project_id uuid, resource text, granted bigint, was bigint)"
            " order by r.project_id nulls first, r.resource"
            " on conflict on constraint quota_once do update set granted = excluded.granted"
            " where q.granted <> excluded.granted returning coalesce(q.project_id::text, '') as project, q.resource"
        ),
        {"tenant": tenant, "rows": canonical_json(list(rows)), "column": column},
    )
    out: dict[str, list[str]] = {}
    for row in done:
        out.setdefault(row.project, []).append(row.resource)
    return out
