"""A trace of 21 hops among 100,000 strands: CPU of web and database over HTTP, beside NetBox as recorded.

``python -m benchmarks.strand_trace [--quick]``: 350 cables of 288 strands, spliced strand by strand in chains of 21.
"""

from __future__ import annotations

import sys
import time
from random import Random
from statistics import median
from typing import Final, NamedTuple

import httpx2 as httpx
from sqlalchemy import create_engine, text

from benchmarks.inventory_api import SYSTEM, _api, _cpu, _cpu_of_children, _fill, _postmaster_of
from benchmarks.measuring import RECORDED, RECORDED_LOOP, Figure, calibration, table

__all__ = ["HOPS", "Traced", "measured", "run"]

HOPS: Final = 21
"""Strands on one way: as many cables, a splice between each two."""
NETBOX_MS: Final = 313.0
"""CPU of NetBox 4.6.8 for a trace of as many cables."""
BOUND_MS: Final = 6.0

_ROWS: Final = (
    """insert into plant_node (tenant_id, code, kind, lon, lat)
       select t.id, 'N' || g, 'manhole', 4.3 + g * 0.0001, 50.85 from tenant t, generate_series(0, :cables + 20) g""",
    """insert into cable (tenant_id, code, strands, strands_per_tube, a_node_id, b_node_id, length_m)
       select a.tenant_id, 'C' || g, :strands, 12, a.id, b.id, 500
         from generate_series(0, :cables - 1) g
         join plant_node a on a.code = 'N' || g join plant_node b on b.code = 'N' || g + 1""",
    """insert into closure (tenant_id, code, node_id, trays)
       select n.tenant_id, 'K' || n.code, n.id, 24 from plant_node n""",
    """insert into splice (tenant_id, closure_id, closure_trays, tray, a_strand_id, a_side, b_strand_id, b_side)
       select k.tenant_id, k.id, k.trays, 1 + (n - 1) / 12, strand_id(c.id, n::text), 'b', strand_id(d.id, n::text), 'a'
         from generate_series(0, :cables - 2) g join cable c on c.code = 'C' || g join cable d on d.code = 'C' || g + 1
         join closure k on k.node_id = c.b_node_id, generate_series(1, :strands) n
        where (g + 1) % :hops <> 0""",
)


class Traced(NamedTuple):
    """One trace: processor time of web and database, of it the web's, the clock's; and seconds to lay the plant."""

    cpu_ms: float
    web_ms: float
    wall_ms: float
    laid_s: float


def run(*, quick: bool = False) -> list[Figure]:
    """Measure, print, and say how it compares."""
    cables, strands = (HOPS * 2, 24) if quick else (HOPS * 17, 288)
    found = measured(cables, strands)
    cpu_ms, scale = found.cpu_ms, calibration() / RECORDED_LOOP
    print(f"\na trace of {HOPS} hops among {cables * strands:,} strands, laid and spliced in {found.laid_s:.0f} s")
    rows = [[f"{cpu_ms:.1f}", f"{found.web_ms:.1f}", f"{found.wall_ms:.1f}", f"{BOUND_MS:.0f}",
             f"{NETBOX_MS * scale:,.0f}", f"{NETBOX_MS * scale / cpu_ms:.0f}x"]]  # fmt: skip
    print(table(("CPU ms", "of it web", "wall ms", "bound", "NetBox 4.6.8 *", "ratio"), rows))
    print(f"* recorded {RECORDED}, times {scale:.2f}: a loop of this processor beside the same there")
    more = {
        "web_ms": found.web_ms, "wall_ms": found.wall_ms, "laid_s": found.laid_s, "strands": cables * strands,
    }  # fmt: skip
    name = f"strand trace of {HOPS} hops"
    return [Figure(name, cpu_ms, "CPU ms", BOUND_MS, NETBOX_MS * scale, "NetBox 4.6.8", recorded=True, more=more)]


def measured(cables: int, strands: int) -> Traced:
    """A trace among so many cables of so many strands, in a server of its own."""
    from core.migrations import upgrade
    from core.postgres_temporary import TemporaryPostgres

    with TemporaryPostgres(durable=True) as server:
        owner = server.dsn("owner")
        upgrade(owner)
        token = _fill(owner, 1)
        print(f"laying {cables} cables, {cables * strands:,} strands …", flush=True)
        begun = time.perf_counter()
        _lay(owner, cables, strands)
        laid_s = time.perf_counter() - begun
        with _api(owner) as (address, web):
            return Traced(*_measure(address, token, web, _postmaster_of(owner), cables, strands), laid_s)


def _lay(dsn: str, cables: int, strands: int) -> None:
    engine = create_engine(dsn)
    with engine.begin() as tx:
        tx.execute(text(SYSTEM))
        for statement in _ROWS:
            tx.execute(text(statement), {"cables": cables, "strands": strands, "hops": HOPS})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))
    engine.dispose()


def _measure(
    address: str, token: str, web: int, database: int, cables: int, strands: int
) -> tuple[float, float, float]:
    random = Random(2026)
    walls = []
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=120) as client:

        def once() -> None:
            strand = f"C{random.randrange(cables)}/{random.randint(1, strands)}"
            answer = client.get(f"/api/v1/fibre/trace?strand={strand}")
            if answer.status_code != 200 or answer.json()["strands"] != HOPS:
                raise RuntimeError(f"{strand}: {answer.status_code} {answer.text[:500]}")

        for _ in range(10):
            once()  # warm
        before = _cpu(web), _cpu_of_children(database)
        for _ in range(200):
            begun = time.perf_counter()
            once()
            walls.append(time.perf_counter() - begun)
        after = _cpu(web), _cpu_of_children(database)
    web_ms = (after[0] - before[0]) / len(walls) * 1000
    return web_ms + (after[1] - before[1]) / len(walls) * 1000, web_ms, median(walls) * 1000


if __name__ == "__main__":
    sys.exit(int(any(figure.missed for figure in run(quick="--quick" in sys.argv))))
