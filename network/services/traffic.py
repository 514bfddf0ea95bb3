"""Whether a service carries packets, and only where it should: asked from inside its routing table on each device."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol, runtime_checkable

from network.drivers.protocol import ConfigDriver
from network.errors import NetworkError
from orchestrator.kinds import Verdict

__all__ = ["PATIENCE", "TablePinging", "verify_traffic"]

PATIENCE: Final = 75.0
"""Seconds that routes of a new table may take to be everywhere: two rounds of a session's keep-alive."""
_PAUSE: Final = 1.0


@runtime_checkable
class TablePinging(Protocol):
    """A device that pings from inside a routing table."""

    def pings(self, targets: Sequence[str], *, patience: float = 1.0, table: str = "") -> tuple[str, ...]:
        """Those of these addresses that answer there."""


def verify_traffic(
    name: str,
    expected: Mapping[str, Any],
    connect: Callable[[], AbstractContextManager[ConfigDriver]],
    *,
    patience: float = PATIENCE,
) -> Verdict:
    """Ping from inside the table until every member answers; then see that nobody else does.

    Args:
        expected: ``table``, ``members`` that must answer, ``strangers`` that must not.
        patience: seconds until the last member has to answer.
    """
    members, strangers = list(expected["members"]), list(expected["strangers"])
    give_up = time.monotonic() + patience
    silent: list[str] = members
    try:
        with connect() as driver:
            if not isinstance(driver, TablePinging):
                return Verdict("ok", (f"{name}: its driver cannot ping from a table; no packets were sent",))
            while True:
                answering = driver.pings(members, table=expected["table"]) if members else ()
                silent = [member for member in members if member not in answering]
                if not silent or time.monotonic() >= give_up:
                    break
                time.sleep(_PAUSE)
            heard = driver.pings(strangers, table=expected["table"]) if strangers and not silent else ()
    except NetworkError as error:
        return Verdict("unknown", (f"{name}: nobody could ask for packets: {error.message}",))
    if silent:
        return Verdict("failed", tuple(f"{name}: {member} does not answer in {expected['table']}" for member in silent))
    if heard:
        table = expected["table"]
        return Verdict("failed", tuple(f"{name}: {one} of another service answers in {table}" for one in heard))
    apart = f", {len(strangers)} of other services do not" if strangers else ""
    return Verdict("ok", (f"{name}: {len(members)} of {len(members)} members answer in {expected['table']}{apart}",))
