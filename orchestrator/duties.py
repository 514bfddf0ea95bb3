"""What a worker does beside runs: number the journal, and the periodic jobs of the orchestrator and the domains.

One worker leads at a time, by an advisory lock on a connection that does nothing else; each job has a thread of its
own, so a slow one holds up nobody. A leader that is frozen leaves its connection idle, and the server ends it.
"""

from __future__ import annotations

import logging
import threading
from typing import Final

import psycopg

from core.backup import Places
from core.db import Database
from core.domain import domains
from core.journal.chain import connect
from core.journal.checkpoints import CheckpointFile, Signer
from core.journal.sequencer import Sequencer
from core.settings import Settings
from orchestrator.chores import CHORES
from orchestrator.registry import resolve

__all__ = ["Duties"]

_LOG = logging.getLogger(__name__)
_LEADER: Final = 0x1715_0004  # any constant that no other lock has: core uses 0x1715_0001 to 0003
_BEAT_SECONDS: Final = 1.0
_IDLE_LIMIT: Final = "15s"


class Duties:
    """The duties of one worker process.

    Args:
        database: for jobs; without a limit on idle transactions, because some talk to others while they hold rows.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._stop = threading.Event()
        self._leading = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin, each in a thread of its own."""
        places = Places.of(self._settings.key_file, self._settings.state_dir)
        sequencer = Sequencer(
            self._database,
            CheckpointFile(places.checkpoints, Signer(places.signing_key)),
            checkpoint_seconds=60.0 * self._settings.checkpoint_minutes,
        )
        self._thread("sequencer", sequencer.run, self._stop)
        self._thread("leader", self._lead)
        jobs = {**CHORES, **{job: every for domain in domains() for job, every in domain.periodic.items()}}
        for reference, seconds in jobs.items():
            self._thread(reference.replace(":", "."), self._repeat, reference, seconds)

    def stop(self, seconds: float) -> None:
        """Finish what is under way, sign the journal's last checkpoint, and leave."""
        self._stop.set()
        for thread in self._threads:
            thread.join(seconds / len(self._threads) if thread.name != "sequencer" else seconds)

    def _thread(self, name: str, work: object, *arguments: object) -> None:
        assert callable(work)
        thread = threading.Thread(target=work, args=arguments, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _lead(self) -> None:
        while not self._stop.is_set():
            try:
                with connect(self._database.dsn("platform"), autocommit=True, name="irisplane leader") as connection:
                    connection.execute(f"set idle_session_timeout = '{_IDLE_LIMIT}'")
                    while not self._stop.is_set():
                        row = connection.execute(
                            "select case when %s then true else pg_try_advisory_lock(%s) end",
                            (self._leading.is_set(), _LEADER),
                        ).fetchone()
                        if row and row[0]:
                            self._leading.set()
                        self._stop.wait(_BEAT_SECONDS)
            except psycopg.Error as error:
                _LOG.warning("no connection to lead by: %s", type(error).__name__)
                self._stop.wait(_BEAT_SECONDS)
            finally:
                self._leading.clear()

    def _repeat(self, reference: str, seconds: float) -> None:
        work = None
        while not self._stop.is_set():
            if self._leading.is_set():
                try:
                    work = work or resolve(reference)
                    work(self._database)
                except Exception:  # noqa: BLE001 - one job's bad day is logged and must not end the others
                    _LOG.exception("%s did not succeed; again in %.0f s", reference, seconds)
            self._stop.wait(seconds if self._leading.is_set() else _BEAT_SECONDS)
