"""Which processes of an instance are there, also those that nobody supervises any more?

A supervisor that was killed leaves its programs behind. They are known by what only they have: the runtime folder of
the instance in their environment, or, for the database, the process id in its lock file together with our binary. A
process is named by its id *and* its start, so that an id which was given away meanwhile is never signalled.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.errors import Misconfigured
from core.instance import Instance
from core.postgres_cluster import binaries
from core.service_user import ServiceUser

__all__ = ["Process", "end", "leftovers"]


@dataclass(frozen=True, slots=True)
class Process:
    """A process, named beyond doubt.

    Attributes:
        pid: its id.
        uid: whose it is.
        born: its start in clock ticks since the machine's.
    """

    pid: int
    uid: int
    born: int

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """The process that has an id now, if any that is not already dead."""
        folder = Path("/proc") / str(pid)
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            uid = folder.stat().st_uid
        except (OSError, IndexError):
            return None
        return None if fields[0] == "Z" else cls(pid, uid, int(fields[19]))

    @property
    def alive(self) -> bool:
        """Is it still there?"""
        return Process.of(self.pid) == self


def leftovers(instance: Instance, user: ServiceUser) -> list[Process]:
    """The instance's processes, except this one and those that led to it."""
    mark = f"IRISPLANE_RUNTIME_DIR={instance.runtime_dir}".encode()
    spared = _lineage()
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) in spared:
            continue
        try:
            theirs = entry.stat().st_uid == user.uid and mark in (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        process = Process.of(int(entry.name)) if theirs else None
        if process:
            found[process.pid] = process
    database = _database(instance)
    if database and database.uid == user.uid:
        found[database.pid] = database
    return list(found.values())


def end(processes: Iterable[Process], first: signal.Signals, *, patience: float = 5.0) -> None:
    """Signal processes, wait until they are gone, kill what is not."""
    there = [process for process in processes if process.alive]
    for number, seconds in ((first, patience), (signal.SIGKILL, 5.0)):
        for process in there:
            if process.alive:
                try:
                    os.kill(process.pid, number)
                except ProcessLookupError:
                    continue
        deadline = time.monotonic() + seconds
        while (there := [process for process in there if process.alive]) and time.monotonic() < deadline:
            time.sleep(0.05)
        if not there:
            return


def _database(instance: Instance) -> Process | None:
    # PostgreSQL writes its title over its environment, so it is known by its lock file and its binary.
    try:
        pid = int((instance.state_dir / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
        same = Path(f"/proc/{pid}/exe").readlink() == (binaries() / "postgres").resolve()
    except (OSError, ValueError, Misconfigured):
        return None
    return Process.of(pid) if same else None


def _lineage() -> set[int]:
    pid, found = os.getpid(), set()
    while pid > 0 and pid not in found:
        found.add(pid)
        try:
            pid = int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            break
    return found
