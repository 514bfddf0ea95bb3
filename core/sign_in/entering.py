"""Somebody came back from their provider: account, roles, invitation and session, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from core.db import Database
from core.invitations import accept
from core.scope import EVERY_TENANT, Scope
from core.sessions import Life, SessionText, start_session
from core.sign_in.claims import Identity
from core.sign_in.errors import SignInRefused
from core.sign_in.issuers import Issuer
from core.sign_in.provisioning import principal_of, sync_roles

__all__ = ["Browser", "Entered", "enter"]


@dataclass(frozen=True, slots=True)
class Browser:
    """From where somebody signs in, for their own list of sessions.

    Attributes:
        address: network address; agent: the browser as it calls itself.
    """

    address: str
    agent: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Entered:
    """A sign-in that succeeded."""

    session: SessionText
    principal_id: UUID
    tenant: str


_WHERE = text("""
    select t.id, t.code from membership m join tenant t on t.id = m.tenant_id and t.active
     where m.principal_id = :principal and m.held @> now()
     order by t.code = :preferred desc, m.source = 'claims' desc, lower(m.held), t.code limit 1""")
_KNOWN = text("select exists (select from principal where external_id = :external)")
_ACT = text("select set_config('irisplane.actor', :actor, true)")


def enter(
    database: Database,
    issuer: Issuer,
    identity: Identity,
    *,
    life: Life,
    browser: Browser,
    invitation: str | None = None,
) -> Entered:
    """Let somebody in whom a provider vouches for; roles from claims follow the claims even when nobody is let in.

    Args:
        invitation: the token that the browser was sent with, if any.
    Raises:
        SignInRefused: the claims give no role, nobody granted one, and no invitation does.
        NotFound: the invitation is not valid.
    """
    scope = Scope(EVERY_TENANT, None, browser.request_id, f"sign in with {issuer.name}")
    with database.transaction("api", scope) as tx:
        if identity.refusal is not None and invitation is None and not _known(tx, identity):
            raise identity.refusal  # no account is made for somebody who has no place here
        principal = principal_of(tx, identity)
        tx.execute(_ACT, {"actor": str(principal)})
        sync_roles(tx, principal, identity)
        invited = accept(tx, invitation, principal_id=principal)[0] if invitation else None
        where = tx.execute(_WHERE, {"principal": principal, "preferred": invited or ""}).one_or_none()
        if where is not None:
            session = start_session(
                tx,
                principal_id=principal,
                tenant_id=where.id,
                issuer=issuer.name,
                life=life,
                provider_sid=identity.provider_sid,
                address=browser.address,
                agent=browser.agent,
            )
            return Entered(session, principal, where.code)
    raise identity.refusal or SignInRefused("No administration lets you in: you were removed, or were never a member.")


def _known(tx: Connection, identity: Identity) -> bool:
    return bool(tx.execute(_KNOWN, {"external": identity.external_id}).scalar())
