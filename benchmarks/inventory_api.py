"""The inventory's API on 10,000 devices with 24 interfaces each: CPU of web and database, beside NetBox as recorded.

``python -m benchmarks.inventory_api [--devices N]`` starts a PostgreSQL server and one API process of
its own, asks over HTTP, and counts the processor time of both from the kernel's scheduler statistics. Ends with 1
when a figure is more than half above its bound.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final
from uuid import uuid4

import httpx2 as httpx
from sqlalchemy import create_engine, text

from benchmarks.measuring import RECORDED, RECORDED_LOOP, Figure, calibration, table

INTERFACES: Final = 24
SYSTEM: Final = "select set_config('irisplane.tenant', '*', false), set_config('irisplane.preview', 'on', false)"


_ROWS: Final = (
    """insert into site (tenant_id, code, kind, name_fr, name_nl)
       select :t, 'S-' || g, 'other', 'Site', 'Site' from generate_series(0, 499) g""",
    "insert into device_type (tenant_id, manufacturer, model, platform) values (:t, 'M', 'T', 'frr')",
    """insert into device (tenant_id, name, role, device_type_id, platform, site_id, management_address, status)
       select :t, 'd' || g, (array['core', 'aggregation', 'access'])[1 + g % 3], (select id from device_type), 'frr',
              s.id, '10.0.0.0'::inet + g, 'active'
       from generate_series(0, :n - 1) g join site s on s.code = 'S-' || g % 500""",
    """insert into interface (tenant_id, device_id, name)
       select :t, d.id, 'eth' || p from device d, generate_series(0, :i - 1) p""",
)


@dataclass(frozen=True, slots=True)
class Request:
    """One row of the table; CPU is web and database together, milliseconds per request."""

    name: str
    bound: float
    netbox: float
    cpu_ms: float = 0
    web_ms: float = 0
    wall_ms: float = 0


def run(*, quick: bool = False) -> list[Figure]:
    """Measure, print, and say how it compares."""
    return _run(1_000 if quick else 10_000)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; the exit code says whether the bounds hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--serve", nargs=2, metavar=("DSN", "PORT"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.serve:
        return _serve(*given.serve)
    return int(any(figure.missed for figure in _run(given.devices)))


def _run(devices: int) -> list[Figure]:
    from core.postgres_temporary import TemporaryPostgres

    with TemporaryPostgres(durable=True) as server:
        from core.migrations import upgrade

        owner = server.dsn("owner")
        upgrade(owner)
        print(f"filling {devices:,} devices, {devices * INTERFACES:,} interfaces …", flush=True)
        token = _fill(owner, devices)
        with _api(owner) as (address, web):
            requests = _measure(address, token, web, _postmaster_of(owner), devices)
    scale = calibration() / RECORDED_LOOP
    figures = [
        Figure(
            f"API, {one.name}", one.cpu_ms, "CPU ms", one.bound, one.netbox * scale, "NetBox 4.6.8", recorded=True,
            more={"web_ms": one.web_ms, "wall_ms": one.wall_ms},
        )
        for one in requests
    ]  # fmt: skip
    rows = [
        [one.name, f"{one.cpu_ms:.1f}", f"{one.web_ms:.1f}", f"{one.wall_ms:.1f}", f"{one.bound:.0f}",
         f"{one.netbox * scale:,.0f}", f"{one.netbox * scale / one.cpu_ms:.0f}x", "MISSED" if figure.missed else ""]
        for one, figure in zip(requests, figures, strict=True)
    ]  # fmt: skip
    print(f"\nAPI on {devices:,} devices with {INTERFACES} interfaces each, one worker")
    print(table(("", "CPU ms", "of it web", "wall ms", "bound", "NetBox 4.6.8 *", "ratio", ""), rows))
    print(
        f"* recorded {RECORDED} (its delete: wall), times {scale:.2f}: a loop of this processor beside the same there"
    )
    return figures


def _measure(address: str, token: str, web: int, database: int, devices: int) -> list[Request]:
    client = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=120)
    made: list[list[str]] = []

    def post(path: str, body: object) -> None:
        answer = client.post(path, json=body, headers={"Idempotency-Key": uuid4().hex})
        if answer.status_code != 201:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:500]}")

    def get(path: str) -> None:
        answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:500]}")

    def create(interfaces: int) -> None:
        names = [f"new-{uuid4().hex[:12]}" for _ in range(100)]
        made.append(names)
        ports = [{"name": f"eth{n}"} for n in range(interfaces)]
        post(
            "/api/v1/devices",
            [{"name": n, "role": "access", "device_type": "M/T", "site": "S-0", "interfaces": ports} for n in names],
        )

    jobs: list[tuple[Request, int, Callable[[int], None]]] = [
        (
            Request("list of 1,000 devices", 80, 1132),
            15,
            lambda n: get("/api/v1/devices?limit=1000" + (f"&select=name~d{n % 10}*" if n % 2 else "")),
        ),
        (Request("one device with 24 interfaces", 4, 116), 200, lambda n: get(f"/api/v1/devices/d{n * 37 % devices}")),
        (Request("create 100 devices", 120, 5533), 8, lambda _: create(0)),
        (Request("create 100 with 24 interfaces each", 500, 22655), 8, lambda _: create(INTERFACES)),
        (
            Request("delete 100 with 24 interfaces each", 400, 38000),
            8,
            lambda _: post("/api/v1/devices:delete", made.pop()),
        ),
    ]
    figures = []
    for figure, times, job in jobs:
        job(0)  # warm
        walls = []
        before = _cpu(web), _cpu_of_children(database)
        for number in range(times - (1 if job is jobs[-1][2] else 0)):
            begun = time.perf_counter()
            job(number)
            walls.append(time.perf_counter() - begun)
        after = _cpu(web), _cpu_of_children(database)
        web_ms = (after[0] - before[0]) / len(walls) * 1000
        base_ms = (after[1] - before[1]) / len(walls) * 1000
        figures.append(
            Request(figure.name, figure.bound, figure.netbox, web_ms + base_ms, web_ms, median(walls) * 1000)
        )
    return figures


# ------------------------------------------------------------------------------------------------------------- parts


def _fill(dsn: str, devices: int) -> str:
    """Rows straight into the tables, and an engineer's token."""
    from core.identity import create_principal, grant
    from core.tokens import issue

    engine = create_engine(dsn)
    with engine.begin() as tx:
        tx.execute(text(SYSTEM))
        tenant = tx.execute(
            text(
                "insert into tenant (code, kind, name_fr, name_nl, name_en) values ('region', 'region', 'R', 'R', 'R')"
                " returning id"
            )
        ).scalar_one()
        values = {"t": tenant, "n": devices, "i": INTERFACES}
        for statement in _ROWS:
            tx.execute(text(statement), values)
        who = create_principal(tx, handle="bench", kind="service", display_name="bench", email=None)
        grant(tx, principal_id=who, tenant_id=tenant, role="engineer", granted_by=None)
        token = issue(tx, principal_id=who, tenant_id=tenant, name="bench", scopes=("*",)).token.reveal()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))
    engine.dispose()
    return token


@contextmanager
def _api(dsn: str) -> Iterator[tuple[str, int]]:
    """One API process on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as state:
        environment = {**os.environ, "IRISPLANE_INSTANCE": "bench", "IRISPLANE_STATE_DIR": state}
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.inventory_api", "--serve", dsn, str(port)], env=environment
        )
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(200):
                try:
                    if httpx.get(f"{address}/api/v1/health").status_code < 500:
                        break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield address, process.pid
        finally:
            process.terminate()
            process.wait(20)


def _serve(dsn: str, port: str) -> int:
    import uvicorn

    from api.app import create_app
    from core.db import Database
    from core.settings import get_settings

    database = Database(lambda role: dsn.replace("irisplane_owner", f"irisplane_{role}"))
    app: Any = create_app(database, get_settings())
    uvicorn.run(
        app, host="127.0.0.1", port=int(port), loop="uvloop", http="httptools", log_config=None, access_log=False
    )
    return 0


def _cpu(pid: int) -> float:
    """Seconds on a processor of every thread of a process, to the nanosecond."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total / 1e9


def _cpu_of_children(pid: int) -> float:
    """The same of a server's children: every backend, writer and checkpointer."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(_cpu(int(child)) for child in children if Path(f"/proc/{child}").exists())


def _postmaster_of(dsn: str) -> int:
    engine = create_engine(dsn)
    with engine.connect() as connection:
        backend = connection.execute(text("select pg_backend_pid()")).scalar_one()
    status = Path(f"/proc/{backend}/status").read_text()
    engine.dispose()
    return int(next(line for line in status.splitlines() if line.startswith("PPid:")).split()[1])


if __name__ == "__main__":
    sys.exit(main())
