"""Devices for tests: they live in the test's process and are reached over a unix socket, as real ones over a wire.

Each has a configuration in force, candidates, a commit with a dead-man timer of its own, and a memory for numbers: it
refuses whoever carries an older number than the newest it has met. What a worker does or suffers does not touch them.
"""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Refused(Exception):
    """The device says no."""


@dataclass
class Device:
    """One device."""

    name: str
    running: str
    epoch: int = 0
    steps: dict[str, dict[str, str]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    _timers: dict[str, threading.Timer] = field(default_factory=dict)
    _alone: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, what: str, epoch: int, step: str, *more: Any) -> Any:
        """What arrives over the wire."""
        if what == "running":
            return self.running
        with self._alone:
            if epoch < self.epoch:
                self.log.append(f"refused {what} {epoch}")
                raise Refused(f"number {epoch} is older than {self.epoch}")
            self.epoch = epoch
            self.log.append(f"{what} {epoch}")
            verbs: dict[str, Callable[..., Any]] = {
                "prepare": self._prepare,
                "commit": self._commit,
                "confirm": self._confirm,
                "undo": self._undo,
            }
            return verbs[what](step, *more)

    def _prepare(self, step: str, text: str) -> None:
        self.steps.setdefault(step, {"candidate": text, "is": "prepared"})

    def _commit(self, step: str, seconds: float) -> str:
        mine = self.steps.get(step)
        if mine is None:
            raise Refused("there is no candidate")
        if mine["is"] in {"prepared", "reverted"}:
            mine |= {"is": "committed", "before": self.running}
            self.running = mine["candidate"]
            timer = self._timers[step] = threading.Timer(seconds, self._expire, (step,))
            timer.daemon = True
            timer.start()
        return mine["before"]

    def _confirm(self, step: str) -> None:
        mine = self.steps.get(step, {"is": "nothing"})
        if mine["is"] not in {"committed", "confirmed"}:
            raise Refused(f"there is nothing to confirm: {mine['is']}")
        mine["is"] = "confirmed"
        self.disarm(step)

    def _undo(self, step: str) -> None:
        mine = self.steps.get(step)
        if mine and mine["is"] in {"committed", "confirmed"}:
            self.running = mine["before"]
        if mine:
            mine["is"] = "undone"
        self.disarm(step)

    def _expire(self, step: str) -> None:
        with self._alone:
            mine = self.steps[step]
            if mine["is"] == "committed":
                self.running, mine["is"] = mine["before"], "reverted"
                self.log.append("timer")

    def disarm(self, step: str | None = None) -> None:
        """Stop one timer, or all."""
        for key in [step] if step else list(self._timers):
            if timer := self._timers.pop(key, None):
                timer.cancel()


class Wire:
    """The socket behind which the devices stand."""

    def __init__(self, path: Path) -> None:
        self.devices: dict[str, Device] = {}
        devices = self.devices

        class Call(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                name, what, *arguments = json.loads(self.rfile.readline())
                try:
                    answer = {"ok": devices[name].ask(what, *arguments)}
                except Refused as refusal:
                    answer = {"refused": str(refusal)}
                self.wfile.write(json.dumps(answer).encode())

        class Server(socketserver.ThreadingUnixStreamServer):
            request_queue_size = 128
            daemon_threads = True

        self._server = Server(str(path), Call)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Cut it, and stop every timer."""
        for device in self.devices.values():
            device.disarm()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def ask(path: Path, name: str, what: str, epoch: int = 0, step: str = "", *more: Any) -> Any:
    """Ask a device over the wire.

    Raises:
        Refused: it says no.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
        wire.settimeout(10)
        wire.connect(str(path))
        wire.sendall(json.dumps([name, what, epoch, step, *more]).encode() + b"\n")
        with wire.makefile("rb") as answers:
            answer = json.loads(answers.read())
    if "refused" in answer:
        raise Refused(answer["refused"])
    return answer["ok"]
