"""What usage comes to: quantity x the price that held at the beginning of each quarter-hour, per meter, day and price.

One statement for a day of everybody. The day is cut where a price begins or ends; within a piece every quarter-hour
of a meter has one price, so the sum of its quantities is multiplied once, exactly. Rated again it comes to the same;
a month that is closed is left alone.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection, text

from datacenter.hosting.metering.held import Window
from datacenter.hosting.pricing import REGION_TIME

__all__ = ["rate", "rate_days"]


def rate(tx: Connection, window: Window) -> int:
    """Rate the days that a window touches; gives how many lines altered."""
    last = (window.ends - timedelta(microseconds=1)).astimezone(REGION_TIME).date()
    return rate_days(tx, window.begins.astimezone(REGION_TIME).date(), last)


def rate_days(tx: Connection, first: date, last: date) -> int:
    """Rate days of the region, both included, in one statement each; gives how many lines altered."""
    altered = 0
    for number in range((last - first).days + 1):
        altered += tx.execute(_RATE, {"day": first + timedelta(days=number)}).rowcount
    return altered


# Materialized: each part is a handful of rows, which the planner cannot know.
_RATE: Final = text("""
    with clock as materialized (
        select q as quarter
        from generate_series(region_midnight(:day), region_midnight(:day + 1) - interval '15 minutes',
                             interval '15 minutes') q),
    cuts as materialized (
        select distinct at from price, lateral (values (lower(valid)), (upper(valid))) c(at)
        where at > region_midnight(:day) and at < region_midnight(:day + 1)),
    pieces as materialized (
        select quarter, (select count(*) from cuts where at <= quarter) as piece from clock),
    begins as materialized (select piece, min(quarter) as at from pieces group by piece),
    used as materialized (
        select u.booked, p.piece, u.meter_id, u.tenant_id, sum(u.quantity) as quantity, sum(u.seconds) as seconds
        from usage u join pieces p on p.quarter = u.quarter
        where u.quarter >= region_midnight(:day) and u.quarter < region_midnight(:day + 1)
        group by u.booked, p.piece, u.meter_id, u.tenant_id),
    wanted as materialized (
        select u.booked, u.meter_id, u.tenant_id, c.id as price_id, c.quarter_micro_eur,
               sum(u.quantity)::bigint as quantity, sum(u.seconds)::bigint as seconds
        from used u
        join begins b on b.piece = u.piece
        join meter m on m.id = u.meter_id
        left join price c on c.offering_id = m.offering_id and c.plan_id is not distinct from m.plan_id
         and c.component = m.component and c.valid @> b.at
        where not exists (select from closed_month s where s.month = u.booked)
        group by u.booked, u.meter_id, u.tenant_id, c.id, c.quarter_micro_eur)
    merge into charge t using wanted w
       on t.day = :day and t.booked = w.booked and t.meter_id = w.meter_id
      and t.price_id is not distinct from w.price_id
    when matched and (t.quantity, t.seconds, t.quarter_micro_eur)
         is distinct from (w.quantity, w.seconds, w.quarter_micro_eur)
        then update set quantity = w.quantity, seconds = w.seconds, quarter_micro_eur = w.quarter_micro_eur
    when not matched then
        insert (booked, day, meter_id, tenant_id, price_id, quarter_micro_eur, quantity, seconds)
        values (w.booked, :day, w.meter_id, w.tenant_id, w.price_id, w.quarter_micro_eur, w.quantity, w.seconds)
    when not matched by source and t.day = :day and not exists (select from closed_month s where s.month = t.booked)
        then delete""")
