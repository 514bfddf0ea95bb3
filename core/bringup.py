"""How an instance comes up and goes down: the platform's part, as steps with a name, a time and an outcome.

What stands above the platform (schema of the rooms, people, lab, region) is added by who knows those rooms:
``cli.local``.
Every step is idempotent; a second run finds everything in place and says so.
"""

from __future__ import annotations

import compileall
import fcntl
import http.client
import json
import os
import shutil
import ssl
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from core.errors import Misconfigured, Unavailable
from core.instance import ROOT, Instance
from core.listeners import listener
from core.postgres import dsn, served_elsewhere, server_version
from core.postgres_cluster import Cluster
from core.prometheus import Prometheus
from core.service_user import lay_folders, place_file, service_user
from core.settings import Settings
from core.supervisor import ROOMS, Program, ProgramState, Supervisor

__all__ = ["Outcome", "Platform", "Step", "alone", "carry_out"]

_SERVING: Final = ("worker", "api")
_PATIENCE: Final = 90.0
_LIVES: Final = 3
"""A program that was started so often while we wait will not do better the next time."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step did.

    Attributes:
        detail: a few words for the progress line.
        changed: something had to be done.
        skipped: it cannot be done here; ``detail`` says why.
    """

    detail: str = ""
    changed: bool = False
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A named step of coming up."""

    name: str
    do: Callable[[], Outcome]


def carry_out(steps: Sequence[Step], tell: Callable[[str], None]) -> list[Outcome]:
    """Carry out steps in order, with a line of progress for each (told in two parts: before and after).

    Raises:
        IrisplaneError: what a step raised; the steps after it are not begun.
    """
    outcomes = []
    for number, step in enumerate(steps, start=1):
        tell(f"[{number}/{len(steps)}] {step.name} … ")
        begun = time.monotonic()
        try:
            outcome = step.do()
        except BaseException:
            tell(f"failed after {time.monotonic() - begun:.1f} s\n")
            raise
        done = "skipped" if outcome.skipped else f"{time.monotonic() - begun:.1f} s"
        tell(f"{done}{f' ({outcome.detail})' if outcome.detail else ''}\n")
        outcomes.append(outcome)
    return outcomes


@contextmanager
def alone(instance: Instance) -> Iterator[None]:
    """Only one ``up``, ``down`` or ``clean`` of an instance at a time; a second waits.

    The lock is on the state folder itself: the runtime folder goes away with ``down``.
    """
    instance.state_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(instance.state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Platform:
    """Database and programs of one instance on this machine.

    Args:
        settings: which instance, where it listens, whose database.
        create_user: make the system user if it is absent (root only).
    """

    def __init__(self, settings: Settings, *, create_user: bool = False) -> None:
        self.settings = settings
        self.instance = settings.place
        self.user = service_user(create=create_user)
        self.supervisor = Supervisor(self.instance, self.user)
        self.cluster = None if served_elsewhere() else Cluster.of(self.instance, self.user)
        self.prometheus = Prometheus.of(settings)

    # -------------------------------------------------------------------------------------------------- going up
    def folders(self) -> Outcome:
        """Folders with the owners and modes they must have, and that the service user can read our code."""
        lay_folders(self.instance, self.user)
        if self.user.apart:
            # The service may not write beside our code: without this every start would compile it again.
            for room in ROOMS:
                compileall.compile_dir(ROOT / room, quiet=2)
            check = [sys.executable, "-c", "import core.errors"]
            try:
                self.user.run(check, self.instance)
            except Unavailable as error:
                raise Misconfigured(
                    error.message,
                    hint="User 'irisplane' must be able to read the clone; the message says what is closed.",
                ) from error
        return Outcome(f"as user {self.user.name}")

    def database(self) -> Outcome:
        """The supervisor, and a PostgreSQL that answers."""
        if self.cluster is None:
            return Outcome(f"PostgreSQL {server_version(dsn('owner', self.instance))}, served elsewhere")
        self.cluster.make()
        changed = self.supervisor.start(self.programs())
        changed |= self.supervisor.start_program("postgres")
        version = self._patiently("postgres", lambda: server_version(dsn("owner", self.instance)))
        return Outcome(f"PostgreSQL {version}", changed=changed)

    def serve(self) -> Outcome:
        """API, worker, mail and Prometheus started, unless they run."""
        if self.prometheus is not None:
            place_file(self.prometheus.config_file, self.prometheus.configuration, self.user)
        if self.cluster is None:
            self.supervisor.start(self.programs())
        started = [each.name for each in self.programs() if each.name != "postgres" and self._start(each.name)]
        return Outcome(f"started: {', '.join(started)}" if started else "all ran already", changed=bool(started))

    def healthy(self) -> Outcome:
        """Waits until the API says that all its parts are well."""
        answer = self._patiently("api", self._all_well)
        return Outcome(f"{self.settings.url} {answer}")

    def programs(self) -> list[Program]:
        """What runs under the supervisor, in the order of starting."""
        python = sys.executable
        found = []
        if self.cluster is not None:
            # SIGINT: PostgreSQL's fast shutdown, which does not wait for clients
            found.append(Program("postgres", self.cluster.command, ours=False, stop_signal="INT", stop_seconds=60))
        found.append(Program("mail", [python, "-m", "lab.mail"], stop_seconds=5))
        # parks its runs at their next boundary, which a commit on many devices may take a minute and a half to reach
        found.append(Program("worker", [python, "-m", "orchestrator.worker"], stop_seconds=100))
        found.append(Program("api", [python, "-m", "api.serve"], stop_seconds=15))
        if self.prometheus is not None:
            found.append(Program("prometheus", self.prometheus.command, ours=False, stop_seconds=30))
        return found

    # ------------------------------------------------------------------------------------------------ going down
    def stop(self) -> bool:
        """Stop everything and remove the runtime folder; give whether anything ran."""
        ran = self.supervisor.stop()
        runtime = self.instance.runtime_dir
        if runtime.is_dir() and not runtime.is_symlink():
            shutil.rmtree(runtime)
        if self.user.apart and runtime.parent.is_dir() and not any(runtime.parent.iterdir()):
            runtime.parent.rmdir()
        return ran

    # ---------------------------------------------------------------------------------------------------- asking
    def states(self) -> list[ProgramState]:
        """How each program is; all ``stopped`` when the supervisor does not run."""
        known = {each.name: each for each in self.supervisor.states()}
        nothing = {
            name: ProgramState(name, "stopped", None, "", None) for name in (each.name for each in self.programs())
        }
        found = [known.get(name, state) for name, state in nothing.items()]
        if self.cluster is None:
            found.insert(0, self._served_database())
        return found

    def ask_api(self, path: str, *, token: str = "", timeout: float = 5.0) -> tuple[int, Any]:
        """Status and JSON of a GET on the API.

        Raises:
            OSError: nobody answers.
        """
        host = self.settings.reached_host
        connection = http.client.HTTPConnection(host, self.settings.listen_port, timeout=timeout)
        if self.settings.tls_cert:
            # our own server, reached by address: its certificate names a host, so only the certificate itself can tell
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            if token:  # whoever took our port meanwhile must not be told it
                context.verify_mode = ssl.CERT_REQUIRED
                context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
                context.load_verify_locations(self.settings.tls_cert)
            connection = http.client.HTTPSConnection(host, self.settings.listen_port, timeout=timeout, context=context)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
            answer = connection.getresponse()
            text = answer.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, None

    # ---------------------------------------------------------------------------------------------------- inside
    def _start(self, name: str) -> bool:
        if name == "api" and not any(each.name == "api" and each.pid for each in self.supervisor.states()):
            taken = listener(self.settings.listen_port)
            if taken:
                raise Misconfigured(
                    f"Port {self.settings.listen_port} is taken by {taken}.",
                    hint="Stop that program, or set IRISPLANE_LISTEN to another address, as 127.0.0.1:8180.",
                    variable="IRISPLANE_LISTEN",
                )
        return self.supervisor.start_program(name)

    def _all_well(self) -> str:
        try:
            code, answer = self.ask_api("/api/v1/health")
        except OSError as error:
            raise Unavailable(f"The API does not answer: {error}") from error
        said = answer.get("status") if isinstance(answer, dict) else None
        if code != 200 or said != "ok":
            raise Unavailable(f"The API says {code} {said}.")
        return str(said)

    def _patiently(self, program: str, ask: Callable[[], str]) -> str:
        """Ask until there is an answer; end early when a program has given up, or dies again and again."""
        deadline = time.monotonic() + _PATIENCE
        seen: dict[str, set[int]] = {}
        while True:
            try:
                return ask()
            except Unavailable as error:
                down = ""
                for each in self.supervisor.states():
                    if each.name in {program, *_SERVING}:
                        lives = seen.setdefault(each.name, set())
                        lives.update([each.pid] if each.pid else [])
                        down = each.name if each.state == "failed" or len(lives) > _LIVES else down
                if down or time.monotonic() > deadline:
                    name = down or program
                    raise Unavailable(
                        f"{error.message}\nThe end of the log of {name}:\n{self.supervisor.last_words(name)}",
                        hint=f"'irisplane logs {name}' shows more; 'irisplane doctor' looks for the cause.",
                    ) from error
                time.sleep(0.1)

    def _served_database(self) -> ProgramState:
        try:
            version = server_version(dsn("owner", self.instance))
        except (Unavailable, Misconfigured) as error:
            return ProgramState("postgres", "failed", None, error.message, None)
        return ProgramState("postgres", "running", None, f"PostgreSQL {version}, served elsewhere", None)
