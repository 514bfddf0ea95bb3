"""`kill -9` of whatever carries a push of twelve routers: it ends in a true state, each router exactly old or new."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.region.conftest import ENDED, LONG, Region, eventually
from tests.region.watching import Watch, at_work, carrier_of, frozen, more_workers, without_supervised_worker

pytestmark = pytest.mark.lab

_SNIPPET = "ip prefix-list KILLED seq 5 permit 10.66.0.0/16\ninterface lo\n description {{ name }} survives\n"
_BATCHED: Mapping[str, Any] = {}
_ATOMIC: Mapping[str, Any] = {"atomic": True}


@dataclass(frozen=True)
class Stage:
    """A region to be hurt: what its routers run before a push, and exactly what they run after it.

    Attributes:
        left: changes that were asked for and are not known to have left the routers as before.
    """

    region: Region
    watch: Watch
    old: Mapping[str, str]
    new: Mapping[str, str]
    left: list[str] = field(default_factory=list)

    def asked(self, **options: Any) -> dict[str, Any]:
        """Ask for the push."""
        intent = {"select": "status=active", "template": _SNIPPET, "name": "killed"}
        made = self.region.submit("network.snippet", intent, options=options)
        self.left.append(made["id"])
        return made

    def undoing(self, change_id: str) -> dict[str, Any]:
        """Ask for a push's undoing."""
        answer = self.region.api("POST", f"/api/v1/changes/{change_id}:undo", json={"reason": "as it was"})
        assert answer.status_code == 202, answer.text
        made: dict[str, Any] = answer.json()
        self.left.append(made["id"])
        return made

    def begun(self, made: Mapping[str, Any]) -> str:
        """Approve what was asked for; gives its id."""
        self.region.approve(made)
        return str(made["id"])

    @contextmanager
    def standing(self, made: Mapping[str, Any], at: str, batch: int = 0) -> Iterator[str]:
        """Approve what was asked for; meanwhile it has come as far as a stage, and goes no further. Gives its id."""
        with self.watch.held(made["id"], at, batch=batch):
            change = self.begun(made)
            self.watch.reached(change, at, batch=batch)
            yield change

    def ended_truly(self, change_id: str, *, before: Mapping[str, str], after: Mapping[str, str]) -> str:
        """Wait for the end; what the change says must be what the routers run."""
        end = self.region.ended(change_id)
        runs = self.region.everything()
        wanted = after if end["state"] == "succeeded" else before
        assert end["state"] in ("succeeded", "rolled_back", "failed"), end["outcome"]
        wrong = [name for name in runs if runs[name] != wanted[name]]
        assert not wrong, f"{end['state']}, but {wrong} do not run that: {end['outcome']}"
        if wanted == self.old:
            self.left.clear()
        return str(end["state"])

    def settle(self) -> None:
        """Everything at work again, and every lock given back."""
        at_work(self.region, self.watch)
        eventually(lambda: self.watch.one("select count(*) from target_lock") == 0, seconds=120)

    def take_back_what_is_left(self) -> None:
        """After a test that failed: no change under way, and the routers as before, so that the next one can begin."""
        if not self.left:
            return
        at_work(self.region, self.watch)
        for change in self.left:
            if self.region.change(change)["state"] not in ENDED:
                self.region.api("POST", f"/api/v1/changes/{change}:cancel", json={"reason": "left by a test"})
        ends = {change: self.region.ended(change) for change in self.left}
        for change, end in reversed(ends.items()):
            undone = any(one["state"] == "succeeded" for one in end["undone_by"])
            if end["state"] == "succeeded" and not end["undo_of"] and not undone:
                _succeeded(self.region, self.begun(self.undoing(change)))
        if self.region.everything() != self.old:
            self.region.carried_out("network.config", {"select": "status=active"})
        assert self.region.everything() == self.old, "what a test left cannot be taken back"
        self.left.clear()
        self.settle()


@pytest.fixture(scope="module")
def to_be_hurt(region: Region) -> Iterator[Stage]:
    watch = Watch(region)
    old = region.everything()
    first = Stage(region, watch, old, old)
    change = first.begun(first.asked(atomic=True))
    _succeeded(region, change)
    new = region.everything()
    lacks = [name for name, text in new.items() if "10.66.0.0/16" not in text or f"{name} survives" not in text]
    assert not lacks, f"pushed, and not there: {lacks}"
    differs = [one for one in region.ask("config", "diff", "--all") if not one["in_sync"]]
    assert not differs, f"pushed, and not as intended: {differs}"
    _succeeded(region, first.begun(first.undoing(change)))
    now = region.everything()
    wrong = [name for name in now if now[name] != old[name]]
    assert not wrong, f"taken back, and not as before: {wrong}"
    yield Stage(region, watch, old, new)
    watch.close()


@pytest.fixture
def stage(to_be_hurt: Stage) -> Iterator[Stage]:
    yield to_be_hurt
    to_be_hurt.take_back_what_is_left()


def _succeeded(region: Region, change: str) -> None:
    ended = region.ended(change)
    assert ended["state"] == "succeeded", f"{ended['state']}: {ended['outcome']}"


def _back(stage: Stage, change: str, state: str) -> None:
    if state == "succeeded":
        undo = stage.begun(stage.undoing(change))
        assert stage.ended_truly(undo, before=stage.new, after=stage.old) == "succeeded"
    stage.settle()


# Where the worker is killed in a push, and where in the push that takes it back: (step, batch) of each.
_ONCE = [
    (_ATOMIC, ("lock", 0), ("decide", 0)),
    (_BATCHED, ("prepare", 1), ("apply", 2)),
    (_ATOMIC, ("verify", 0), ("confirm", 0)),
    (_BATCHED, ("confirm", 1), ("end", 2)),
]
_STEPS = ("lock", "prepare", "apply", "verify", "decide", "confirm", "end")
_ALWAYS = [
    (options, (push, last), (back, last))
    for options, last in ((_ATOMIC, 0), (_BATCHED, 2))
    for push, back in zip(_STEPS, reversed(_STEPS), strict=True)
]


@pytest.mark.parametrize(("options", "in_push", "in_undo"), _ALWAYS if LONG else _ONCE)
def test_the_worker_is_killed_and_the_push_ends_in_a_true_state(
    stage: Stage, options: Mapping[str, Any], in_push: tuple[str, int], in_undo: tuple[str, int]
) -> None:
    change = _killed(stage, stage.asked(**options), *in_push)
    assert stage.ended_truly(change, before=stage.old, after=stage.new) == "succeeded"
    undo = _killed(stage, stage.undoing(change), *in_undo)
    assert stage.ended_truly(undo, before=stage.new, after=stage.old) == "succeeded"
    stage.settle()


def _killed(stage: Stage, made: Mapping[str, Any], at: str, batch: int) -> str:
    with stage.standing(made, at, batch) as change:
        os.kill(carrier_of(stage.watch, change), signal.SIGKILL)
    return change


@pytest.mark.parametrize("times", [2 if LONG else 1])
def test_the_worker_is_killed_while_it_takes_back(stage: Stage, times: int) -> None:
    for _ in range(times):
        made = stage.asked(atomic=True)
        with stage.watch.held(made["id"], "undo"):
            with stage.standing(made, "verify") as change:
                cancelled = stage.region.api("POST", f"/api/v1/changes/{change}:cancel", json={"reason": "not now"})
                assert cancelled.status_code in (200, 202), cancelled.text
            stage.watch.reached(change, "undo")
            os.kill(carrier_of(stage.watch, change), signal.SIGKILL)
        assert stage.ended_truly(change, before=stage.old, after=stage.new) == "rolled_back"
        stage.settle()


@pytest.mark.parametrize("options", [_BATCHED, _ATOMIC] if LONG else [_ATOMIC])
def test_of_two_workers_one_is_lost_for_good(stage: Stage, options: Mapping[str, Any]) -> None:
    with without_supervised_worker(stage.region, stage.watch), more_workers(stage.region, stage.watch, 2):
        with stage.standing(stage.asked(**options), "apply") as change:
            lost = carrier_of(stage.watch, change)
            os.kill(lost, signal.SIGKILL)
        state = stage.ended_truly(change, before=stage.old, after=stage.new)
        assert stage.watch.one("select count(*) from executor_lease where pid = %s", lost) == 0
        story = stage.region.api("GET", f"/api/v1/changes/{change}/story").json()["items"]
        assert [one for one in story if one["action"] == "change.taken_over"]
    _back(stage, change, state)


def test_one_frozen_in_the_middle_of_a_commit_is_taken_over_and_thaws_to_nothing(stage: Stage) -> None:
    with without_supervised_worker(stage.region, stage.watch), more_workers(stage.region, stage.watch, 2) as workers:
        with stage.standing(stage.asked(atomic=True), "apply") as change:
            pid = carrier_of(stage.watch, change)
        with frozen(stage.watch, pid):
            state = stage.ended_truly(change, before=stage.old, after=stage.new)
            entries = stage.watch.one("select count(*) from journal where change_id = %s", change)
        thawed = next(worker for worker in workers if worker.pid == pid)
        assert thawed.wait(90) == 75
        assert stage.region.everything() == (stage.new if state == "succeeded" else stage.old)
        assert stage.watch.one("select count(*) from journal where change_id = %s", change) == entries
    _back(stage, change, state)


@pytest.mark.parametrize("at", ["apply", "confirm"])
def test_a_backend_of_the_database_is_killed(stage: Stage, at: str) -> None:
    with stage.standing(stage.asked(atomic=True), at) as change:
        os.kill(stage.watch.waiting_backend(), signal.SIGKILL)
    state = stage.ended_truly(change, before=stage.old, after=stage.new)
    _back(stage, change, state)


@pytest.mark.parametrize("at", ["prepare", "apply", "verify", "decide", "confirm"] if LONG else ["apply"])
def test_the_database_server_is_stopped_at_once(stage: Stage, at: str) -> None:
    with stage.standing(stage.asked(atomic=True), at) as change:
        stage.region.kill("postgres", signal.SIGQUIT)  # what "pg_ctl stop -m immediate" sends
    state = stage.ended_truly(change, before=stage.old, after=stage.new)
    _back(stage, change, state)
