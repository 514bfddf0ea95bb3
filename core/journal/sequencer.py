"""The sequencer: numbers committed journal entries, chains them, tells readers, signs checkpoints.

A plain sequence would number entries in the order they were *written*; readers that follow it skip what commits late.
Here an entry gets its number only when no transaction older than its own is still open (its ``xid`` lies below the
snapshot's xmin), so the numbers have no gaps and never appear out of order. Writers wait for nothing.

One process leads, by an advisory lock on the very connection that writes: who loses the connection loses the lead and
the unfinished batch together. Killed at any moment, nothing is numbered twice: number, link and removal from the queue
are one transaction. A long transaction anywhere on the server that has written something holds numbering back; the lag
is a metric (``irisplane_journal_lag_seconds``).
"""

from __future__ import annotations

import threading
import time
from typing import Final

import psycopg
import structlog
from psycopg.rows import TupleRow

from core.db import Database
from core.errors import IrisplaneError
from core.journal.chain import COLUMNS_SQL, GENESIS, connect, link_hash
from core.journal.checkpoints import Checkpoint, CheckpointFile
from core.settings import Settings

__all__ = ["BATCH", "CHANNEL", "Sequencer", "after_restore", "checkpoint_now", "head"]

CHANNEL: Final = "irisplane_journal"
BATCH: Final = 500
_LEADER: Final = 0x1715_0002  # any constant: the key of the advisory lock
_SILENCE_LIMIT: Final = "15s"
_BUSY_WAIT, _IDLE_WAIT, _RETRY_WAIT = 0.02, 0.25, 1.0

_log = structlog.get_logger("irisplane.sequencer")


class Sequencer:
    """One per worker process; one of them leads.

    Args:
        database: role ``platform`` is used.
        checkpoints: where to sign to; ``None``: no checkpoints (benchmarks).
        checkpoint_seconds: how often.
    """

    def __init__(
        self, database: Database, checkpoints: CheckpointFile | None = None, *, checkpoint_seconds: float = 3600.0
    ) -> None:
        self._database = database
        self._checkpoints = checkpoints
        self._every = checkpoint_seconds
        self.leading = False

    @classmethod
    def of(cls, database: Database, settings: Settings) -> Sequencer:
        """The sequencer of an instance: signs with the key beside its master keys, below its state folder."""
        file = CheckpointFile.of(settings, signing=True)
        return cls(database, file, checkpoint_seconds=60.0 * settings.checkpoint_minutes)

    def run(self, stop: threading.Event) -> None:
        """Lead whenever nobody else does, until ``stop``; then sign a last checkpoint.

        A database that goes away is waited for.
        """
        while not stop.is_set():
            try:
                with connect(self._database.dsn("platform"), name="irisplane sequencer") as connection:
                    self._serve(connection, stop)
            except psycopg.Error as error:
                _log.warning("sequencer_interrupted", error=type(error).__name__, detail=str(error).strip())
                stop.wait(_RETRY_WAIT)
            finally:
                self.leading = False

    def drain(self) -> int:
        """Number everything that can be numbered now, if nobody else leads; gives how many. For commands and tests."""
        with connect(self._database.dsn("platform"), name="irisplane sequencer") as connection:
            if not _lead(connection):
                return 0
            _adopt_strangers(connection)
            total = 0
            while numbered := number_batch(connection):
                total += numbered
            _leave(connection)
            return total

    def _serve(self, connection: psycopg.Connection[TupleRow], stop: threading.Event) -> None:
        # A process that is frozen while it leads must not keep the lead: the server ends a connection this silent,
        # between two batches or in the middle of one.
        connection.execute(f"set idle_session_timeout = '{_SILENCE_LIMIT}'")
        connection.execute(f"set idle_in_transaction_session_timeout = '{_SILENCE_LIMIT}'")
        connection.commit()
        while not _lead(connection):
            if stop.wait(_RETRY_WAIT):
                return
        self.leading = True
        _log.info("sequencer_leads")
        _adopt_strangers(connection)
        wait, signed = _BUSY_WAIT, time.monotonic()
        while not stop.is_set():
            if number_batch(connection):
                wait = _BUSY_WAIT
                continue
            if time.monotonic() - signed >= self._every:
                self._sign(connection)
                signed = time.monotonic()
            stop.wait(wait)
            wait = min(wait * 1.5, _IDLE_WAIT)
        while number_batch(connection):
            pass
        self._sign(connection)
        _leave(connection)

    def _sign(self, connection: psycopg.Connection[TupleRow]) -> None:
        if self._checkpoints is None:
            return
        try:
            _sign_head(connection, self._checkpoints)
        except (OSError, IrisplaneError) as error:
            # a full disk or a damaged file must not stop the numbering, on which every reader waits
            _log.error("checkpoint_not_signed", error=type(error).__name__, detail=str(error))


def number_batch(connection: psycopg.Connection[TupleRow], limit: int = BATCH) -> int:
    """Number and chain the next committed entries in one transaction; gives how many."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            f"select p.journal_id, {COLUMNS_SQL}"  # noqa: S608 - a constant
            " from journal_pending p join journal j on j.id = p.journal_id"
            " where p.xid < pg_snapshot_xmin(pg_current_snapshot()) order by p.xid, p.journal_id limit %s",
            (limit,),
        )
        rows = cursor.fetchall()
        if not rows:
            return 0
        seq, previous = head(connection)
        ids, numbers, hashes = [], [], []
        for journal_id, *columns in rows:
            seq += 1
            previous = link_hash(previous, seq, columns)
            ids.append(journal_id)
            numbers.append(seq)
            hashes.append(previous)
        cursor.execute(
            "insert into journal_chain (seq, journal_id, hash)"
            " select * from unnest(%s::bigint[], %s::uuid[], %s::bytea[])",
            (numbers, ids, hashes),
        )
        cursor.execute("delete from journal_pending where journal_id = any(%s)", (ids,))
        cursor.execute("select pg_notify(%s, %s)", (CHANNEL, str(seq)))
        return len(rows)


def head(connection: psycopg.Connection[TupleRow]) -> tuple[int, bytes]:
    """Number and hash of the newest link; ``(0, GENESIS)`` before the first."""
    row = connection.execute("select seq, hash from journal_chain order by seq desc limit 1").fetchone()
    return (int(row[0]), bytes(row[1])) if row else (0, GENESIS)


def checkpoint_now(database: Database, checkpoints: CheckpointFile) -> Checkpoint | None:
    """Sign the head of the chain on demand; ``None`` when it is signed already, or empty."""
    with connect(database.dsn("platform")) as connection:
        return _sign_head(connection, checkpoints)


def after_restore(database: Database, checkpoints: CheckpointFile | None) -> None:
    """Make a restored database fit to go on: queued entries bear transaction numbers of another server.

    Signs a ``restore`` checkpoint, which says that the chain continues from here: what the machine's own checkpoints
    know beyond it was not in the backup, and verification says so instead of calling it tampering.
    """
    with connect(database.dsn("platform")) as connection:
        connection.execute("update journal_pending set xid = '0'")
        connection.commit()
        seq, hash_ = head(connection)
    if checkpoints is not None:
        checkpoints.append(seq, hash_, kind="restore")


def _lead(connection: psycopg.Connection[TupleRow]) -> bool:
    row = connection.execute("select pg_try_advisory_lock(%s)", (_LEADER,)).fetchone()
    connection.commit()
    return bool(row and row[0])


def _leave(connection: psycopg.Connection[TupleRow]) -> None:
    """Give the lead up before the connection goes: the server notices late that one was closed, on a busy machine after
    whoever comes next has already asked."""
    connection.execute("select pg_advisory_unlock(%s)", (_LEADER,))
    connection.commit()


def _adopt_strangers(connection: psycopg.Connection[TupleRow]) -> None:
    """Free entries of transactions this server has not reached yet: a restore without ``after_restore`` left them."""
    adopted = connection.execute(
        "update journal_pending set xid = '0' where xid >= pg_snapshot_xmax(pg_current_snapshot())"
    ).rowcount
    connection.commit()
    if adopted:
        _log.warning("sequencer_adopted_entries_of_another_server", entries=adopted)


def _sign_head(connection: psycopg.Connection[TupleRow], checkpoints: CheckpointFile) -> Checkpoint | None:
    with connection.transaction():
        seq, hash_ = head(connection)
    signed = checkpoints.read()
    if seq == 0 or (signed and (signed[-1].seq, signed[-1].hash) == (seq, hash_.hex())):
        return None
    return checkpoints.append(seq, hash_)
