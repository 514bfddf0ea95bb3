"""Reads of the network room: one statement each, JSON built by PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from core.db import Database
from core.errors import NotFound
from core.scope import Scope
from inventory.selector import parse_selector, select_devices
from network import store
from network.diff import redacted_difference
from network.drivers.protocol import ConfigDriver
from network.fleet import Access, access, fleet_of
from network.intent import intended, only_routers
from network.secrets import fill_for
from orchestrator.queries import changes_by_id_json

__all__ = [
    "DeviceDiff",
    "chosen",
    "compare",
    "device_changes_json",
    "device_id",
    "devices_json",
    "drift_json",
    "far_ends_json",
    "fleet_json",
    "intended_text",
    "live_diff",
    "named",
    "readable",
    "versions_json",
]

_STATE: Final = """
         case when st.tried_at is null then 'unknown' when st.tried_at <= now() - interval '2 minutes' then 'unknown'
              when st.reachable then 'reachable' else 'unreachable' end"""
_DEVICES: Final = text(f"""
select coalesce(json_agg(row order by row.name), '[]')::text from (
  select d.id, d.name, d.role, d.platform, d.status, s.code as site, host(d.management_address) as management_address,
         st.reachable is true and st.tried_at > now() - interval '2 minutes' as reachable, {_STATE} as state,
         st.seen_at, st.tried_at, st.pushed is not null as configured, st.drifted_since,
         st.error ->> 'message' as problem, a.host_key is not null as enrolled
  from device d join site s on s.id = d.site_id left join device_state st on st.device_id = d.id
  left join device_access a on a.device_id = d.id
  where d.id = any(:ids)) row
""")  # noqa: S608 - constants of this module
_FAR_ENDS: Final = text(f"""
select coalesce(json_object_agg(i.name, json_build_object('link', l.name, 'kind', l.kind, 'status', l.status,
                                                          'state', {_STATE})), '{{}}')::text
  from interface i join link_end e on e.interface_id = i.id join link l on l.id = e.link_id
  join interface o on o.id in (l.a_interface_id, l.b_interface_id) and o.id <> i.id
  left join device_state st on st.device_id = o.device_id
 where i.device_id = :device
""")  # noqa: S608 - constants of this module
_NAMED: Final = text("""
select id, count(*) over () as found from device
 where (cast(:ids as uuid[]) is null or id = any(:ids)) and position(lower(:part) in lower(name)) > 0
 order by name limit :limit
""")
_FLEET: Final = text("""
select json_build_object('devices', count(*), 'reachable', count(*) filter (where seen and st.reachable),
    'unreachable', count(*) filter (where seen and not st.reachable), 'unknown', count(*) filter (where not seen),
    'drifted', count(*) filter (where st.drifted_since is not null))::text
  from device d left join device_state st on st.device_id = d.id
  cross join lateral (select coalesce(st.tried_at > now() - interval '2 minutes', false) as seen) looked
""")
_DRIFT: Final = text("""
select coalesce(json_agg(row order by row.device), '[]')::text from (
  select d.name as device, d.role, s.code as site, st.drifted_since, st.drift_diff as diff, st.drift_change as change,
         c.state as change_state
  from device_state st join device d on d.id = st.device_id join site s on s.id = d.site_id
  left join change c on c.id = st.drift_change
  where st.drifted_since is not null and d.id = any(:ids)) row
""")
_VERSIONS: Final = text("""
select coalesce(json_agg(row order by row.id desc), '[]')::text from (
  select v.id, '@' || (count(*) filter (where v.news) over (order by v.id desc) - 1) as version, v.digest, v.source,
         v.taken_at, v.change_id as change, t.lines, st.fingerprint = v.digest as runs
  from (select *, lag(digest) over (order by id desc) is distinct from digest as news from config_version
         where device_id = :device) v
  join config_text t on t.tenant_id = v.tenant_id and t.digest = v.digest
  left join device_state st on st.device_id = v.device_id
  order by v.id desc limit :limit) row
""")
# What ran on it, what waits to, and what altered the rows that its intent is made of.
_TOUCHED: Final = text("""
with mine as (
    select cast(:device as uuid) as id
    union all select id from interface where device_id = :device
    union all select a.id from address a join interface i on i.id = a.interface_id where i.device_id = :device
    union all select id from device_access where device_id = :device
    union all select id from rack_placement where device_id = :device)
select id from (
    select change_id as id from change_step where target_id = 'device:' || cast(:device as text)
    union
    select id from change where state in ('waiting', 'approved')
       and plan @> jsonb_build_object('targets',
                       jsonb_build_array(jsonb_build_object('id', 'device:' || cast(:device as text))))
    union
    select j.change_id from mine join change_log g on g.row_id = mine.id join journal j on j.id = g.journal_id
     where j.change_id is not null) touched
 where cast(:before as uuid) is null or id < :before
 order by id desc limit :limit
""")


@dataclass(frozen=True, slots=True)
class DeviceDiff:
    """What a push of the intent would do on one device now; ``error`` where it cannot be told."""

    device: str
    in_sync: bool | None
    diff: str
    error: dict[str, object] | None = None


def chosen(tx: Connection, select: str) -> list[UUID]:
    """Devices that a selector means; none at all is an empty list when everything was asked for."""
    selector = parse_selector(select)
    return select_devices(tx, selector, must_match=bool(selector.conditions))


def named(tx: Connection, select: str, part: str, limit: int) -> tuple[list[UUID], int]:
    """Devices that a selector means (nothing: all) with a part in their name: the first ones, and how many there are.

    Raises:
        UnknownSelector: the selector means nothing.
    """
    ids = chosen(tx, select) if select else None
    rows = tx.execute(_NAMED, {"ids": ids, "part": part, "limit": limit}).all()
    return [row.id for row in rows], rows[0].found if rows else 0


def device_id(tx: Connection, name: str) -> tuple[UUID, UUID, str]:
    """Id, tenant and platform of a device by name.

    Raises:
        NotFound: none of that name here.
    """
    row = tx.execute(
        text("select id, tenant_id, platform from device where name = :name"), {"name": name}
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no device {name!r}.", hint="'irisplane device list' shows them.", device=name)
    return row.id, row.tenant_id, row.platform


def devices_json(tx: Connection, ids: Sequence[UUID]) -> str:
    """Devices with what was last seen of them; an old observation is no observation."""
    return str(tx.execute(_DEVICES, {"ids": list(ids)}).scalar_one())


def fleet_json(tx: Connection) -> str:
    """How many devices there are, and in which state; what was not looked at for two minutes is *unknown*."""
    return str(tx.execute(_FLEET).scalar_one())


def drift_json(tx: Connection, ids: Sequence[UUID]) -> str:
    """Devices that run something else than their intent, with the difference and what was done about it."""
    return str(tx.execute(_DRIFT, {"ids": list(ids)}).scalar_one())


def versions_json(tx: Connection, device: UUID, limit: int) -> str:
    """A device's kept configurations, newest first; ``version`` counts those that differ from the one after, as
    :func:`network.store.version` does."""
    return str(tx.execute(_VERSIONS, {"device": device, "limit": limit}).scalar_one())


def far_ends_json(tx: Connection, device: UUID) -> str:
    """The far ends of a device's links by its own interface: link, kind, status, how the far device was last seen."""
    return str(tx.execute(_FAR_ENDS, {"device": device}).scalar_one())


def device_changes_json(tx: Connection, device: UUID, *, before: UUID | None, limit: int) -> str:
    """Changes that ran on a device, wait to, or altered what the inventory holds of it; newest first.

    Args:
        before: id of the last one of the page before.
    """
    ids = tx.execute(_TOUCHED, {"device": device, "before": before, "limit": limit}).scalars().all()
    return changes_by_id_json(tx, ids)


def intended_text(tx: Connection, device: UUID) -> str:
    """A device's intended configuration as people may read it: references stand where secrets will."""
    return intended(tx, [device])[device].text


def readable(tx: Connection, device: UUID, tenant: UUID, which: str) -> str:
    """A kept version (``@0``, a digest's beginning) or ``intended``, as people may read it.

    Raises:
        NotFound: no such version, or more than one.
    """
    if which == "intended":
        return intended_text(tx, device)
    return store.redacted(tx, tenant, store.version(tx, device, which).digest)


def compare(tx: Connection, device: UUID, tenant: UUID, platform: str, one: str, other: str) -> str:
    """The difference of two kept versions (``@0``, a digest's beginning), or of one and ``intended``; redacted."""
    return redacted_difference(readable(tx, device, tenant, one), readable(tx, device, tenant, other), platform)


def live_diff(database: Database, scope: Scope, ids: Sequence[UUID]) -> list[DeviceDiff]:
    """Ask the devices themselves: what runs, against what is intended, redacted. Nothing is stored."""
    with database.transaction("api", scope) as tx:
        devices = only_routers(intended(tx, ids))
        wanted = {key: fill_for(tx, one.tenant_id, one.text) for key, one in devices.items()}
        reach = access(tx, list(devices))

    def ask(driver: ConfigDriver, _: Access) -> str:
        return driver.running()

    answers = {one.access.device_id: one for one in fleet_of(database).ask(scope, list(reach.values()), ask)}
    out: list[DeviceDiff] = []
    for key, one in devices.items():
        answer = answers.get(key)
        if answer is None:
            out.append(DeviceDiff(one.name, None, "", {"message": f"No way to log in is known for {one.name}."}))
        elif answer.error is not None or answer.value is None:
            out.append(DeviceDiff(one.name, None, "", answer.error.as_dict() if answer.error else {}))
        else:
            diff = redacted_difference(answer.value, wanted[key], one.platform)
            out.append(DeviceDiff(one.name, not diff, diff))
    return out
