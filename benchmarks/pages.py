"""Pages over 10,000 devices and 10,000 servers: processor time of web and database, and what a first look weighs.

The journal has 100,000 entries, of which somebody wrote ten. A PostgreSQL server and one API process of its own;
asked over HTTP with a browser's session, counted from the kernel's scheduler statistics. The weight is what goes over
the wire: page, style, scripts, picture. The map has a site for ten devices and a link for five, and is drawn by a
browser without a graphics card where one is installed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from importlib.resources import files
from statistics import median
from typing import Final

import httpx2 as httpx
from sqlalchemy import create_engine, text

from benchmarks import map_in_browser
from benchmarks.hosting_lists import _fill
from benchmarks.inventory_api import SYSTEM, _api, _cpu, _cpu_of_children, _postmaster_of
from benchmarks.measuring import Figure, table
from benchmarks.people import hired
from core.db import Database
from core.journal.sequencer import Sequencer
from core.scope import EVERY_TENANT, Scope

_BOUND_MS: Final = 100.0
_BOUND_KB: Final = 300.0
_BOUND_MAP_KB: Final = 1000.0
_BOUND_DRAWN: Final = 3.0
_PLACES: Final = (
    ("an agency's home", "page-agency", "/"),
    ("an agency's servers", "page-agency", "/servers"),
    ("the form to order", "page-agency", "/servers/new"),
    ("the region's home", "page-lead", "/"),
    ("everybody's servers", "page-lead", "/servers"),
    ("devices", "page-lead", "/devices"),
    ("devices by name", "page-lead", "/devices?q=99"),
    ("the map", "page-lead", "/map"),
    ("the map's data", "page-lead", "/api/v1/network/map"),
    ("changes", "page-lead", "/changes"),
    ("figures", "page-lead", "/figures"),
    ("one figure with its past", "page-lead", "/figures/servers"),
    ("what works, for everybody", "page-lead", "/status"),
    ("one device", "page-lead", "/devices/ac00420"),
    ("a plan of 400 routers, each another", "page-lead", "/changes/{plan}"),
    ("the journal", "page-lead", "/audit"),
    ("the journal of somebody who did little", "page-lead", "/audit?actor=page-agency&action=change."),
    ("a run of 400 routers", "page-lead", "/changes/{run}"),
)
_LIVE: Final = "the live part of a run of 400 routers"
"""What is read again at each event of a run, twice a second at most."""


_DEEDS: Final = """
    insert into journal (kind, at, tenant_id, actor, action, subject_type, subject_id, reason, body)
    select (array['audit', 'event', 'log'])[1 + g % 3], now() - g * interval '1 minute', t.id, p.id,
           (array['change.submitted', 'token.issued'])[1 + g % 2], 'change', gen_random_uuid()::text, 'bench', '{}'
      from generate_series(1, :many) g join tenant t on t.code = 'region'
      join principal p on p.handle = case when g % 10000 = 0 then 'page-agency' else 'page-manager' end"""
_SEEN: Final = """
    insert into device_state (device_id, tenant_id, reachable, seen_at, drifted_since)
    select id, tenant_id, row_number() over () % 50 <> 0, now(), case when row_number() over () % 40 = 0 then now() end
      from device"""
_LINKS: Final = """
    with ends as (
        insert into interface (tenant_id, device_id, name)
        select tenant_id, id, way from device, unnest(array['left', 'right']) way
         where right(name, 1) in ('0', '5') returning id, tenant_id, device_id, name),
    placed as (
        select e.*, d.name as device, row_number() over (partition by e.name order by d.name) as place
          from ends e join device d on d.id = e.device_id)
    insert into link (tenant_id, name, a_interface_id, b_interface_id)
    select a.tenant_id, a.device || '-' || b.device, a.id, b.id
      from placed a join placed b on b.place = a.place + 1 and a.name = 'right' and b.name = 'left'"""


def run(*, quick: bool = False) -> list[Figure]:
    """Measure, print, and say how it compares with the bounds."""
    from core.migrations import upgrade
    from core.postgres_temporary import TemporaryPostgres

    many, times = (1_000, 10) if quick else (10_000, 50)
    with TemporaryPostgres(durable=True) as server:
        owner = server.dsn("owner")
        upgrade(owner)
        _fill(owner, many)
        tokens = _people_and_devices(owner, many)
        plan, ran = _plan(owner), _run(owner)
        _journal(Database(server.dsn), many * 10)
        with _api(owner) as (address, web):
            _offer(address, tokens.pop("page-manager"))
            browsers = {name: _signed_in(address, token) for name, token in tokens.items()}
            base = _postmaster_of(owner)
            measured = [
                (name, *_look(browsers[who], path.format(plan=plan, run=ran), times, web, base))
                for name, who, path in _PLACES
            ]
            part = {"HX-Request": "true"}
            measured.append((_LIVE, *_look(browsers["page-lead"], f"/changes/{ran}", times, web, base, part)))
            weight = _weight(browsers["page-agency"], "/") / 1000
            whole = _weight(browsers["page-lead"], "/map", "/api/v1/network/map", "/api/v1/network/map/communes") / 1000
            drawn = map_in_browser.seconds(address, tokens["page-lead"], 1 if quick else 5)
    rows = [
        [name, f"{web + base:.1f}", f"{web:.1f}", f"{wall:.1f}", f"{kilobytes:.0f}", f"{_BOUND_MS:.0f}"]
        for name, web, base, wall, kilobytes in measured
    ]
    print(
        f"\npages, {many:,} devices, {many:,} servers of one administration, one worker; a first look: {weight:.0f} kB"
    )
    print(table(("", "CPU ms", "of it web", "wall ms", "kB", "bound"), rows))
    return [
        *(
            Figure(f"page, {name}", web + base, "CPU ms", _BOUND_MS, more={"web_ms": web, "wall_ms": wall})
            for name, web, base, wall, _kilobytes in measured
        ),
        Figure("page, a first look with all its files", weight, "kB", _BOUND_KB),
        Figure("page, the map with all its files and data", whole, "kB", _BOUND_MAP_KB),
        *([] if drawn is None else [Figure("page, the map drawn by software", drawn, "s", _BOUND_DRAWN)]),
    ]


def _offer(address: str, token: str) -> None:
    """The lab's catalogue, for there to be something to order."""
    content = (files("datacenter") / "hosting/catalogue/lab.yaml").read_bytes()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/yaml", "Idempotency-Key": "bench"}
    answer = httpx.post(f"{address}/api/v1/catalogue:import", content=content, headers=headers, timeout=60)
    if answer.status_code not in {200, 201, 202}:
        raise RuntimeError(f"no catalogue: {answer.status_code} {answer.text[:300]}")


def _signed_in(address: str, token: str) -> httpx.Client:
    """A browser."""
    client = httpx.Client(base_url=address, timeout=60, follow_redirects=True, headers={"Accept": "text/html"})
    answer = client.post("/sign-in/token", data={"token": token})
    if answer.status_code != 200:
        raise RuntimeError(f"no session: {answer.status_code} {answer.text[:300]}")
    return client


def _look(
    client: httpx.Client, path: str, times: int, web: int, database: int, headers: Mapping[str, str] | None = None
) -> tuple[float, float, float, float]:
    """Milliseconds a page: processor of the web process and of the database, and on the clock; and its kilobytes."""
    walls: list[float] = []
    size = 0
    for number in range(-3, times):
        if number == 0:  # warm from here on
            before = _cpu(web), _cpu_of_children(database)
            walls.clear()
        begun = time.perf_counter()
        answer = client.get(path, headers=headers)
        walls.append(time.perf_counter() - begun)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:300]}")
        size = len(answer.content)
    spent = (_cpu(web) - before[0]) / times * 1000, (_cpu_of_children(database) - before[1]) / times * 1000
    return *spent, median(walls) * 1000, size / 1000


def _plan(dsn: str, size: int = 40) -> str:
    """A change that waits: 400 routers in batches of a size, each with thirty lines of its own."""
    from orchestrator.plan import Impact, Options, Plan, Target

    names = [f"ac{number:05}" for number in range(1, 401)]
    targets = tuple(
        Target(f"device:{name}", name, "base", "\n".join(
            f"interface eth{n}\n-  description {name} {n}\n+  description {name} port {n}" for n in range(15)
        ))
        for name in names
    )  # fmt: skip
    made = Plan(
        kind="network.config", intent={}, summary="Push 400", targets=targets, commands=(),
        batches=tuple(tuple(target.id for target in targets[at : at + size]) for at in range(0, 400, size)),
        impact=Impact(), options=Options(), approvals=(), timer=60, cost={}, facts={}, undo_note="",
    )  # fmt: skip
    engine = create_engine(dsn)
    with engine.begin() as tx:
        tx.execute(text(SYSTEM))
        found = tx.execute(
            text(
                "insert into change (tenant_id, kind, title, state, waiting_for, reason, requested_by, plan_hash, plan,"
                " expires_at) select t.id, 'network.config', 'Push 400', 'waiting', '{network-lead}', 'bench', p.id,"
                " :hash, cast(:plan as jsonb), now() + interval '1 day' from tenant t, principal p"
                " where t.code = 'region' and p.handle = 'page-manager' returning id"
            ),
            {"hash": made.hash, "plan": made.as_json()},
        ).scalar_one()
    engine.dispose()
    return str(found)


def _journal(database: Database, many: int) -> None:
    """Entries of half a year, numbered and chained."""
    with database.transaction("owner", Scope(EVERY_TENANT, None, "bench", "fill the journal")) as tx:
        tx.execute(text(_DEEDS), {"many": many})
    Sequencer(database).drain()
    with create_engine(database.dsn("owner"), isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("vacuum analyze"))
    for engine in database.open_engines().values():
        engine.dispose()


def _run(dsn: str) -> str:
    """The same in its ninth batch of twenty: most is done, twenty are at it, three failed."""
    made = _plan(dsn, 20)
    engine = create_engine(dsn)
    with engine.begin() as tx:
        tx.execute(text(SYSTEM))
        tx.execute(
            text(
                "update change set state = 'running', waiting_for = '{}', started_at = now(), batch = 8 where id = :id"
            ),
            {"id": made},
        )
        tx.execute(
            text(
                "insert into change_step (change_id, tenant_id, ordinal, batch, target_id, target_name, state, record,"
                " started_at, finished_at)"
                " select c.id, c.tenant_id, n, n / 20, 'device:' || name, name,"
                "        case when n in (7, 77, 155) then 'failed' when n / 20 < 8 then 'confirmed'"
                "             when n / 20 = 8 then 'applying' else 'pending' end,"
                "        jsonb_build_object('notes', jsonb_build_object('apply', 'commit taken, 60 s on the timer')),"
                "        case when n / 20 <= 8 then now() end, case when n / 20 < 8 then now() end"
                "   from change c, generate_series(0, 399) n,"
                "        lateral (select 'ac' || lpad((n + 1)::text, 5, '0') as name)"
                "  where c.id = :id"
            ),
            {"id": made},
        )
    engine.dispose()
    return made


def _weight(client: httpx.Client, path: str, *more: str) -> int:
    """Bytes on the wire of a page, of every file it names, and of what its scripts ask for besides."""
    page = client.get(path)
    names = {*re.findall(r'(?:src|href|data-worker)="(/static/[^"]+)"', page.text), *more}
    return len(page.content) + sum(_sent(client, name) for name in names)


def _sent(client: httpx.Client, name: str) -> int:
    with client.stream("GET", name) as answer:
        return sum(len(part) for part in answer.iter_raw())


def _people_and_devices(dsn: str, devices: int) -> dict[str, str]:
    """Devices straight into the table, and people with a token each."""
    engine = create_engine(dsn)
    with engine.begin() as tx:
        tx.execute(text(SYSTEM))
        tenants = {row.code: row.id for row in tx.execute(text("select code, id from tenant"))}
        tx.execute(
            text(
                "with t as (insert into device_type (tenant_id, manufacturer, model, platform)"
                " values (:region, 'FRRouting', 'FRR', 'frr') returning id),"
                " s as (insert into site (tenant_id, code, kind, name_fr, name_nl, lon, lat)"
                " select :region, 'BENCH-' || g, 'station', 'Banc ' || g, 'Bank ' || g,"
                " 4.25 + 0.005 * (g % 47), 50.77 + 0.005 * (g / 47 % 30) from generate_series(0, :many / 10) g"
                " returning id, code)"
                " insert into device (tenant_id, name, role, platform, device_type_id, site_id, status)"
                " select :region, 'ac' || lpad(g::text, 5, '0'), 'access', 'frr', t.id, s.id, 'active'"
                " from t, generate_series(1, :many) g join s on s.code = 'BENCH-' || g / 10"
            ),
            {"region": tenants["region"], "many": devices},
        )
        tx.execute(text(_SEEN))
        tx.execute(text(_LINKS))
        people = (
            ("page-agency", "agency-user", "ixelles"),
            ("page-lead", "network-lead", "region"),
            ("page-manager", "platform-manager", "region"),
        )
        tokens = hired(tx, tenants, people, kind="person")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))
    engine.dispose()
    return tokens
