"""Follow the journal by number: what server-sent events, webhooks and the notifier read.

Readers see numbered entries only, so nothing is skipped and nothing appears twice; row-level security shows each
reader its own tenant's. One thread a process listens for the sequencer's announcements; followers sleep on it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog
from sqlalchemy import Connection, text

from core.db import Database, Role
from core.journal.chain import connect
from core.journal.sequencer import CHANNEL
from core.scope import Scope

__all__ = ["Announcements", "Entry", "Filter", "follow", "follow_async", "last_seq", "read"]

_PAGE: Final = 500
_RETRY: Final = 1.0

_log = structlog.get_logger("irisplane.journal")


@dataclass(frozen=True, slots=True)
class Entry:
    """A numbered entry as readers see it."""

    seq: int
    id: UUID
    kind: str
    at: datetime
    tenant_id: UUID | None
    actor: UUID | None
    action: str
    subject_type: str
    subject_id: str
    change_id: UUID | None
    request_id: str
    reason: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries; an empty field lets everything through.

    Attributes:
        actions: prefixes, ``change.`` or ``change.approved``.
        kinds: of ``audit``, ``event``, ``log``; row images are left out unless asked for.
    """

    actions: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ("audit", "event")
    change_id: UUID | None = None
    subject_type: str | None = None
    subject_id: str | None = None
    actor: UUID | None = None


_READ: Final = text(
    "select c.seq, j.id, j.kind, j.at, j.tenant_id, j.actor, j.action, j.subject_type, j.subject_id, j.change_id,"
    " j.request_id, j.reason, j.body from journal_chain c join journal j on j.id = c.journal_id"
    " where c.seq > :after and j.kind = any(:kinds)"
    " and (cardinality(cast(:actions as text[])) = 0"
    "      or exists (select from unnest(cast(:actions as text[])) a where starts_with(j.action, a)))"
    " and (cast(:change_id as uuid) is null or j.change_id = :change_id)"
    " and (cast(:subject_type as text) is null or j.subject_type = :subject_type)"
    " and (cast(:subject_id as text) is null or j.subject_id = :subject_id)"
    " and (cast(:actor as uuid) is null or j.actor = :actor)"
    " order by c.seq limit :limit"
)


def read(tx: Connection, after: int, wanted: Filter | None = None, *, limit: int = _PAGE) -> list[Entry]:
    """The next entries after a number, in the scope of the transaction."""
    chosen = wanted or Filter()
    rows = tx.execute(
        _READ,
        {
            "after": after,
            "limit": limit,
            "kinds": list(chosen.kinds),
            "actions": list(chosen.actions),
            "change_id": chosen.change_id,
            "subject_type": chosen.subject_type,
            "subject_id": chosen.subject_id,
            "actor": chosen.actor,
        },
    )
    return [Entry(*row) for row in rows]


def last_seq(tx: Connection) -> int:
    """The newest number; 0 before the first."""
    return int(tx.execute(text("select coalesce(max(seq), 0) from journal_chain")).scalar_one())


class Announcements:
    """Listens for what the sequencer announces; one per process.

    A lost connection is made again; meanwhile followers look for themselves once a second.
    """

    def __init__(self, database: Database, role: Role = "api") -> None:
        self._database = database
        self._role: Role = role
        self._news = threading.Condition()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._waiters: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._seen = 0
        self._connected = False

    def start(self) -> None:
        """Begin to listen, in a thread of its own."""
        self._thread = threading.Thread(target=self._listen, name="journal-announcements", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop; every follower is woken."""
        self._stop.set()
        self._announce(self._seen)
        if self._thread is not None:
            self._thread.join(timeout=5)

    @property
    def stopped(self) -> bool:
        """Whether followers should end."""
        return self._stop.is_set()

    def wait(self, after: int, timeout: float) -> bool:
        """Sleep until something later than ``after`` is announced; ``False``: look for yourself, or time is over."""
        with self._news:
            return self._news.wait_for(lambda: self._seen > after or self._stop.is_set(), self._patience(timeout))

    async def wait_async(self, after: int, timeout: float) -> bool:  # noqa: ASYNC109 - a shorter one when deaf
        """The same for a coroutine."""
        waiter = (asyncio.get_running_loop(), asyncio.Event())
        with self._news:
            if self._seen > after or self._stop.is_set():
                return True
            self._waiters.add(waiter)
        try:
            await asyncio.wait_for(waiter[1].wait(), self._patience(timeout))
        except TimeoutError:
            return False
        finally:
            with self._news:
                self._waiters.discard(waiter)
        return True

    def _patience(self, timeout: float) -> float:
        return timeout if self._connected else min(timeout, _RETRY)

    def _announce(self, seq: int) -> None:
        with self._news:
            self._seen = max(self._seen, seq)
            self._news.notify_all()
            for loop, event in self._waiters:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(event.set)

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                with connect(self._database.dsn(self._role), autocommit=True, name="irisplane listen") as connection:
                    connection.execute(f"listen {CHANNEL}")
                    row = connection.execute("select coalesce(max(seq), 0) from journal_chain").fetchone()
                    self._connected = True
                    self._announce(int(row[0]) if row else 0)
                    while not self._stop.is_set():
                        for notice in connection.notifies(timeout=0.5):
                            self._announce(int(notice.payload))
            except psycopg.Error as error:
                _log.warning("journal_listener_interrupted", error=type(error).__name__)
                self._connected = False
                self._stop.wait(_RETRY)


def follow(
    database: Database,
    scope: Scope,
    after: int,
    announcements: Announcements,
    wanted: Filter | None = None,
    *,
    role: Role = "api",
    heartbeat: float = 15.0,
) -> Iterator[Entry | None]:
    """Entries after a number as they come, until the announcements stop.

    ``None`` between them: nothing new within ``heartbeat`` seconds.
    """
    while not announcements.stopped:
        page, head = _page(database, scope, after, wanted, role)
        for entry in page:
            after = entry.seq
            yield entry
        if page:
            continue
        after = max(after, head)
        if not announcements.wait(after, heartbeat):
            yield None


async def follow_async(
    database: Database,
    scope: Scope,
    after: int,
    announcements: Announcements,
    wanted: Filter | None = None,
    *,
    heartbeat: float = 15.0,
) -> AsyncIterator[Entry | None]:
    """The same for a coroutine: a sleeping follower costs neither a thread nor a connection."""
    while not announcements.stopped:
        page, head = await asyncio.to_thread(_page, database, scope, after, wanted, "api")
        for entry in page:
            after = entry.seq
            yield entry
        if page:
            continue
        after = max(after, head)
        if not await announcements.wait_async(after, heartbeat):
            yield None


def _page(database: Database, scope: Scope, after: int, wanted: Filter | None, role: Role) -> tuple[list[Entry], int]:
    # the head first: what is numbered between the two statements is then read next time, never skipped
    with database.transaction(role, scope) as tx:
        head = last_seq(tx)
        return read(tx, after, wanted), head
