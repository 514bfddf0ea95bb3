"""Orders of servers: processor time that taking one in costs, and how much later it runs than with openstacksdk alone.

The reference is openstacksdk against the same cloud in the same run: ``create_server`` and asking until ``ACTIVE``.
Ours is measured from the answer ``202`` until our own API says ``active``, with one API and one worker process. Both
take turns, one server at a time. Then many administrations order at once: each order must have ended as it says, and no
server may be there twice. The cloud is the one that ``IRISPLANE_BENCH_CLOUD`` names by its ``clouds.yaml``, or
the lab's, brought up without machines.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final
from uuid import uuid4

import httpx2 as httpx
from sqlalchemy import Engine, create_engine, text

from benchmarks.inventory_api import SYSTEM, _api, _cpu
from benchmarks.measuring import Figure, table

__all__ = ["run"]

_INTAKE_MS: Final = 10.0
"""Of processor for one order: a hundred a second for each API process."""
_OVERHEAD_SECONDS: Final = 1.0
_CROWD_SECONDS: Final = 1500.0
_SIZE: Final = ("SCS-1L-1-5", 1, 1024, 5)


def run(*, quick: bool = False) -> list[Figure]:
    """Measure, print, and say how it compares."""
    from core.migrations import upgrade
    from core.postgres_temporary import TemporaryPostgres
    from orchestrator.durable import prepare_database

    orders, servers, tenants = (100, 4, 2) if quick else (600, 20, 20)
    with TemporaryPostgres(durable=True) as server, tempfile.TemporaryDirectory() as folder, _cloud() as cloud:
        upgrade(server.dsn("owner"))
        prepare_database(server.dsn("owner"))
        token, *crowd = _fill(server.dsn("owner"), uuid4().hex[:8], 1 + tenants)
        os.environ.update(_settings(folder, cloud))
        with _api(server.dsn("owner")) as (address, web):
            ours, theirs = _raced(address, token, server.dsn, servers)
            ended, untrue, crowded = _at_once(address, crowd, server.dsn)
            cpu_ms, rate = _intake(address, token, web, orders)
    overhead = median(ours) - median(theirs)
    shown = [
        ["order taken in", f"{cpu_ms:.1f} ms CPU", f"{rate:.0f} a second with 4 callers"],
        ["ordered until active", f"{median(ours):.2f} s", f"{min(ours):.2f} to {max(ours):.2f} s"],
        ["openstacksdk alone", f"{median(theirs):.2f} s", f"{min(theirs):.2f} to {max(theirs):.2f} s"],
    ]
    print(table(("", "middle", ""), shown))
    print(
        f"\n{sum(ended.values())} orders of {tenants} administrations at once, all ended after {crowded:.0f} s: "
        f"{', '.join(f'{count} {state}' for state, count in ended.items())}; not as they say, or twice: {untrue}\n"
    )
    return [
        Figure("an order of a server is taken in", cpu_ms, "ms CPU", _INTAKE_MS, more={"a_second": rate}),
        Figure(
            "ordered until active, over openstacksdk", overhead, "s", _OVERHEAD_SECONDS, median(theirs),
            "s openstacksdk",
            more={"ours": ours, "theirs": theirs},
        ),
        Figure(
            f"of {sum(ended.values())} orders at once, ended untruly or twice", untrue, "orders", 0,
            more={"seconds": crowded, **ended},
        ),
    ]  # fmt: skip


def _intake(address: str, token: str, web: int, orders: int) -> tuple[float, float]:
    """Processor milliseconds of the API for one order, and orders a second; nobody carries them out."""
    with httpx.Client(base_url=address, timeout=60) as client:
        for number in range(20):
            _order(client, token, f"warm-{number}")
        before, began = _cpu(web), time.perf_counter()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: _order(client, token, f"intake-{number}"), range(orders)))
        return (_cpu(web) - before) / orders * 1000, orders / (time.perf_counter() - began)


def _raced(address: str, token: str, dsn: Any, servers: int) -> tuple[list[float], list[float]]:
    """Seconds until active, by turns: ours, and openstacksdk's own."""
    ours: list[float] = []
    theirs: list[float] = []
    with _worker(dsn), httpx.Client(base_url=address, timeout=60) as client:
        _until_active(client, token, _order(client, token, "first"))  # the project is made with it
        connection, wanted = _as_the_project(dsn)
        for number in range(servers):
            made = _order(client, token, f"ours-{number}")
            began = time.perf_counter()
            _until_active(client, token, made)
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            there = connection.compute.create_server(name=f"theirs-{number}", **wanted)
            while connection.compute.get_server(there.id).status != "ACTIVE":
                time.sleep(0.1)
            theirs.append(time.perf_counter() - began)
        for one in connection.compute.servers():
            connection.compute.delete_server(one, force=True)
    return ours, theirs


def _at_once(address: str, tokens: Sequence[str], dsn: Any) -> tuple[Counter[str], int, float]:
    """Ten orders of each administration at once: how they ended, how many not as they say, seconds until the last."""
    began = time.perf_counter()
    with _worker(dsn), httpx.Client(base_url=address, timeout=60) as client:
        with ThreadPoolExecutor(len(tokens)) as pool:
            wanted = [(token, f"crowd-{number}") for number in range(10) for token in tokens]
            ids = [href.rpartition("/")[2] for href in pool.map(lambda one: _order(client, *one), wanted)]
        engine = create_engine(dsn("owner"))
        while len(ended := _ended(engine, ids)) < len(ids):
            assert time.perf_counter() - began < _CROWD_SECONDS, f"{len(ended)} of {len(ids)} orders ended"
            time.sleep(1)
        took = time.perf_counter() - began
        engine.dispose()
    there = _in_the_cloud()
    untrue = sum(there[f"irisplane-{server}"] != (state == "succeeded") for server, state in ended.items())
    return Counter(ended.values()), untrue, took


def _ended(engine: Engine, ids: Sequence[str]) -> dict[str, str]:
    """How the orders of these servers ended, as far as they have."""
    with engine.begin() as tx:
        tx.execute(text(SYSTEM))
        rows = tx.execute(
            text(
                "select s.id::text, c.state from server s join change c on c.id = s.order_id"
                " where s.id = any(cast(:ids as uuid[])) and c.finished_at is not null"
            ),
            {"ids": list(ids)},
        )
        return {row[0]: row[1] for row in rows}


def _in_the_cloud() -> Counter[str]:
    """How often a tag of ours stands on a server that is active in the cloud, whatever project it is in."""
    from datacenter.hosting import cloud

    servers: Any = cloud.admin().compute.servers(all_projects=True)
    return Counter(tag for one in servers if one.status == "ACTIVE" for tag in one.tags or ())


def _order(client: httpx.Client, token: str, name: str) -> str:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid4().hex}
    body = {"name": name, "plan": "bench", "image": "bench", "reason": "a benchmark"}
    answer = client.post("/api/v1/servers", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["resource"]["href"])


def _until_active(client: httpx.Client, token: str, href: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    until = time.monotonic() + 300
    while (status := client.get(href, headers=headers).json()["status"]) != "active":
        assert status not in {"gone", "error"}, status
        assert time.monotonic() < until, status
        time.sleep(0.1)


def _as_the_project(dsn: Any) -> tuple[Any, dict[str, Any]]:
    """The project's own connection, and what a server needs there."""
    from core.db import Database
    from datacenter.hosting import flavors, projects
    from datacenter.hosting.drivers.openstack import OpenStackServers

    database = Database(dsn)
    engine = create_engine(dsn("owner"))
    with engine.begin() as tx:
        tx.execute(text(SYSTEM))
        row = tx.execute(
            text(
                "select p.id, n.cloud_id from project p join cloud_network n on n.project_id = p.id"
                " where p.status = 'ready'"
            )
        ).one()
    engine.dispose()
    connection = projects.of(database, row.id)
    database.close()
    return connection, {
        "flavor_id": flavors.flavor_id(flavors.Size(*_SIZE)),
        "image_id": OpenStackServers(connection).image_id({"irisplane_offering": "debian"}),
        "networks": [{"uuid": row.cloud_id}],
    }


def _fill(dsn: str, mark: str, tenants: int) -> list[str]:
    """Administrations with room for everything, one plan, one image, and the token of a developer of each."""
    from core.identity import create_principal, grant
    from core.tokens import issue

    engine = create_engine(dsn)
    with engine.begin() as tx:
        tx.execute(text(SYSTEM))
        found = tx.execute(_TENANTS, {"code": f"bench-{mark}", "count": tenants}).scalars().all()
        tx.execute(text("update quota set granted = 100000000 where resource in ('servers', 'vcpus', 'ram_mib')"))
        tx.execute(_CATALOGUE, dict(zip(("flavor", "vcpus", "ram", "disk"), _SIZE, strict=True)))
        tokens = []
        for number, tenant in enumerate(found):
            who = create_principal(tx, handle=f"bench-{number}", kind="service", display_name="bench", email=None)
            grant(tx, principal_id=who, tenant_id=tenant, role="agency-user", granted_by=None)
            tokens.append(issue(tx, principal_id=who, tenant_id=tenant, name="bench", scopes=("*",)).token.reveal())
    engine.dispose()
    return tokens


def _settings(folder: str, cloud: tuple[str, str]) -> dict[str, str]:
    from core.keyring import KeyFile
    from core.settings import get_settings

    key_file = Path(folder) / "keys" / "master.json"
    KeyFile(key_file).ensure()
    get_settings.cache_clear()
    return {
        "IRISPLANE_KEY_FILE": str(key_file), "IRISPLANE_CLOUDS_FILE": cloud[0], "IRISPLANE_CLOUD_NAME": cloud[1],
        "IRISPLANE_RATE_LIMIT": "off",
    }  # fmt: skip


@contextmanager
def _worker(dsn: Any) -> Iterator[None]:
    """One worker process with a state folder of its own."""
    url = create_engine(dsn("worker")).url.render_as_string(hide_password=False)
    with tempfile.TemporaryDirectory() as state:
        environment = {**os.environ, "IRISPLANE_DATABASE_URL": url, "IRISPLANE_STATE_DIR": state}
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestrator.worker"], env=environment, stdout=subprocess.DEVNULL
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(100)


@contextmanager
def _cloud() -> Iterator[tuple[str, str]]:
    """File and entry of the cloud; the lab's is brought up and forgotten again."""
    given = os.environ.get("IRISPLANE_BENCH_CLOUD", "")
    if given:
        yield given, os.environ.get("IRISPLANE_BENCH_CLOUD_NAME", "irisplane")
        return
    from core.instance import Instance
    from core.settings import load
    from lab.openstack import control
    from lab.openstack.place import Place

    here = Instance.current()
    control.forget(here)
    try:
        control.bring_up(lambda _: None, load({"IRISPLANE_INSTANCE": here.name, "IRISPLANE_LAB_CLOUD": "fake"}))
        yield str(Place.of(here).clouds_file), "irisplane"
    finally:
        control.forget(here)


_TENANTS: Final = text(
    "with r as (insert into tenant (code, kind, name_fr, name_nl, name_en)"
    " values ('region', 'region', 'R', 'R', 'R'))"
    " insert into tenant (code, kind, name_fr, name_nl, name_en) "
    " select :code || '-' || n, 'commune', 'b', 'b', 'b' from generate_series(1, :count) n returning id"
)
_CATALOGUE: Final = text(
    "with r as (select id from tenant where kind = 'region'), o as ("
    " insert into offering (tenant_id, code, kind, name_fr, name_nl, name_en, details)"
    " select r.id, v.code, v.kind, 'b', 'b', 'b', cast(v.details as jsonb) from r, (values ('server', 'server', '{}'),"
    " ('bench', 'image', '{\"select\": {\"irisplane_offering\": \"debian\"}}')) v(code, kind, details)"
    " returning id, tenant_id, kind), p as ("
    " insert into offering_plan"
    " (tenant_id, offering_id, code, name_fr, name_nl, name_en, flavor, vcpus, ram_mib, disk_gib)"
    " select tenant_id, id, 'bench', 'b', 'b', 'b', :flavor, :vcpus, :ram, :disk from o where kind = 'server'"
    " returning id, offering_id, tenant_id)"
    " insert into price (tenant_id, offering_id, plan_id, component, quarter_micro_eur)"
    " select tenant_id, offering_id, id, 'server', 1 from p"
)
