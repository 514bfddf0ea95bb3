"""Invitations into a tenant: a token in a mail, good once and for some days, whoever signs in with it becomes a member.

The token is its bearer's proof that the mail reached them; it is stored as a digest, like every other token.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from core.db import violated_constraint
from core.errors import Conflict, InvalidInput, NotFound
from core.identity import grant
from core.journal.record import record

__all__ = [
    "INVITED_ROLES",
    "Invitation",
    "InvitationText",
    "Invited",
    "accept",
    "invite",
    "list_invitations",
    "withdraw",
]

INVITED_ROLES: Final = ("agency-user", "agency-admin")

_SHAPE: Final = re.compile(r"irpi_[A-Za-z0-9_-]{43}")


class InvitationText:
    """The token of an invitation. Never shows itself: only ``reveal`` gives the text."""

    __slots__ = ("_text",)

    def __init__(self, text_: str) -> None:
        self._text = text_

    @classmethod
    def mint(cls) -> InvitationText:
        """A new one of 256 random bits."""
        return cls(f"irpi_{secrets.token_urlsafe(32)}")

    @classmethod
    def parse(cls, presented: str) -> InvitationText:
        """What somebody presents.

        Raises:
            NotFound: it is no token of an invitation; the same error as for an unknown one.
        """
        if not _SHAPE.fullmatch(presented):
            raise _none()
        return cls(presented)

    @property
    def digest(self) -> bytes:
        """What the database knows."""
        return hashlib.sha256(self._text.encode()).digest()

    def reveal(self) -> str:
        """The text, for the mail and the one who invites."""
        return self._text

    def __repr__(self) -> str:
        return "<invitation>"

    def __reduce__(self) -> str:
        raise TypeError("an invitation's token is not written anywhere")


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation just made: the only moment its token is known."""

    id: UUID
    token: InvitationText
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation as lists show it; ``state`` is open, accepted, withdrawn or expired."""

    id: UUID
    email: str
    role: str
    state: str
    invited_by: str
    invited_at: datetime
    expires_at: datetime
    accepted_by: str | None


def _none() -> NotFound:
    return NotFound(
        "This invitation is not valid: used, withdrawn, expired or unknown.",
        hint="Ask who invited you for another one.",
    )


def invite(
    tx: Connection, *, tenant_id: UUID, email: str, role: str, locale: str, invited_by: UUID, life: timedelta
) -> Invited:
    """Invite somebody by mail address; an open invitation that has expired is withdrawn first.

    Raises:
        InvalidInput: no mail address, or a role that is not an agency's.
        Conflict: that address has an open invitation to that role.
    """
    if not re.fullmatch(r"[^@\s]{1,64}@[^@\s]{1,189}", email):
        raise InvalidInput(f"{email!r} is no mail address.", pointer="/email", hint="For example anna@ixelles.example.")
    if role not in INVITED_ROLES:
        raise InvalidInput(
            f"Nobody is invited as {role!r}.", pointer="/role", hint=f"One of: {', '.join(INVITED_ROLES)}."
        )
    tx.execute(
        text(
            "update invitation set withdrawn_at = now(), version = version + 1 where tenant_id = :tenant"
            " and lower(email) = lower(:email) and role = :role and accepted_at is null and withdrawn_at is null"
            " and expires_at <= now()"
        ),
        {"tenant": tenant_id, "email": email, "role": role},
    )
    token, expires_at = InvitationText.mint(), datetime.now(UTC) + life
    try:
        with tx.begin_nested():
            made: UUID = tx.execute(
                text(
                    "insert into invitation (tenant_id, email, role, locale, digest, invited_by, expires_at)"
                    " values (:tenant, :email, :role, :locale, :digest, :by, :expires_at) returning id"
                ),
                {
                    "tenant": tenant_id,
                    "email": email,
                    "role": role,
                    "locale": locale,
                    "digest": token.digest,
                    "by": invited_by,
                    "expires_at": expires_at,
                },
            ).scalar_one()
    except IntegrityError as error:
        if violated_constraint(error) == "invitation_open":
            raise Conflict(
                f"{email} has an open invitation as {role}.", hint="Withdraw it to send another one.", pointer="/email"
            ) from None
        raise
    body = {"role": role, "expires_at": expires_at.isoformat()}
    record(tx, "audit", "member.invited", "invitation", made, body=body, tenant_id=tenant_id)
    return Invited(made, token, expires_at)


def list_invitations(tx: Connection, tenant_id: UUID) -> list[Invitation]:
    """The invitations of a tenant, newest first; never their token."""
    rows = tx.execute(
        text(
            "select i.id, i.email, i.role, case when i.accepted_at is not null then 'accepted'"
            " when i.withdrawn_at is not null then 'withdrawn' when i.expires_at <= now() then 'expired'"
            " else 'open' end as state, b.handle as invited_by, i.invited_at, i.expires_at, a.handle as accepted_by"
            " from invitation i join principal b on b.id = i.invited_by left join principal a on a.id = i.accepted_by"
            " where i.tenant_id = :tenant order by i.id desc limit 1000"
        ),
        {"tenant": tenant_id},
    )
    return [Invitation(**row._mapping) for row in rows]  # noqa: SLF001 - public in SQLAlchemy


def withdraw(tx: Connection, invitation_id: UUID) -> None:
    """Take an invitation back; its token opens nothing any more.

    Raises:
        NotFound: no open invitation of that id in this scope.
    """
    row = tx.execute(
        text(
            "update invitation set withdrawn_at = now(), version = version + 1"
            " where id = :id and accepted_at is null and withdrawn_at is null returning tenant_id"
        ),
        {"id": invitation_id},
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such open invitation.")
    record(tx, "audit", "invitation.withdrawn", "invitation", invitation_id, tenant_id=row.tenant_id)


def accept(tx: Connection, presented: str, *, principal_id: UUID) -> tuple[str, str]:
    """Become a member by an invitation; gives the tenant's code and the role. The scope covers every tenant.

    Raises:
        NotFound: the token is unknown, used, withdrawn or expired; always the same error.
    """
    digest = InvitationText.parse(presented).digest
    row = tx.execute(
        text(
            "update invitation i set accepted_at = now(), accepted_by = :principal, version = i.version + 1"
            " from tenant t where i.digest = :digest and t.id = i.tenant_id and t.active and i.accepted_at is null"
            " and i.withdrawn_at is null and i.expires_at > now()"
            " returning i.id, i.tenant_id, i.role, i.invited_by, t.code"
        ),
        {"digest": digest, "principal": principal_id},
    ).one_or_none()
    if row is None:
        raise _none()
    held = tx.execute(
        text(
            "select 1 from membership where principal_id = :principal and tenant_id = :tenant and role = :role"
            " and source = 'granted' and held @> now()"
        ),
        {"principal": principal_id, "tenant": row.tenant_id, "role": row.role},
    ).scalar()
    if not held:
        grant(tx, principal_id=principal_id, tenant_id=row.tenant_id, role=row.role, granted_by=row.invited_by)
    body = {"role": row.role, "invitation": str(row.id)}
    record(tx, "audit", "member.joined", "principal", principal_id, body=body, tenant_id=row.tenant_id)
    return row.code, row.role
