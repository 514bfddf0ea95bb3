"""A day of 10,000 servers, metered by the quarter-hour, rated and stored: processor seconds of client and server.

CloudKitty's figures were recorded, not run here: 25.0.0 from PyPI on 2 shared cores in November 2026, its own worker
with the hashmap rating of ten flavours, 122 tenants and no collector, 40,000 points (20,000 for SQL), scaled to
960,000. On both sides asking Nova is left out: what it says stands ready in memory. CloudKitty writes each point with
its amount; here each point is written, and its amount in the sum of its day and price.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine, text

from benchmarks.inventory_api import _cpu_of_children, _postmaster_of
from benchmarks.measuring import RECORDED_LOOP, Figure, Spent, calibration, measured, middle, table
from datacenter.hosting.metering import rating
from datacenter.hosting.metering.collecting import store
from datacenter.hosting.metering.held import Held, Window

DAY: Final = datetime(2026, 6, 2, 22, tzinfo=UTC)
"""Midnight in Brussels."""
_TENANTS: Final = 122
_PLANS: Final = 10
_CLOUDKITTY: Final = (("CloudKitty 25.0.0 with InfluxDB", 590.0), ("CloudKitty 25.0.0 with SQL", 1930.0))
_SYSTEM: Final = "select set_config('irisplane.tenant', '*', true), set_config('irisplane.preview', '', true)"


def run(*, quick: bool = False) -> list[Figure]:
    """Measure, print, and say how it compares."""
    from core.migrations import upgrade
    from core.postgres_temporary import TemporaryPostgres

    servers, times = (1_000, 1) if quick else (10_000, 3)
    with TemporaryPostgres(durable=True) as server:
        upgrade(server.dsn("owner"))
        amount, wanted, runs, again = 0, 0, [], []
        for number in range(times):
            with server.copy() as name:
                engine = create_engine(server.dsn("owner", name))
                with engine.begin() as tx:
                    prices = _furnish(tx, servers)
                postmaster = _postmaster_of(server.dsn("owner", name))
                first, second, amount = _day(engine, postmaster, servers)
                runs.append(first)
                again.append(second)
                wanted = _expected(servers, prices)
                engine.dispose()
            print(f"  run {number + 1}: {_cpu(first):.2f} CPU s, {first.wall:.2f} s", flush=True)
    if amount != wanted:
        raise RuntimeError(f"the sum is {amount}, not {wanted} micro-euros")
    best, repeated = middle(runs), middle(again)
    share, scale = servers / 10_000, calibration() / RECORDED_LOOP
    points, cpu = servers * 96, _cpu(best)
    rows = [
        ["metered, rated, stored", f"{points:,}", f"{cpu:.2f}", f"{best.wall:.2f}", f"{points / cpu:,.0f}"],
        ["rated once more", f"{points:,}", f"{_cpu(repeated):.2f}", f"{repeated.wall:.2f}", ""],
        *([f"{name} *", f"{points:,}", f"{its * share * scale:,.0f}", "", f"{points / (its * share * scale):,.0f}"]
          for name, its in _CLOUDKITTY),
    ]  # fmt: skip
    print(f"\na day of {servers:,} servers, a price that alters at noon; the sum is exact: {amount:,} micro-euros")
    print(table(("", "rows", "CPU s", "wall s", "rows/CPU s"), rows))
    print(f"* recorded in 2026-11 on 2 cores of this kind, scaled from 40,000 and 20,000 points, times {scale:.2f}")
    bound = 10.0 * share
    reference = _CLOUDKITTY[0][1] * share * scale
    more = {**best.groups, "wall_s": best.wall, "rows": points}
    name = f"a day of {servers:,} servers metered and rated"
    return [Figure(name, cpu, "CPU s", bound, reference, _CLOUDKITTY[0][0], recorded=True, more=more)]


def _day(engine: Engine, postmaster: int, servers: int) -> tuple[Spent, Spent, int]:
    """Meter a day and rate it, then rate it again; what both took, and the sum of all lines."""
    window = Window(DAY, DAY + timedelta(days=1))
    with _with_server(postmaster) as first, engine.begin() as connection:
        connection.execute(text(_SYSTEM))
        added = store(connection, "nova", window, _held(servers))
        rating.rate(connection, window)
    if added != servers * 96:
        raise RuntimeError(f"{added} rows, not {servers * 96}")
    with _with_server(postmaster) as second, engine.begin() as connection:
        connection.execute(text(_SYSTEM))
        if rating.rate(connection, window):
            raise RuntimeError("rated again, lines altered")
        amount = int(connection.execute(text("select sum(amount_micro_eur) from charge")).scalar_one())
    return first, second, amount


def _held(servers: int) -> Iterator[Held]:
    for number in range(servers):
        yield Held(
            "server", f"cloud-{number}", f"project-{number % _TENANTS}", f"web{number}", DAY - timedelta(days=3),
            flavor=f"flavor-{number % _PLANS}",
        )  # fmt: skip


def _furnish(tx: Connection, servers: int) -> list[tuple[int, int]]:
    """Administrations, projects, servers, ten plans whose price alters at noon; gives the two prices of each plan."""
    tx.execute(text(_SYSTEM))
    region: UUID = tx.execute(
        text(
            "insert into tenant (code, kind, name_fr, name_nl, name_en) values ('region', 'region', 'R', 'R', 'R')"
            " returning id"
        )
    ).scalar_one()
    tx.execute(
        text(
            "insert into tenant (code, kind, name_fr, name_nl, name_en)"
            " select 't-' || g, 'agency', 'T', 'T', 'T' from generate_series(0, :n - 1) g"
        ),
        {"n": _TENANTS},
    )
    tx.execute(
        text(
            "update project p set cloud_id = 'project-' || substr(t.code, 3) from tenant t"
            " where t.id = p.tenant_id and t.code like 't-%'"
        )
    )
    tx.execute(text("update quota set granted = 1000000"))
    tx.execute(
        text(
            "insert into offering (tenant_id, code, kind, name_fr, name_nl, name_en, valid)"
            " values (:t, 'server', 'server', 'S', 'S', 'S', '[2026-01-01,)')"
        ),
        {"t": region},
    )
    tx.execute(
        text(
            "insert into offering_plan (tenant_id, offering_id, code, name_fr, name_nl, name_en, flavor, vcpus,"
            " ram_mib, disk_gib, valid)"
            " select :t, o.id, 'plan-' || g, 'P', 'P', 'P', 'flavor-' || g, 1, 1024, 10, o.valid"
            " from offering o, generate_series(0, :n - 1) g"
        ),
        {"t": region, "n": _PLANS},
    )
    prices = [(1000 + 137 * number, 1009 + 139 * number) for number in range(_PLANS)]
    noon = DAY + timedelta(hours=12)
    for number, (before, after) in enumerate(prices):
        for amount, valid in ((before, f"[2026-01-01,{noon.isoformat()})"), (after, f"[{noon.isoformat()},)")):
            tx.execute(
                text(
                    "insert into price (tenant_id, offering_id, plan_id, component, quarter_micro_eur, valid)"
                    " select :t, offering_id, id, 'server', :amount, cast(:valid as tstzrange) from offering_plan"
                    " where code = :code"
                ),
                {"t": region, "amount": amount, "valid": valid, "code": f"plan-{number}"},
            )
    tx.execute(
        text(
            "insert into server (tenant_id, project_id, name, plan_id, vcpus, ram_mib, disk_gib, status, cloud_id)"
            " select p.tenant_id, p.id, 'web' || g, l.id, 1, 1024, 10, 'active', 'cloud-' || g"
            " from generate_series(0, :n - 1) g"
            " join project p on p.cloud_id = 'project-' || (g % :tenants)"
            " join offering_plan l on l.code = 'plan-' || (g % :plans)"
        ),
        {"n": servers, "tenants": _TENANTS, "plans": _PLANS},
    )
    return prices


def _expected(servers: int, prices: list[tuple[int, int]]) -> int:
    """The sum, counted one by one in Python's integers."""
    return sum(48 * prices[number % _PLANS][0] + 48 * prices[number % _PLANS][1] for number in range(servers))


@contextmanager
def _with_server(postmaster: int) -> Iterator[Spent]:
    """What the block takes of this process and of every process of the server, those that end within it too."""
    before = _server_seconds(postmaster)
    with measured() as spent:
        yield spent
    spent.groups["server"] = _server_seconds(postmaster) - before


def _server_seconds(postmaster: int) -> float:
    fields = Path(f"/proc/{postmaster}/stat").read_text().rpartition(")")[2].split()
    ended = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    return ended + _cpu_of_children(postmaster)


def _cpu(spent: Spent) -> float:
    return sum(spent.groups.values())
