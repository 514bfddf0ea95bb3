"""The first page of 10,000 servers, of one administration and of everybody: processor time of web and database.

A PostgreSQL server and one API process of its own; asked over HTTP, counted from the kernel's scheduler statistics.
There is nothing to stand beside: no other portal's list was measured on this machine.
"""

from __future__ import annotations

import time
from statistics import median
from typing import Final

import httpx2 as httpx
from sqlalchemy import create_engine, text

from benchmarks.inventory_api import SYSTEM, _api, _cpu, _cpu_of_children, _postmaster_of
from benchmarks.measuring import Figure, table
from benchmarks.people import hired

_BOUND_MS: Final = 30.0
_PAGE: Final = 100
_LISTS: Final = (
    ("first page of an administration's", "agency", f"/api/v1/servers?limit={_PAGE}"),
    ("first page of everybody's", "staff", f"/api/v1/servers?limit={_PAGE}"),
    ("those whose name has '99'", "agency", f"/api/v1/servers?limit={_PAGE}&q=99"),
)


def run(*, quick: bool = False) -> list[Figure]:
    """Measure, print, and say how it compares with the bound."""
    from core.migrations import upgrade
    from core.postgres_temporary import TemporaryPostgres

    servers, times = (1_000, 20) if quick else (10_000, 100)
    with TemporaryPostgres(durable=True) as server:
        owner = server.dsn("owner")
        upgrade(owner)
        tokens = _fill(owner, servers)
        with _api(owner) as (address, web):
            measured = [
                (name, *_ask(address, tokens[who], path, times, web, _postmaster_of(owner)))
                for name, who, path in _LISTS
            ]
    rows = [
        [name, f"{web + base:.1f}", f"{web:.1f}", f"{wall:.1f}", f"{_BOUND_MS:.0f}"]
        for name, web, base, wall in measured
    ]
    print(f"\nservers, {servers:,} of one administration, {_PAGE} a page, one worker")
    print(table(("", "CPU ms", "of it web", "wall ms", "bound"), rows))
    return [
        Figure(f"servers, {name}", web + base, "CPU ms", _BOUND_MS, more={"web_ms": web, "wall_ms": wall})
        for name, web, base, wall in measured
    ]


def _ask(address: str, token: str, path: str, times: int, web: int, database: int) -> tuple[float, float, float]:
    """Milliseconds a request: processor of the web process and of the database, and on the clock."""
    client = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    walls = []

    def get() -> None:
        answer = client.get(path)
        if answer.status_code != 200 or not answer.json()["items"]:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:300]}")

    for _ in range(5):
        get()  # warm
    before = _cpu(web), _cpu_of_children(database)
    for _ in range(times):
        begun = time.perf_counter()
        get()
        walls.append(time.perf_counter() - begun)
    spent = (_cpu(web) - before[0]) / times * 1000, (_cpu_of_children(database) - before[1]) / times * 1000
    return *spent, median(walls) * 1000


def _fill(dsn: str, servers: int) -> dict[str, str]:
    """Rows straight into the tables, and a token of each."""
    engine = create_engine(dsn)
    with engine.begin() as tx:
        tx.execute(text(SYSTEM))
        tenants = {
            code: tx.execute(
                text(
                    "insert into tenant (code, kind, name_fr, name_nl, name_en) values (:code, :kind, 'T', 'T', 'T')"
                    " returning id"
                ),
                {"code": code, "kind": kind},
            ).scalar_one()
            for code, kind in (("region", "region"), ("ixelles", "commune"), ("uccle", "commune"))
        }
        tx.execute(text("update quota set granted = 100000000"))
        for code, many in (("ixelles", servers), ("uccle", servers // 10)):
            tx.execute(
                text(
                    "insert into server (tenant_id, project_id, name, vcpus, ram_mib, disk_gib, image, status,"
                    " cloud_id, host, addresses, metadata, tags)"
                    " select p.tenant_id, p.id, :code || '-' || g, 2, 4096, 20, 'debian', 'active',"
                    " gen_random_uuid()::text, 'compute' || g % 20,"
                    " jsonb_build_array(jsonb_build_object('network', 'private', 'address',"
                    " host('10.0.0.0'::inet + g), 'kind', 'fixed')), '{\"role\": \"web\"}', '{web,prod}'"
                    " from project p, generate_series(1, :many) g where p.tenant_id = :tenant"
                ),
                {"code": code, "many": many, "tenant": tenants[code]},
            )
        people = (("agency", "agency-user", "ixelles"), ("staff", "platform-manager", "region"))
        tokens = hired(tx, tenants, people)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))
    engine.dispose()
    return tokens
