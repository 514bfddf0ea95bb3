"""Sessions of browsers: a cookie's secret is shown to the browser alone, its digest is kept, and it ends in time.

An idle end and an absolute one; ended by its owner, by whoever closes the account, or by the identity provider. What a
session may do follows from the roles held at the moment of use, as it does for tokens.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from core.db import Database
from core.errors import NotFound, Unauthenticated, Unavailable
from core.identity import Principal
from core.journal.record import record
from core.roles import STAFF_ROLES, scopes_of
from core.tokens import OF_TOKENS

__all__ = [
    "Life",
    "SessionInfo",
    "SessionText",
    "authenticate_session",
    "end_of_provider",
    "end_session",
    "list_sessions",
    "move_session",
    "start_session",
]

_KEPT: Final = timedelta(days=30)
"""How long an ended session, with the address and the browser it names, is remembered."""

_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Life:
    """How long a session lasts.

    Attributes:
        idle: without any request.
        whole: in all.
    """

    idle: timedelta
    whole: timedelta


class SessionText:
    """What a session's cookie holds. Never shows itself: only ``reveal`` gives the text."""

    __slots__ = ("_text",)

    def __init__(self, text_: str) -> None:
        self._text = text_

    @classmethod
    def mint(cls) -> SessionText:
        """A new one of 256 random bits."""
        return cls(secrets.token_urlsafe(32))

    @classmethod
    def parse(cls, presented: str) -> SessionText:
        """What a browser presents.

        Raises:
            Unauthenticated: no cookie of ours looks so.
        """
        if not _SHAPE.fullmatch(presented):
            raise _over()
        return cls(presented)

    @property
    def digest(self) -> bytes:
        """What the database knows."""
        return hashlib.sha256(self._text.encode()).digest()

    @property
    def csrf(self) -> str:
        """What a page of ours must send along with whatever alters: only who has the cookie can derive it."""
        return hmac.new(self._text.encode(), b"csrf", hashlib.sha256).hexdigest()

    def reveal(self) -> str:
        """The text, for the cookie."""
        return self._text

    def __repr__(self) -> str:
        return "<session>"

    def __reduce__(self) -> str:
        raise TypeError("a session is not written anywhere")


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session as its owner sees it; never its cookie."""

    id: UUID
    tenant: str
    issuer: str
    address: str
    agent: str
    started_at: datetime
    seen_at: datetime
    expires_at: datetime


def _over() -> Unauthenticated:
    return Unauthenticated("The session is unknown or over.", hint="Sign in again at /sign-in.")


def authenticate_session(database: Database, presented: str) -> Principal:
    """The principal a cookie proves: one statement.

    Raises:
        Unauthenticated: the session is unknown or over, or its holder, tenant or roles are gone.
        Unavailable: the database does not answer, or all connections are busy.
    """
    digest = SessionText.parse(presented).digest
    try:
        with database.connection("api").execution_options(isolation_level="AUTOCOMMIT") as connection:
            row = connection.execute(
                text("select * from authenticate_session(:digest)"), {"digest": digest}
            ).one_or_none()
    except OperationalError as error:
        raise Unavailable("The database does not answer.") from error
    if row is None or not row.roles:
        raise _over()
    roles = frozenset(row.roles)
    return Principal(
        id=row.principal_id,
        handle=row.handle,
        kind=row.kind,
        tenant_id=row.tenant_id,
        tenant_code=row.tenant_code,
        roles=roles,
        scopes=scopes_of(roles),
        token_id=None,
        staff=row.of_region and bool(roles & STAFF_ROLES),
        session_id=row.session_id,
    )


def start_session(
    tx: Connection,
    *,
    principal_id: UUID,
    tenant_id: UUID,
    issuer: str,
    life: Life,
    provider_sid: str | None = None,
    address: str = "",
    agent: str = "",
) -> SessionText:
    """Begin a session of somebody who has just signed in; gives what the cookie will hold. Old ones are forgotten.

    Args:
        address: from where; agent: the browser as it calls itself. For the owner's own list of sessions.
    """
    tx.execute(
        text("delete from session where principal_id = :principal and coalesce(ended_at, expires_at) < now() - :kept"),
        {"principal": principal_id, "kept": _KEPT},
    )
    made = SessionText.mint()
    session_id = tx.execute(
        text(
            "insert into session"
            " (tenant_id, principal_id, digest, issuer, provider_sid, address, agent, idle, expires_at)"
            " values (:tenant, :principal, :digest, :issuer, :sid, :address, :agent, :idle, now() + :whole)"
            " returning id"
        ),
        {
            "tenant": tenant_id,
            "principal": principal_id,
            "digest": made.digest,
            "issuer": issuer,
            "sid": provider_sid,
            "address": address[:100],
            "agent": " ".join(agent.split())[:200],
            "idle": life.idle,
            "whole": life.whole,
        },
    ).scalar_one()
    body = {"session": str(session_id), "issuer": issuer}
    record(tx, "audit", "session.started", "principal", principal_id, body=body, tenant_id=tenant_id)
    return made


def list_sessions(tx: Connection, principal_id: UUID) -> list[SessionInfo]:
    """The open sessions of somebody, last used first."""
    rows = tx.execute(
        text(
            "select s.id, t.code as tenant, s.issuer, s.address, s.agent, s.started_at, s.seen_at, s.expires_at"
            " from session s join tenant t on t.id = s.tenant_id where s.principal_id = :principal"
            " and s.ended_at is null and s.expires_at > now() and s.seen_at + s.idle > now() order by s.seen_at desc"
        ),
        {"principal": principal_id},
    )
    return [SessionInfo(**row._mapping) for row in rows]  # noqa: SLF001 - public in SQLAlchemy


def end_session(tx: Connection, session_id: UUID, *, principal_id: UUID) -> None:
    """End a session of one's own at once.

    Raises:
        NotFound: no open session of that id is one's own.
    """
    row = tx.execute(
        text(
            "update session set ended_at = now() where id = :id and principal_id = :principal and ended_at is null"
            " returning tenant_id"
        ),
        {"id": session_id, "principal": principal_id},
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such session.")
    body = {"session": str(session_id)}
    record(tx, "audit", "session.ended", "principal", principal_id, body=body, tenant_id=row.tenant_id)


def end_of_provider(tx: Connection, *, issuer: str, external_id: str | None, provider_sid: str | None) -> int:
    """End what a provider signed out: a session of its own, or all of a person's; gives how many ended here."""
    rows = tx.execute(
        text(
            "update session s set ended_at = now() from principal p where p.id = s.principal_id and s.ended_at is null"
            " and s.issuer = :issuer and (cast(:external as text) is null or p.external_id = :external)"
            " and (cast(:sid as text) is null or s.provider_sid = :sid) returning s.id, s.principal_id, s.tenant_id"
        ),
        {"issuer": issuer, "external": external_id, "sid": provider_sid},
    ).all()
    for row in rows:
        body = {"session": str(row.id), "by": "identity provider"}
        record(tx, "audit", "session.ended", "principal", row.principal_id, body=body, tenant_id=row.tenant_id)
    return len(rows)


def move_session(tx: Connection, session_id: UUID, *, principal_id: UUID, tenant: str) -> None:
    """Let a session act in another tenant in which its owner holds a role; one that a token began stays in its tenant.

    Raises:
        NotFound: no such tenant, or no role there: the two are not told apart.
    """
    moved = tx.execute(
        text(
            "update session s set tenant_id = t.id from tenant t where s.id = :id and s.principal_id = :principal"
            " and s.ended_at is null and s.issuer <> :of_tokens and t.code = :code and t.active"
            " and exists (select from membership m"
            "   where m.principal_id = s.principal_id and m.tenant_id = t.id and m.held @> now())"
        ),
        {"id": session_id, "principal": principal_id, "code": tenant, "of_tokens": OF_TOKENS},
    ).rowcount
    if moved != 1:
        raise NotFound(f"You hold no role in a tenant {tenant!r}.", code=tenant)
    record(tx, "audit", "session.moved", "principal", principal_id, body={"tenant": tenant})
