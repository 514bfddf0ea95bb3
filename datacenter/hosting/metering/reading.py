"""Metered quantities: by the quarter-hour from usage, by the day from what was rated; JSON built by PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection, text

from datacenter.hosting.metering.errors import WindowTooLong

__all__ = ["Grain", "Rows", "month_of_resource", "usage_rows"]

Grain = Literal["quarter", "day"]
Rows = list[tuple[str, tuple[str, ...]]]

_QUARTERS_AT_ONCE: Final = timedelta(days=2)
_DAYS_AT_ONCE: Final = timedelta(days=400)


def usage_rows(
    tx: Connection, begins: datetime, ends: datetime, grain: Grain, *, resource: UUID | None = None,
    project: str | None = None, cursor: Sequence[str] | None = None, limit: int = 100,
) -> Rows:  # fmt: skip
    """A page of what was used in ``[begins, ends)``, in the order of time.

    Args:
        resource: one thing, by our id.
        project: code of a project.
    Raises:
        WindowTooLong: more than two days by the quarter-hour, or 400 by the day.
    """
    most = _QUARTERS_AT_ONCE if grain == "quarter" else _DAYS_AT_ONCE
    if ends - begins > most:
        raise WindowTooLong(
            f"{(ends - begins).days} days by the {grain} are more than {most.days}.", pointer="/query/until"
        )
    values = {
        "begins": begins, "ends": ends, "resource": resource, "project": project, "most": limit + 1,
        "at": cursor[0] if cursor else None, "meter": int(cursor[1]) if cursor and cursor[1].isdecimal() else 0,
        "size": cursor[2] if cursor else "",
    }  # fmt: skip
    found = tx.execute(_QUARTERS if grain == "quarter" else _DAYS, values)
    return [(row.line, (str(row.at), str(row.meter_id), str(row.size))) for row in found]


def month_of_resource(tx: Connection, resource: UUID, day: date) -> str:
    """What one thing comes to in the month of a day, as JSON text: in all, and by what was metered at which price."""
    return str(tx.execute(_MONTH_OF_ONE, {"resource": resource, "day": day}).scalar_one())


_MONTH_OF_ONE: Final = text("""
    select json_build_object('amount_micro_eur', coalesce(sum(x.amount), 0)::text, 'lines', coalesce(json_agg(
        json_build_object('offering', x.offering, 'plan', x.plan, 'component', x.component, 'seconds', x.seconds::text,
                          'unit_micro_eur', x.price::text, 'amount_micro_eur', x.amount::text)
        order by x.plan, x.component, x.price), '[]'))::text
    from (select o.code as offering, l.code as plan, m.component, c.quarter_micro_eur as price,
                 sum(c.seconds)::bigint as seconds, sum(c.amount_micro_eur)::bigint as amount
          from meter m join charge c on c.meter_id = m.id left join offering o on o.id = m.offering_id
          left join offering_plan l on l.id = m.plan_id
          where m.resource_id = :resource and c.booked = month_begin(cast(:day as date))
          group by o.code, l.code, m.component, c.quarter_micro_eur) x""")
_SHAPE: Final = """
    json_build_object('at', x.at, 'tenant', coalesce(t.code, 'unassigned'), 'project', p.code,
        'resource', json_build_object('type', m.resource, 'id', m.resource_id, 'cloud_id', m.cloud_id, 'name', m.name),
        'offering', o.code, 'plan', l.code, 'flavor', m.flavor, 'component', m.component, 'quantity', x.quantity::text,
        'seconds', x.seconds::text, 'booked', to_char(x.booked, 'YYYY-MM'), 'source', m.source)::text as line,
        x.at, x.meter_id, x.size"""
_JOINED: Final = """
    join meter m on m.id = x.meter_id
    left join tenant t on t.id = m.tenant_id
    left join project p on p.id = m.project_id
    left join offering o on o.id = m.offering_id
    left join offering_plan l on l.id = m.plan_id
    where (cast(:resource as uuid) is null or m.resource_id = :resource)
      and (cast(:project as text) is null or p.code = :project)"""
_QUARTERS: Final = text(f"""
    select {_SHAPE}
    from (select u.quarter as at, u.meter_id, u.quantity, u.seconds, u.booked, '' as size from usage u
          where u.quarter >= :begins and u.quarter < :ends) x
    {_JOINED}
      and (cast(:at as timestamptz) is null
           or (x.at, x.meter_id) > (cast(:at as timestamptz), cast(:meter as bigint)))
    order by x.at, x.meter_id limit :most""")  # noqa: S608 - our own text
_DAYS: Final = text(f"""
    select {_SHAPE}
    from (select c.day as at, c.meter_id, c.quantity, c.seconds, c.booked,
                 concat(c.booked, coalesce(c.price_id::text, '-')) as size from charge c
          where c.day >= region_day(:begins)
            and c.day <= region_day(cast(:ends as timestamptz) - interval '1 microsecond')) x
    {_JOINED}
      and (cast(:at as date) is null
           or (x.at, x.meter_id, x.size) > (cast(:at as date), cast(:meter as bigint), :size))
    order by x.at, x.meter_id, x.size limit :most""")  # noqa: S608 - our own text
