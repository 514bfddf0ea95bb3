"""Which dashboards there are: capacity, changes with orders and money, and how Irisplane itself fares.

The first two ask ``figure_day`` alone, which has a value of every figure of ``/figures`` for every day, today's at most
an hour old: so Grafana's account needs no other table, and no row of any administration.
"""

from __future__ import annotations

from typing import Any, Final

from core.figures import LEAST_DAYS, LEAST_FIT
from dashboards.grafana.building import Panel, Query, dashboard
from orchestrator.figures import PAST_DAYS

__all__ = ["DASHBOARDS"]

_KEPT: Final = "figure_day: kept by Irisplane every hour, a value a day, the same as on its page /figures."


def _past(code: str, name: str, times: str = "") -> Query:
    """A figure over time. The day is the region's, so it begins when Brussels' does."""
    return Query(f"""select time, value{times} as "{name}" from (
  select day::timestamp at time zone 'Europe/Brussels' as time, value from figure_day where code = '{code}') kept
where $__timeFilter(time) order by time""")  # noqa: S608 - names of this module


def _shares(names: tuple[str, ...]) -> Query:
    listed = ", ".join(f"'{name}'" for name in names)
    return Query(f"""select time, metric, share as value from (
  select day::timestamp at time zone 'Europe/Brussels' as time, value / capacity as share,
         case subject when '' then code else subject end as metric
    from figure_day where split_part(code, '.', 1) in ({listed}) and capacity > 0) kept
where $__timeFilter(time) order by time, metric""")  # noqa: S608 - names of this module


_SOLD: Final = ("servers", "vcpus", "ram_mib", "storage_gib", "volumes", "snapshots", "networks", "floating_ips")
_FULL: Final = Query(
    f"""with here as (select (now() at time zone 'Europe/Brussels')::date as today),
kept as (
  select code, subject, unit, day, value, capacity from figure_day, here where day >= today - {PAST_DAYS}),
line as (
  select code, count(*) as points, max(day) - min(day) as days,
         regr_slope(value, (day - date '2000-01-01')::float8) as slope,
         regr_r2(value, (day - date '2000-01-01')::float8) as fit,
         max(day) as newest
    from kept group by code),
told as (
  select k.*, l.days, l.fit, round(((k.capacity - k.value) / nullif(l.slope, 0))::numeric) as ahead,
         l.days >= {LEAST_DAYS} and l.points >= {LEAST_DAYS // 2} and l.slope > 0 and l.fit >= {LEAST_FIT} as known
    from kept k join line l on l.code = k.code and l.newest = k.day where k.capacity > 0)
select split_part(code, '.', 1) as figure, subject as "of", value as now, capacity as "at most",
       round((100 * value / capacity)::numeric, 1) as "taken, %", unit,
       case when value >= capacity then today when known and ahead <= 3650 then today + ahead::integer end as "full on",
       days as "days kept", round(fit::numeric, 2) as "r²", code
  from told, here order by value / capacity desc, 1, 2""",  # noqa: S608 - numbers of our own
    form="table",
)


def _metric(expression: str, legend: str = "__auto") -> Query:
    return Query(expression, sql=False, legend=legend)


def _stat(title: str, query: Query, unit: str = "none", about: str = _KEPT) -> Panel:
    return Panel(title, about, (query,), kind="stat", unit=unit, wide=4, high=4)


_METRICS: Final = "/metrics of Irisplane's API and workers."

_CAPACITY: Final = dashboard(
    "irisplane-capacity", "Irisplane: capacity", "What there is, what is granted and used of it, and when it is full.",
    f"now-{PAST_DAYS}d",
    (
        _stat("Devices", _past("devices", "devices")),
        _stat("Addresses in use", _past("addresses", "addresses")),
        _stat("Servers", _past("servers", "servers")),
        _stat("Virtual processors", _past("vcpus", "virtual processors")),
        _stat("Memory", _past("ram_mib", "memory"), "mbytes"),
        _stat("Storage", _past("storage_gib", "storage"), "gbytes"),
        Panel("Used of what is granted", _KEPT, (_shares(_SOLD),), unit="percentunit", wide=24, high=9),
        Panel("Pools of prefixes, VLANs and AS numbers", _KEPT, (_shares(("pool", "vlans", "as-numbers")),),
              unit="percentunit"),
        Panel("Rack units", _KEPT, (_past("rack-units", "rack units taken"),)),
        Panel(
            "When it is full",
            f"{_KEPT} A straight line (least squares) from what there is now; only where {LEAST_DAYS} days were"
            f" kept and the line explains at least {LEAST_FIT:.0%} of what altered.",
            (_FULL,), kind="table", wide=24, high=12,
        ),
    ),
)  # fmt: skip

_CHANGES: Final = dashboard(
    "irisplane-changes", "Irisplane: changes, orders, money",
    "How changes end, how long orders take, what months come to.", f"now-{PAST_DAYS}d",
    (
        _stat("Changes that went through", _past("changes-succeeded", "succeeded"), "percentunit"),
        _stat("Changes that ended", _past("changes-ended", "in 30 days")),
        _stat("Wait for somebody", _past("changes-waiting", "waiting")),
        _stat("Orders that ended", _past("orders-ended", "in 30 days")),
        _stat("Half of the servers stood after", _past("server-time", "median"), "s"),
        _stat("This month", _past("month", "until now", " / 1000000"), "currencyEUR"),
        Panel("Changes that went through, of 30 days", _KEPT, (_past("changes-succeeded", "succeeded"),),
              unit="percentunit"),
        Panel("Changes and orders that ended, in 30 days", _KEPT,
              (_past("changes-ended", "changes"), _past("orders-ended", "orders"))),
        Panel("Half of the orders began within; half of the servers stood after", _KEPT,
              (_past("order-wait", "orders"), _past("server-time", "servers")), unit="s"),
        Panel("What the month came to, day by day", _KEPT, (_past("month", "until then", " / 1000000"),),
              unit="currencyEUR"),
    ),
)  # fmt: skip

_PLATFORM: Final = dashboard(
    "irisplane-platform", "Irisplane: how it fares", "Requests, workers, the journal, devices that answer.", "now-6h",
    (
        _stat("Database", _metric("min(irisplane_database_up)"), about=_METRICS),
        _stat("Workers", _metric("max(irisplane_workers)"), about=_METRICS),
        _stat("Journal behind by", _metric("max(irisplane_journal_lag_seconds)"), "s", _METRICS),
        _stat("Changes that wait", _metric('max(irisplane_changes{state="waiting"})'), about=_METRICS),
        _stat("Devices that answer", _metric(
            "sum(max by (device) (irisplane_device_reachable)) / count(max by (device) (irisplane_device_reachable))"),
            "percentunit", _METRICS),
        _stat("Devices that drifted", _metric("sum(max by (device) (irisplane_device_drifted))"), about=_METRICS),
        Panel("Requests, by answer", _METRICS,
              (_metric("sum by (status) (rate(irisplane_requests_total[5m]))", "{{status}}"),), unit="reqps"),
        Panel("Time to answer", _METRICS, tuple(
            _metric(f"histogram_quantile({part}, sum by (le) (rate(irisplane_request_seconds_bucket[5m])))", name)
            for part, name in ((0.5, "half within"), (0.95, "95 % within"))), unit="s"),
        Panel("Changes that have not ended", _METRICS, (_metric("max by (state) (irisplane_changes)", "{{state}}"),)),
        Panel("Longest silence of a worker; targets that a run holds", _METRICS,
              (_metric("max(irisplane_worker_silence_seconds)", "silence, s"),
               _metric("max(irisplane_locks)", "held"))),
        Panel("Busiest interfaces, inwards", "SNMP, by the leading worker.",
              (_metric("topk(10, 8 * rate(irisplane_interface_in_octets_total[5m]))", "{{device}} {{interface}}"),),
              unit="bps"),
        Panel("Connections to the database", _METRICS,
              (_metric("sum by (role, state) (irisplane_database_pool)", "{{role}} {{state}}"),)),
    ),
)  # fmt: skip

DASHBOARDS: Final[dict[str, dict[str, Any]]] = {
    "capacity.json": _CAPACITY,
    "changes.json": _CHANGES,
    "platform.json": _PLATFORM,
}
"""By file."""
