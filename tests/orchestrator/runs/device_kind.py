"""A kind of Change for tests: its devices are those of ``devices``, its bad days are files.

``$IRISPLANE_TEST_FOLDER/bad/<sort>-<phase>-<device>`` makes a day bad while it exists: ``hold-before`` and
``hold-after`` stop the call there (``….reached`` says that it stands), ``fail`` makes it refuse, ``unknown`` makes
verification blind.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel

from core.domain import Domain
from core.errors import Conflict
from orchestrator.kinds import ChangeKind, Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Target
from tests.orchestrator.runs.devices import Refused, ask


def _folder() -> Path:
    return Path(os.environ["IRISPLANE_TEST_FOLDER"])


def fingerprint_of(text: str) -> str:
    """The fingerprint of a configuration."""
    return hashlib.sha256(text.encode()).hexdigest()


class DeviceIntent(BaseModel):
    """Bring these devices to this text."""

    devices: list[str]
    text: str


class DeviceKind(ChangeKind[DeviceIntent]):
    """Writes a text to devices."""

    name = "test.device"
    title = "Write devices"
    intent = DeviceIntent

    def plan(self, intent: DeviceIntent, world: World) -> Draft:
        """The same text for every device."""
        targets = tuple(target_for(name, _ask(name, "running"), intent.text) for name in intent.devices)
        return Draft(summary=f"write {intent.text!r} to {len(targets)} devices", targets=targets)

    def fingerprint(self, target: Target, around: Surroundings) -> str:
        """Of what is in force."""
        with _BadDay("fingerprint", target.name):
            return fingerprint_of(_ask(target.name, "running"))

    def prepare(self, step: Step, around: Surroundings) -> Outcome:
        """Load the candidate."""
        with _BadDay("prepare", step.target.name):
            _call(step, "prepare", step.target.data["text"])
        return Outcome({"digest": fingerprint_of(step.target.data["text"])}, "candidate loaded")

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Commit with a timer."""
        with _BadDay("apply", step.target.name):
            before = _call(step, "commit", step.timer)
        return Outcome({"before": before})

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Compare with the intent."""
        with _BadDay("verify", step.target.name):
            if (_folder() / "bad" / f"unknown-verify-{step.target.name}").exists():
                return Verdict("unknown", ("it does not answer",))
            running = _ask(step.target.name, "running")
        return Verdict("ok" if running == step.target.data["text"] else "failed", (f"running is {running!r}",))

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Disarm the timer."""
        with _BadDay("confirm", step.target.name):
            _call(step, "confirm")
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """As before."""
        with _BadDay("undo", step.target.name):
            _call(step, "undo")
        return Outcome({}, "as before")

    def inspect(self, step: Step, around: Surroundings) -> Verdict:
        """Look which text is in force."""
        with _BadDay("inspect", step.target.name):
            running = _ask(step.target.name, "running")
        old = fingerprint_of(running) == step.target.base
        return Verdict("ok", (), {"is": "new" if running == step.target.data["text"] else "old" if old else "other"})


class _BadDay:
    """What may happen before and after a call."""

    def __init__(self, phase: str, name: str) -> None:
        self.phase, self.name = phase, name

    def __enter__(self) -> None:
        self._hold("before")
        if (_folder() / "bad" / f"fail-{self.phase}-{self.name}").exists():
            raise Conflict(f"{self.name} refuses to {self.phase}.")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is None:
            self._hold("after")
        elif issubclass(kind, Refused):
            raise Conflict(f"{self.name}: {error}") from None

    def _hold(self, when: str) -> None:
        for phase in (self.phase, "all"):
            mark = _folder() / "bad" / f"hold-{when}-{phase}-{self.name}"
            if mark.exists():
                mark.with_suffix(".reached").touch()
                while mark.exists():
                    time.sleep(0.02)


def target_for(name: str, now: str, wanted: str) -> Target:
    """A device as a plan's target."""
    return Target(
        id=f"device:{uuid5(NAMESPACE_URL, name)}",
        name=name,
        base=fingerprint_of(now),
        diff=f"-{now}\n+{wanted}",
        data={"text": wanted},
        facts={"role": "test"},
    )


def _ask(name: str, what: str, *arguments: Any) -> Any:
    return ask(_folder() / "wire", name, what, *arguments)


def _call(step: Step, what: str, *arguments: Any) -> Any:
    return _ask(step.target.name, what, step.epoch, str(step.step_id), *arguments)


domain = Domain(name="run_tests", kinds=("tests.orchestrator.runs.device_kind:DeviceKind",))
