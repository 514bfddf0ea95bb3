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
from network.intent import intended
from network.secrets import fill_for

__all__ = [
    "DeviceDiff",
    "chosen",
    "compare",
    "device_id",
    "devices_json",
    "drift_json",
    "fleet_json",
    "intended_text",
    "live_diff",
    "named",
    "versions_json",
]

_DEVICES: Final = text("""
select coalesce(json_agg(row order by row.name), '[]')::text from (
  select d.id, d.name, d.role, d.platform, d.status, s.code as site, host(d.management_address) as management_address,
         st.reachable is true and st.tried_at > now() - interval '2 minutes' as reachable,
         case when st.tried_at is null then 'unknown' when st.tried_at <= now() - interval '2 minutes' then 'unknown'
              when st.reachable then 'reachable' else 'unreachable' end as state,
         st.seen_at, st.tried_at, st.pushed is not null as configured, st.drifted_since,
         st.error ->> 'message' as problem, a.host_key is not null as enrolled
  from device d join site s on s.id = d.site_id left join device_state st on st.device_id = d.id
  left join device_access a on a.device_id = d.id
  where d.id = any(:ids)) row
""")
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
  select v.id, v.digest, v.source, v.taken_at, v.change_id as change, t.lines
  from config_version v join config_text t on t.tenant_id = v.tenant_id and t.digest = v.digest
  where v.device_id = :device order by v.id desc limit :limit) row
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
    """A device's kept configurations, newest first."""
    return str(tx.execute(_VERSIONS, {"device": device, "limit": limit}).scalar_one())


def intended_text(tx: Connection, device: UUID) -> str:
    """A device's intended configuration as people may read it: references stand where secrets will."""
    return intended(tx, [device])[device].text


def compare(tx: Connection, device: UUID, tenant: UUID, platform: str, one: str, other: str) -> str:
    """The difference of two kept versions (``@0``, a digest's beginning), or of one and ``intended``; redacted."""

    def text_of(which: str) -> str:
        if which == "intended":
            return intended_text(tx, device)
        return store.redacted(tx, tenant, store.version(tx, device, which).digest)

    return redacted_difference(text_of(one), text_of(other), platform)


def live_diff(database: Database, scope: Scope, ids: Sequence[UUID]) -> list[DeviceDiff]:
    """Ask the devices themselves: what runs, against what is intended, redacted. Nothing is stored."""
    with database.transaction("api", scope) as tx:
        devices = intended(tx, ids)
        wanted = {key: fill_for(tx, one.tenant_id, one.text) for key, one in devices.items()}
        reach = access(tx, ids)

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
