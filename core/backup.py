"""Save the region and bring it back: the database in one archive, the keys apart, a manifest that says what is there.

The archive and the journal's public part may lie anywhere; the key files open every secret in it, so they are written
only where ``keys_to`` says, never beside the archive. The dump is one snapshot, and the manifest holds number and hash
of the journal's head in that same snapshot: what comes back can be compared with what was saved.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url, text

from core.db import Database
from core.errors import Conflict, InvalidInput, IrisplaneError, Unavailable
from core.journal.chain import GENESIS, connect
from core.journal.checkpoints import CheckpointFile, Signer, public_keys
from core.journal.sequencer import after_restore
from core.journal.verify import Report, verify_database
from core.keyring import Keyring
from core.masking import mask
from core.migrations import current, pending, revisions, upgrade
from core.postgres_cluster import binaries
from core.rotation import sealed_columns, used_keys

__all__ = [
    "BackupDamaged",
    "Manifest",
    "Places",
    "Restored",
    "backup",
    "files_of",
    "read_manifest",
    "restore",
    "restore_database",
    "settle",
]

FORMAT: Final = "irisplane-backup/1"
_DUMP: Final = "database.dump"
_MANIFEST: Final = "manifest.json"


class BackupDamaged(IrisplaneError):
    """A file of a backup is missing or is not what was written."""

    code = "CORE-130"
    title = "Backup damaged"
    hint = "Take another copy of this backup, or an older one."


@dataclass(frozen=True, slots=True)
class Places:
    """Where an instance keeps what is not in the database.

    Attributes:
        key_file: master keys.
        signing_key: the journal's signing key.
        checkpoints: the journal's signed checkpoints.
    """

    key_file: Path
    signing_key: Path
    checkpoints: Path

    @classmethod
    def of(cls, key_file: Path, state_dir: Path) -> Places:
        """The places of an instance."""
        return cls(key_file, key_file.with_name("journal.json"), state_dir / "audit" / "checkpoints.jsonl")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Attributes:
        heads: schema revisions.
        seq: number of the journal's newest entry in the snapshot.
        hash: its hash (hex).
        key_ids: master keys that its secrets need.
        sha256: digest of each file.
    """

    format: str
    made_at: str
    release: str
    server: str
    instance: str
    heads: list[str]
    seq: int
    hash: str
    key_ids: list[str]
    sha256: dict[str, str]


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did.

    Attributes:
        audit: the journal, verified in the restored database.
        missing_keys: master keys that secrets need and the key file has not; ``keys_to`` says where they are.
        faithful: the journal ends exactly where the manifest says.
        upgraded: the schema was older than this release and was brought forward.
    """

    manifest: Manifest
    audit: Report
    missing_keys: tuple[str, ...]
    faithful: bool
    upgraded: bool


def backup(database: Database, places: Places, out_dir: Path, *, keys_to: Path, instance: str) -> Path:
    """Write a backup into a new folder below ``out_dir``; gives the folder. The region goes on meanwhile.

    Args:
        keys_to: folder for the key files, on another medium if you can; not ``out_dir``, nor inside it, nor around it.
    Raises:
        InvalidInput: the keys would lie with the archive.
        Unavailable: the database does not answer, or the dump failed (its words are in the message).
    """
    out_dir, keys_to = out_dir.resolve(), keys_to.resolve()
    if out_dir == keys_to or out_dir.is_relative_to(keys_to) or keys_to.is_relative_to(out_dir):
        raise InvalidInput(
            "The keys must not lie with the archive: who finds one must not have the other.",
            pointer="/keys_to",
            hint="Give --keys-to a folder that is neither inside the backup's folder nor around it.",
        )
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    folder = out_dir / f"irisplane-{instance}-{stamp}"
    making = folder.with_name(f".{folder.name}.making")
    making.mkdir(parents=True, mode=0o700)
    try:
        manifest = _write(database, places, making, instance)
        _save_keys(places, keys_to / folder.name)
        (making / _MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8")
        making.rename(folder)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return folder


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup, its files compared with it.

    Raises:
        BackupDamaged: no backup, or a file is missing or altered (names it).
    """
    try:
        manifest = Manifest(**json.loads((folder / _MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise BackupDamaged(
            f"{folder} holds no backup.", hint="Give the folder that has manifest.json in it."
        ) from None
    if manifest.format != FORMAT:
        raise BackupDamaged(
            f"{folder} is of another format: {manifest.format}.", hint="Restore it with its own release."
        )
    for name, digest in manifest.sha256.items():
        path = folder / name
        if not path.is_file() or _digest(path) != digest:
            raise BackupDamaged(f"{name} of the backup is {'altered' if path.is_file() else 'missing'}.")
    return manifest


def restore(database: Database, places: Places, folder: Path, *, keys_from: Path | None = None) -> Restored:
    """Bring a backup back into an empty database, then verify the journal. The programs must not run yet.

    A checkpoint file that is here is kept: it may know more than the backup does, and verification says so.

    Args:
        keys_from: the folder with the key files of that backup; files that are in place already are kept.
    Raises:
        BackupDamaged: see ``read_manifest``.
        Conflict: the database is not empty, or the backup is of a later release.
        Unavailable: the restore failed (its words are in the message); the database is empty as before.
    """
    manifest = read_manifest(folder)
    files = files_of(folder, keys_from)
    upgraded = restore_database(database, manifest, folder)
    return settle(database, places, manifest, files, upgraded=upgraded)


def restore_database(database: Database, manifest: Manifest, folder: Path) -> bool:
    """The first half of a restore, as role ``owner``: the database alone.

    Returns:
        Whether the schema was older and was brought forward.
    """
    owner = database.dsn("owner")
    _refuse_unless_empty(owner)
    unknown = sorted(set(manifest.heads) - revisions(owner))
    if unknown:
        raise Conflict(
            f"The backup is of a later release (schema {', '.join(unknown)}).",
            hint=f"Install Irisplane {manifest.release} or later.",
        )
    _run(
        "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--no-comments", "--dbname",
        str(make_url(owner).database), str(folder / _DUMP), owner=owner,
    )  # fmt: skip
    behind = bool(pending(owner))
    if behind:
        upgrade(owner)
    _outrun(owner)
    return behind


def files_of(folder: Path, keys_from: Path | None) -> dict[str, str]:
    """What ``settle`` puts in place: the backup's checkpoints and public keys, and the key files where they are given.

    Raises:
        InvalidInput: ``keys_from`` holds no key file.
    """
    sources = [folder / "checkpoints.jsonl", folder / "journal-keys.json"]
    if keys_from is not None:
        if not (keys_from / "master.json").is_file():
            raise InvalidInput(
                f"{keys_from} holds no master.json.", pointer="/keys_from", hint="Give the folder that --keys-to made."
            )
        sources += [keys_from / "master.json", keys_from / "journal.json"]
    return {path.name: path.read_text(encoding="utf-8") for path in sources if path.is_file()}


def settle(
    database: Database, places: Places, manifest: Manifest, files: Mapping[str, str], *, upgraded: bool
) -> Restored:
    """The second half of a restore, as the user Irisplane runs as: keys and checkpoints, then verification."""
    checkpoints = CheckpointFile(places.checkpoints)
    for name, path in (("master.json", places.key_file), ("journal.json", places.signing_key)):
        if name in files and not path.exists():
            _write_private(path, files[name].encode())
    if not places.checkpoints.exists():
        for name, path in (("checkpoints.jsonl", places.checkpoints), ("journal-keys.json", checkpoints.keys_path)):
            if name in files:
                path.parent.mkdir(parents=True, mode=0o750, exist_ok=True)
                path.write_text(files[name], encoding="utf-8")
    file = CheckpointFile(places.checkpoints, Signer(places.signing_key))
    after_restore(database, file)
    report = verify_database(database, file, public_keys(file.keys_path))
    held = Keyring.load(places.key_file).ids if places.key_file.exists() else frozenset()
    faithful = (report.last, report.hash) == (manifest.seq, manifest.hash)
    return Restored(manifest, report, tuple(sorted(set(manifest.key_ids) - held)), faithful, upgraded)


def _write(database: Database, places: Places, folder: Path, instance: str) -> Manifest:
    """Dump one snapshot and describe that very snapshot."""
    owner = database.dsn("owner")
    engine = database.engine("owner").execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as connection, connection.begin():
        connection.execute(text("select set_config('irisplane.tenant', '*', true)"))
        # idle while pg_dump works, which may take longer than the server lets a transaction stand idle
        connection.execute(text("set local idle_in_transaction_session_timeout = 0"))
        snapshot = connection.execute(text("select pg_export_snapshot()")).scalar_one()
        newest = connection.execute(text("select seq, hash from journal_chain order by seq desc limit 1")).one_or_none()
        server = connection.execute(text("show server_version")).scalar_one()
        key_ids = sorted(used_keys(connection, sealed_columns()))
        _run(
            "pg_dump", "--format=custom", f"--snapshot={snapshot}", "--no-owner", "--file", str(folder / _DUMP),
            "--dbname", str(make_url(owner).database), owner=owner,
        )  # fmt: skip
    public = (places.checkpoints, CheckpointFile(places.checkpoints).keys_path)
    for path in public:
        if path.exists():
            shutil.copyfile(path, folder / path.name)
    names = sorted(path.name for path in folder.iterdir())
    return Manifest(
        format=FORMAT,
        made_at=datetime.now(UTC).isoformat(),
        release=version("irisplane"),
        server=server,
        instance=instance,
        heads=sorted(current(owner)),
        seq=newest.seq if newest else 0,
        hash=(bytes(newest.hash) if newest else GENESIS).hex(),
        key_ids=key_ids,
        sha256={name: _digest(folder / name) for name in names},
    )


def _save_keys(places: Places, folder: Path) -> None:
    for path, name in ((places.key_file, "master.json"), (places.signing_key, "journal.json")):
        if path.exists():
            _write_private(folder / name, path.read_bytes())


def _refuse_unless_empty(owner: str) -> None:
    with connect(owner, name="irisplane restore") as connection:
        row = connection.execute(
            "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')"
            " and n.nspname not like 'pg_toast%'"
        ).fetchone()
    if row and row[0]:
        raise Conflict(
            f"The database is not empty: it has {row[0]} tables.",
            hint="A restore never overwrites: restore on a new instance, or after 'make clean'.",
        )


def _outrun(owner: str) -> None:
    """Let fencing numbers (sequences named ``…_epoch``) go on above every number that was drawn since the backup.

    Equipment has seen those and refuses smaller ones. No region draws one a millisecond, so the time is above them all.
    """
    with connect(owner, name="irisplane restore") as connection:
        connection.execute(
            "select setval(format('%I.%I', schemaname, sequencename)::regclass, greatest(coalesce(last_value, 0),"
            " (extract(epoch from clock_timestamp()) * 1000)::bigint)) from pg_sequences"
            " where schemaname = 'public' and sequencename like '%\\_epoch'"
        )
        connection.commit()


def _run(program: str, *arguments: str, owner: str) -> None:
    """Run one of PostgreSQL's programs; how to log in goes through its environment, never its command line."""
    given = conninfo_to_dict(make_url(owner).set(drivername="postgresql").render_as_string(hide_password=False))
    known = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "sslmode": "PGSSLMODE",
             "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"}  # fmt: skip
    login = {known[name]: str(value) for name, value in given.items() if name in known}
    inherited = {name: value for name, value in os.environ.items() if name in {"HOME", "PATH", "PGPASSFILE", "TMPDIR"}}
    done = subprocess.run(
        [str(binaries() / program), "--no-password", *arguments],
        env={**inherited, **login}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        words = mask(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"status {done.returncode}")
        raise Unavailable(f"{program} failed: {words}", hint="Mend what it names and try again; nothing was kept.")


def _write_private(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
