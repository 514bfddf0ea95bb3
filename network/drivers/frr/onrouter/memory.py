"""What the guard remembers over sessions, and over the router's restarts: epochs, marks, and the texts of a commit."""

from __future__ import annotations

import fcntl
import json
import os
import time

TYPE_CHECKING = False  # what typing would say, without loading it
if TYPE_CHECKING:
    from typing import Any, Self

__all__ = ["FOLDER", "Busy", "Lock", "Memory", "boot"]

FOLDER = "/etc/frr/irisplane"
_KEPT_MARKS = 32


class Busy(Exception):
    """Another command holds the lock."""


def boot() -> str:
    """What differs after each restart: the kernel's boot, and its first process's start (a container restarts too)."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        kernel = file.read().strip()
    with open("/proc/1/stat", encoding="utf-8", errors="replace") as file:
        first = file.read().rpartition(")")[2].split()[19]
    return f"{kernel}:{first}"


class Lock:
    """One command at a time on this router. The kernel gives it back when its holder dies."""

    def __init__(self, patience: float | None = 10.0) -> None:
        self._patience = patience
        self.descriptor = -1

    def __enter__(self) -> Self:
        self.descriptor = os.open(f"{FOLDER}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
        if self._patience is None:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX)
            return self
        deadline = time.monotonic() + self._patience
        while not self._taken():
            if time.monotonic() > deadline:
                os.close(self.descriptor)
                raise Busy
            time.sleep(0.02)
        return self

    def _taken(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)


def write(name: str, text: str, *, durable: bool = False, mode: int = 0o600) -> None:
    """Replace a file whole; ``durable`` also waits for the disk."""
    draft = f"{name}.{os.getpid()}.draft"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        data = text.encode()
        while data:
            data = data[os.write(descriptor, data) :]
        os.fchmod(descriptor, mode)
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(draft, name)
    if durable:
        folder = os.open(os.path.dirname(name), os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class Memory:
    """The guard's records. Read and written only under the lock.

    ``epoch`` is the highest ever seen. ``marks`` maps ``change/step`` to a record: ``state``, ``reason``, and while a
    commit is pending ``deadline`` (monotonic clock), ``boot`` and the ``timer``'s process.
    """

    def __init__(self) -> None:
        try:
            with open(f"{FOLDER}/memory.json", encoding="utf-8") as file:
                self.data: dict[str, Any] = json.load(file)
        except (FileNotFoundError, ValueError):
            self.data = {"epoch": 0, "holder": "", "marks": {}}

    @property
    def epoch(self) -> int:
        """The highest epoch seen."""
        return int(self.data["epoch"])

    @property
    def holder(self) -> str:
        """The mark that is prepared or pending; empty when nobody holds the router."""
        return str(self.data["holder"])

    def mark(self, name: str) -> dict[str, Any]:
        """The record of a mark; ``none`` when it was never seen."""
        record: dict[str, Any] = self.data["marks"].get(name, {"state": "none"})
        return record

    def remember(self, name: str, *, holds: bool, durable: bool = False, **values: Any) -> None:
        """Put down how far a mark came."""
        marks = self.data["marks"]
        record = marks.pop(name, {})
        record.update(values, at=round(time.time(), 3))
        marks[name] = record
        while len(marks) > _KEPT_MARKS:
            del marks[next(iter(marks))]
        if holds:
            self.data["holder"] = name
        elif self.holder == name:
            self.data["holder"] = ""
        self.save(durable=durable)

    def save(self, *, durable: bool = False) -> None:
        """Write everything down."""
        write(f"{FOLDER}/memory.json", json.dumps(self.data), durable=durable)

    def text(self, name: str) -> str:
        """A text kept with the commit under way: ``base`` or ``wanted``."""
        with open(f"{FOLDER}/{name}.conf", encoding="utf-8") as file:
            return file.read()

    def keep(self, name: str, text: str) -> None:
        """Keep a text with the commit under way."""
        write(f"{FOLDER}/{name}.conf", text)
