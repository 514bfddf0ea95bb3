"""The region in figures: what every domain measures, what is kept of it day by day, and where it is going.

One place for all who show them: the API, the pages, the paper for the board. The leader keeps today's values every
hour, so a day's last one stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from core.db import Database
from core.domain import domains
from core.figures import Course, Figure, Point, course
from core.scope import EVERY_TENANT, Scope

__all__ = ["PAST_DAYS", "WINDOW_DAYS", "Ended", "Shown", "ended", "measured", "note", "of_changes", "today_here"]

PAST_DAYS: Final = 91
"""How far back figures are shown: a quarter of a year, in whole weeks."""
WINDOW_DAYS: Final = 30
"""What is counted over a time is counted over the days before."""
_ZONE: Final = ZoneInfo("Europe/Brussels")

Collector = Callable[[Connection, date], Iterable[Figure]]


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure with its past, oldest first and today's last, and where it is going."""

    figure: Figure
    past: tuple[Point, ...]
    course: Course


@dataclass(frozen=True, slots=True)
class Ended:
    """How changes ended in the days up to one.

    Attributes:
        worked: how many; what people rejected, cancelled or let lapse is left out.
        good: how many of them succeeded.
        waited: of these the median from being asked to being begun, in seconds.
        ran: and from being begun to the end.
    """

    day: date
    worked: int
    good: int
    waited: float | None
    ran: float | None


def today_here() -> date:
    """The day it is in the region."""
    return datetime.now(UTC).astimezone(_ZONE).date()


def measured(tx: Connection, today: date, *, code: str | None = None) -> list[Shown]:
    """Every figure of the scope, or the one of that code: as it is now, with what was kept of it.

    What is kept is the region's: who sees one administration has figures without a past.
    """
    found = [one for one in _collected(tx, today) if code in {None, one.code}]
    kept = _kept(tx, today, [one.code for one in found if one.past is None])
    out = []
    for one in found:
        past = one.past if one.past is not None else kept.get(one.code, ())
        if one.past is None and one.value is not None:
            past = (*past, Point(today, one.value))
        out.append(Shown(one, past, course(past, one.capacity, today)))
    return out


def note(database: Database) -> int:
    """Keep today's value of each figure, also of what has records of its own, for who reads these alone.

    Returns:
        How many.
    """
    today = today_here()
    with database.transaction("platform", Scope(EVERY_TENANT, reason="figures of the day")) as tx:
        rows = [
            {"day": today, "code": one.code, "subject": one.subject, "unit": one.unit, "value": one.value,
             "capacity": one.capacity}
            for one in _collected(tx, today)
            if one.value is not None
        ]  # fmt: skip
        if rows:
            tx.execute(_NOTE, rows)
    return len(rows)


def ended(tx: Connection, today: date, kinds: str, *, days: int = WINDOW_DAYS) -> list[Ended]:
    """How the changes of some kinds ended in the days before each of the last weeks; the newest row is today's.

    Args:
        kinds: a pattern of ``like``: ``%`` for all.
    """
    values = {"today": today, "kinds": kinds, "past": PAST_DAYS, "window": days}
    return [Ended(*row) for row in tx.execute(_ENDED, values)]


def of_changes(tx: Connection, today: date) -> list[Figure]:
    """How changes of all kinds end."""
    rows = ended(tx, today, "%")
    now = rows[-1]
    worked = tuple(Point(row.day, row.worked) for row in rows if row.worked)
    share = tuple(Point(row.day, row.good / row.worked) for row in rows if row.worked)
    waiting = tx.execute(text("select count(*) from change where state = 'waiting'")).scalar_one()
    return [
        Figure("changes-succeeded", "changes", "share", now.good / now.worked if now.worked else None,
               past=share),
        Figure("changes-ended", "changes", "count", now.worked, past=worked),
        Figure("changes-waiting", "changes", "count", waiting),
    ]  # fmt: skip


def _collected(tx: Connection, today: date) -> list[Figure]:
    out = of_changes(tx, today)
    for domain in domains():
        if domain.figures:
            out += _load(domain.figures)(tx, today)
    return out


def _load(reference: str) -> Collector:
    module, _, name = reference.partition(":")
    found: Collector = getattr(import_module(module), name)
    return found


def _kept(tx: Connection, today: date, codes: list[str]) -> dict[str, tuple[Point, ...]]:
    out: dict[str, tuple[Point, ...]] = {}
    for row in tx.execute(_KEPT, {"codes": codes, "since": today - timedelta(days=PAST_DAYS), "today": today}):
        out[row.code] = (*out.get(row.code, ()), Point(row.day, row.value))
    return out


_KEPT: Final = text("""
    select code, day, value from figure_day
     where code = any(cast(:codes as text[])) and day >= :since and day < :today order by code, day""")
_NOTE: Final = text("""
    insert into figure_day (day, code, subject, unit, value, capacity)
    values (:day, :code, :subject, :unit, :value, :capacity)
    on conflict (code, day) do update
       set value = excluded.value, capacity = excluded.capacity, subject = excluded.subject, unit = excluded.unit,
           noted_at = now()""")
_ENDED: Final = text("""
    with week as (
        select cast(:today as date) - 7 * n as day from generate_series(0, cast(:past as integer) / 7) n)
    , bound as (
        select day, (day + 1)::timestamp at time zone 'Europe/Brussels' as until,
               (day + 1 - cast(:window as integer))::timestamp at time zone 'Europe/Brussels' as since from week)
    , over as (
        select state, requested_at, started_at, finished_at from change
         where kind like :kinds and state not in ('rejected', 'cancelled', 'expired', 'stale')
           and finished_at >= (select min(since) from bound))
    select b.day, count(o.*) as worked, count(o.*) filter (where o.state = 'succeeded') as good,
           percentile_cont(0.5) within group (order by extract(epoch from o.started_at - o.requested_at)::float)
               filter (where o.state = 'succeeded') as waited,
           percentile_cont(0.5) within group (order by extract(epoch from o.finished_at - o.started_at)::float)
               filter (where o.state = 'succeeded') as ran
      from bound b left join over o on o.finished_at >= b.since and o.finished_at < b.until
     group by b.day order by b.day""")
