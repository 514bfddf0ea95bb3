"""A region for measuring: brought up in this process's instance, asked over its API as its persons, stopped again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

import httpx2 as httpx

from core.settings import get_settings

__all__ = ["Desk", "Pushed", "command", "paused", "region", "running"]

_ENDED: Final = frozenset(
    {"succeeded", "failed", "rolled_back", "unknown", "rejected", "cancelled", "expired", "stale"}
)
_PATIENCE: Final = 240.0


def command(*words: str, routers: int | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Our own command line, for this instance."""
    environment = {"IRISPLANE_LAB_CLOUD": "off", **os.environ}  # a cloud that starts beside would be measured too
    if routers:
        environment["IRISPLANE_LAB_ROUTERS"] = str(routers)
    program = Path(sys.executable).with_name("irisplane")
    done = subprocess.run([program, *words], capture_output=True, text=True, env=environment, check=False)
    if check and done.returncode:
        raise RuntimeError(f"irisplane {' '.join(words)} ended {done.returncode}: {(done.stdout + done.stderr)[-800:]}")
    return done


def running() -> dict[str, dict[str, Any]]:
    """The parts of the region that run now, by name."""
    answer = json.loads(command("status", "--json", check=False).stdout or "[]")
    parts = answer if isinstance(answer, list) else answer.get("parts", [])
    return {part["name"]: part for part in parts if part.get("state") == "running"}


@contextmanager
def region(routers: int, *, keep: bool = False) -> Iterator[Desk]:
    """A region with so many routers: the one that runs here, else a new one; stopped afterwards if it was new."""
    there = {"api", "worker", "lab"} <= running().keys()
    if not there:
        command("clean", "--yes", check=False)  # what is left of an earlier one has another number of routers
        command("up", routers=routers)
    try:
        with Desk() as desk:
            found = len(desk.ask("GET", "/api/v1/network/devices"))
            if found < routers:
                raise RuntimeError(f"the region of this instance has {found} routers, not {routers}: stop it first")
            yield desk
    finally:
        if not there and not keep:
            command("down")


@contextmanager
def paused(pid: int) -> Iterator[None]:
    """A process that stands still meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@dataclass(frozen=True, slots=True)
class Pushed:
    """A Change that ended, and when (seconds since it was approved) each of its phases began and had every answer."""

    id: str
    state: str
    seconds: float
    phases: Mapping[str, tuple[float, float]]


class Desk:
    """The engineer's and the leads' client."""

    def __init__(self) -> None:
        settings = get_settings()
        profiles = settings.state_dir / "credentials" / "cli.json"
        self._people = json.loads(profiles.read_text(encoding="utf-8"))["profiles"]
        self._client = httpx.Client(base_url=settings.url, timeout=120)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, method: str, path: str, *, who: str = "engineer", body: Any = None, **headers: str) -> Any:
        """One request; its answer."""
        headers["Authorization"] = f"Bearer {self._people[who]['token']}"
        answer = self._client.request(method, path, headers=headers, json=body)
        if answer.status_code >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def plan(self, template: str, options: Mapping[str, Any], *, name: str) -> Any:
        """Submit lines for every router."""
        body = {
            "kind": "network.snippet",
            "intent": {"select": "all", "template": template, "name": name},
            "reason": "measuring",
            "options": dict(options),
        }
        return self.ask("POST", "/api/v1/changes", body=body, **{"Idempotency-Key": uuid4().hex})

    def undo(self, change: str) -> Any:
        """Submit the Change that takes another back."""
        body = {"reason": "measured"}
        return self.ask("POST", f"/api/v1/changes/{change}:undo", body=body, **{"Idempotency-Key": uuid4().hex})

    def approve(self, change: Mapping[str, Any]) -> None:
        """Both leads read and approve."""
        for who in ("lead", "lead2"):
            if self.ask("GET", f"/api/v1/changes/{change['id']}")["state"] == "waiting":
                body = {"plan_hash": change["plan_hash"], "reason": "read"}
                self.ask("POST", f"/api/v1/changes/{change['id']}:approve", who=who, body=body)

    def wait(self, change: Mapping[str, Any]) -> str:
        """Until it ended; how."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            state = str(self.ask("GET", f"/api/v1/changes/{change['id']}")["state"])
            if state in _ENDED:
                return state
            time.sleep(0.25)
        raise RuntimeError(f"change {change['id']} did not end within {_PATIENCE:.0f} s")

    def told(self, change: Mapping[str, Any], state: str) -> Pushed:
        """When its phases were, from its journal."""
        story = self.ask("GET", f"/api/v1/changes/{change['id']}/story?limit=1000")["items"]
        seen = self.ask("GET", f"/api/v1/changes/{change['id']}")
        began = next(_time(e["at"]) for e in story if e["action"] == "change.approved")
        phases: dict[str, tuple[float, float]] = {}
        for event in story:
            if event["action"] == "change.step":
                phase, when = str(event["body"]["phase"]), _time(event["at"]) - began
                first, last = phases.get(phase, (when, when))
                phases[phase] = min(first, when), max(last, when)
        return Pushed(str(change["id"]), state, _time(seen["finished_at"]) - began, phases)


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
