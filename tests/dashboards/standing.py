"""Things that an administration is said to hold, written where the worker would write them: no cloud stands behind."""

from __future__ import annotations

from sqlalchemy import text

from core.db import Database
from tests.api.people import SYSTEM

__all__ = ["capacity", "group", "network", "public_address", "server", "service", "snapshot", "volume"]

_PROJECT = "(select id from project p where p.tenant_id = t.id and p.code = 'main')"
_SERVER = text(f"""
    insert into server (tenant_id, project_id, name, status, cloud_id, vcpus, ram_mib, disk_gib, image, addresses,
                        security_groups)
    select t.id, {_PROJECT}, :name, :status, gen_random_uuid()::text, 1, 512, 7, 'debian',
           '[{{"address": "10.9.0.5", "network": "private", "kind": "fixed"}}]', '{{base}}'
      from tenant t where t.code = :tenant returning id""")
_VOLUME = text(f"""
    insert into volume (tenant_id, project_id, name, description, size_gib, status, cloud_id, server_id)
    select t.id, {_PROJECT}, :name, :description, 5, case when :server = '' then 'available' else 'attached' end,
           gen_random_uuid()::text, cast(nullif(:server, '') as uuid)
      from tenant t where t.code = :tenant returning id""")
_SNAPSHOT = text("""
    insert into volume_snapshot
           (tenant_id, project_id, volume_id, name, description, size_gib, status, cloud_id, taken_at)
    select tenant_id, project_id, id, :name, :description, size_gib, 'available', gen_random_uuid()::text, now()
      from volume where id = :volume returning id""")
_SERVICE = text("""
    insert into service (tenant_id, code, kind, protection, tunnel_number)
    select id, :code, 'e-line', 'none', :tunnel from tenant where code = :tenant""")
_NETWORK = text(f"""
    insert into cloud_network (tenant_id, project_id, name, cidr, routed, status, cloud_id)
    select t.id, {_PROJECT}, :name, cast(:cidr as cidr), true, 'active', gen_random_uuid()::text
      from tenant t where t.code = :tenant returning id""")
_ADDRESS = text(f"""
    insert into floating_ip (tenant_id, project_id, description, address, status, cloud_id, server_id)
    select t.id, {_PROJECT}, :description, cast(:address as inet),
           case when :server = '' then 'free' else 'assigned' end, gen_random_uuid()::text,
           cast(nullif(:server, '') as uuid) from tenant t where t.code = :tenant returning id""")
_CAPACITY = text("""
    insert into cloud_capacity (provider, resource, name, availability_zone, usable, used, physical, taking)
    values ('h1', 'vcpus', 'compute1', 'arts', 2048, 130, 128, true),
           ('h1', 'ram_mib', 'compute1', 'arts', 1572864, 65536, 1048576, true),
           ('h1', 'disk_gib', 'compute1', 'arts', 5000, 120, 5000, true),
           ('h2', 'vcpus', 'compute2', 'arts', 1024, 1, 64, false),
           ('p1', 'storage_gib', 'storage1@files#files', '', 9000, 4500, 10000, true),
           ('p2', 'storage_gib', 'storage2', '', null, 7, null, true),
           ('n1', 'floating_ips', 'public', '', 245, 12, 245, true)""")
_GROUP = text(f"""
    insert into security_group (tenant_id, project_id, name, description, status, cloud_id)
    select t.id, {_PROJECT}, :name, :description, 'active', gen_random_uuid()::text
      from tenant t where t.code = :tenant returning id""")


def capacity(database: Database) -> None:
    """Two hosts of a zone, one of which takes nothing new; pools, of which one has no bound; a range of addresses."""
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(_CAPACITY)


def server(database: Database, name: str, *, status: str = "active", tenant: str = "ixelles") -> str:
    return _put(database, _SERVER, name=name, status=status, tenant=tenant)


def volume(database: Database, name: str, *, server: str = "", description: str = "", tenant: str = "ixelles") -> str:
    return _put(database, _VOLUME, name=name, server=server, description=description, tenant=tenant)


def snapshot(database: Database, volume: str, name: str, *, description: str = "") -> str:
    return _put(database, _SNAPSHOT, volume=volume, name=name, description=description)


def network(database: Database, name: str, cidr: str, *, tenant: str = "ixelles") -> str:
    return _put(database, _NETWORK, name=name, cidr=cidr, tenant=tenant)


def public_address(
    database: Database, address: str, *, server: str = "", description: str = "", tenant: str = "ixelles"
) -> str:
    return _put(database, _ADDRESS, address=address, server=server, description=description, tenant=tenant)


def group(database: Database, name: str, *, description: str = "", tenant: str = "ixelles") -> str:
    return _put(database, _GROUP, name=name, description=description, tenant=tenant)


def _put(database: Database, statement: object, **values: str) -> str:
    with database.transaction("owner", SYSTEM) as tx:
        return str(tx.execute(statement, values).scalar_one())  # type: ignore[call-overload]  # a text of ours


def service(database: Database, code: str, tunnel: int, tenant: str = "ixelles") -> str:
    """A line between two sites in force; its code."""
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(_SERVICE, {"code": code, "tunnel": tunnel, "tenant": tenant})
    return code
