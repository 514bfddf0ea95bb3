"""Reading servers: one statement for a list, with JSON built by PostgreSQL; one for what a plan needs of a server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from core.scope import EVERY_TENANT, Scope
from datacenter.hosting.servers.errors import NoSuchServer

__all__ = ["Filters", "ServerRow", "name_taken", "read", "server_json", "servers_json"]

# Own addresses as Nova said; floating ones as our rows have them, which Nova hears of a little later. One that is not
# ours, or was not for some minutes, is Nova's word as well.
_ADDRESSES: Final = """
    (select coalesce(jsonb_agg(a.shown order by a.place), '[]') from (
        select e.shown, e.place from jsonb_array_elements(s.addresses) with ordinality e(shown, place)
        where e.shown ->> 'kind' <> 'floating' or not exists (
            select from floating_ip f where f.project_id = s.project_id
            and f.address = cast(e.shown ->> 'address' as inet)
            and (f.gone_at is null or f.gone_at > now() - interval '10 minutes'))
        union all
        select jsonb_build_object('network', coalesce((select e ->> 'network' from jsonb_array_elements(s.addresses) e
                   where e ->> 'address' = host(f.fixed_address) limit 1), ''),
                   'address', host(f.address), 'kind', 'floating'), 1000 + row_number() over (order by f.id)
        from floating_ip f where f.server_id = s.id and f.gone_at is null and f.address is not null) a)"""
_SHOWN: Final = f"""
    json_build_object(
        'id', s.id, 'name', s.name, 'status', s.status, 'task', s.task, 'fault', s.fault,
        'tenant', t.code, 'project', json_build_object('id', p.id, 'code', p.code),
        'plan', o.code, 'vcpus', s.vcpus, 'ram_mib', s.ram_mib, 'disk_gib', s.disk_gib, 'image', s.image,
        'data_class', s.data_class, 'zone', z.code, 'addresses', {_ADDRESSES}, 'key', nullif(s.key_name, ''),
        'metadata', s.metadata, 'tags', s.tags, 'protected', s.protected, 'lease_until', s.lease_until,
        'host', case when (select irisplane_tenant()) = '*' then nullif(s.host, '') end,
        'volumes', coalesce((select json_agg(json_build_object('id', v.id, 'name', v.name, 'size_gib', v.size_gib,
            'device', v.device) order by v.id) from volume v where v.server_id = s.id and v.gone_at is null), '[]'),
        'security_groups', coalesce((select json_agg(json_build_object('id', g.id, 'name', n.name) order by n.name)
            from unnest(s.security_groups) n(name) left join security_group g on g.project_id = s.project_id
            and g.name = n.name and g.gone_at is null and g.status <> 'vanished'), '[]'),
        'cloud_id', s.cloud_id, 'order', s.order_id, 'launched_at', s.launched_at, 'kept_at', s.kept_at,
        'purge_at', s.purge_at, 'created_at', s.created_at, 'updated_at', s.updated_at, 'version', s.version)::text"""  # noqa: S608 - our own texts
_FROM: Final = """
    from server s join project p on p.id = s.project_id join tenant t on t.id = s.tenant_id
    left join offering_plan o on o.id = s.plan_id left join zone z on z.id = s.zone_id"""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which servers; what is ``None`` or empty does not matter.

    Attributes:
        project: id or code.
        status: one of these; without, everything that is not gone.
        q: a part of the name.
        after: the id after which the page begins.
    """

    project: str | None = None
    status: Sequence[str] = ()
    name: str | None = None
    q: str | None = None
    tag: str | None = None
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class ServerRow:
    """A server as a plan reads it."""

    id: UUID
    tenant_id: UUID
    project_id: UUID
    name: str
    status: str
    cloud_id: str | None
    plan_id: UUID | None
    vcpus: int
    ram_mib: int
    disk_gib: int
    image: str
    data_class: str
    protected: bool
    kept_running: bool
    metadata: dict[str, str]
    tags: list[str]
    security_groups: list[str] | None
    version: int
    tenant: str
    project: str


def servers_json(tx: Connection, scope: Scope, filters: Filters, limit: int) -> list[tuple[str, tuple[str]]]:
    """Servers by id: JSON text and cursor key of each, one more than ``limit`` if the list goes on."""
    # Row-level security compares texts, which no index knows: the own administration is named here as well.
    where, values = ["true"], {"limit": limit + 1}
    if scope.tenant != EVERY_TENANT:
        where.append("s.tenant_id = :tenant")
        values["tenant"] = scope.tenant  # type: ignore[assignment]  # ids beside numbers
    for condition, value, name in (
        ("s.id > :after", filters.after, "after"),
        ("s.name = :name", filters.name, "name"),
        ("position(lower(:q) in s.name) > 0", filters.q, "q"),
        ("s.tags @> array[cast(:tag as text)]", filters.tag, "tag"),
    ):
        if value is not None:
            where.append(condition)
            values[name] = value  # type: ignore[assignment]
    if filters.project is not None:
        where.append(f"p.{'id' if _is_id(filters.project) else 'code'} = :project")
        values["project"] = filters.project  # type: ignore[assignment]
    if filters.status:
        where.append("s.status = any(:status)")
        values["status"] = list(filters.status)  # type: ignore[assignment]
    if "gone" not in filters.status:
        where.append("s.gone_at is null")
    statement = f"select {_SHOWN}, s.id::text {_FROM} where {' and '.join(where)} order by s.id limit :limit"
    return [(row[0], (row[1],)) for row in tx.execute(text(statement), values)]


def server_json(tx: Connection, server_id: UUID) -> tuple[str, int]:
    """One server as JSON text, with its version.

    Raises:
        NoSuchServer: none in this scope.
    """
    row = tx.execute(_ONE, {"id": server_id}).one_or_none()
    if row is None:
        raise NoSuchServer(f"There is no server {server_id}.")
    return row[0], row[1]


def read(tx: Connection, server_id: UUID, pointer: str | None = None, *, gone: bool = False) -> ServerRow:
    """A server for a plan.

    Args:
        gone: whether one that is gone is read as well.
    Raises:
        NoSuchServer: none in this scope, or it is gone.
    """
    row: Any = tx.execute(_ROW, {"id": server_id, "gone": gone}).one_or_none()
    if row is None:
        raise NoSuchServer(f"There is no server {server_id}.", pointer=pointer)
    return ServerRow(*row)


def name_taken(tx: Connection, project_id: UUID, name: str, *, beside: UUID) -> bool:
    """Whether another server of the project has this name."""
    found = tx.execute(_TAKEN, {"project": project_id, "name": name, "beside": beside})
    return bool(found.scalar_one())


_TAKEN: Final = text(
    "select exists (select from server where project_id = :project and name = :name and gone_at is null"
    " and status <> 'vanished' and id <> :beside)"
)
_ONE: Final = text(f"select {_SHOWN}, s.version {_FROM} where s.id = :id")
_ROW: Final = text(
    "select s.id, s.tenant_id, s.project_id, s.name, s.status, s.cloud_id, s.plan_id, s.vcpus, s.ram_mib, s.disk_gib,"
    " s.image, s.data_class, s.protected, s.kept_running, s.metadata, s.tags, s.security_groups,"
    " s.version, t.code, p.code"
    " from server s join project p on p.id = s.project_id join tenant t on t.id = s.tenant_id"
    " where s.id = :id and (s.gone_at is null or :gone)"
)


def _is_id(text_given: str) -> bool:
    try:
        UUID(text_given)
    except ValueError:
        return False
    return True
