"""What a process that carries runs is made of, and how it stops between two phases."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import stamina
from psycopg import OperationalError as DriverError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.db import Database
from core.errors import Unavailable
from orchestrator.registry import Registry

__all__ = ["Carrier", "database_gone", "patiently"]

Value = TypeVar("Value")

_PATIENCE_SECONDS = 60.0


@dataclass(slots=True)
class Carrier:
    """One worker process, as its runs see it.

    Attributes:
        wake: tells the dispatcher that there may be something to do.
        on_lost: called when the others have declared this worker lost; does not return in a worker.
    """

    database: Database
    executor: str
    registry: Registry
    wake: Callable[[], None] = lambda: None
    on_lost: Callable[[], None] = lambda: None
    _stopping: threading.Event = field(default_factory=threading.Event)
    _counting: threading.Condition = field(default_factory=threading.Condition)
    _runs: set[str] = field(default_factory=set)

    @property
    def runs(self) -> frozenset[str]:
        """Ids of the runs this process carries and has not parked."""
        with self._counting:
            return frozenset(self._runs)

    @property
    def active(self) -> int:
        """How many that are."""
        return len(self._runs)

    @property
    def stopping(self) -> bool:
        """No further phase begins here."""
        return self._stopping.is_set()

    @contextmanager
    def carrying(self, run_id: str) -> Iterator[None]:
        """Counts a run while it is carried."""
        self._carried(run_id, here=True)
        try:
            yield
        finally:
            self._carried(run_id, here=False)

    def boundary(self, run_id: str) -> None:
        """Between two phases: while the process stops, a run waits here for the end of the process.

        It must not return or raise: the engine would take either for the run's own end.
        """
        if self._stopping.is_set():
            self._carried(run_id, here=False)
            threading.Event().wait()

    def stop(self, seconds: float) -> bool:
        """Let every run finish its phase and park; whether all did in that time."""
        self._stopping.set()
        with self._counting:
            return self._counting.wait_for(lambda: not self._runs, timeout=seconds)

    def _carried(self, run_id: str, *, here: bool) -> None:
        with self._counting:
            (self._runs.add if here else self._runs.discard)(run_id)
            self._counting.notify_all()


def database_gone(error: Exception) -> bool:
    """Whether this is the database going away, rather than it saying no."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))
    return isinstance(error, (DriverError, PoolTimeout)) or (isinstance(error, Unavailable) and "role" in error.fields)


def patiently(work: Callable[[], Value]) -> Value:
    """Do the work again, for up to a minute, when the database went away under it. The work must bear that."""
    for attempt in stamina.retry_context(
        on=database_gone, attempts=None, timeout=_PATIENCE_SECONDS, wait_initial=0.2, wait_max=3.0
    ):
        with attempt:
            return work()
    raise AssertionError("unreachable")
