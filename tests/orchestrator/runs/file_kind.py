"""A kind of Change for tests: its devices are files (``file_device``), its bad days are files too.

``$IRISPLANE_TEST_FILES/bad/<sort>-<phase>-<device>`` makes a day bad while it exists: ``hold-before`` and ``hold-after``
stop the call there (``….reached`` says that it stands), ``fail`` makes it refuse, ``unknown`` makes verification blind.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel

from core.domain import Domain
from core.errors import Conflict
from orchestrator.kinds import ChangeKind, Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Target
from tests.orchestrator.runs.file_device import Device, Refused


def files() -> Path:
    """Where devices and bad days are."""
    return Path(os.environ["IRISPLANE_TEST_FILES"])


def fingerprint_of(text: str) -> str:
    """The fingerprint of a configuration."""
    return hashlib.sha256(text.encode()).hexdigest()


class FileIntent(BaseModel):
    """Bring these devices to this text."""

    devices: list[str]
    text: str


class FileKind(ChangeKind[FileIntent]):
    """Writes a text to devices that are files."""

    name = "test.file"
    title = "Write files"
    intent = FileIntent

    def plan(self, intent: FileIntent, world: World) -> Draft:
        targets = tuple(
            target_for(name, Device(files() / f"{name}.json").running, intent.text) for name in intent.devices
        )
        return Draft(summary="write files", targets=targets)

    def fingerprint(self, target: Target, around: Surroundings) -> str:
        with _bad_day("fingerprint", target.name):
            return fingerprint_of(_device(target).running)

    def prepare(self, step: Step, around: Surroundings) -> Outcome:
        with _bad_day("prepare", step.target.name):
            _device(step.target).prepare(step.epoch, str(step.step_id), step.target.data["text"])
        return Outcome({"digest": fingerprint_of(step.target.data["text"])}, "candidate loaded")

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        with _bad_day("apply", step.target.name):
            before = _device(step.target).commit(step.epoch, str(step.step_id), step.timer)
        return Outcome({"before": before})

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        with _bad_day("verify", step.target.name):
            if (files() / "bad" / f"unknown-verify-{step.target.name}").exists():
                return Verdict("unknown", ("it does not answer",))
            running = _device(step.target).running
        return Verdict("ok" if running == step.target.data["text"] else "failed", (f"running is {running!r}",))

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        with _bad_day("confirm", step.target.name):
            _device(step.target).confirm(step.epoch, str(step.step_id))
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        with _bad_day("undo", step.target.name):
            _device(step.target).undo(step.epoch, str(step.step_id))
        return Outcome({}, "as before")

    def inspect(self, step: Step, around: Surroundings) -> Verdict:
        with _bad_day("inspect", step.target.name):
            running = _device(step.target).running
        looks = (
            "new"
            if running == step.target.data["text"]
            else "old"
            if fingerprint_of(running) == step.target.base
            else "other"
        )
        return Verdict("ok", (), {"is": looks})


class _bad_day:  # noqa: N801 - reads as a statement
    def __init__(self, phase: str, name: str) -> None:
        self.phase, self.name = phase, name

    def __enter__(self) -> None:
        self._hold("before")
        if (files() / "bad" / f"fail-{self.phase}-{self.name}").exists():
            raise Conflict(f"{self.name} refuses to {self.phase}.")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is None:
            self._hold("after")
        elif issubclass(kind, Refused):
            raise Conflict(f"{self.name}: {error}") from None

    def _hold(self, when: str) -> None:
        mark = files() / "bad" / f"hold-{when}-{self.phase}-{self.name}"
        if mark.exists():
            mark.with_suffix(".reached").touch()
            while mark.exists():
                time.sleep(0.02)


def target_for(name: str, now: str, wanted: str) -> Target:
    """A device as a plan's target."""
    return Target(
        id=f"file:{uuid5(NAMESPACE_URL, name)}", name=name, base=fingerprint_of(now), diff=f"-{now}\n+{wanted}",
        data={"text": wanted}, facts={"role": "test"},
    )  # fmt: skip


def _device(target: Target) -> Device:
    return Device(files() / f"{target.name}.json")


domain = Domain(name="run_tests", kinds=("tests.orchestrator.runs.file_kind:FileKind",))
