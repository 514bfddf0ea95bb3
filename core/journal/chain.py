"""The chain: how an entry becomes bytes, and how each link covers the one before.

``hash(n) = SHA-256(hash(n-1) || encoding(n))``; ``hash(0)`` is 32 zero bytes. The encoding is a JSON array of the
number and every column of the entry, as PostgreSQL prints them in UTC, so anybody can recompute it from an export with
a dozen lines of any language. The row images of a ``log`` entry are covered through their digest in the entry's body.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy import make_url

__all__ = ["COLUMNS", "COLUMNS_SQL", "GENESIS", "Link", "connect", "link_hash", "links"]

GENESIS: Final = bytes(32)

COLUMNS: Final = (
    "id", "kind", "at", "tenant_id", "actor", "action", "subject_type", "subject_id", "change_id", "request_id",
    "reason", "body",
)  # fmt: skip

COLUMNS_SQL: Final = (
    "j.id::text, j.kind, to_char(j.at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), j.tenant_id::text,"
    " j.actor::text, j.action, j.subject_type, j.subject_id, j.change_id::text, j.request_id, j.reason, j.body::text"
)
"""The columns as text. A change here changes every hash: it would need a new chain."""

_LOG_LINES_SQL: Final = (
    "(select array_agg(concat_ws('|', l.ordinal, l.table_name, l.row_id, coalesce(l.tenant_id::text, ''), l.op,"
    " coalesce(l.pre::text, ''), coalesce(l.post::text, '')) order by l.ordinal)"
    " from change_log l where l.journal_id = j.id)"
)
"""The same lines as ``change_log_line`` in the database, spelled out: a verifier does not ask the accused."""


@dataclass(frozen=True, slots=True)
class Link:
    """One numbered entry as it is stored.

    Attributes:
        seq: its number.
        id: the entry's id, also when the entry itself is gone.
        hash: as stored.
        columns: the entry's columns in the order of ``COLUMNS``; ``None`` when the entry was removed.
        log: its row images, a line each.
    """

    seq: int
    id: str
    hash: bytes
    columns: tuple[str | None, ...] | None
    log: tuple[str, ...]

    def named(self) -> dict[str, Any]:
        """The columns by name, the body still as text."""
        return dict(zip(COLUMNS, self.columns or (), strict=bool(self.columns)))


def link_hash(previous: bytes, seq: int, columns: Iterable[str | None]) -> bytes:
    """The hash of entry ``seq`` after the one whose hash is ``previous``."""
    encoded = json.dumps([seq, *columns], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(previous + encoded.encode()).digest()


def connect(dsn: str, *, autocommit: bool = False, name: str = "irisplane journal") -> psycopg.Connection[TupleRow]:
    """A connection of one's own, outside every pool: for session locks, LISTEN and server-side cursors."""
    uri = make_url(dsn).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(uri, autocommit=autocommit, application_name=name, connect_timeout=5)


def links(connection: psycopg.Connection[TupleRow], *, after: int = 0) -> Iterator[Link]:
    """Every numbered entry after ``after``, in order, streamed."""
    with connection.cursor(name="irisplane_links") as cursor:
        cursor.itersize = 2000
        cursor.execute(
            f"select c.seq, c.journal_id::text, c.hash, {COLUMNS_SQL}, {_LOG_LINES_SQL}"  # noqa: S608 - constants above
            " from journal_chain c left join journal j on j.id = c.journal_id where c.seq > %s order by c.seq",
            (after,),
        )
        for seq, entry_id, stored, *columns, log in cursor:
            present = columns[0] is not None
            yield Link(seq, entry_id, bytes(stored), tuple(columns) if present else None, tuple(log or ()))
