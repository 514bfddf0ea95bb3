"""The worker: ``python -m orchestrator.worker``. One process, some threads, any number of equal ones.

It carries runs, takes over from workers that are lost, and does what must be done once in the region (numbering the
journal, periodic jobs of the domains) when it holds the advisory lock of that duty. SIGTERM lets every run finish its
phase and parks it for the next worker; what is killed instead is taken over by a living one.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Final

from core.connect import database as connect
from core.db import Database
from core.settings import Settings, get_settings
from orchestrator import lease
from orchestrator.dispatch import Dispatcher
from orchestrator.durable import SHAPE, DbosEngine
from orchestrator.registry import Registry, installed
from orchestrator.runs.carrier import Carrier
from orchestrator.runs.flow import workflows

__all__ = ["Worker", "main", "serve"]

_LOG = logging.getLogger(__name__)

_TICK_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 90.0
_EXIT_LOST: Final = 75  # EX_TEMPFAIL: the supervisor starts us anew


class Worker:
    """One worker process.

    Args:
        registry: kinds it can carry; the installed domains' when absent.
        shape: of its durable runs, see ``orchestrator.durable.SHAPE``.
    """

    def __init__(self, settings: Settings, *, registry: Registry | None = None, shape: str = SHAPE) -> None:
        self.settings = settings
        self.database: Database = connect(settings, idle_seconds=2 * settings.lease_seconds)
        self.executor = lease.new_executor_id()
        self.stopping = threading.Event()
        kinds = registry or installed()
        self.carrier = Carrier(
            self.database, self.executor, kinds, wake=lambda: self.dispatcher.wake(), on_lost=self.end_lost
        )
        self.engine = DbosEngine(
            self.database.dsn("worker"), self.executor, workflows(self.carrier), shape=shape, idle_seconds=2 * settings.lease_seconds
        )
        self.dispatcher = Dispatcher(self.carrier, self.engine)
        self.lease = lease.Lease(self.database, self.executor, shape)

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
        self._thread("dispatcher", self.dispatcher.tick, _TICK_SECONDS, wait=self.dispatcher.wait)

    def stop(self) -> None:
        """Park every run at its next boundary and leave in good order."""
        self.stopping.set()
        if not self.carrier.stop(_STOP_SECONDS):
            _LOG.warning("runs still in a phase after %.0f s; they are taken over as they stand", _STOP_SECONDS)
        self.lease.give_up()
        os._exit(0)  # parked runs wait in threads that never end

    def _beat(self) -> None:
        if not self.lease.beat():
            self.end_lost()

    def _reap(self) -> None:
        for lost in lease.reap(self.database, self.engine, self.settings.lease_seconds):
            _LOG.warning("worker %s is lost; its runs are taken over", lost)

    def _thread(
        self, name: str, work: Callable[[], object], seconds: float, *, wait: Callable[[float], None] = time.sleep
    ) -> None:
        def loop() -> None:
            # Until the process ends, also while it stops: the lease is beaten until the last run is parked.
            while True:
                try:
                    work()
                except Exception:
                    _LOG.exception("%s: will be tried again", name)
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
    logging.basicConfig(level=settings.log_level.upper(), stream=sys.stderr)
    serve(Worker(settings))


if __name__ == "__main__":
    main()
