"""What is expected to be down: silences that people lay on a link, a device or a site, and devices in maintenance."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection, text

from core.errors import InvalidInput, NotFound

__all__ = ["SilencedKind", "lay", "lift", "silenced_links", "silences_json"]

SilencedKind = Literal["link", "device", "site"]

_SILENCED: Final = text("""
with ends as (
    select l.id, l.name, d.id as device_id, d.site_id, d.status from link l
      join interface i on i.id in (l.a_interface_id, l.b_interface_id) join device d on d.id = i.device_id),
 now_silent as (select link_id, device_id, site_id from incident_silence where during @> now())
select distinct e.name from ends e
 where e.status = 'maintenance' or exists (select from now_silent s
   where s.link_id = e.id or s.device_id = e.device_id or s.site_id = e.site_id)
""")
_KEYS: Final = {
    "link": "select id from link where name = :key",
    "device": "select id from device where name = :key",
    "site": "select id from site where code = :key",
}
_LAY: Final = text("""
insert into incident_silence (tenant_id, link_id, device_id, site_id, during, reason, by_id)
select t.id, :link, :device, :site, tstzrange(:begins, :ends), :reason, :by from tenant t where t.kind = 'region'
 order by t.created_at limit 1 returning id
""")
_SILENCES: Final = text("""
select coalesce(json_agg(row order by row.begins), '[]')::text from (
  select s.id, case when s.link_id is not null then 'link' when s.device_id is not null then 'device' else 'site' end
         as kind, coalesce(l.name, d.name, p.code) as name, lower(s.during) as begins, upper(s.during) as ends,
         s.reason, w.handle as by
  from incident_silence s left join link l on l.id = s.link_id left join device d on d.id = s.device_id
  left join site p on p.id = s.site_id left join principal w on w.id = s.by_id
  where upper(s.during) > now()) row
""")


def silenced_links(tx: Connection) -> Collection[str]:
    """Names of links whose fall is expected now."""
    return frozenset(tx.execute(_SILENCED).scalars())


def lay(tx: Connection, kind: SilencedKind, key: str, begins: datetime, ends: datetime, reason: str, by: UUID) -> UUID:
    """Lay a silence on a thing, for a time.

    Raises:
        NotFound: there is no such thing.
        InvalidInput: it would end before it begins, or is over.
    """
    found = tx.execute(text(_KEYS[kind]), {"key": key}).scalar()
    if found is None:
        raise NotFound(f"There is no {kind} {key!r}.", **{kind: key})
    if ends <= begins:
        raise InvalidInput("A silence ends after it begins.", pointer="/ends", hint="Give an 'ends' after 'begins'.")
    values: dict[str, object] = dict.fromkeys(_KEYS)
    values[kind] = found
    row = tx.execute(_LAY, {**values, "begins": begins, "ends": ends, "reason": reason, "by": by}).one()
    return UUID(str(row.id))


def lift(tx: Connection, silence: UUID) -> None:
    """End a silence now.

    Raises:
        NotFound: there is none that holds.
    """
    done = tx.execute(
        text("delete from incident_silence where id = :id and upper(during) > now() returning id"), {"id": silence}
    ).scalar()
    if done is None:
        raise NotFound("There is no such silence.", hint="'irisplane incident silences' shows those that hold.")


def silences_json(tx: Connection) -> str:
    """Silences that are not over."""
    return str(tx.execute(_SILENCES).scalar_one())
