"""What hosting measures: what machines hold, what is sold and used, how long orders take, what months come to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Final

from sqlalchemy import Connection, text

from core.figures import Figure, Point
from datacenter.hosting import capacity, quotas
from orchestrator.figures import ended

__all__ = ["MAKES_SERVERS", "collect"]

MAKES_SERVERS: Final = "hosting.server.create"


def collect(tx: Connection, today: date) -> Iterator[Figure]:
    """What the cloud holds; of every quota what is used of what is granted; of orders medians; of money months."""
    yield from capacity.figures(tx)
    of = {one["resource"]: one for one in json.loads(quotas.sold_json(tx))}
    for resource in quotas.RESOURCES:
        if resource in of:
            used, granted = of[resource]["used"], of[resource]["granted"]
            yield Figure(resource, "sold", capacity.UNITS.get(resource, "count"), used, granted)
    orders = ended(tx, today, "hosting.%")
    servers = ended(tx, today, MAKES_SERVERS)
    waited = tuple(Point(row.day, row.waited) for row in orders if row.waited is not None)
    ran = tuple(Point(row.day, row.ran) for row in servers if row.ran is not None)
    done = tuple(Point(row.day, row.worked) for row in orders if row.worked)
    yield Figure("order-wait", "orders", "seconds", orders[-1].waited, past=waited)
    yield Figure("server-time", "orders", "seconds", servers[-1].ran, past=ran)
    yield Figure("orders-ended", "orders", "count", orders[-1].worked, past=done)
    months = [Point(row.month, int(row.amount)) for row in tx.execute(_MONTHS, {"today": today})]
    if not months or months[-1].day != today.replace(day=1):
        months.append(Point(today.replace(day=1), 0))  # metered, and nothing yet
    yield Figure("month", "money", "micro-euro", months[-1].value, past=tuple(months))


# A closed month is what its digest was taken over; it is not summed again.
_MONTHS: Final = text("""
    with bound as (select (cast(:today as date) - interval '13 months')::date as since)
    , closed as (
        select month, amount_micro_eur::numeric as amount from closed_month where month > (select since from bound))
    , line as (
        select booked as month, amount_micro_eur from charge
        union all
        select booked, amount_micro_eur from correction)
    select month, amount from closed
    union all
    select month, sum(amount_micro_eur) from line
     where month > (select since from bound) and month not in (select month from closed) group by month
     order by month""")
