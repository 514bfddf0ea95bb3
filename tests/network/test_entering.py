"""A text entered and saved in one step: wherever the worker dies in it, the next one ends with the same."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import pytest

from network.changes.entering import enter
from network.drivers.protocol import Candidate, ConfigDriver, Mark, MarkState, MarkStatus, Prepared
from network.errors import AlreadyConfirmed, DeviceBusy, SessionLost
from orchestrator.kinds import Step
from orchestrator.plan import Target

_STEP = Step(UUID(int=1), UUID(int=2), 1, Target("device:x", "x", "", "", {}, {}), 30, {})


class _Router:
    """What the guard on a router answers, and nothing else; it dies after the verb in ``dies``, having obeyed."""

    def __init__(self) -> None:
        self.running, self.wanted, self.dies = "old", "", ""
        self.state: MarkState = "none"

    def _done(self, verb: str) -> None:
        if verb == self.dies:
            self.dies = ""
            raise SessionLost("gone")

    def prepare(self, candidate: Candidate, mark: Mark, *, base: str | None = None) -> Prepared:
        assert mark.step_id.endswith(":undo")
        if self.state == "confirmed":
            raise AlreadyConfirmed("confirmed")
        if self.state == "committed-pending":
            raise DeviceBusy("it is committed here and waits for confirmation")
        self.wanted, self.state = candidate.text, "prepared"
        self._done("prepare")
        return Prepared("", self.running, self.running, self.wanted, 1)

    def commit(self, mark: Mark, revert_in: int) -> MarkStatus:
        self.running, self.state = self.wanted, "committed-pending"
        self._done("commit")
        return MarkStatus(self.state)

    def confirm(self, mark: Mark) -> MarkStatus:
        self.state = "confirmed"
        self._done("confirm")
        return MarkStatus(self.state)

    def rollback(self, mark: Mark) -> MarkStatus:
        self.state = "reverted"
        return MarkStatus(self.state)

    def status(self, mark: Mark) -> MarkStatus:
        return MarkStatus(self.state)


@pytest.mark.parametrize("verb", ["prepare", "commit", "confirm"])
def test_a_worker_that_dies_after_any_verb_is_taken_over(verb: str) -> None:
    router: Any = _Router()
    router.dies = verb
    with pytest.raises(SessionLost):
        enter(cast("ConfigDriver", router), _STEP, "undo", "new")
    enter(cast("ConfigDriver", router), _STEP, "undo", "new")
    assert (router.running, router.state) == ("new", "confirmed")


def test_what_runs_already_is_held_by_nobody_afterwards() -> None:
    router: Any = _Router()
    enter(cast("ConfigDriver", router), _STEP, "undo", "old")
    assert (router.running, router.state) == ("old", "reverted")
