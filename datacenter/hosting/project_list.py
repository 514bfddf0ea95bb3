"""Reading projects: one statement for a list, with JSON built by PostgreSQL."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from core.scope import EVERY_TENANT, Scope
from datacenter.hosting.errors import NoSuchProject

__all__ = ["project_json", "projects_json"]

_SHOWN: Final = """
    json_build_object(
        'id', p.id, 'tenant', t.code, 'code', p.code, 'name', p.name, 'status', p.status, 'cloud_id', p.cloud_id,
        'cloud_name', t.code || '-' || p.code, 'fault', p.fault, 'findings', p.findings, 'looked_at', p.looked_at,
        'servers', (select count(*) from server s where s.project_id = p.id and s.gone_at is null),
        'created_at', p.created_at, 'updated_at', p.updated_at, 'version', p.version)::text"""
_FROM: Final = "from project p join tenant t on t.id = p.tenant_id"


def projects_json(
    tx: Connection, scope: Scope, *, tenant: str | None, differs: bool | None, after: UUID | None, limit: int
) -> list[tuple[str, tuple[str]]]:
    """Projects by id: JSON text and cursor key of each, one more than ``limit`` if the list goes on.

    Args:
        tenant: code of an administration.
        differs: only those that differ, or do not differ, from what is in the cloud.
    """
    rows: Any = tx.execute(
        _LIST,
        {
            "own": None if scope.tenant == EVERY_TENANT else scope.tenant, "tenant": tenant, "differs": differs,
            "after": after, "limit": limit + 1,
        },
    )  # fmt: skip
    return [(row[0], (row[1],)) for row in rows]


def project_json(tx: Connection, project_id: UUID) -> tuple[str, int]:
    """One project as JSON text, with its version.

    Raises:
        NoSuchProject: none in this scope.
    """
    row = tx.execute(_ONE, {"id": project_id}).one_or_none()
    if row is None:
        raise NoSuchProject(f"There is no project {project_id}.")
    return row[0], row[1]


_ONE: Final = text(f"select {_SHOWN}, p.version {_FROM} where p.id = :id")
_LIST: Final = text(f"""
    select {_SHOWN}, p.id::text {_FROM}
    where (cast(:own as uuid) is null or p.tenant_id = :own) and (cast(:tenant as text) is null or t.code = :tenant)
      and (cast(:differs as boolean) is null or (p.findings <> '[]') = :differs)
      and (cast(:after as uuid) is null or p.id > :after)
    order by p.id limit :limit""")
