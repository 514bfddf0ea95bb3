"""What is wrong with this installation, and how is it mended? One small function for each thing that can be.

A check only looks: it mends nothing, starts nothing, and shows no secret. One that cannot look says ``unknown``, never
``ok``.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Final

from alembic.util import CommandError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from core.bringup import Platform
from core.errors import IrisplaneError
from core.instance import ROOT
from core.leftovers import leftovers
from core.listeners import listener
from core.migrations import pending
from core.postgres import dsn, server_version

__all__ = ["CHECKS", "Check", "Finding", "Verdict", "ask_database", "examine"]

_NEWEST_TESTED: Final = 13
_GIB: Final = 1024**3
_LEAST_FREE: Final = 1 * _GIB
_LITTLE_FREE: Final = 5 * _GIB
_MOST_PENDING_SECONDS: Final = 60


class Verdict(StrEnum):
    """How a thing is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Attributes:
        verdict: how it is.
        detail: what was seen.
        hint: how to mend it; empty when nothing has to be.
        name: what was looked at.
    """

    verdict: Verdict
    detail: str
    hint: str = ""
    name: str = ""


Check = Callable[[Platform], Finding]


def python(_platform: Platform) -> Finding:
    """Is this a Python that we test with?"""
    said = f"Python {python_version()} at {sys.executable}"
    if sys.version_info.minor > _NEWEST_TESTED:
        return Finding(
            Verdict.WARN,
            said,
            f"Tested up to 3.{_NEWEST_TESTED}: 'make up PYTHON=…' after removing .venv uses another.",
        )
    return Finding(Verdict.OK, said)


def packages(_platform: Platform) -> Finding:
    """Is every Python package there that the lock file names for us?"""
    wanted = []
    for line in (ROOT / "requirements" / "runtime.in").read_text(encoding="utf-8").splitlines():
        name = line.split("#", 1)[0].strip()
        for sign in "<>=[;":
            name = name.split(sign, 1)[0]
        if name.strip():
            wanted.append(name.strip())
    absent = [name for name in wanted if not _installed(name)]
    if absent:
        return Finding(Verdict.FAIL, f"not installed: {', '.join(absent)}", "'make up' installs them.")
    return Finding(Verdict.OK, f"{len(wanted)} named, all there")


def folders(platform: Platform) -> Finding:
    """Do the folders belong to whom they must, closed to others?"""
    state = platform.instance.state_dir
    if not state.is_dir():
        return Finding(Verdict.WARN, f"{state} does not exist", "'make up' makes it.")
    owners = {"log": platform.user.uid, "keys": platform.user.uid, "postgres": platform.user.uid, "lab": os.geteuid()}
    wrong = []
    for name, uid in {**owners, "credentials": os.geteuid()}.items():
        try:
            about = (state / name).stat()
        except FileNotFoundError:
            continue
        if about.st_uid != uid or about.st_mode & 0o007:
            wrong.append(f"{name} (user {about.st_uid}, mode {stat.S_IMODE(about.st_mode):04o})")
    if wrong:
        return Finding(
            Verdict.FAIL, f"in {state}: {', '.join(wrong)}", "'make up' as the user who made them sets them right."
        )
    return Finding(Verdict.OK, str(state))


def key_file(platform: Platform) -> Finding:
    """Is the key file there, and closed to everybody but the service?"""
    path = platform.settings.key_file
    try:
        about = path.stat()
    except FileNotFoundError:
        hint = "'make up' makes one for a new database; for an existing one put the kept copy back, or no secret opens."
        return Finding(Verdict.WARN, f"{path} does not exist", hint)
    except PermissionError:
        return Finding(Verdict.UNKNOWN, f"{path} may not be looked at", "Run the doctor as the user who ran 'make up'.")
    mode = stat.S_IMODE(about.st_mode)
    if mode & 0o077:
        return Finding(
            Verdict.FAIL,
            f"{path} has mode {mode:04o}: others can read the keys",
            f"chmod 0600 {path}, then 'irisplane secret rotate'.",
        )
    if about.st_uid != platform.user.uid:
        return Finding(Verdict.FAIL, f"{path} belongs to user {about.st_uid}", f"chown {platform.user.name} {path}")
    return Finding(Verdict.OK, f"{path}, mode {mode:04o}")


def disk(platform: Platform) -> Finding:
    """Is there room for the database and the logs?"""
    there = next(
        folder for folder in (platform.instance.state_dir, *platform.instance.state_dir.parents) if folder.is_dir()
    )
    free = shutil.disk_usage(there).free
    said = f"{free / _GIB:.1f} GiB free at {there}"
    hint = "Make room, or move the state with IRISPLANE_STATE_DIR: a full disk stops the database."
    if free < _LEAST_FREE:
        return Finding(Verdict.FAIL, said, hint)
    return Finding(Verdict.WARN, said, hint) if free < _LITTLE_FREE else Finding(Verdict.OK, said)


def ports(platform: Platform) -> Finding:
    """Are our ports ours?"""
    states = {each.name: each for each in platform.states()}
    place = platform.instance
    wanted = {"api": platform.settings.listen_port, "worker": place.metrics_port, "mail": place.smtp_port}
    if platform.prometheus is not None:
        wanted["prometheus"] = place.prometheus_port
    foreign = []
    for name, port in wanted.items():
        state = states.get(name)
        held = listener(port)
        if held and not (state and state.state == "running"):
            foreign.append(f"{port} (for {name}) is taken by {held}")
    if foreign:
        return Finding(
            Verdict.FAIL, "; ".join(foreign), "Stop that program, or use another instance or IRISPLANE_LISTEN."
        )
    return Finding(Verdict.OK, ", ".join(f"{name} {port}" for name, port in wanted.items()))


def programs(platform: Platform) -> Finding:
    """Does every program run?"""
    states = platform.states()
    bad = [each for each in states if each.state == "failed"]
    if bad:
        said = "; ".join(f"{each.name}: {each.detail}" for each in bad)
        return Finding(Verdict.FAIL, said, f"'irisplane logs {bad[0].name}' says why; 'make up' starts it again.")
    idle = [each.name for each in states if each.state != "running"]
    if idle:
        return Finding(Verdict.WARN, f"not running: {', '.join(idle)}", "'make up' starts them.")
    return Finding(Verdict.OK, f"{len(states)} running")


def strays(platform: Platform) -> Finding:
    """Are there programs of ours that nobody supervises?"""
    if platform.supervisor.running:
        return Finding(Verdict.OK, "the supervisor answers")
    found = leftovers(platform.instance, platform.user)
    if found:
        said = ", ".join(str(each.pid) for each in found)
        return Finding(Verdict.FAIL, f"left over from a supervisor that is gone: {said}", "'make down' ends them.")
    return Finding(Verdict.OK, "nothing runs unsupervised")


def database(platform: Platform) -> Finding:
    """Does the database answer, and is it new enough?"""
    try:
        return Finding(Verdict.OK, f"PostgreSQL {server_version(dsn('owner', platform.instance))}")
    except IrisplaneError as error:
        return Finding(
            Verdict.FAIL, error.message, f"{error.hint} 'irisplane logs postgres' has the server's own words."
        )


def schema(platform: Platform) -> Finding:
    """Has the database the revisions that this code wants?"""
    try:
        lacks = pending(dsn("owner", platform.instance))
    except SQLAlchemyError:
        return Finding(Verdict.UNKNOWN, "the database does not answer", "See 'database'.")
    except CommandError as error:
        return Finding(Verdict.FAIL, str(error), "This code is older than the database: use the newer one.")
    if lacks:
        return Finding(Verdict.FAIL, f"lacks {', '.join(lacks)}", "'make up' migrates it.")
    return Finding(Verdict.OK, "nothing to migrate")


def journal(platform: Platform) -> Finding:
    """Does the sequencer number what is committed?"""
    asked = (
        "select count(*), coalesce(extract(epoch from now() - min(j.at)), 0)::int"
        " from journal_pending p join journal j on j.id = p.journal_id"
    )
    row = ask_database(platform, asked)
    if row is None:
        return Finding(Verdict.UNKNOWN, "the database does not answer", "See 'database'.")
    count, oldest = int(str(row[0])), int(str(row[1]))
    if oldest > _MOST_PENDING_SECONDS:
        return Finding(
            Verdict.FAIL,
            f"{count} entries wait for a number, the oldest for {oldest} s",
            "The sequencer runs in the worker: 'irisplane logs worker'. A transaction that never ends holds it up too.",
        )
    return Finding(Verdict.OK, f"{count} entries wait for a number")


def kernel(_platform: Platform) -> Finding:
    """Does the kernel offer the namespaces that the service user and the lab need?"""
    if sys.platform != "linux":
        return Finding(Verdict.WARN, f"{sys.platform}: no namespaces", "The lab and the closed-home trick need Linux.")
    absent = [kind for kind in ("mnt", "net", "pid") if not Path(f"/proc/self/ns/{kind}").exists()]
    none_left = [kind for kind in ("mnt", "net") if _number(Path(f"/proc/sys/user/max_{kind}_namespaces")) == 0]
    if absent or none_left:
        return Finding(
            Verdict.FAIL,
            f"namespaces missing or forbidden: {', '.join([*absent, *none_left])}",
            "Use a kernel with them, or raise user.max_mnt_namespaces and user.max_net_namespaces.",
        )
    return Finding(Verdict.OK, "namespaces for mounts and networks")


CHECKS: Final[dict[str, Check]] = {
    "python": python,
    "packages": packages,
    "kernel": kernel,
    "disk": disk,
    "folders": folders,
    "key file": key_file,
    "ports": ports,
    "programs": programs,
    "strays": strays,
    "database": database,
    "schema": schema,
    "journal": journal,
}


def examine(platform: Platform, checks: dict[str, Check] | None = None) -> list[Finding]:
    """Look at everything; a check that itself fails is a finding, not the end."""
    found = []
    for name, check in (CHECKS if checks is None else checks).items():
        try:
            finding = check(platform)
        except (IrisplaneError, OSError, SQLAlchemyError) as error:
            finding = Finding(
                Verdict.UNKNOWN, f"could not look: {error}", "Run the doctor as the user who ran 'make up'."
            )
        found.append(Finding(finding.verdict, finding.detail, finding.hint, name))
    return found


def ask_database(platform: Platform, statement: str) -> Sequence[object] | None:
    """The first row of a statement as the owner, seeing every tenant; nothing when it cannot be asked."""
    engine = create_engine(dsn("owner", platform.instance), poolclass=NullPool, connect_args={"connect_timeout": 5})
    try:
        with engine.connect() as connection:
            connection.execute(text("select set_config('irisplane.tenant', '*', true)"))
            row = connection.execute(text(statement)).first()
            return None if row is None else tuple(row)
    except SQLAlchemyError:
        return None
    finally:
        engine.dispose()


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
