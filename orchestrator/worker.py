"""The worker: ``python -m orchestrator.worker``. One process, some threads, any number of equal ones.

It carries runs, takes over from workers that are lost, and does what must be done once in the region (numbering the
journal, periodic jobs of the domains) when it holds the advisory lock of that duty. SIGTERM lets every run finish its
phase and parks it for the next worker; what is killed instead is taken over by a living one.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Final

from core.connect import database as connect
from core.db import Database
from core.journal.chain import connect as listening
from core.settings import Settings, get_settings
from core.telemetry import configure_logs
from orchestrator import lease
from orchestrator.dispatch import Dispatcher
from orchestrator.durable import SHAPE, DbosEngine
from orchestrator.duties import Duties
from orchestrator.moves import APPROVED_CHANNEL
from orchestrator.registry import Registry, installed
from orchestrator.runs.carrier import Carrier, database_gone
from orchestrator.runs.flow import workflows
from orchestrator.worker_metrics import serve_metrics

__all__ = ["Worker", "main", "serve"]

_LOG = logging.getLogger(__name__)

_TICK_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 80.0
_DUTIES_SECONDS: Final = 8.0
_HISTORY_SECONDS: Final = 3600.0
_HISTORY_DAYS: Final = 7
_EXIT_LOST: Final = 75  # EX_TEMPFAIL: the supervisor starts us anew


class Worker:
    """One worker process.

    Args:
        registry: kinds it can carry; the installed domains' when absent.
        shape: of its durable runs, see ``orchestrator.durable.SHAPE``.
        duties: whether it also stands for what is done once in the region.
    """

    def __init__(
        self, settings: Settings, *, registry: Registry | None = None, shape: str = SHAPE, duties: bool = True
    ) -> None:
        self.settings = settings
        # A worker that is frozen inside a transaction must not keep its locks from the one that takes over.
        idle_seconds = 2 * settings.lease_seconds
        self.database: Database = connect(settings, idle_seconds=idle_seconds)
        self.executor = lease.new_executor_id()
        kinds = registry or installed()
        self.carrier = Carrier(
            self.database,
            self.executor,
            kinds,
            wake=lambda: self.dispatcher.wake(),  # noqa: PLW0108 - made below
            on_lost=self.end_lost,
        )
        self.engine = DbosEngine(
            self.database.dsn("worker"),
            self.executor,
            workflows(self.carrier),
            shape=shape,
            idle_seconds=idle_seconds,
        )
        self.dispatcher = Dispatcher(self.carrier, self.engine)
        self.life = connect(settings, pool_size=1, idle_seconds=idle_seconds)
        self.lease = lease.Lease(self.life, self.executor, shape, settings.lease_seconds)
        self.duties = Duties(settings, connect(settings, pool_size=2)) if duties else None

    def end_lost(self) -> None:
        """The others have given our work away: end at once, writing and sending nothing more."""
        _LOG.error("executor %s was declared lost; ending", self.executor)
        os._exit(_EXIT_LOST)

    def start(self) -> None:
        """Appear among the living and begin to work."""
        self.lease.take()
        self.engine.launch()
        self._thread("lease", self._beat, self.settings.lease_beat_seconds)
        self._thread("reaper", self._reap, self.settings.lease_beat_seconds)
        self._thread("history", self._forget, _HISTORY_SECONDS)
        self._thread("dispatcher", self.dispatcher.tick, _TICK_SECONDS, wait=self.dispatcher.wait)
        self._thread("approvals", self._listen, _TICK_SECONDS)
        if self.duties is not None:
            self.duties.start()
            serve_metrics(self.settings.place.metrics_port, self.database)

    def stop(self) -> None:
        """Park every run at its next boundary and leave in good order."""
        if not self.carrier.stop(_STOP_SECONDS):
            _LOG.warning("runs still in a phase after %.0f s; they are taken over as they stand", _STOP_SECONDS)
        if self.duties is not None:
            self.duties.stop(_DUTIES_SECONDS)
        try:
            self.lease.give_up()
        except Exception as error:  # noqa: BLE001 - it ends all the same; parked threads would keep it for ever
            _LOG.warning("lease not given up (%s): the others notice by its silence", type(error).__name__)
        _LOG.info("worker %s leaves", self.executor)
        os._exit(0)  # parked runs wait in threads that never end

    def _beat(self) -> None:
        if not self.lease.beat():
            self.end_lost()

    def _listen(self) -> None:
        """Wake the dispatcher as soon as a Change is approved, rather than at its next look."""
        with listening(self.database.dsn("worker"), autocommit=True, name="irisplane approvals") as connection:
            connection.execute(f"listen {APPROVED_CHANNEL}")
            for _ in connection.notifies():
                self.dispatcher.wake()

    def _forget(self) -> None:
        self.engine.forget(_HISTORY_DAYS)

    def _reap(self) -> None:
        if not self.lease.steady:
            return
        for lost in lease.reap(self.life, self.engine, self.settings.lease_seconds):
            _LOG.warning("worker %s is lost; its runs are taken over", lost)

    def _thread(
        self, name: str, work: Callable[[], object], seconds: float, *, wait: Callable[[float], None] = time.sleep
    ) -> None:
        def loop() -> None:
            # Until the process ends, also while it stops: the lease is beaten until the last run is parked.
            while True:
                try:
                    work()
                except Exception as error:  # noqa: BLE001 - a bad moment of one thread must not end the others
                    shown = None if database_gone(error) else error
                    _LOG.warning("%s: %s; will be tried again", name, type(error).__name__, exc_info=shown)
                wait(seconds)

        threading.Thread(target=loop, name=name, daemon=True).start()


def serve(worker: Worker) -> None:
    """Run a worker until SIGTERM or SIGINT."""
    asked = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    worker.start()
    _LOG.info("worker %s is up", worker.executor)
    asked.wait()
    worker.stop()


def main() -> None:
    """The worker of this instance."""
    settings = get_settings()
    configure_logs(settings)
    serve(Worker(settings))


if __name__ == "__main__":
    main()
