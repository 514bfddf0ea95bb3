"""The programs of an instance under one supervisor: written down, started, asked, stopped.

``supervisord`` runs as the service user; whoever started it speaks to it over a unix socket in the runtime folder. It
is started again when its configuration or its environment has changed; when only the code has, the programs that run
our code are.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import shlex
import signal
import socket
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from core.errors import Unavailable
from core.instance import ROOT, Instance
from core.leftovers import Process, end, leftovers
from core.service_user import ServiceUser, place_file

__all__ = ["ROOMS", "Program", "ProgramState", "State", "Supervisor", "code_fingerprint"]

State = Literal["running", "starting", "stopped", "failed", "skipped"]

_STATES: Final[Mapping[str, State]] = {
    "RUNNING": "running",
    "STARTING": "starting",
    "BACKOFF": "starting",
    "STOPPING": "stopped",
    "STOPPED": "stopped",
    "EXITED": "failed",
    "FATAL": "failed",
    "UNKNOWN": "failed",
}
_CODE_SUFFIXES: Final = frozenset({".py", ".sql", ".cedar", ".j2", ".html", ".json", ".yaml"})
ROOMS: Final = (
    "core",
    "orchestrator",
    "inventory",
    "network",
    "datacenter",
    "wifi",
    "schools",
    "api",
    "dashboards",
    "lab",
)
_PATIENCE: Final = 20.0
_LONGEST_STOP: Final = 200.0
"""Seconds for all programs to end one after another; each has its own limit, after which it is killed."""
_AT_ONCE: Final = False
"""Tells the supervisor not to wait until a program is held for started: who starts it asks whether it serves."""


@dataclass(frozen=True, slots=True)
class Program:
    """One program under the supervisor.

    Attributes:
        name: what people call it (``irisplane logs NAME``).
        command: program and arguments.
        ours: it runs our code, and is started again when that changes.
        stop_signal: what asks it to end.
        stop_seconds: how long it may take to end before it is killed.
        environment: what it gets beyond the supervisor's own environment.
    """

    name: str
    command: Sequence[str]
    ours: bool = True
    stop_signal: str = "TERM"
    stop_seconds: int = 20
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProgramState:
    """How a program is, as the supervisor sees it."""

    name: str
    state: State
    since: datetime | None
    detail: str
    pid: int | None


class _UnixTransport(xmlrpc.client.Transport):
    """XML-RPC over a unix socket, with a time limit."""

    def __init__(self, path: Path, patience: float) -> None:
        super().__init__()
        self._path = path
        self._patience = patience

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        made = _UnixConnection(self._path, self._patience)
        self._connection = host, made  # where the base class looks when it is closed
        return made


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, patience: float) -> None:
        super().__init__("localhost", timeout=patience)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Supervisor:
    """The supervisor of an instance.

    Args:
        instance: whose programs.
        user: who runs them.
    """

    def __init__(self, instance: Instance, user: ServiceUser) -> None:
        self._instance = instance
        self._user = user
        self._socket = instance.runtime_dir / "supervisor.sock"
        self._config = instance.runtime_dir / "supervisord.conf"
        self._made_from = instance.runtime_dir / "made-from.json"

    # ---------------------------------------------------------------------------------------------------- asking
    @property
    def running(self) -> bool:
        """Does the supervisor answer?"""
        try:
            self._ask("supervisor.getState")
        except (OSError, Unavailable):
            return False
        return True

    def states(self) -> list[ProgramState]:
        """How each program is; none when the supervisor does not run."""
        try:
            found: Any = self._ask("supervisor.getAllProcessInfo")
        except (OSError, Unavailable):
            return []
        return [_state(about) for about in found]

    # --------------------------------------------------------------------------------------------------- altering
    def start(self, programs: Sequence[Program]) -> bool:
        """Have a supervisor with exactly these programs; give whether anything had to be done.

        The programs themselves are started one by one with ``start_program``, in the order the caller knows.
        """
        text = self._configuration(programs)
        environment = self._user.environment(self._instance)
        made_from = {
            "configuration": _hash(text),
            "environment": _hash(json.dumps(environment, sort_keys=True)),
            "code": code_fingerprint(),
        }
        before = self._before()
        if self.running:
            if before == made_from:
                return False
            if {**before, "code": made_from["code"]} == made_from:
                for program in programs:
                    if program.ours:
                        self._stop_program(program.name)
                self._note(made_from)
                return True
        self.stop()
        place_file(self._config, text, self._user)
        supervisord = str(Path(sys.executable).parent / "supervisord")
        line = self._user.command([supervisord, "-c", str(self._config)], instance=self._instance)
        done = subprocess.run(
            line, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT, env=environment, check=False
        )
        if done.returncode != 0:
            raise Unavailable(f"The supervisor did not start: {(done.stderr or done.stdout).strip()[-1000:]}")
        _await(lambda: self.running, "The supervisor does not answer.")
        self._note(made_from)
        return True

    def start_program(self, name: str) -> bool:
        """Start a program unless it runs; give whether it had to be started. Does not wait until it serves.

        Raises:
            Unavailable: the supervisor does not run or knows no such program.
        """
        state = next((each.state for each in self.states() if each.name == name), None)
        if state in {"running", "starting"}:
            return False
        try:
            self._ask("supervisor.startProcess", name, _AT_ONCE)
        except Unavailable as error:
            if "ALREADY_STARTED" in error.message:
                return False
            raise
        return True

    def restart_program(self, name: str) -> None:
        """Stop a program, if it runs, and start it."""
        self._stop_program(name)
        self.start_program(name)

    def stop(self) -> bool:
        """Stop every program and the supervisor; give whether anything ran. What does not end in time is killed."""
        ran = False
        if self.running:
            ran = True
            pids = [each.pid for each in self.states() if each.pid] + [int(str(self._ask("supervisor.getPID")))]
            known = [process for process in map(Process.of, pids) if process and process.uid == self._user.uid]
            with contextlib.suppress(OSError, Unavailable, http.client.HTTPException):
                self._ask("supervisor.shutdown")
            deadline = time.monotonic() + _LONGEST_STOP
            while time.monotonic() < deadline and any(process.alive for process in known):
                time.sleep(0.05)
            end(known, signal.SIGKILL)
        stray = leftovers(self._instance, self._user)
        if stray:
            ran = True
            end(stray, signal.SIGINT, patience=15.0)
        return ran

    def log_file(self, name: str) -> Path:
        """Where a program's output is kept."""
        return self._instance.state_dir / "log" / f"{name}.log"

    def last_words(self, name: str, lines: int = 5) -> str:
        """The end of a program's log."""
        try:
            with self.log_file(name).open("rb") as log:
                log.seek(max(0, log.seek(0, 2) - 8000))
                said = log.read().decode(errors="replace").strip().splitlines()
        except OSError:
            return "it left no log"
        return "\n".join(said[-lines:]) or "it said nothing"

    # ---------------------------------------------------------------------------------------------------- inside
    def _stop_program(self, name: str) -> None:
        try:
            # answers when the program has ended, which its own limit allows to take longer than other answers
            self._ask("supervisor.stopProcess", name, patience=_LONGEST_STOP)
        except Unavailable as error:
            if "NOT_RUNNING" not in error.message:
                raise

    def _ask(self, method: str, *arguments: str | bool, patience: float | None = None) -> object:
        if not self._socket.exists():
            raise Unavailable("The supervisor does not run.", hint="'irisplane up' starts it.")
        transport = _UnixTransport(self._socket, patience or _PATIENCE)
        with xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=transport) as proxy:
            target: Any = proxy
            for part in method.split("."):
                target = getattr(target, part)
            try:
                answer: object = target(*arguments)
            except xmlrpc.client.Fault as fault:
                raise Unavailable(f"The supervisor refused {method}: {fault.faultString}") from fault
            return answer

    def _before(self) -> dict[str, str]:
        try:
            found: dict[str, str] = json.loads(self._made_from.read_text())
        except (OSError, ValueError):
            return {}
        return found

    def _note(self, made_from: Mapping[str, str]) -> None:
        place_file(self._made_from, json.dumps(made_from), self._user)

    def _configuration(self, programs: Sequence[Program]) -> str:
        log = self._instance.state_dir / "log"
        sections: dict[str, Mapping[str, object]] = {
            "unix_http_server": {"file": self._socket, "chmod": "0700"},
            "supervisord": {
                "logfile": log / "supervisord.log",
                "logfile_maxbytes": "5MB",
                "logfile_backups": 2,
                "pidfile": self._instance.runtime_dir / "supervisord.pid",
                "identifier": f"irisplane-{self._instance.name}",
                "directory": ROOT,
                "umask": "027",
                "silent": "true",
            },
            "rpcinterface:supervisor": {
                "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
            },
        }
        for place, program in enumerate(programs):
            sections[f"program:{program.name}"] = {
                "command": shlex.join(program.command),
                "directory": ROOT,
                "environment": ",".join(f'{key}="{value}"' for key, value in program.environment.items()),
                "priority": 10 + place,  # they are stopped in reverse order, each when the one before has ended
                "autostart": "false",
                "autorestart": "true",
                "startsecs": 1,
                "startretries": 30,  # waits one second more each time: a database that comes back late is met
                "stopsignal": program.stop_signal,
                "stopwaitsecs": program.stop_seconds,
                "killasgroup": "true",
                "redirect_stderr": "true",
                "stdout_logfile": log / f"{program.name}.log",
                "stdout_logfile_maxbytes": "10MB",
                "stdout_logfile_backups": 4,
            }
        lines = ["; written by 'irisplane up', anew each time"]
        for name, values in sections.items():
            lines += ["", f"[{name}]"]
            # supervisord reads '%' as the start of an expression
            lines += [f"{key} = {str(value).replace('%', '%%')}" for key, value in values.items() if str(value)]
        return "\n".join(lines) + "\n"


def code_fingerprint() -> str:
    """Changes whenever a file that a program may have read has changed (names, sizes, times)."""
    seen = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix in _CODE_SUFFIXES and "node_modules" not in path.parts:  # brought later, by who needs it
                about = path.stat()
                seen.update(f"{path} {about.st_size} {about.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _state(about: Mapping[str, Any]) -> ProgramState:
    state = _STATES.get(str(about["statename"]), "failed")
    moment = about["start"] if state in {"running", "starting"} else about["stop"] or about["start"]
    detail = str(about["spawnerr"] or "")
    if state == "running":
        detail = f"pid {about['pid']}"
    elif state == "failed" and not detail:
        detail = f"ended with exit code {about['exitstatus']}"
    return ProgramState(
        name=str(about["name"]),
        state=state,
        since=datetime.fromtimestamp(moment, UTC) if moment else None,
        detail=detail,
        pid=int(about["pid"]) or None,
    )


def _await(condition: Any, otherwise: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise Unavailable(otherwise)
        time.sleep(0.05)
