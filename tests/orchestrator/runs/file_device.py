"""A device made of one file: a configuration, a candidate, a commit with a dead-man timer, and a memory for numbers.

It refuses whoever carries an older number than the newest it has met. The timer is a process of its own, so it runs out
whatever happens to the worker. Run as a program, this module is that timer: ``file_device.py PATH TOKEN SECONDS``.
"""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Refused(Exception):
    """The device says no."""


class Device:
    """One device."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def make(cls, path: Path, text: str) -> Device:
        """A new device with a configuration in force."""
        path.write_text(json.dumps({"running": text, "epoch": 0, "steps": {}, "pending": None, "log": []}))
        return cls(path)

    @contextmanager
    def open(self, epoch: int = 0, what: str = "") -> Iterator[dict[str, Any]]:
        """The device's state, alone; written back at the end. A number that is too old is refused."""
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = json.loads(self.path.read_text())
            if epoch:
                if epoch < state["epoch"]:
                    state["log"].append(f"refused {what} {epoch}")
                    self._write(state)
                    raise Refused(f"number {epoch} is older than {state['epoch']}")
                state["epoch"] = epoch
                state["log"].append(f"{what} {epoch}")
            yield state
            self._write(state)

    def _write(self, state: dict[str, Any]) -> None:
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(state))
        new.rename(self.path)

    @property
    def running(self) -> str:
        """What is in force."""
        with self.open() as state:
            return str(state["running"])

    @property
    def log(self) -> list[str]:
        """What was asked of it, with whose number."""
        with self.open() as state:
            return list(state["log"])

    def prepare(self, epoch: int, step: str, text: str) -> None:
        """Load a candidate."""
        with self.open(epoch, "prepare") as state:
            state["steps"].setdefault(step, {"candidate": text, "is": "prepared"})

    def commit(self, epoch: int, step: str, seconds: int) -> str:
        """Put the candidate in force under a timer; gives what was in force before."""
        with self.open(epoch, "commit") as state:
            mine = state["steps"].get(step)
            if mine is None:
                raise Refused("there is no candidate")
            if mine["is"] in {"prepared", "reverted"}:
                mine |= {"is": "committed", "before": state["running"]}
                token = f"{step}/{epoch}/{time.time()}"
                state["running"], state["pending"] = mine["candidate"], {"step": step, "token": token}
                subprocess.Popen(
                    [sys.executable, "-S", "-E", __file__, str(self.path), token, str(seconds)],
                    start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip
            return str(mine["before"])

    def confirm(self, epoch: int, step: str) -> None:
        """Disarm the timer."""
        with self.open(epoch, "confirm") as state:
            mine = state["steps"].get(step, {"is": "nothing"})
            if mine["is"] not in {"committed", "confirmed"}:
                raise Refused(f"there is nothing to confirm: {mine['is']}")
            mine["is"], state["pending"] = "confirmed", None

    def undo(self, epoch: int, step: str) -> None:
        """As before, whatever the step had reached."""
        with self.open(epoch, "undo") as state:
            mine = state["steps"].get(step)
            if mine and mine["is"] in {"committed", "confirmed"}:
                state["running"], state["pending"] = mine["before"], None
            if mine:
                mine["is"] = "undone"

    def expire(self, token: str) -> None:
        """The timer ran out: take back what was not confirmed."""
        with self.open() as state:
            pending = state["pending"]
            if pending and pending["token"] == token:
                mine = state["steps"][pending["step"]]
                state["running"], state["pending"] = mine["before"], None
                mine["is"] = "reverted"
                state["log"].append("timer")


if __name__ == "__main__":
    time.sleep(float(sys.argv[3]))
    Device(Path(sys.argv[1])).expire(sys.argv[2])
