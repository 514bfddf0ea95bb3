"""API tokens: ``irp_<public id>_<secret>``, shown once, stored as a digest.

The secret holds 256 random bits, so a plain SHA-256 is enough and a request costs microseconds. Its last six characters
are a checksum: a token that was cut or mistyped is told apart without asking the database, and a scanner of leaked
secrets can be sure of what it found.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from core.errors import InvalidInput, NotFound, Unauthenticated
from core.journal.record import record
from core.roles import SCOPES, covered, expand

__all__ = [
    "DEFAULT_LIFE", "LONGEST_LIFE", "OF_TOKENS", "Issued", "TokenInfo", "TokenText", "issue", "list_tokens", "revoke",
]  # fmt: skip

DEFAULT_LIFE: Final = timedelta(days=90)
LONGEST_LIFE: Final = timedelta(days=366)
OF_TOKENS: Final = "(token)"
"""Issuer of the sessions that a token began; no provider can be named so. Their ``provider_sid`` is the token's id."""

_END_SESSIONS: Final = text(
    "update session set ended_at = now() where ended_at is null and issuer = :of_tokens and provider_sid = :token"
)
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE: Final = re.compile(r"irp_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})")


class TokenText:
    """A token's text, parsed. Never shows itself: only ``reveal`` gives the text."""

    __slots__ = ("_text", "public_id")

    def __init__(self, text_: str, public_id: str) -> None:
        self._text = text_
        self.public_id = public_id

    @classmethod
    def mint(cls) -> TokenText:
        """A new token of 256 random bits."""
        public_id = "".join(secrets.choice(_ALPHABET) for _ in range(12))
        secret = _base62(secrets.randbits(256), 43)
        return cls(f"irp_{public_id}_{secret}{_checksum(public_id, secret)}", public_id)

    @classmethod
    def parse(cls, presented: str) -> TokenText:
        """The token a caller presents.

        Raises:
            Unauthenticated: it is no token of ours; the same error as for an unknown one.
        """
        match = _SHAPE.fullmatch(presented)
        if not match or not hmac.compare_digest(_checksum(match[1], match[2]), match[3]):
            raise refused()
        return cls(presented, match[1])

    @property
    def digest(self) -> bytes:
        """SHA-256 over the whole text: what the database knows."""
        return hashlib.sha256(self._text.encode()).digest()

    def reveal(self) -> str:
        """The text, to be shown once or written to the caller's credentials."""
        return self._text

    def __repr__(self) -> str:
        return f"<token {self.public_id}>"

    def __reduce__(self) -> str:
        raise TypeError("a token is not written anywhere")


@dataclass(frozen=True, slots=True)
class Issued:
    """A token just made: the only moment its text is known."""

    id: UUID
    token: TokenText
    name: str
    scopes: frozenset[str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """A token as lists show it."""

    id: UUID
    public_id: str
    principal_id: UUID
    handle: str
    tenant_id: UUID
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


def refused() -> Unauthenticated:
    """The one answer to every token that does not open the door: why is nobody's business."""
    return Unauthenticated("The token is unknown, expired or revoked.")


def issue(
    tx: Connection,
    *,
    principal_id: UUID,
    tenant_id: UUID,
    name: str,
    scopes: Iterable[str] = ("*",),
    expires_at: datetime | None = None,
    within: frozenset[str] | None = None,
) -> Issued:
    """Make a token for a principal in one of its tenants.

    Args:
        scopes: what it may be used for, wildcards allowed (``network:*``); never more than its holder's roles give at
            the moment of use, so a role taken away is gone from every token at once.
        expires_at: 90 days from now when absent, a year at most.
        within: scopes of the token that asks, if one does: a token cannot make a stronger one.
    Raises:
        InvalidInput: unknown scope, a scope beyond ``within``, an expiry in the past or too far, or an empty name.
        NotFound: the principal has no role in that tenant.
    """
    wanted = tuple(dict.fromkeys(scopes))
    now = datetime.now(UTC)
    expires_at = expires_at or now + DEFAULT_LIFE
    _check(name, wanted, expires_at, now, within)
    token = TokenText.mint()
    row = tx.execute(
        text(
            "insert into api_token (public_id, principal_id, tenant_id, name, digest, scopes, expires_at)"
            " select :public_id, :principal_id, :tenant_id, :name, :digest, :scopes, :expires_at"
            " where exists (select from membership m join principal p on p.id = m.principal_id and p.active"
            "   where m.principal_id = :principal_id and m.tenant_id = :tenant_id and m.held @> now())"
            " returning id"
        ),
        {
            "public_id": token.public_id,
            "principal_id": principal_id,
            "tenant_id": tenant_id,
            "name": name.strip(),
            "digest": token.digest,
            "scopes": list(wanted),
            "expires_at": expires_at,
        },
    ).one_or_none()
    if row is None:
        raise NotFound("That person or service has no role in that tenant.", hint="Grant a role first.")
    body = {"public_id": token.public_id, "scopes": list(wanted), "expires_at": expires_at.isoformat()}
    record(tx, "audit", "token.issued", "principal", str(principal_id), body=body, tenant_id=tenant_id)
    return Issued(row.id, token, name.strip(), frozenset(wanted), expires_at)


def _check(
    name: str, scopes: tuple[str, ...], expires_at: datetime, now: datetime, within: frozenset[str] | None
) -> None:
    if not name.strip() or len(name) > 100:
        raise InvalidInput("A token needs a name of 1 to 100 characters.", pointer="/name")
    if not scopes:
        raise InvalidInput("A token needs at least one scope.", pointer="/scopes", hint="'*' gives all of your roles'.")
    for position, scope in enumerate(scopes):
        if not expand([scope]):
            raise InvalidInput(
                f"There is no scope {scope!r}.", pointer=f"/scopes/{position}", hint=f"One of: *, {', '.join(SCOPES)}."
            )
    if within is not None and scopes != ("*",) and not covered(scopes, within):
        raise InvalidInput(
            "A token cannot give more than the token that makes it.",
            pointer="/scopes",
            hint=f"Leave out: {', '.join(sorted(expand(scopes) - within))}.",
        )
    if within is not None and scopes == ("*",) and within != frozenset(SCOPES):
        raise InvalidInput(
            "'*' may be asked for only with a token that has every scope.",
            pointer="/scopes",
            hint=f"Name them: {', '.join(sorted(within))}.",
        )
    if expires_at.tzinfo is None or not now < expires_at <= now + LONGEST_LIFE:
        raise InvalidInput(
            "A token expires in the future, within 366 days.",
            pointer="/expires_at",
            hint="Give a time with its zone, for example 2027-01-31T12:00:00Z.",
        )


def revoke(tx: Connection, token_id: UUID) -> None:
    """End a token at once, and the sessions of browsers that it began; again is no error.

    Raises:
        NotFound: no such token in the scope of this transaction.
    """
    row = tx.execute(
        text(
            "update api_token set revoked_at = coalesce(revoked_at, now()) where id = :id"
            " returning public_id, principal_id, tenant_id"
        ),
        {"id": token_id},
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such token.")
    subject = str(row.principal_id)
    tx.execute(_END_SESSIONS, {"token": str(token_id), "of_tokens": OF_TOKENS})
    record(
        tx, "audit", "token.revoked", "principal", subject, body={"public_id": row.public_id}, tenant_id=row.tenant_id
    )


def list_tokens(tx: Connection, *, principal_id: UUID | None = None) -> list[TokenInfo]:
    """Tokens in the scope of this transaction, newest first; never their secret."""
    rows = tx.execute(
        text(
            "select t.id, t.public_id, t.principal_id, p.handle, t.tenant_id, t.name, t.scopes, t.created_at,"
            " t.expires_at, t.revoked_at, t.last_used_at from api_token t join principal p on p.id = t.principal_id"
            " where cast(:principal_id as uuid) is null or t.principal_id = :principal_id order by t.id desc"
        ),
        {"principal_id": principal_id},
    )
    return [TokenInfo(**{**row._mapping, "scopes": tuple(row.scopes)}) for row in rows]  # noqa: SLF001 - public in SQLAlchemy


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, remainder = divmod(number, 62)
        digits.append(_ALPHABET[remainder])
    return "".join(reversed(digits))


def _checksum(public_id: str, secret: str) -> str:
    return _base62(zlib.crc32(f"{public_id}_{secret}".encode()), 6)
