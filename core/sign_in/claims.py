"""What the claims of a provider mean here: who it is, and which roles in which tenants."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.sign_in.errors import SignInRefused
from core.sign_in.issuers import Issuer

__all__ = ["Identity", "external_id", "identity_of"]

Locale = Literal["fr", "nl", "en"]


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as a provider describes them.

    Attributes:
        issuer: name of the provider.
        external_id: ``issuer|subject``: what never changes about them.
        handle: a wish; another is found when it is taken.
        roles: pairs of tenant code and role; without any, ``refusal`` says why.
        provider_sid: the provider's own session, if it names one.
    """

    issuer: str
    external_id: str
    handle: str
    display_name: str
    email: str | None
    locale: Locale
    roles: frozenset[tuple[str, str]]
    refusal: SignInRefused | None
    provider_sid: str | None


def external_id(issuer: Issuer, subject: str) -> str:
    """The name under which we keep somebody of a provider."""
    return f"{issuer.issuer}|{subject}"


def identity_of(issuer: Issuer, claims: Mapping[str, Any]) -> Identity:
    """What verified claims say."""
    names = issuer.claims
    subject = str(claims["sub"])
    email = _text(claims.get(names.email))
    wish = _text(claims.get(names.handle)) or (email or "").partition("@")[0] or subject
    roles, refusal = _roles(issuer, claims)
    return Identity(
        issuer=issuer.name,
        external_id=external_id(issuer, subject),
        handle=_handle(wish),
        display_name=_text(claims.get(names.name)) or wish,
        email=email if email and re.fullmatch(r"[^@\s]{1,64}@[^@\s]{1,189}", email) else None,
        locale=_locale(_text(claims.get(names.locale))),
        roles=roles,
        refusal=refusal,
        provider_sid=_text(claims.get("sid")) or None,
    )


def _roles(issuer: Issuer, claims: Mapping[str, Any]) -> tuple[frozenset[tuple[str, str]], SignInRefused | None]:
    names = issuer.claims
    values = [] if issuer.tenant else _texts(claims.get(names.tenant))
    for value in values:
        if value not in issuer.tenants:
            said = f"The claim {names.tenant!r} names {value[:80]!r}, which is no administration here."
            return frozenset(), SignInRefused(said, claim=names.tenant, value=value[:80])
    tenants = {issuer.tenant} if issuer.tenant else {issuer.tenants[value] for value in values}
    if not tenants:
        said = f"The claim {names.tenant!r} names no administration."
        return frozenset(), SignInRefused(said, claim=names.tenant)
    groups = _texts(claims.get(names.groups))
    roles = {issuer.roles[group] for group in groups if group in issuer.roles}
    if not roles:
        shown = [group[:80] for group in groups[:10]]
        said = f"The claim {names.groups!r} names no group that gives a role here: {', '.join(shown) or 'none'}."
        return frozenset(), SignInRefused(said, claim=names.groups, value=shown)
    return frozenset((str(tenant), role) for tenant in tenants for role in roles), None


def _text(value: object) -> str:
    """One line of text, whatever came."""
    return " ".join(value.split())[:200] if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    """A claim that may be one text or a list of them."""
    given = value if isinstance(value, list) else [value]
    return [text for text in given[:500] if isinstance(text, str) and text]


def _handle(wish: str) -> str:
    made = re.sub(r"[^a-z0-9._-]+", "-", wish.lower()).strip("._-")[:48]
    return made if len(made) > 1 else f"person-{made or 'x'}"


def _locale(value: str) -> Locale:
    match value.lower().replace("_", "-").partition("-")[0]:
        case "fr":
            return "fr"
        case "nl":
            return "nl"
    return "en"
