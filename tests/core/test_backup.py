"""What is saved comes back as it was, on an empty machine, and the region goes on."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text

from core.backup import BackupDamaged, Places, backup, read_manifest, restore
from core.db import Database
from core.errors import Conflict, InvalidInput, Unavailable
from core.journal.checkpoints import CheckpointFile, Signer
from core.journal.record import record
from core.journal.sequencer import Sequencer, checkpoint_now
from core.keyring import KeyFile
from core.postgres_temporary import TemporaryPostgres
from core.scope import Scope
from core.secrets import SecretStore, SecretValue
from tests.core.conftest import add_tenant


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places.of(tmp_path / "state" / "keys" / "master.json", tmp_path / "state")
    KeyFile(made.key_file).ensure()
    return made


@pytest.fixture
def empty_database(pg: TemporaryPostgres, fresh_database: Database) -> Iterator[Database]:
    """A database with nothing in it."""
    name = f"empty_{uuid4().hex[:12]}"
    admin = fresh_database.dsn("owner").replace("+psycopg", "", 1)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"create database {name} template template0")
    opened = Database(lambda role: pg.dsn(role, name))
    yield opened
    opened.close()
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def tenant(fresh_database: Database, places: Places, scope: Scope) -> UUID:
    """A region that has lived: a secret, numbered and signed entries, two that wait for their number."""
    made = add_tenant(fresh_database, "ganshoren")
    with fresh_database.transaction("api", scope) as tx:
        SecretStore(KeyFile(places.key_file)).put(tx, made, "device/cr01", SecretValue("correct horse battery"))
    Sequencer(fresh_database, None).drain()
    checkpoint_now(fresh_database, CheckpointFile(places.checkpoints, Signer(places.signing_key)))
    with fresh_database.transaction("api", scope) as tx:
        record(tx, "event", "thing.happened", "thing", "waits")
        record(tx, "event", "thing.happened", "thing", "waits too")
    return made


def test_a_backup_comes_back_on_an_empty_machine(
    fresh_database: Database, empty_database: Database, places: Places, tenant: UUID, scope: Scope, tmp_path: Path
) -> None:
    folder = backup(fresh_database, places, tmp_path / "backups", keys_to=tmp_path / "safe", instance="test")
    there = Places.of(tmp_path / "elsewhere" / "keys" / "master.json", tmp_path / "elsewhere")
    restored = restore(empty_database, there, folder, keys_from=tmp_path / "safe" / folder.name)
    assert restored.audit.intact, restored.audit.findings
    assert restored.faithful
    assert restored.missing_keys == ()
    assert not restored.upgraded
    assert restored.manifest.instance == "test"
    with empty_database.transaction("api", scope) as tx:
        store = SecretStore(KeyFile(there.key_file))
        assert store.get(tx, tenant, "device/cr01").reveal() == "correct horse battery"
        record(tx, "event", "thing.happened", "thing", "goes on")
    assert Sequencer(empty_database, None).drain() >= 3, "what waited is numbered, what is new follows"
    with empty_database.transaction("api", Scope(tenant)) as tx:
        assert tx.execute(text("select count(*) from secret")).scalar() == 1, "row-level security came back too"
    with empty_database.transaction("api", Scope(uuid4())) as tx:
        assert tx.execute(text("select count(*) from secret")).scalar() == 0


def test_without_its_keys_a_restore_says_which_are_missing(
    fresh_database: Database, empty_database: Database, places: Places, tenant: UUID, tmp_path: Path
) -> None:
    folder = backup(fresh_database, places, tmp_path / "backups", keys_to=tmp_path / "safe", instance="test")
    there = Places.of(tmp_path / "elsewhere" / "keys" / "master.json", tmp_path / "elsewhere")
    restored = restore(empty_database, there, folder)
    assert restored.missing_keys == (KeyFile(places.key_file).ring().current,)


def test_the_archive_holds_neither_key_nor_secret(
    fresh_database: Database, places: Places, tenant: UUID, tmp_path: Path
) -> None:
    folder = backup(fresh_database, places, tmp_path / "backups", keys_to=tmp_path / "safe", instance="test")
    keys = [entry["key"] for entry in json.loads(places.key_file.read_text(encoding="utf-8"))["keys"].values()]
    held = b"".join(path.read_bytes() for path in folder.iterdir())
    assert not any(key.encode() in held for key in keys)
    assert b"correct horse" not in held
    assert sorted(path.name for path in folder.iterdir()) == [
        "checkpoints.jsonl",
        "database.dump",
        "journal-keys.json",
        "manifest.json",
    ]
    assert folder.stat().st_mode & 0o777 == 0o700
    saved = sorted((tmp_path / "safe" / folder.name).iterdir())
    assert [path.name for path in saved] == ["journal.json", "master.json"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in saved)


@pytest.mark.parametrize(("out", "keys_to"), [("b", "b"), ("b", "b/keys"), ("b/x", "b"), ("b", "b/../b")])
def test_keys_never_lie_with_the_archive(
    fresh_database: Database, places: Places, tmp_path: Path, out: str, keys_to: str
) -> None:
    with pytest.raises(InvalidInput, match="must not lie with the archive"):
        backup(fresh_database, places, tmp_path / out, keys_to=tmp_path / keys_to, instance="test")
    assert not (tmp_path / "b").exists()


def test_a_restore_never_overwrites(fresh_database: Database, places: Places, tenant: UUID, tmp_path: Path) -> None:
    folder = backup(fresh_database, places, tmp_path / "backups", keys_to=tmp_path / "safe", instance="test")
    with pytest.raises(Conflict, match="not empty"):
        restore(fresh_database, places, folder)


def test_a_damaged_backup_is_refused_and_nothing_is_written(
    fresh_database: Database, empty_database: Database, places: Places, tmp_path: Path
) -> None:
    folder = backup(fresh_database, places, tmp_path / "backups", keys_to=tmp_path / "safe", instance="test")
    with (folder / "database.dump").open("r+b") as file:
        file.seek(2000)
        file.write(b"xx")
    with pytest.raises(BackupDamaged, match=r"database\.dump of the backup is altered"):
        restore(empty_database, places, folder)
    (folder / "database.dump").unlink()
    with pytest.raises(BackupDamaged, match="missing"):
        read_manifest(folder)
    with pytest.raises(BackupDamaged, match="holds no backup"):
        read_manifest(tmp_path)


def test_a_backup_of_a_later_release_is_refused(
    fresh_database: Database, empty_database: Database, places: Places, tmp_path: Path
) -> None:
    folder = backup(fresh_database, places, tmp_path / "backups", keys_to=tmp_path / "safe", instance="test")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["heads"].append("core_9999")
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(Conflict, match="later release"):
        restore(empty_database, places, folder)


def test_a_dump_that_fails_says_why_and_leaves_no_folder(
    fresh_database: Database, places: Places, tmp_path: Path
) -> None:
    with psycopg.connect(fresh_database.dsn("owner").replace("+psycopg", "", 1)) as connection:
        connection.execute("create schema other; create table other.closed (id int)")
        connection.execute("grant create on schema other to irisplane_worker")
        connection.execute("alter table other.closed owner to irisplane_worker")
    with pytest.raises(Unavailable, match=r"pg_dump failed: .*closed"):
        backup(fresh_database, places, tmp_path / "backups", keys_to=tmp_path / "safe", instance="test")
    assert list((tmp_path / "backups").iterdir()) == []
    assert not (tmp_path / "safe").exists()


def test_a_dump_may_take_longer_than_a_transaction_may_stand_idle(
    fresh_database: Database, places: Places, tenant: UUID, tmp_path: Path
) -> None:
    strict = Database(fresh_database.dsn, idle_seconds=1.0)
    with psycopg.connect(fresh_database.dsn("owner").replace("+psycopg", "", 1)) as holder:
        holder.execute("create table waited_for (id int)")
        holder.commit()
        holder.execute("lock table waited_for")  # the dump waits for it
        free = threading.Timer(3.0, holder.rollback)
        free.start()
        try:
            folder = backup(strict, places, tmp_path / "backups", keys_to=tmp_path / "safe", instance="test")
        finally:
            free.join()
            strict.close()
    assert read_manifest(folder).seq > 0
