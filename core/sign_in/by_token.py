"""A browser signs in with a token instead of a provider: pasted into the page, or by a link that is good once.

The token must hold everything its person may do: a session does, and a narrow token must not become a wide session.
The session acts in the token's tenant alone, ends with the token at the latest, and at once when the token is revoked.
A link is a session that nobody holds yet: its row waits two minutes for whoever brings the code.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, text

from core.errors import Denied, Unauthenticated
from core.identity import Principal
from core.journal.record import record
from core.roles import scopes_of
from core.sessions import Life, SessionText, start_session
from core.sign_in.entering import Browser
from core.tokens import OF_TOKENS

__all__ = ["LINK_LIFE", "Link", "Offered", "claim", "offer", "offered", "session_of"]

LINK_LIFE: Final = timedelta(minutes=2)

_LEFT = text("""
    select least(:whole, t.expires_at - now()) from api_token t
     where t.id = :token and t.revoked_at is null and t.expires_at > now()""")
_OFFER = text("""
    insert into session (tenant_id, principal_id, digest, issuer, provider_sid, idle, expires_at)
    values (:tenant, :principal, :digest, :issuer, :token, :life, now() + :life)""")
_OFFERED = text("""
    select p.display_name, p.handle, n.name_fr, n.name_nl, n.name_en from session s
      join principal p on p.id = s.principal_id and p.active join tenant n on n.id = s.tenant_id and n.active
      join api_token t on t.id::text = s.provider_sid and t.revoked_at is null and t.expires_at > now()
     where s.digest = :digest and s.ended_at is null and s.expires_at > now()""")
_CLAIM = text("""
    update session s set digest = :digest, idle = :idle, started_at = now(), seen_at = now(), address = :address,
           agent = :agent, expires_at = least(now() + :whole, t.expires_at)
      from api_token t
     where t.id::text = s.provider_sid and t.revoked_at is null and t.expires_at > now()
       and s.digest = :offered and s.ended_at is null and s.expires_at > now()
    returning s.id, s.principal_id, s.tenant_id""")


class Link:
    """The code of a link. Never shows itself: only ``reveal`` gives the text."""

    __slots__ = ("_text",)

    def __init__(self, presented: str) -> None:
        self._text = presented

    @classmethod
    def mint(cls) -> Link:
        """A new one of 256 random bits."""
        return cls(secrets.token_urlsafe(32))

    @property
    def digest(self) -> bytes:
        """What the database knows; another one than that of a cookie with the same text."""
        return hashlib.sha256(b"link:" + self._text.encode()).digest()

    def reveal(self) -> str:
        """The text, for the link."""
        return self._text

    def __repr__(self) -> str:
        return "<link>"


@dataclass(frozen=True, slots=True)
class Offered:
    """Whom a link would sign in, for them to see before they do."""

    name: str
    handle: str
    tenant: dict[str, str]


def session_of(tx: Connection, principal: Principal, life: Life, browser: Browser) -> SessionText:
    """Begin a session for the person that a token proves.

    Raises:
        Denied: a service's token, or one that holds only a part of what its person may do.
        Unauthenticated: it was revoked or has expired meanwhile.
    """
    whole = _left(tx, principal, life)
    return start_session(
        tx,
        principal_id=principal.id,
        tenant_id=principal.tenant_id,
        issuer=OF_TOKENS,
        life=Life(min(life.idle, whole), whole),
        provider_sid=str(principal.token_id),
        address=browser.address,
        agent=browser.agent,
    )


def offer(tx: Connection, principal: Principal) -> Link:
    """Make a link that signs this person in, once, within two minutes.

    Raises:
        Denied, Unauthenticated: as for ``session_of``.
    """
    life = _left(tx, principal, Life(LINK_LIFE, LINK_LIFE))
    link = Link.mint()
    values = {
        "tenant": principal.tenant_id, "principal": principal.id, "digest": link.digest, "issuer": OF_TOKENS,
        "token": str(principal.token_id), "life": life,
    }  # fmt: skip
    tx.execute(_OFFER, values)
    record(tx, "audit", "session.offered", "principal", principal.id, body={}, tenant_id=principal.tenant_id)
    return link


def offered(tx: Connection, link: Link) -> Offered:
    """Whom a link would sign in; it stays good.

    Raises:
        Unauthenticated: it was used, is too old, or never was.
    """
    row = tx.execute(_OFFERED, {"digest": link.digest}).one_or_none()
    if row is None:
        raise _used()
    return Offered(row.display_name, row.handle, {"fr": row.name_fr, "nl": row.name_nl, "en": row.name_en})


def claim(tx: Connection, link: Link, life: Life, browser: Browser) -> SessionText:
    """Give the session to whoever brings the link's code; the link is used up.

    Raises:
        Unauthenticated: it was used, is too old, or never was.
    """
    made = SessionText.mint()
    values = {
        "digest": made.digest, "offered": link.digest, "idle": life.idle, "whole": life.whole,
        "address": browser.address[:100], "agent": " ".join(browser.agent.split())[:200],
    }  # fmt: skip
    row = tx.execute(_CLAIM, values).one_or_none()
    if row is None:
        raise _used()
    body = {"session": str(row.id), "issuer": OF_TOKENS}
    record(tx, "audit", "session.started", "principal", row.principal_id, body=body, tenant_id=row.tenant_id)
    return made


def _left(tx: Connection, principal: Principal, life: Life) -> timedelta:
    if principal.kind != "person" or principal.token_id is None:
        raise Denied("Only a person's token signs a browser in.", hint="Programs send their token with each request.")
    if principal.scopes != scopes_of(principal.roles):
        raise Denied(
            "This token holds only a part of what you may do; a session would hold all of it.",
            hint="Make one for everything: irisplane token create --scope '*'.",
        )
    left: timedelta | None = tx.execute(_LEFT, {"token": principal.token_id, "whole": life.whole}).scalar()
    if left is None:
        raise Unauthenticated("This token is not valid.")
    return left


def _used() -> Unauthenticated:
    return Unauthenticated(
        "This link was used already, or is older than two minutes.", hint="'irisplane web' makes a new one."
    )
