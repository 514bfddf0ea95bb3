"""The lab as tests see it: a session's routers, and how to reach them. Import the fixture ``lab`` into a conftest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from core.instance import Instance
from lab.network import Credentials, Layout, Topology, control, plan
from network.drivers.frr.driver import FRRConfigDriver
from network.drivers.protocol import Candidate, Mark, Target, Timeouts
from network.errors import DeviceBusy

__all__ = ["RunningLab", "eventually", "lab"]

_SIZE = 4
_EPOCHS = iter(range(int(time.time()), 2**62))


@dataclass(frozen=True, slots=True)
class RunningLab:
    """A lab that is up."""

    instance: Instance
    topology: Topology
    credentials: Credentials

    def target(self, router: str, **changes: object) -> Target:
        """How to reach a router with the account for drivers."""
        account = self.credentials["irisplane"]
        made = Target(
            name=router,
            host=str(self.instance.mgmt_address(self.topology.router(router).number)),
            username=account["username"],
            password=account["password"],
            host_keys=(self.credentials["host_keys"][router],),
            timeouts=Timeouts(connect=20, banner=20, log_in=30, command=60),
        )
        return replace(made, **changes)  # type: ignore[arg-type] # a test names the fields of Target

    def driver(self, router: str, **changes: object) -> FRRConfigDriver:
        """A driver for a router, not yet open."""
        return FRRConfigDriver(self.target(router, **changes))

    def console(self, router: str, *command: str) -> str:
        """What a command says on the router's console, as its root."""
        done = control.execute(router, command, self.instance)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def reset(self, router: str, text: str) -> None:
        """Bring a router to a text, confirmed, whatever an earlier test left pending there."""
        mark = Mark(f"reset-{self.epoch()}", router, self.epoch())
        with self.driver(router) as driver:
            eventually(lambda: _prepared(driver, text, mark), 90, f"{router} is free")
            driver.commit(mark, 120)
            driver.confirm(mark)

    @staticmethod
    def epoch() -> int:
        """An epoch above all before."""
        return next(_EPOCHS)


def eventually(question: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait until a question is answered with yes; after how many seconds it was."""
    began = time.monotonic()
    while not question():
        assert time.monotonic() - began < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return time.monotonic() - began


def _prepared(driver: FRRConfigDriver, text: str, mark: Mark) -> bool:
    try:
        driver.prepare(Candidate(text), mark)
    except DeviceBusy as busy:
        if "change_id" in busy.fields:
            driver.rollback(Mark(str(busy.fields["change_id"]), str(busy.fields["step_id"]), mark.epoch))
        return False
    return True


@pytest.fixture(scope="session")
def lab() -> Iterator[RunningLab]:
    """Four routers, fresh from the vendor; gone afterwards."""
    reason = control.possible()
    if reason:
        pytest.skip(f"the lab cannot run here: {reason}")
    instance = Instance.current()
    control.down(instance)
    control.up(_SIZE, instance)
    try:
        yield RunningLab(instance, plan(_SIZE), Layout(instance).credentials())
    finally:
        control.down(instance)
