"""Bring a router to a text and save it, as one of several times within a step: each has a mark of its own."""

from __future__ import annotations

from contextlib import suppress

from network.drivers.protocol import Candidate, ConfigDriver, Mark
from network.errors import AlreadyConfirmed
from orchestrator.kinds import Step

__all__ = ["enter", "let_go"]


def enter(driver: ConfigDriver, step: Step, what: str, text: str) -> None:
    """Commit a text and confirm it at once; done before by this step, it is done.

    Raises:
        NetworkError: see ``ConfigDriver.prepare``, ``commit`` and ``confirm``.
    """
    mark = _mark(step, what)
    if driver.status(mark).state not in ("committed-pending", "confirmed"):
        with suppress(AlreadyConfirmed):
            prepared = driver.prepare(Candidate(text), mark)
            if prepared.nothing_to_do:
                driver.rollback(mark)
                return
            driver.commit(mark, step.timer)
    driver.confirm(mark)


def let_go(driver: ConfigDriver, step: Step, what: str) -> None:
    """Take back what is only prepared, or not confirmed."""
    mark = _mark(step, what)
    if driver.status(mark).state in ("prepared", "committed-pending"):
        with suppress(AlreadyConfirmed):
            driver.rollback(mark)


def _mark(step: Step, what: str) -> Mark:
    return Mark(str(step.change_id), f"{step.step_id}:{what}", step.epoch)
