"""Which programs of a cloud run, and how they are started and ended: each the first of a session of its own.

A program is known by its process id *and* its birth, its children by the session it founded, so nothing that was given
the same number meanwhile is signalled. What no file of ours names any more is found by a mark in its environment, and a
machine by the folder its disks lie in.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.instance import ROOT
from core.leftovers import Process, end
from core.masking import mask
from lab.errors import CloudFailed
from lab.openstack.place import SOFTWARE, Place

__all__ = ["MARK", "Program", "Programs", "machines", "strays"]

MARK: Final = "IRISPLANE_LAB_CLOUD_OF"
"""The variable by which a cloud's programs are recognised; it holds the cloud's folder."""

_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SESSION: Final = 3
_BIRTH: Final = 19
"""Fields of ``/proc/<pid>/stat``, counted after the name."""


_STARTED: Final[list[subprocess.Popen[bytes]]] = []
"""Our own children: kept, so that those that end are no zombies while we live."""


@dataclass(frozen=True, slots=True)
class Program:
    """One program of the cloud.

    Attributes:
        name: what people call it.
        command: program and arguments.
        environment: what it gets beyond the environment of all.
        privileged: it runs as root: it makes network devices, or speaks to who does.
        enter: a network namespace it runs in; only with ``privileged``.
        patience: seconds it may take to end before it is killed.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    privileged: bool = False
    enter: str = ""
    patience: float = 20.0


class Programs:
    """The programs of one cloud."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._folder = place.runtime / "pids"

    # ------------------------------------------------------------------------------------------------------- asking
    def names(self) -> list[str]:
        """Every program that was started and not stopped, whether it lives or not."""
        return sorted(path.stem for path in self._folder.glob("*.json")) if self._folder.is_dir() else []

    def founder(self, name: str) -> Process | None:
        """The program, if it was started and lives."""
        try:
            kept = json.loads((self._folder / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        found = Process.of(kept["pid"])
        return found if found and found.born == kept["born"] else None

    def alive(self, name: str) -> bool:
        """Does it run?"""
        return self.founder(name) is not None

    def dead(self) -> list[str]:
        """Those that were started and have died by themselves."""
        return [name for name in self.names() if not self.alive(name)]

    # ----------------------------------------------------------------------------------------------------- altering
    def start(self, program: Program) -> bool:
        """Start a program unless it runs; give whether it had to be started. Does not wait until it serves."""
        if self.alive(program.name):
            return False
        self.stop([program.name])  # children that a founder left behind
        place = self._place
        with (place.out / f"{program.name}.out").open("ab") as said:
            started = subprocess.Popen(
                self.line(program),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=self.environment(program.environment),
                start_new_session=True,
            )
        _STARTED.append(started)
        _reap()
        born = Process.of(started.pid)
        note = {"pid": started.pid, "born": born.born if born else 0, "at": time.time()}
        place.give(self._folder / f"{program.name}.json", json.dumps(note), os.getegid(), 0o644)
        return True

    def run(self, program: Program, *, timeout: float = 900.0) -> str:
        """Run a program to its end and give its output.

        Raises:
            CloudFailed: it failed, or took too long.
        """
        try:
            done = subprocess.run(
                self.line(program),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                cwd=ROOT,
                env=self.environment(program.environment),
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CloudFailed(f"{program.name} did not end within {timeout:.0f} s.", part=program.name) from error
        (self._place.out / f"{program.name}.out").write_text(done.stdout + done.stderr, encoding="utf-8")
        if done.returncode != 0:
            said = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-5:])
            raise CloudFailed(f"{program.name} failed with {done.returncode}: {mask(said)}", part=program.name)
        return done.stdout

    def stop(self, names: Iterable[str], *, first: signal.Signals = signal.SIGTERM, patience: float = 20.0) -> bool:
        """Ask programs to end, all at once; kill what has not after a while. Gives whether any of them ran."""
        wanted = list(names)
        sessions: dict[str, int] = {}
        for name in wanted:
            with suppress(OSError, ValueError):
                kept = json.loads((self._folder / f"{name}.json").read_text(encoding="utf-8"))
                sessions[name] = int(kept["pid"]) if self._ours(name, int(kept["pid"]), int(kept["born"])) else 0
        ran = False
        for name in wanted:
            founder = self.founder(name)
            if founder:
                ran = True
                with suppress(ProcessLookupError):
                    os.kill(founder.pid, first)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and any(self.alive(name) for name in wanted):
            time.sleep(0.05)
        left = _members({session for session in sessions.values() if session})
        if left:
            ran = True
            end(left, signal.SIGTERM, patience=3.0)
        for name in wanted:
            (self._folder / f"{name}.json").unlink(missing_ok=True)
        _reap()
        return ran

    def line(self, program: Program) -> list[str]:
        """The whole command line, with the change of user or namespace before it."""
        if program.privileged:
            enter = ["nsenter", f"--net=/run/netns/{program.enter}", "--"] if program.enter else []
            return [*enter, *program.command]
        needs = [self._place.base, self._place.runtime, *([SOFTWARE] if SOFTWARE.is_dir() else [])]
        return self._place.user.command(program.command, needs=needs)

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """The environment of all: little, and nothing of the caller's."""
        return {
            "PATH": _PATH,
            "HOME": str(self._place.base / "home"),
            "TMPDIR": str(self._place.base / "tmp"),
            "LANG": "C.UTF-8",
            "PYTHONWARNINGS": "ignore",
            "PYTHONDONTWRITEBYTECODE": "1",
            MARK: str(self._place.base),
            **extra,
        }

    def _ours(self, name: str, pid: int, born: int) -> bool:
        """Is the session still the program's? It is while the founder lives, or any child born after it does."""
        return self.alive(name) or any(process.born >= born for process in _members({pid}))


def strays(place: Place) -> list[Process]:
    """Processes that carry the cloud's mark and are not this one or its parents."""
    mark = f"{MARK}={place.base}".encode()
    spared = {os.getpid(), os.getppid()}
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) in spared:
            continue
        with suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                process = Process.of(int(entry.name))
                found += [process] if process else []
    return found


def machines(place: Place) -> list[Process]:
    """The virtual machines of this cloud: QEMU processes whose disks lie in its folder."""
    folder = str(place.base).encode() + b"/"
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        with suppress(OSError):
            line = (entry / "cmdline").read_bytes()
            if line.split(b"\0", 1)[0].rpartition(b"/")[2].startswith(b"qemu-system-") and folder in line:
                process = Process.of(int(entry.name))
                found += [process] if process else []
    return found


def _reap() -> None:
    _STARTED[:] = [each for each in _STARTED if each.poll() is None]


def _members(sessions: set[int]) -> list[Process]:
    found: list[Process] = []
    if not sessions:
        return found
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        with suppress(OSError, IndexError, ValueError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[_SESSION]) in sessions and fields[0] != "Z":
                found.append(Process(int(entry.name), entry.stat().st_uid, int(fields[_BIRTH])))
    return found
