"""Who is there on the first day: the region, its first people, and the account the system acts under.

The people are of the lab: one of each role, and a second lead, so that every approval can be tried on one machine; and
people of two administrations, as soon as the region's data has brought these in. Done again, nothing changes; a token
is made only where there is no valid one, or the caller does not have it any more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection, text

from core.db import Database
from core.identity import create_principal, grant
from core.scope import EVERY_TENANT, Scope
from core.tokens import issue

__all__ = ["AGENCIES", "PEOPLE", "REGION", "SYSTEM", "Profile", "agency_people", "agency_person", "ensure"]

REGION: Final = "paradigm"
"""Code of the region's own tenant."""

SYSTEM: Final = "irisplane"
"""Handle of the service account under which the system acts by itself (drift, schedules)."""

Profile = dict[str, str | list[str]]
"""A command-line profile: ``token``, ``handle``, ``tenant``, ``roles``, ``expires_at``."""

_TOKEN_NAME: Final = "command line of the lab"  # noqa: S105 - a name, shown in lists
_LOCK: Final = 0x1715_0003


@dataclass(frozen=True, slots=True)
class _Account:
    handle: str
    display_name: str
    role: str
    kind: Literal["person", "service"] = "person"
    locale: str = "fr"


PEOPLE: Final = (
    _Account("engineer", "Ingénieure réseau (labo)", "engineer"),
    _Account("lead", "Responsable réseau (labo)", "network-lead"),
    _Account("lead2", "Netwerkverantwoordelijke (labo)", "network-lead", locale="nl"),
    _Account("manager", "Platformbeheerder (labo)", "platform-manager", locale="nl"),
    _Account("board", "Direction (labo)", "management"),
    _Account("auditor", "Auditeur (labo)", "auditor"),
)
AGENCIES: Final[Mapping[str, tuple[str, str]]] = {
    "agency": ("commune-21009", "agency-user"),
    "agency-admin": ("commune-21009", "agency-admin"),
    "agency2": ("commune-21016", "agency-user"),
}
"""Name of a profile to the administration and the role of its person: Ixelles, its administrator, and Uccle."""

_SERVICES: Final = (_Account(SYSTEM, "Irisplane", "engineer", "service", "en"),)


def ensure(database: Database, known: Collection[str] = ()) -> dict[str, Profile]:
    """See that the region and its first people exist; give a profile for each person who needs a new token.

    Args:
        known: profiles the caller still has; they get a new token only when theirs expired or was revoked.
    """
    scope = Scope(EVERY_TENANT, reason="first start of this instance")
    with database.transaction("platform", scope) as tx:
        tx.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        tenant_id = _region(tx)
        for service in _SERVICES:
            _account(tx, tenant_id, service)
        made = {}
        for person in PEOPLE:
            principal_id = _account(tx, tenant_id, person)
            if person.handle not in known or not _has_token(tx, principal_id):
                made[person.handle] = _profile(tx, principal_id, tenant_id, REGION, person)
    return made


def agency_people(database: Database, known: Collection[str] = ()) -> dict[str, Profile]:
    """People of the lab's administrations: a profile for each who needs a new token, by the names in ``AGENCIES``.

    Administrations that are not there yet are left out.
    """
    with database.transaction("platform", Scope(EVERY_TENANT, reason="people of the lab's agencies")) as tx:
        there = set(tx.execute(text("select code from tenant")).scalars())
    made: dict[str, Profile] = {}
    for name, (tenant, role) in AGENCIES.items():
        if tenant in there:
            profile = agency_person(database, tenant, role=role, known=name in known)
            made |= {name: profile} if profile else {}
    return made


def agency_person(
    database: Database, tenant_code: str, *, role: str = "agency-user", known: bool = False
) -> Profile | None:
    """A person of a member administration, handle ``<tenant>.<role>``, for the lab and for tests.

    Args:
        role: ``agency-user`` or ``agency-admin``.
        known: the caller still has that profile: give ``None`` unless its token expired or was revoked.
    """
    account = _Account(f"{tenant_code}.{role.removeprefix('agency-')}", f"{tenant_code} (labo)", role)
    with database.transaction("platform", Scope(EVERY_TENANT, reason="a person of the lab's agency")) as tx:
        tenant_id: UUID = tx.execute(
            text("select id from tenant where code = :code"), {"code": tenant_code}
        ).scalar_one()
        principal_id = _account(tx, tenant_id, account)
        if known and _has_token(tx, principal_id):
            return None
        return _profile(tx, principal_id, tenant_id, tenant_code, account)


def _region(tx: Connection) -> UUID:
    tx.execute(
        text(
            "insert into tenant (code, kind, name_fr, name_nl, name_en, nis_code, provenance) values (:code, 'region',"
            " 'Paradigm (Centre d''informatique pour la Région bruxelloise, CIRB)',"
            " 'Paradigm (Centrum voor informatica voor het Brusselse gewest, CIBG)',"
            " 'Paradigm (Brussels Regional Informatics Centre)', '04000', 'real') on conflict (code) do nothing"
        ),
        {"code": REGION},
    )
    found: UUID = tx.execute(text("select id from tenant where code = :code"), {"code": REGION}).scalar_one()
    return found


def _account(tx: Connection, tenant_id: UUID, account: _Account) -> UUID:
    found: UUID | None = tx.execute(
        text("select id from principal where handle = :handle"), {"handle": account.handle}
    ).scalar()
    if found is not None:
        return found
    made = create_principal(
        tx,
        handle=account.handle,
        kind=account.kind,
        display_name=account.display_name,
        email=f"{account.handle}@irisplane.test" if account.kind == "person" else None,
        locale=account.locale,
    )
    grant(tx, principal_id=made, tenant_id=tenant_id, role=account.role, granted_by=None)
    return made


def _has_token(tx: Connection, principal_id: UUID) -> bool:
    statement = text(
        "select exists (select from api_token where principal_id = :id and name = :name and revoked_at is null"
        " and expires_at > now() + interval '1 day')"
    )
    return bool(tx.execute(statement, {"id": principal_id, "name": _TOKEN_NAME}).scalar())


def _profile(tx: Connection, principal_id: UUID, tenant_id: UUID, tenant: str, account: _Account) -> Profile:
    issued = issue(tx, principal_id=principal_id, tenant_id=tenant_id, name=_TOKEN_NAME)
    return {
        "token": issued.token.reveal(),
        "handle": account.handle,
        "tenant": tenant,
        "roles": [account.role],
        "expires_at": issued.expires_at.isoformat(),
    }
