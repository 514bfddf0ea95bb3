"""Bring usage up to date: from what each source says was held to rows per quarter-hour, in sets.

A quarter-hour is metered once, a few minutes after its end. **A thing counts for each quarter-hour in which it was
there, even in part**; beside that stands for how many seconds it really was. A quarter-hour in which a server ran at
any moment is one of a running server. What comes late is added; nothing that was metered is ever taken away.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, text

from core.db import Database
from core.scope import EVERY_TENANT, Scope
from datacenter.hosting.errors import CloudRefused, CloudSilent, NoCloud
from datacenter.hosting.metering import rating
from datacenter.hosting.metering.held import Held, Source, Window, sources
from datacenter.hosting.pricing import QUARTER, quarter_of

__all__ = ["meter", "meter_due", "store"]

_LOG = logging.getLogger(__name__)
_SCOPE: Final = Scope(EVERY_TENANT, reason="metering")
_SETTLED: Final = timedelta(minutes=2)
"""After the end of a quarter-hour, until the services have written down what happened in it."""
_AT_ONCE: Final = timedelta(days=1)


def meter_due(database: Database) -> None:
    """Meter what is due, of every source. Called by the worker every minute."""
    until = quarter_of(datetime.now(UTC) - _SETTLED)
    for source in sources():
        while meter(database, source, until):
            pass


def meter(database: Database, source: Source, until: datetime) -> bool:
    """Meter one source up to a quarter-hour, a day at most; whether there is more to do.

    The first time it only begins: what was used before is nobody's bill. A source that cannot be read leaves a gap, and
    is metered from where it was when it can be read again.
    """
    with database.transaction("platform", _SCOPE) as tx:
        begins = tx.execute(_MARK, {"source": source.name}).scalar()
    if begins is not None and begins >= until:
        return False
    try:
        # The first look only tries whether the source can be read, over a real quarter-hour: Nova refuses an empty one.
        window = Window(begins, min(until, begins + _AT_ONCE)) if begins else Window(until - QUARTER, until)
        found = source.held(window)
    except (CloudSilent, CloudRefused, NoCloud) as error:
        if begins is None:
            _LOG.info("%s cannot be metered yet: %s", source.name, error.message)
        else:
            _gap(database, source, Window(begins, until), error.message)
        return False
    with database.transaction("platform", _SCOPE) as tx:
        tx.execute(_ALONE)
        if begins is None:
            tx.execute(_BEGIN, {"source": source.name, "until": until})
            return False
        if tx.execute(_MARK, {"source": source.name}).scalar() != begins:
            return True  # another worker was quicker
        lost = _vanished(tx, source, window, found)
        added = store(tx, source.name, window, found)
        tx.execute(_MOVE, {"source": source.name, "until": window.ends})
        for statement in (_CLOSE_GAPS, _SHRINK_GAPS):
            tx.execute(statement, {"source": source.name, "begins": window.begins, "ends": window.ends})
        if lost:
            tx.execute(
                _ADD_GAP,
                {"source": source.name, "begins": window.begins, "ends": window.ends, "reason": _LOST.format(lost)},
            )
        rating.rate(tx, window)
    _LOG.info("metered %s up to %s: %d rows", source.name, window.ends, added)
    return window.ends < until


def store(tx: Connection, source: str, window: Window, found: Iterable[Held]) -> int:
    """Write what was held in a window as usage; gives how many rows are new. Twice the same adds nothing.

    Whose it is: the administration's of the project in which it stands; nobody's (``unassigned``) where the project is
    none of ours. Its price follows from our row's plan, or from the size that the cloud names.
    """
    tx.execute(text("drop table if exists held, held_off"))
    tx.execute(_TABLES)
    _copy(tx, found, window)
    values = {"source": source, "begins": window.begins, "ends": window.ends}
    tx.execute(_METERS, values)
    return tx.execute(_USAGE, values).rowcount


def _copy(tx: Connection, found: Iterable[Held], window: Window) -> None:
    driver = tx.connection.driver_connection
    assert driver is not None, "a transaction has a connection"
    off: list[tuple[str, datetime, datetime]] = []
    with driver.cursor() as cursor:
        with cursor.copy("copy held from stdin") as rows:
            for one in found:
                rows.write_row((
                    one.resource, one.cloud_id, one.cloud_project, one.name, one.flavor, one.quantity, one.ours,
                    max(one.begins, window.begins), min(one.ends or window.ends, window.ends),
                ))  # fmt: skip
                off += [(one.cloud_id, begins, ends or window.ends) for begins, ends in one.off]
        if off:
            with cursor.copy("copy held_off from stdin") as rows:
                for span in off:
                    rows.write_row(span)
    tx.execute(text("analyze held"))


def _gap(database: Database, source: Source, window: Window, reason: str) -> None:
    """One open gap a source grows while it lasts."""
    with database.transaction("platform", _SCOPE) as tx:
        values = {"source": source.name, "begins": window.begins, "ends": window.ends, "reason": reason[:500]}
        if not tx.execute(_GROW_GAP, values).rowcount:
            tx.execute(_ADD_GAP, values)
    _LOG.warning("%s cannot be metered from %s: %s", source.name, window.begins, reason)


_LOST: Final = "{} thing(s) were deleted while this source was not looked at; until when they were there is not known."


def _vanished(tx: Connection, source: Source, window: Window, found: Sequence[Held]) -> int:
    """How many things a forgetful source had before a look that was missed, and has no more."""
    if source.remembers or window.ends - window.begins <= QUARTER:
        return 0
    there = [one.cloud_id for one in found]
    return int(
        tx.execute(_WAS_THERE, {"source": source.name, "at": window.begins - QUARTER, "there": there}).scalar_one()
    )


_ALONE: Final = text("select pg_advisory_xact_lock(hashtextextended('metering', 11))")
_MARK: Final = text("select metered_until from metering_mark where source = :source")
_BEGIN: Final = text(
    "insert into metering_mark (source, metered_until) values (:source, :until) on conflict (source) do nothing"
)
_MOVE: Final = text("update metering_mark set metered_until = :until where source = :source")
_GROW_GAP: Final = text("""
    update metering_gap set held = tstzrange(lower(held), greatest(upper(held), cast(:ends as timestamptz)))
    where source = :source and closed_at is null and upper(held) >= cast(:begins as timestamptz)
      and lower(held) <= cast(:begins as timestamptz) and reason not like '%not known.'""")
_ADD_GAP: Final = text("""
    insert into metering_gap (source, held, reason) values (:source, tstzrange(:begins, :ends), :reason)
    on conflict do nothing""")
_CLOSE_GAPS: Final = text("""
    update metering_gap set closed_at = now()
    where source = :source and closed_at is null and held <@ tstzrange(:begins, :ends)""")
_SHRINK_GAPS: Final = text("""
    update metering_gap set held = tstzrange(cast(:ends as timestamptz), upper(held))
    where source = :source and closed_at is null and lower(held) >= cast(:begins as timestamptz)
      and lower(held) < cast(:ends as timestamptz) and upper(held) > cast(:ends as timestamptz)""")
_WAS_THERE: Final = text("""
    select count(distinct m.cloud_id) from usage u join meter m on m.id = u.meter_id
    where u.quarter = :at and m.source = :source and not m.cloud_id = any(:there)""")
_TABLES: Final = text("""
    create temporary table held (
        resource text, cloud_id text, cloud_project text, name text, flavor text, quantity integer, ours uuid,
        begins timestamptz, ends timestamptz) on commit drop;
    create temporary table held_off (cloud_id text, begins timestamptz, ends timestamptz) on commit drop""")

# What each thing is to us: whose, which row, which price. A server that is off has a meter of its own.
_KNOWN: Final = """
    known as materialized (
        select h.cloud_id, h.cloud_project, h.name, h.flavor, h.quantity, h.begins, h.ends, k.resource, p.tenant_id,
               p.id as project_id, coalesce(s.id, h.ours) as resource_id,
               coalesce(l.offering_id, o.id) as offering_id, l.id as plan_id
        from held h
        left join project p on p.cloud_id = h.cloud_project
        left join server s on s.cloud_id = h.cloud_id
        left join volume_snapshot b on b.id = h.ours and b.schedule_id is not null
        cross join lateral (select case when b.id is null then h.resource else 'backup' end as resource) k
        left join lateral (
            select l.id, l.offering_id from offering_plan l
            where k.resource = 'server' and l.flavor = h.flavor
            order by l.id = s.plan_id desc nulls last, l.valid @> h.begins desc, lower(l.valid) desc limit 1) l on true
        left join lateral (
            select o.id from offering o
            where k.resource <> 'server' and o.kind = k.resource
            order by o.valid @> h.begins desc, o.code limit 1) o on true
        where h.ends > h.begins),
    quarters as materialized (
        select q as quarter, q + interval '15 minutes' as until, open_month(region_day(q)) as booked
        from generate_series(cast(:begins as timestamptz), cast(:ends as timestamptz) - interval '15 minutes',
                             interval '15 minutes') q),
    seen as (
        select k.*, q.quarter, q.booked, greatest(k.begins, q.quarter) as there_from,
               least(k.ends, q.until) as there_until
        from known k join quarters q on q.quarter < k.ends and q.until > k.begins),
    counted as (
        select s.*, case s.resource when 'server' then case when o.cloud_id is null then 'server' else 'server-off' end
                                    when 'floating-ip' then 'address' when 'network' then 'network' else 'gib' end
                    as component
        from seen s
        left join held_off o on o.cloud_id = s.cloud_id and o.begins <= s.there_from and o.ends >= s.there_until)"""
_METERS: Final = text(f"""
    with {_KNOWN}
    insert into meter (tenant_id, project_id, source, resource, resource_id, cloud_id, cloud_project, name, component,
                       offering_id, plan_id, flavor)
    select distinct on (cloud_id, component) tenant_id, project_id, :source, resource, resource_id, cloud_id,
           cloud_project, name, component, offering_id, plan_id, flavor
    from counted
    on conflict on constraint meter_once do update set name = excluded.name, resource_id = excluded.resource_id
    where (meter.name, meter.resource_id) is distinct from (excluded.name, excluded.resource_id)""")  # noqa: S608 - our own text
_USAGE: Final = text(f"""
    with {_KNOWN},
    there as materialized (
        select distinct u.quarter, m.cloud_id from usage u join meter m on m.id = u.meter_id
        where u.quarter >= cast(:begins as timestamptz) and u.quarter < cast(:ends as timestamptz)
          and m.source = :source)
    insert into usage (quarter, meter_id, tenant_id, quantity, seconds, booked)
    select c.quarter, m.id, c.tenant_id, c.quantity,
           greatest(1, round(extract(epoch from c.there_until - c.there_from)))::smallint, c.booked
    from counted c
    join meter m on m.source = :source and m.cloud_id = c.cloud_id and m.component = c.component
     and m.tenant_id is not distinct from c.tenant_id and m.project_id is not distinct from c.project_id
     and m.offering_id is not distinct from c.offering_id and m.plan_id is not distinct from c.plan_id
     and m.flavor = c.flavor
    where not exists (select from there t where t.quarter = c.quarter and t.cloud_id = c.cloud_id)""")  # noqa: S608 - our own text
