"""Administrations, people, roles, tokens, sessions, invitations and secrets, as they are answered."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.shapes import ABSENT, Code, Handle, Shape, Time, Version
from core.identity import PrincipalKind
from core.invitations import Invitation
from core.members import Member
from core.roles import ROLES
from core.secrets import SecretInfo
from core.sign_in.claims import Locale
from inventory.schema import Provenance, TenantKind

__all__ = [
    "Accepted",
    "Deputyship",
    "Invitation",
    "InvitationSent",
    "Me",
    "Member",
    "MemberRoles",
    "Membership",
    "MembershipGiven",
    "OwnSession",
    "Person",
    "PersonAdded",
    "SecretInfo",
    "SecretSet",
    "Session",
    "SessionMoved",
    "Tenant",
    "Token",
    "TokenMade",
]

Role = Annotated[str, Field(json_schema_extra={"enum": sorted(ROLES)})]
Scopes = Annotated[list[str], Field(description="`*`, `network:*` or single scopes.")]


class Me(Shape):
    """Who a token or session stands for."""

    id: UUID
    handle: Handle
    kind: PrincipalKind
    tenant: Code
    roles: list[Role]
    scopes: Annotated[list[str], Field(description="What this token may be used for.")]
    staff: Annotated[bool, Field(description="Of the region: sees every administration.")]


class _Token(Shape):
    id: UUID
    public_id: Annotated[str, Field(description="The part of its text that is no secret.")]
    name: str
    scopes: Scopes
    expires_at: Time


class Token(_Token):
    """A token; never its text."""

    holder: Handle
    created_at: Time
    revoked_at: Time | None
    last_used_at: Time | None


class TokenMade(_Token):
    """A token that was made."""

    token: Annotated[str, ABSENT, Field(description="Its text, here and nowhere again: a repetition is without it.")]


class Session(Shape):
    """A browser that is signed in."""

    id: UUID
    tenant: Code
    issuer: Annotated[str, Field(description="The identity provider's name.")]
    address: str
    agent: str
    started_at: Time
    seen_at: Time
    expires_at: Time
    current: Annotated[bool, Field(description="Whether this request came with it.")]


class OwnSession(Session):
    """The session that the request came with."""

    csrf_token: Annotated[str, Field(description="For `X-CSRF-Token`.")]


class SessionMoved(Shape):
    """Where the session acts now."""

    tenant: Code


class Tenant(Shape):
    """An administration."""

    id: UUID
    code: Code
    kind: TenantKind
    name_fr: str
    name_nl: str
    name_en: str
    nis_code: str | None
    provenance: Provenance
    active: bool
    version: Version


class Person(Shape):
    """A person or service account."""

    id: UUID
    handle: Handle
    kind: PrincipalKind
    display_name: str
    email: str | None
    locale: Locale
    active: bool
    version: Version
    roles: Annotated[dict[str, list[Role]], Field(description="Code of an administration → roles held there now.")]


class PersonAdded(Shape):
    """An account that was added."""

    id: UUID
    handle: Handle
    kind: PrincipalKind
    role: Role | None


class MembershipGiven(Shape):
    """A role that was given."""

    principal: Handle
    tenant: Annotated[str | None, Field(description="As it was asked for: null is the own administration.")]
    role: Role
    until: Time | None


class Membership(Shape):
    """A role that is held."""

    principal: Handle
    tenant: Code
    role: Role
    since: Time | None
    until: Time | None


class MemberRoles(Shape):
    """A member's roles from now on."""

    handle: Handle
    roles: Annotated[dict[str, list[Literal["granted", "claims"]]], Field(description="Role → where it comes from.")]


class InvitationSent(Shape):
    """An invitation that was sent."""

    id: UUID
    email: str
    role: Role
    expires_at: Time
    token: Annotated[str, ABSENT, Field(description="Here and nowhere again: a repetition is without it.")]
    link: Annotated[str, ABSENT, Field(description="The same, to be followed.")]


class Accepted(Shape):
    """Where one is a member now."""

    tenant: Code
    role: Role


class SecretSet(Shape):
    """A secret that was set."""

    name: str
    version: Version


class Deputyship(Shape):
    """Who decides in whose place."""

    id: UUID
    absent: Handle
    deputy: Handle
    begins: Time
    ends: Time
