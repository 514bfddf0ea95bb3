"""After a restart, is everything there again? What is not may only need to be told once more.

FRR's ospf6d can lose what a router says of itself right after a restart: the router begins to count its instances anew,
what it had said before still goes round with a higher count and its age up, the two meet within MinLSArrival (1 s), and
routers further away are left with no way to it, for as long as nothing is said again. Its own neighbours are full, it
has every route, and sessions over IPv6 with some routers never come up. Pausing before the start does not help (seen
after 12 of 20 restarts without and 11 of 14 with six seconds, in a region of 16 routers with FRR 8.4); what the router
says when all is quiet is taken by everyone (23 times of 23). So its links' cost goes to one less and back.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

from network.changes.entering import enter, let_go
from network.drain import OSPF6_COST, drained
from network.drivers.protocol import ConfigDriver
from network.verify import Expectation, watch
from orchestrator.kinds import Step, Verdict

__all__ = ["forget", "watch_and_tell"]

_QUIET_SECONDS: Final = 20.0
"""After the dead interval: exchanging databases, and what BGP needs when nothing went wrong (12 s in the lab)."""
_TELLINGS: Final = 3


def watch_and_tell(
    driver: ConfigDriver, step: Step, before: str, expectation: Expectation, broken_before: list[str], seconds: float
) -> Verdict:
    """Look at a drained router until every check is met that was met before its restart, or until time is over.

    Args:
        before: the text that it ran before it was drained.
        seconds: how long in all; three times meanwhile it tells its OSPFv3 routes again.
    """
    end, told = time.monotonic() + seconds, 0
    while True:
        left = max(0.0, end - time.monotonic())
        turn = min(left, expectation.dead + _QUIET_SECONDS) if told < _TELLINGS else left
        seen = watch(driver, step.target.name, expectation.checks, broken_before, turn)
        if seen.ok or turn >= left:
            times = f"its OSPFv3 routes were told again, {told} time{'s' if told > 1 else ''}"
            return replace(seen, evidence=(*seen.evidence, times)) if told else seen
        told = told + 1 if _tell(driver, step, before, told + 1) else _TELLINGS


def forget(driver: ConfigDriver, step: Step) -> None:
    """Take back a telling that a worker did not come to the end of."""
    for number in range(1, _TELLINGS + 1):
        for what in _marks(number):
            let_go(driver, step, what)


def _tell(driver: ConfigDriver, step: Step, before: str, number: int) -> bool:
    """Whether there was anything to tell: the router speaks OSPFv3."""
    now, other = drained(before), drained(before, ospf6_cost=OSPF6_COST - 1)
    if now == other:
        return False
    for what, text in zip(_marks(number), (other, now), strict=True):
        enter(driver, step, what, text)
    return True


def _marks(number: int) -> tuple[str, str]:
    return f"told-{number}", f"told-{number}-back"
