"""Four real routers, a database and a worker process: the smallest region in which a Change goes its whole road."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import make_url, text

from core.bootstrap import ensure
from core.db import Database
from core.identity import Principal, principal_in
from core.instance import ROOT
from core.keyring import KeyFile
from core.scope import EVERY_TENANT, Scope
from core.secrets import SecretStore, SecretValue
from core.settings import get_settings, load
from inventory.region_import import built_in, prepare
from lab import entries
from orchestrator.durable import prepare_database
from orchestrator.engine import ChangeRequest, approve, submit, undo
from orchestrator.plan import Options
from orchestrator.records import ChangeRecord
from orchestrator.states import ENDED, State
from tests.lab.running import RunningLab

__all__ = ["SCOPE", "SmallRegion", "WorkedRegion", "in_force", "small_region", "start_worker"]

SCOPE = Scope(EVERY_TENANT, None, "test", "a test")


@dataclass(kw_only=True)
class WorkedRegion:
    """A database, its people and a worker: what a test's Changes go through, whatever equipment there is."""

    database: Database
    people: Mapping[str, Principal]
    state: Path
    log: Path
    environment: Mapping[str, str]
    worker: subprocess.Popen[bytes] | None = None
    last: Mapping[str, Any] = field(default_factory=dict)

    # -------------------------------------------------------------------------------------------------------- changes
    def submit(self, kind: str, intent: Mapping[str, Any], **more: Any) -> ChangeRecord:
        """Ask for a Change, as the engineer."""
        asked = ChangeRequest(kind=kind, intent=dict(intent), reason="a test", **more)
        return submit(self.database, self.people["engineer"], asked, "test")

    def carried_out(self, kind: str, intent: Mapping[str, Any], *, seconds: float = 240, **more: Any) -> ChangeRecord:
        """Ask, approve, and wait for the end."""
        return self.approved(self.submit(kind, intent, **more), seconds)

    def taken_back(self, change_id: UUID, *, seconds: float = 240) -> ChangeRecord:
        """Undo a Change and wait for the end."""
        made = undo(self.database, self.people["engineer"], change_id, "a test", "test")
        return self.approved(made, seconds)

    def approved(self, made: ChangeRecord, seconds: float) -> ChangeRecord:
        """Approve a Change and wait for its end."""
        for lead in ("lead", "lead2"):
            if made.state is State.WAITING:
                made = approve(self.database, self.people[lead], made.id, made.plan_hash, "read", "test")
        end = time.monotonic() + seconds
        while True:
            with self.database.transaction("worker", SCOPE) as tx:
                now = tx.execute(text("select state, outcome from change where id = :id"), {"id": made.id}).one()
            if State(now.state) in ENDED:
                self.last = now.outcome
                return self.record(made.id)
            assert time.monotonic() < end, f"{now.state}: {self.steps(made.id)}\n{self.log.read_text()[-3000:]}"
            time.sleep(0.2)

    def new_worker(self) -> None:
        """Start a worker; the one before is killed, as by a power cut."""
        if self.worker is not None:
            self.worker.kill()
            self.worker.wait()
        self.worker = start_worker(self.database, self.log)

    def record(self, change_id: UUID) -> ChangeRecord:
        """A Change as it is now."""
        from orchestrator.records import read

        with self.database.transaction("worker", SCOPE) as tx:
            return read(tx, change_id)

    def plan(self, change_id: UUID) -> dict[str, Any]:
        """Its frozen plan."""
        with self.database.transaction("worker", SCOPE) as tx:
            found: dict[str, Any] = tx.execute(
                text("select plan from change where id = :id"), {"id": change_id}
            ).scalar_one()
        return found

    def steps(self, change_id: UUID) -> dict[str, Any]:
        """What was done on each router: name → (state, error, notes)."""
        with self.database.transaction("worker", SCOPE) as tx:
            rows = tx.execute(
                text(
                    "select target_name, state, error, record from change_step where change_id = :id order by ordinal"
                ),
                {"id": change_id},
            )
            return {row.target_name: row for row in rows}

    def edit(self, *operations: Mapping[str, Any]) -> ChangeRecord:
        """Write the inventory."""
        return self.submit("inventory.edit", {"operations": list(operations)})


@dataclass(kw_only=True)
class SmallRegion(WorkedRegion):
    """The same with four routers."""

    lab: RunningLab

    def running(self, router: str) -> str:
        """What a router runs, as its console says."""
        said = self.lab.console(router, "vtysh", "-c", "show running-config").splitlines()
        return "\n".join(line for line in said if not line.startswith(("Building", "Current", "!")))

    def everything(self) -> dict[str, str]:
        """What every router runs."""
        return {router.name: self.running(router.name) for router in self.lab.topology.routers}

    def seen_everywhere(self) -> str:
        """What each router sees of the others just now, for whoever reads that a test failed."""
        asked = ("show bgp summary", "show ip ospf neighbor", "show ipv6 ospf6 neighbor", "show ipv6 ospf6 database")
        words = [word for question in asked for word in ("-c", question)]
        kernel = ("sh", "-c", "ss -tno '( sport = 179 or dport = 179 )'; ip -6 route show proto ospf")
        names = [router.name for router in self.lab.topology.routers]
        return "\n".join(
            f"--- {n}\n{self.lab.console(n, 'vtysh', *words)}{self.lab.console(n, *kernel)}" for n in names
        )


@contextmanager
def small_region(lab: RunningLab, dsn: Callable[[Any], str], folder: Path) -> Iterator[SmallRegion]:
    """The region with its routers entered, enrolled and configured; its worker ends with it."""
    state = folder / "state"
    environment = {"IRISPLANE_KEY_FILE": str(folder / "keys" / "master.json"), "IRISPLANE_STATE_DIR": str(state)}
    database = Database(dsn)
    log = folder / "worker.log"
    region: SmallRegion | None = None
    try:
        with in_force(environment):
            region = _made(lab, database, state, log, environment)
        yield region
    finally:
        if region is not None and region.worker is not None:
            region.worker.kill()
            region.worker.wait()
        database.close()


@contextmanager
def in_force(environment: Mapping[str, str]) -> Iterator[None]:
    """These variables are this process's settings, for a while."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in environment.items():
            patched.setenv(name, value)
        get_settings.cache_clear()
        try:
            yield
        finally:
            get_settings.cache_clear()


def _made(lab: RunningLab, database: Database, state: Path, log: Path, environment: Mapping[str, str]) -> SmallRegion:
    KeyFile(get_settings().key_file).ensure()
    prepare_database(database.dsn("owner"))
    ensure(database)
    with database.transaction("api", SCOPE) as tx:
        people = {name: principal_in(tx, name, "paradigm") for name in ("engineer", "lead", "lead2")}
    region = SmallRegion(
        lab=lab, database=database, people=people, state=state, log=log, environment=environment
    )  # fmt: skip
    _enter(region)
    region.new_worker()
    try:
        for kind, options in (("network.enrol", Options()), ("network.config", Options(atomic=True))):
            done = region.carried_out(kind, {"select": "platform=frr"}, options=options)
            assert done.state is State.SUCCEEDED, (done, region.steps(done.id), log.read_text()[-2000:])
    except BaseException:
        if region.worker is not None:
            region.worker.kill()
            region.worker.wait()
        raise
    return region


def _enter(region: SmallRegion) -> None:
    """The lab's routers as ``irisplane up`` enters them, without the API in between."""
    engineer, lab = region.people["engineer"], region.lab
    with region.database.transaction("api", engineer.scope("test", "region")) as tx:
        brussels = prepare(tx, engineer.scope("test", "region"), built_in())
    assert region.submit("inventory.import", brussels.intent).state is State.SUCCEEDED
    with region.database.transaction("worker", SCOPE) as tx:
        tenant = tx.execute(text("select id from tenant where code = 'paradigm'")).scalar_one()
        for name, value in entries.secrets_of(lab.credentials).items():
            SecretStore(KeyFile(get_settings().key_file)).put(tx, tenant, name, SecretValue(value))
    settings = load({"IRISPLANE_INSTANCE": lab.instance.name})
    operations = entries.operations_for(settings, lab.topology, {router.name for router in lab.topology.routers})
    assert region.edit(*operations).state is State.SUCCEEDED


def start_worker(database: Database, log: Path) -> subprocess.Popen[bytes]:
    settings = {
        **os.environ,
        "IRISPLANE_LEASE_SECONDS": "4",
        "IRISPLANE_LEASE_BEAT_SECONDS": "0.5",
        "IRISPLANE_DATABASE_URL": make_url(database.dsn("worker")).render_as_string(hide_password=False),
    }
    program = (
        "import logging; from core.settings import get_settings; from orchestrator.worker import Worker, serve;"
        " logging.basicConfig(level='INFO'); serve(Worker(get_settings(), duties=False))"
    )
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, env=settings, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
