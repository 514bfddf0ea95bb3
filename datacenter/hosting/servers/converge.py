"""Follow the cloud: our rows say within seconds what Nova says, whoever altered it; what vanished or appeared is shown.

One call for all projects asks Nova what has changed since the last one, deletions included. Now and then everything is
read, so that what was missed is found as well. Rows that one of our own Changes wrote after Nova was asked are left for
the next time.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.db import Database
from core.errors import IrisplaneError
from core.journal.record import record
from core.scope import EVERY_TENANT, Scope
from datacenter.hosting import cloud
from datacenter.hosting.drivers.openstack import MICROVERSION, servers_of
from datacenter.hosting.servers.changes.resize import settle_resize
from datacenter.hosting.servers.wire import Seen, seen

__all__ = ["Look", "look", "look_at_all"]

_LOG: Final = logging.getLogger(__name__)
_SCOPE: Final = Scope(EVERY_TENANT, reason="as the cloud has it")
_ALL_SECONDS: Final = 300.0
_OVERLAP: Final = timedelta(seconds=15)
"""What Nova writes while it is asked is asked for again."""
_PAGE: Final = 1000


@dataclass(slots=True)
class Look:
    """When the cloud was last asked, and when for everything."""

    since: datetime | None = None
    all_at: float = 0.0


_last: dict[str, Look] = {}


def look(database: Database) -> None:
    """What changed since the last look; everything when that is some minutes ago. Called every few seconds."""
    if cloud.away():
        return
    last = _last.setdefault(cloud.entry().auth_url, Look())
    began = datetime.now(UTC)
    whole = last.since is None or time.monotonic() - last.all_at > _ALL_SECONDS
    _write(database, ask(None if whole else last.since), began, whole=whole)
    last.since = began - _OVERLAP
    if whole:
        last.all_at = time.monotonic()


def look_at_all(database: Database) -> None:
    """The same, of everything, now."""
    began = datetime.now(UTC)
    _write(database, ask(None), began, whole=True)


def ask(since: datetime | None) -> list[Seen]:
    """Every server of the cloud, or those that changed since; as administrator, page by page."""
    params: dict[str, str] = {"all_tenants": "1", "limit": str(_PAGE)}
    if since is not None:
        params["changes-since"] = since.strftime("%Y-%m-%dT%H:%M:%SZ")
    compute, found = cloud.admin().compute, list[Seen]()
    while True:
        said = cloud.asked(
            compute, "GET", "/servers/detail", "Looking at all servers", params=params, microversion=MICROVERSION
        )["servers"]
        found += [seen(one) for one in said]
        if len(said) < _PAGE:
            return found
        params["marker"] = str(said[-1]["id"])


def _write(database: Database, found: Sequence[Seen], began: datetime, *, whole: bool) -> None:
    given = {"seen": json.dumps([one.as_dict() for one in found], default=str), "began": began, "whole": whole}
    with database.transaction("worker", _SCOPE) as tx:
        if found or whole:
            tx.execute(_ADOPT, given)
            tx.execute(_FOLLOW, given)
            tx.execute(_FOREIGN, given)
        if whole:
            tx.execute(_VANISHED, given)
        resized = tx.execute(_RESIZED, given).all() if found else []
        twins = tx.execute(_TWINS, given).all() if found else []
    for row in resized:
        _settle(database, row)
    for row in twins:
        _remove(database, row)


def _settle(database: Database, row: Any) -> None:
    """A size that was altered in the cloud, or a resize that was ended there."""
    try:
        with database.transaction("worker", _SCOPE) as tx:
            if row.resize is not None:
                new = (row.vcpus, row.ram_mib) == (row.to_vcpus, row.to_ram_mib)
                settle_resize(tx, row.id, "confirmed" if new else "reverted")
            else:
                tx.execute(_SIZE, {"id": row.id, "vcpus": row.vcpus, "ram": row.ram_mib, "disk": row.disk_gib})
            body = {"name": row.name, "vcpus": row.vcpus, "ram_mib": row.ram_mib}
            record(tx, "event", "server.resized_in_cloud", "server", row.id, body=body, tenant_id=row.tenant_id)
    except DBAPIError:
        _LOG.warning("server %s was made larger in the cloud than its quota has room for", row.id)


def _remove(database: Database, row: Any) -> None:
    """A second server with the tag of a row: an answer that was lost, or a worker that thawed too late."""
    project: UUID = row.project_id
    try:
        servers_of(database, project).delete(row.cloud_id)
    except IrisplaneError as error:
        _LOG.warning("the second server %s of %s is not deleted yet: %s", row.cloud_id, row.id, error.message)
        return
    with database.transaction("worker", _SCOPE) as tx:
        body = {"cloud_id": row.cloud_id, "kept": row.kept}
        record(tx, "event", "server.twin_removed", "server", row.id, body=body, tenant_id=row.tenant_id)
        record(tx, "audit", "server.twin_removed", "server", row.id, body=body, tenant_id=row.tenant_id)


_SEEN: Final = """
    s as (select * from jsonb_to_recordset(cast(:seen as jsonb)) as s(id text, tag uuid, project text, name text,
          status text, task text, fault text, host text, vcpus integer, ram_mib integer, disk_gib integer,
          addresses jsonb, security_groups text[], launched_at timestamptz, image text, flavor text, key_name text))"""
_TOLD: Final = """
    insert into journal (kind, action, subject_type, subject_id, reason, tenant_id, body)
    select 'event', 'server.status', 'server', m.id::text, coalesce(irisplane_setting('reason'), ''), m.tenant_id,
           jsonb_strip_nulls(jsonb_build_object('name', m.name, 'from', m.was, 'to', m.status,
                                                'called_before', nullif(m.called, m.name)))
    from moved m where m.was <> m.status"""

# An order whose run cannot tell what became of it: the tag can.
_ADOPT: Final = text(f"""
    with {_SEEN}
    update server r set cloud_id = s.id from s, change c
    where r.id = s.tag and r.cloud_id is null and r.gone_at is null and s.status <> 'gone' and c.id = r.order_id
      and c.state = 'unknown' and not exists (select from server o where o.cloud_id = s.id)""")  # noqa: S608 - our own texts

# What vanished and is there again is called as it was; by its name and its id when somebody else has the name by now.
_FOLLOW: Final = text(f"""
    with {_SEEN},
    back as (select r.id, r.project_id, r.name,
                    row_number() over (partition by r.project_id, r.name order by r.id) as nth,
                    left(r.name, 54) || '-' || left(replace(r.cloud_id, '-', ''), 8) as other
             from s join server r on r.cloud_id = s.id where r.status = 'vanished' and s.status <> 'gone'),
    called as (select b.id, b.other from back b where b.nth > 1 or exists (
                   select from server o where o.project_id = b.project_id and o.name = b.name and o.gone_at is null
                   and o.status <> 'vanished')),
    n as (select r.id, r.status as was, r.name as called, coalesce(c.other, r.name) as name,
                 s.task, s.fault, s.host, s.addresses, s.security_groups, s.launched_at,
                 case when s.status = 'gone' and r.status in ('kept', 'deleting') then 'gone'
                      when s.status = 'gone' then 'vanished'
                      when r.status = 'deleting' then 'deleting'
                      when r.status = 'kept' and s.status not in ('active', 'error') then 'kept'
                      else s.status end as status
          from s join server r on r.cloud_id = s.id left join called c on c.id = r.id
          where r.gone_at is null and r.updated_at < :began),
    moved as (
        update server r set status = n.status, name = n.name, fault = n.fault, addresses = n.addresses,
               security_groups = n.security_groups,
               task = case when n.status in ('kept', 'gone', 'vanished') then '' else n.task end,
               host = coalesce(nullif(n.host, ''), r.host), launched_at = coalesce(n.launched_at, r.launched_at),
               gone_at = case when n.status = 'gone' then now() end,
               kept_at = case when n.status = 'kept' then r.kept_at end,
               purge_at = case when n.status = 'kept' then r.purge_at end
        from n where r.id = n.id
          and (r.status, r.fault, r.addresses, r.security_groups, r.task, r.host) is distinct from
              (n.status, n.fault, n.addresses, n.security_groups,
               case when n.status in ('kept', 'gone', 'vanished') then '' else n.task end,
               coalesce(nullif(n.host, ''), r.host))
        returning r.id, r.tenant_id, r.name, n.was, n.called, r.status)
    {_TOLD}""")  # noqa: S608 - our own texts

_VANISHED: Final = text(f"""
    with {_SEEN},
    moved as (
        update server r set task = '',
               status = case when o.status in ('kept', 'deleting') then 'gone' else 'vanished' end,
               gone_at = case when o.status in ('kept', 'deleting') then now() end
        from server o where o.id = r.id and r.cloud_id is not null and r.gone_at is null and r.status <> 'vanished'
          and r.updated_at < :began and not exists (select from s where s.id = r.cloud_id)
        returning r.id, r.tenant_id, r.name, o.status as was, r.name as called, r.status)
    {_TOLD}""")  # noqa: S608 - our own texts

# Servers in our projects that nobody ordered here.
_FOREIGN: Final = text(f"""
    with {_SEEN},
    f as (select p.id, jsonb_agg(jsonb_build_object('kind', 'foreign-server', 'cloud_id', s.id, 'name', s.name,
                 'status', s.status, 'vcpus', s.vcpus, 'ram_mib', s.ram_mib, 'disk_gib', s.disk_gib)
                 order by s.id) as found
          from s join project p on p.cloud_id = s.project
          where s.status <> 'gone' and s.vcpus > 0 and not exists (select from server r where r.cloud_id = s.id)
            and not exists (select from server r where r.id = s.tag) group by p.id),
    n as (select p.id, coalesce((select jsonb_agg(e) from jsonb_array_elements(p.findings) e
                  where e ->> 'kind' <> 'foreign-server' or not cast(:whole as boolean)
                    and not exists (select from s where s.id = e ->> 'cloud_id')), '[]')
                 || coalesce(f.found, '[]') as findings
          from project p left join f on f.id = p.id where p.cloud_id is not null)
    update project p set findings = n.findings from n where p.id = n.id and p.findings <> n.findings""")  # noqa: S608 - our own texts

# Sizes that differ, and resizes that were ended in the cloud; not while one of our Changes holds the server.
_RESIZED: Final = text(f"""
    with {_SEEN}
    select r.id, r.tenant_id, r.name, s.vcpus, s.ram_mib, s.disk_gib, z.id as resize, z.to_vcpus, z.to_ram_mib
    from s join server r on r.cloud_id = s.id left join server_resize z on z.server_id = r.id and z.gone_at is null
    where r.gone_at is null and s.vcpus > 0 and s.status in ('active', 'stopped')
      and case when z.id is null then (r.vcpus, r.ram_mib, r.disk_gib) is distinct from (s.vcpus, s.ram_mib, s.disk_gib)
               else z.created_at < :began end
      and not exists (select from target_lock l where l.target_id = 'server:' || r.id)
      and not exists (select from change c where c.id = z.order_id and c.state in ('waiting', 'approved', 'running',
                                                                                   'rolling_back'))""")  # noqa: S608 - our own texts
_SIZE: Final = text(
    "update server set vcpus = :vcpus, ram_mib = :ram, disk_gib = :disk, plan_id = null"
    " where id = :id and gone_at is null"
)

# What carries the tag of a row and is not the row's server: the row has another one, or none any more.
_TWINS: Final = text(f"""
    with {_SEEN}
    select r.id, r.tenant_id, r.project_id, s.id as cloud_id, r.cloud_id as kept
    from s join server r on r.id = s.tag join project p on p.id = r.project_id and p.cloud_id = s.project
    where s.status <> 'gone' and s.task <> 'deleting' and r.cloud_id is distinct from s.id
      and (r.cloud_id is not null or r.gone_at is not null)
      and not exists (select from server o where o.cloud_id = s.id)""")  # noqa: S608 - our own texts
