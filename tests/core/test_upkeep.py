"""Backup, restore and rotation as they run on a machine: keys and checkpoints stay the service user's."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from core.connect import database as connect
from core.db import Database
from core.journal.sequencer import Sequencer
from core.keyring import KeyFile
from core.postgres_temporary import TemporaryPostgres
from core.scope import Scope
from core.secrets import SecretStore, SecretValue
from core.service_user import ServiceUser, lay_folders, service_user
from core.settings import Settings, load
from core.upkeep import backup_here, restore_here, rotate_here
from tests.core.conftest import add_tenant


@pytest.fixture
def user() -> ServiceUser:
    return service_user(create=True)


def instance(folder: Path, pg: TemporaryPostgres, name: str, user: ServiceUser, patch: pytest.MonkeyPatch) -> Settings:
    """An instance whose database is one of the test server's, in a state folder of its own."""
    variables = {
        "IRISPLANE_INSTANCE": "test",
        "IRISPLANE_STATE_DIR": str(folder),
        "IRISPLANE_RUNTIME_DIR": str(pg.folder),
        "IRISPLANE_DATABASE_URL": pg.dsn("owner", name),
    }
    for variable, value in variables.items():
        patch.setenv(variable, value)
    settings = load(variables)
    lay_folders(settings.place, user)
    return settings


def test_a_region_moves_to_another_machine(
    pg: TemporaryPostgres,
    fresh_database: Database,
    user: ServiceUser,
    tmp_path: Path,
    scope: Scope,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old_name = fresh_database.dsn("owner").rsplit("/", 1)[1].split("?", 1)[0]
    old = instance(tmp_path / "old", pg, old_name, user, monkeypatch)
    KeyFile(old.key_file).ensure()
    give_to(user, old.key_file.parent)
    tenant = add_tenant(fresh_database, "jette")
    with fresh_database.transaction("api", scope) as tx:
        SecretStore(KeyFile(old.key_file)).put(tx, tenant, "device/cr01", SecretValue("not the default one"))
    Sequencer(fresh_database).drain()

    before = KeyFile(old.key_file).ring().current
    rotated = rotate_here(old, user, "the yearly rotation")
    assert (rotated.resealed, rotated.dropped) == (1, (before,))
    folder = backup_here(old, tmp_path / "backups", keys_to=tmp_path / "safe")
    fresh_database.close()

    name = f"empty_{uuid4().hex[:12]}"
    with psycopg.connect(pg.dsn("owner", old_name).replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute(f"create database {name} template template0")
    try:
        new = instance(tmp_path / "new", pg, name, user, monkeypatch)
        restored = restore_here(new, user, folder, keys_from=tmp_path / "safe" / folder.name)
        assert restored.audit.intact, restored.audit.findings
        assert restored.faithful
        assert restored.missing_keys == ()
        for path in (
            new.key_file,
            new.key_file.with_name("journal.json"),
            new.state_dir / "audit" / "checkpoints.jsonl",
        ):
            assert path.stat().st_uid == user.uid, f"{path} must be the service user's"
        opened = connect(new)
        with opened.transaction("api", scope) as tx:
            assert SecretStore(KeyFile(new.key_file)).get(tx, tenant, "device/cr01").reveal() == "not the default one"
        opened.close()
    finally:
        with psycopg.connect(pg.dsn("owner", old_name).replace("+psycopg", "", 1), autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)")


def give_to(user: ServiceUser, folder: Path) -> None:
    """What the service made is its own."""
    for path in (folder, *folder.iterdir()):
        os.chown(path, user.uid, user.gid)
