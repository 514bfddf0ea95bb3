"""A month's lines: what was used, at which price, what it comes to, from which source; as JSON, as rows, as CSV.

A line is one thing at one price in one month. Under row-level security an administration reads its own, the region's
staff everybody's, with what belongs to nobody under ``unassigned``. Sums are of the whole month, however short the
page.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, TextClause, text

from datacenter.hosting.pricing import month_of

__all__ = ["Rows", "head_json", "lines_csv", "lines_json"]

Rows = list[tuple[str, tuple[str, ...]]]

_GUARDED: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Beginnings that a spreadsheet takes for a formula."""


def head_json(tx: Connection, month: date) -> str:
    """Month, whether it is closed and complete, what is missing, and its sums; an object without its last brace."""
    begins, ends = month_of(month.year, month.month)
    values = {"month": month, "begins": begins, "ends": ends}
    return str(tx.execute(_HEAD, values).scalar_one())[:-1]


def lines_json(
    tx: Connection, month: date, *, tenant: str | None = None, project: str | None = None,
    cursor: Sequence[str] | None = None, limit: int = 100,
) -> Rows:  # fmt: skip
    """A page of lines with their position, one more than asked for if it goes on."""
    values = {
        "month": month,
        "tenant": tenant,
        "project": project,
        "at": cursor[0] if cursor else "",
        "most": limit + 1,
    }
    return [(row.line, (row.key,)) for row in tx.execute(_PAGE, values)]


def lines_csv(tx: Connection, month: date, *, tenant: str | None = None, project: str | None = None) -> Iterator[str]:
    """Every line as CSV (RFC 4180), in pieces; amounts in micro-euros and, exact, in euros.

    A text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    found = tx.execute(_EVERY, {"month": month, "tenant": tenant, "project": project})
    for number, row in enumerate(found.mappings()):
        writer.writerow([_cell(name, row[name]) for name in _COLUMNS])
        if number % 500 == 499:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in _FIGURES:
        return str(value)
    shown = str(value)
    return f"'{shown}" if shown.startswith(_GUARDED) else shown


_COLUMNS: Final = (
    "month", "tenant", "project", "type", "id", "cloud_id", "name", "offering", "plan", "flavor", "component", "from",
    "until", "quantity", "unit", "seconds", "unit_micro_eur", "amount_micro_eur", "amount_eur", "source", "corrects",
    "reason",
)  # fmt: skip
_FIGURES: Final = frozenset({"quantity", "seconds", "unit_micro_eur", "amount_micro_eur", "amount_eur"})

_LINES: Final = """
    select to_char(:month, 'YYYY-MM') as month, coalesce(t.code, 'unassigned') as tenant, p.code as project,
           m.resource as type, m.resource_id as id, m.cloud_id, m.name, o.code as offering, l.code as plan, m.flavor,
           m.component, b.begins as "from", b.ends as until, b.quantity,
           case m.component when 'gib' then 'GiB x quarter-hour' else 'quarter-hour' end as unit, b.seconds,
           b.quarter_micro_eur as unit_micro_eur, b.amount as amount_micro_eur, m.source,
           case when b.used_in <> :month then to_char(b.used_in, 'YYYY-MM') end as corrects, null::text as reason,
           concat_ws('/', coalesce(t.code, '~'), lpad(m.id::text, 12, '0'), coalesce(b.price_id::text, '-'),
                     b.used_in) as key
    from (select c.meter_id, c.tenant_id, c.price_id, c.quarter_micro_eur, month_begin(c.day) as used_in,
                 min(c.day) as begins, max(c.day) as ends, sum(c.quantity)::bigint as quantity,
                 sum(c.seconds)::bigint as seconds, sum(c.amount_micro_eur)::bigint as amount
          from charge c where c.booked = :month
          group by c.meter_id, c.tenant_id, c.price_id, c.quarter_micro_eur, month_begin(c.day)) b
    join meter m on m.id = b.meter_id
    left join tenant t on t.id = b.tenant_id
    left join project p on p.id = m.project_id
    left join offering o on o.id = m.offering_id
    left join offering_plan l on l.id = m.plan_id
    union all
    select to_char(:month, 'YYYY-MM'), t.code, p.code, coalesce(m.resource, 'correction'), m.resource_id,
           m.cloud_id, m.name, o.code, l.code, m.flavor, m.component, null, null, null, null, null, null,
           r.amount_micro_eur, 'correction', to_char(r.corrects, 'YYYY-MM'), r.reason,
           concat_ws('/', t.code, 'correction', r.id)
    from correction r
    join tenant t on t.id = r.tenant_id
    left join meter m on m.id = r.meter_id
    left join project p on p.id = m.project_id
    left join offering o on o.id = m.offering_id
    left join offering_plan l on l.id = m.plan_id
    where r.booked = :month"""
_CHOSEN: Final = """
    where (cast(:tenant as text) is null or x.tenant = :tenant)
      and (cast(:project as text) is null or x.project = :project)"""


def _of_month(statement: str) -> TextClause:
    return text(statement.replace(":month", "cast(:month as date)"))


_PAGE: Final = _of_month(f"""
    select json_build_object(
        'tenant', x.tenant, 'project', x.project,
        'resource', json_build_object('type', x.type, 'id', x.id, 'cloud_id', x.cloud_id, 'name', x.name),
        'offering', x.offering, 'plan', x.plan, 'flavor', x.flavor, 'component', x.component, 'from', x."from",
        'until', x.until, 'quantity', x.quantity::text, 'unit', x.unit, 'seconds', x.seconds::text,
        'unit_micro_eur', x.unit_micro_eur::text, 'amount_micro_eur', x.amount_micro_eur::text,
        'priced', x.unit_micro_eur is not null or x.source = 'correction', 'source', x.source, 'corrects', x.corrects,
        'reason', x.reason)::text as line, x.key
    from ({_LINES}) x {_CHOSEN} and x.key collate "C" > :at order by x.key collate "C" limit :most""")  # noqa: S608 - our own text
_EVERY: Final = _of_month(f"""
    select x.*, (x.amount_micro_eur::numeric / 1000000)::numeric(20, 6) as amount_eur
    from ({_LINES}) x {_CHOSEN} order by x.key collate "C" """)  # noqa: S608 - our own text
_HEAD: Final = _of_month("""
    with sums as (
        select tenant_id, sum(amount) as amount, sum(servers) as servers, sum(seconds) as seconds,
               sum(unpriced) as unpriced
        from (select c.tenant_id, c.amount, c.quantity * (m.resource = 'server')::int as servers,
                     c.seconds * (m.resource = 'server')::int as seconds, c.unpriced
              from (select tenant_id, meter_id, sum(amount_micro_eur) as amount, sum(quantity) as quantity,
                           sum(seconds) as seconds, max((price_id is null)::int) as unpriced
                    from charge where booked = :month group by tenant_id, meter_id) c
              join meter m on m.id = c.meter_id
              union all
              select r.tenant_id, r.amount_micro_eur, 0, 0, 0 from correction r where r.booked = :month) a
        group by tenant_id),
    gaps as (
        select source, lower(held) as begins, upper(held) as ends, reason from metering_gap
        where closed_at is null and held && tstzrange(:begins, :ends))
    select json_build_object(
        'month', to_char(:month, 'YYYY-MM'), 'currency', 'EUR', 'begins', cast(:begins as timestamptz),
        'ends', cast(:ends as timestamptz),
        'quarters', (extract(epoch from cast(:ends as timestamptz) - cast(:begins as timestamptz)) / 900)::integer,
        'closed', exists (select from closed_months() s where s.month = :month),
        'sha256', (select s.sha256 from closed_months() s where s.month = :month),
        'closed_at', (select s.closed_at from closed_months() s where s.month = :month),
        'metered_until', (select min(metered_until) from metering_mark),
        'complete', not exists (select from gaps)
                    and coalesce((select min(metered_until) from metering_mark) >= cast(:ends as timestamptz), false),
        'gaps', coalesce((
            select json_agg(json_build_object('source', source, 'from', begins, 'until', ends, 'reason', reason)
                            order by begins, source) from gaps), '[]'),
        'amount_micro_eur', coalesce((select sum(amount) from sums), 0)::text,
        'server_quarters', coalesce((select sum(servers) from sums), 0)::text,
        'server_seconds', coalesce((select sum(seconds) from sums), 0)::text,
        'unpriced_lines', coalesce((select sum(unpriced) from sums), 0),
        'by_tenant', coalesce((select json_agg(json_build_object('tenant', coalesce(t.code, 'unassigned'),
                 'amount_micro_eur', s.amount::text, 'server_quarters', s.servers::text, 'server_seconds',
                 s.seconds::text) order by t.code nulls last) from sums s left join tenant t on t.id = s.tenant_id),
                 '[]'))::text""")
