"""The lab's hosts, a database that knows them, and a worker: all that a play needs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from core.bootstrap import ensure
from core.db import Database
from core.errors import IrisplaneError
from core.identity import principal_in
from core.instance import Instance
from core.keyring import KeyFile
from core.postgres_temporary import TemporaryPostgres
from core.secrets import SecretStore, SecretValue
from core.settings import get_settings, load
from inventory.region_import import built_in, prepare
from lab import entries
from lab.network import Layout, hosts
from orchestrator.durable import prepare_database
from orchestrator.states import State
from tests.network.changes.small_region import SCOPE, WorkedRegion, in_force

__all__ = ["PlayedRegion", "device"]


def device(tx: Connection, name: str) -> UUID:
    """A device's id."""
    found: UUID = tx.execute(text("select id from device where name = :name"), {"name": name}).scalar_one()
    return found


@dataclass(kw_only=True)
class PlayedRegion(WorkedRegion):
    """Hosts that run, entered and enrolled, and a worker."""

    instance: Instance

    def console(self, host: str, *command: str) -> str:
        """What a command says on a host's console, as its root."""
        done = subprocess.run(
            [*hosts.console(host, self.instance), *command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def read(self, host: str, path: str) -> str | None:
        """A file of a host; nothing where there is none."""
        found = Path(Layout(self.instance).host(host), path.lstrip("/"))
        return found.read_text() if found.exists() else None

    def everything(self, host: str) -> dict[str, tuple[int, bytes]]:
        """Every file and folder of a host's ``/etc``: rights and content."""
        root = Layout(self.instance).host(host) / "etc"
        return {
            str(path.relative_to(root)): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
            for path in sorted(root.rglob("*"))
            if not path.is_symlink() and not path.name.endswith("-") and path.name != ".pwd.lock"
        }

    def keep_secret(self, name: str, value: str) -> None:
        """Put a secret of the region into the store."""
        with self.database.transaction("worker", SCOPE) as tx:
            tenant = tx.execute(text("select id from tenant where code = 'paradigm'")).scalar_one()
            SecretStore(KeyFile(get_settings().key_file)).put(tx, tenant, name, SecretValue(value))


@pytest.fixture(scope="session")
def played(pg: TemporaryPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedRegion]:
    """Three hosts as delivered, and a worker; gone afterwards."""
    instance = Instance.current()
    try:
        hosts.up(instance, fresh=True)
    except IrisplaneError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("played")
    environment = {
        "IRISPLANE_KEY_FILE": str(folder / "keys" / "master.json"), "IRISPLANE_STATE_DIR": str(folder / "state"),
    }  # fmt: skip
    with pg.copy() as name:
        database = Database(lambda role: pg.dsn(role, name))
        region: PlayedRegion | None = None
        try:
            with in_force(environment):
                region = _made(database, folder, environment, instance)
            yield region
        finally:
            if region is not None and region.worker is not None:
                region.worker.kill()
                region.worker.wait()
            database.close()
            hosts.down(instance)


@pytest.fixture(autouse=True)
def _settings_of_the_played_region(request: pytest.FixtureRequest) -> Iterator[None]:
    if "played" not in request.fixturenames:
        yield
        return
    region: PlayedRegion = request.getfixturevalue("played")
    with in_force(region.environment):
        yield


def _made(database: Database, folder: Path, environment: dict[str, str], instance: Instance) -> PlayedRegion:
    KeyFile(get_settings().key_file).ensure()
    prepare_database(database.dsn("owner"))
    ensure(database)
    with database.transaction("api", SCOPE) as tx:
        people = {name: principal_in(tx, name, "paradigm") for name in ("engineer", "lead", "lead2")}
    region = PlayedRegion(
        database=database, people=people, state=folder / "state", log=folder / "worker.log", environment=environment,
        instance=instance,
    )  # fmt: skip
    engineer = people["engineer"]
    with database.transaction("api", engineer.scope("test", "region")) as tx:
        brussels = prepare(tx, engineer.scope("test", "region"), built_in())
    assert region.submit("inventory.import", brussels.intent).state is State.SUCCEEDED
    for name, value in entries.secrets_of(Layout(instance).credentials()).items():
        region.keep_secret(name, value)
    operations = entries.operations_for_hosts(load({"IRISPLANE_INSTANCE": instance.name}))
    assert region.edit(*operations).state is State.SUCCEEDED
    assert region.submit("network.enrol", {"select": "platform=linux"}).state in (State.SUCCEEDED, State.WAITING)
    region.new_worker()
    return region
