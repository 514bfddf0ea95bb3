"""A whole region as `make up` leaves it, in an instance of its own: twelve routers, worker, API, people."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.instance import ROOT, Instance

ENDED = frozenset(
    {"succeeded", "failed", "rolled_back", "unknown", "rejected", "cancelled", "expired", "stale"}
)  # fmt: skip
LONG = os.environ.get("IRISPLANE_LONG") == "1"


@dataclass
class Region:
    """The region under test, driven as people drive it: by command, by API, and by hand on a router."""

    instance: Instance
    environment: Mapping[str, str]
    people: Mapping[str, Any] = field(default_factory=dict)

    # ------------------------------------------------------------------------------------------------------- commands
    def run(self, *words: str, code: int | None = 0, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """The ``irisplane`` command, as a person types it."""
        command = Path(sys.executable).parent / "irisplane"
        try:
            done = subprocess.run(
                [command, *words],
                env=self.environment,
                cwd=ROOT,
                text=True,
                errors="replace",
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            said = [text.decode(errors="replace") for text in (late.stdout, late.stderr) if isinstance(text, bytes)]
            raise AssertionError(f"{words} did not end within {timeout:.0f} s; it said: {''.join(said)}") from late
        assert code is None or done.returncode == code, f"{words} → {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def ask(self, *words: str, code: int | None = 0) -> Any:
        """A command's ``--json`` answer."""
        return json.loads(self.run(*words, "--json", code=code).stdout)

    # ------------------------------------------------------------------------------------------------------------ API
    def api(self, method: str, path: str, *, who: str = "engineer", **how: Any) -> httpx2.Response:
        """A request as one of the region's people."""
        headers = {"Authorization": f"Bearer {self.people[who]['token']}", **how.pop("headers", {})}
        if method == "POST":
            headers.setdefault("Idempotency-Key", os.urandom(16).hex())
        url = f"http://127.0.0.1:{self.instance.api_port}{path}"
        return httpx2.request(method, url, headers=headers, timeout=60, **how)

    def submit(self, kind: str, intent: Mapping[str, Any], *, who: str = "engineer", **more: Any) -> dict[str, Any]:
        """Ask for a Change."""
        body = {"kind": kind, "intent": intent, "reason": "a test of the region", **more}
        answer = self.api("POST", "/api/v1/changes", who=who, json=body)
        assert answer.status_code in (201, 202), answer.text
        made: dict[str, Any] = answer.json()
        return made

    def approve(self, change: Mapping[str, Any], *people: str) -> None:
        """Approve a plan, one person after the other, as long as it waits."""
        for person in people or ("lead", "lead2"):
            if self.change(change["id"])["state"] == "waiting":
                body = {"plan_hash": change["plan_hash"], "reason": "read and found right"}
                answer = self.api("POST", f"/api/v1/changes/{change['id']}:approve", who=person, json=body)
                assert answer.status_code == 200, answer.text

    def change(self, change_id: str) -> dict[str, Any]:
        """A Change as it is now; a database that is being restarted is waited for."""

        def told() -> Any:
            answer = self.api("GET", f"/api/v1/changes/{change_id}")
            assert answer.status_code in (200, 503), answer.text
            return answer.json() if answer.is_success else None

        found: dict[str, Any] = eventually(told)
        return found

    def steps(self, change_id: str) -> list[dict[str, Any]]:
        """What was done on each target."""
        found: list[dict[str, Any]] = self.api("GET", f"/api/v1/changes/{change_id}/steps").json()["items"]
        return found

    def ended(self, change_id: str, *, seconds: float = 360) -> dict[str, Any]:
        """A Change once it has ended."""

        def over() -> dict[str, Any] | None:
            now = self.change(change_id)
            return now if now["state"] in ENDED else None

        found: dict[str, Any] = eventually(over, seconds=seconds)
        return found

    def carried_out(self, kind: str, intent: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Ask, approve, and wait until it has ended."""
        made = self.submit(kind, intent, **more)
        self.approve(made)
        return self.ended(made["id"])

    # ------------------------------------------------------------------------------------------------------ by hand
    def console(self, router: str, *command: str) -> str:
        """A command on a router's console, as its root: no code of ours in between."""
        from lab.network import control

        return control.execute(router, command, self.instance).stdout

    def typed(self, router: str, *lines: str) -> None:
        """Type configuration lines on a router by hand."""
        words = [word for line in ("configure terminal", *lines) for word in ("-c", line)]
        self.console(router, "vtysh", *words)

    def running(self, router: str) -> str:
        """What a router runs, without noise of time."""
        lines = self.console(router, "vtysh", "-c", "show running-config").splitlines()
        return "\n".join(line for line in lines if not line.startswith(("Building", "Current", "!")))

    def everything(self) -> dict[str, str]:
        """What every router runs."""
        return {name: self.running(name) for name in self.routers}

    @property
    def routers(self) -> Sequence[str]:
        """Names of the lab's routers."""
        from lab.network import Layout, plan

        return [router.name for router in plan(Layout(self.instance).read_state().size).routers]

    # ------------------------------------------------------------------------------------------------------ programs
    def sql(self, statement: str) -> list[list[str]]:
        """A query as the owner of the database, past every door: what a thief of the disk would read."""
        from core.postgres_cluster import binaries

        done = subprocess.run(
            [binaries() / "psql", "-h", str(self.instance.runtime_dir), "-U", "irisplane_owner", "-At", "-F", "\x1f",
             "irisplane", "-c", statement], text=True, capture_output=True, check=True,
        )  # fmt: skip
        return [line.split("\x1f") for line in done.stdout.splitlines()]

    def pid(self, program: str) -> int:
        """Process id of one of the supervised programs."""
        for part in self.ask("status", code=None):
            if part["name"] == program and part["detail"].startswith("pid "):
                return int(part["detail"].split()[1])
        raise AssertionError(f"{program} does not run")

    def kill(self, program: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to a program; gives its process id."""
        pid = self.pid(program)
        os.kill(pid, number)
        return pid


def eventually(look: Callable[[], Any], *, seconds: float = 120, every: float = 0.3) -> Any:
    """What ``look`` gives once it gives something; fails with the last answer when time is over."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"still {found!r} after {seconds:.0f} s: {look.__qualname__}")
        time.sleep(every)


def left_running() -> Region | None:
    """The region of this clone that ``IRISPLANE_TEST_RUNNING`` names, as ``make up`` left it; it is left so."""
    name = os.environ.get("IRISPLANE_TEST_RUNNING", "")
    if not name:
        return None
    environment = {each: value for each, value in os.environ.items() if not each.startswith("IRISPLANE_")}
    made = Region(Instance.named(name), environment | {"IRISPLANE_INSTANCE": name})
    made.run("status")
    made.people = json.loads((made.instance.state_dir / "credentials" / "cli.json").read_text())["profiles"]
    return made


@pytest.fixture(scope="session")
def region() -> Iterator[Region]:
    """A fresh region of twelve routers, gone afterwards.

    ``IRISPLANE_TEST_RUNNING`` names one that runs, to be used as it stands; ``IRISPLANE_TEST_REGION`` one that is
    brought up where it does not run and stays, for who writes tests.
    """
    if (running := left_running()) is not None:
        yield running
        return
    named = os.environ.get("IRISPLANE_TEST_REGION", "")
    kept = ("IRISPLANE_LONG", "IRISPLANE_LAB_", "IRISPLANE_TEST_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("IRISPLANE_") or k.startswith(kept)}
    environment["IRISPLANE_INSTANCE"] = named or "region"
    instance = Instance.named(named or "region")
    made = Region(instance, environment)
    if not named:
        made.run("clean", "--yes", timeout=120)
    try:
        made.run("up", timeout=420)
        made.people = json.loads((instance.state_dir / "credentials" / "cli.json").read_text())["profiles"]
        yield made
    finally:
        if not named:
            made.run("clean", "--yes", code=None, timeout=120)
