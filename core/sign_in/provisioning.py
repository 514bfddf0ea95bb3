"""Make principals and memberships what a provider's claims say, and leave alone what people granted."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, Row, text

from core.errors import Conflict
from core.identity import create_principal, of_agency
from core.journal.record import record
from core.roles import STAFF_ROLES
from core.sign_in.claims import Identity
from core.sign_in.errors import SignInRefused

__all__ = ["principal_of", "sync_roles"]

_FIND = text("select id, active, display_name, email, locale from principal where external_id = :external for update")
_TRIES = 50
_LONGEST = 60  # a number may follow


def principal_of(tx: Connection, identity: Identity) -> UUID:
    """The principal behind an identity, made when it signs in for the first time; name, mail and language follow it.

    Accounts are joined by ``issuer|subject`` alone: an address can be given to somebody else.

    Raises:
        SignInRefused: the account was closed here.
    """
    # the second of two first sign-ins at once waits here, then finds what the first has made
    tx.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:external, 11))"), {"external": identity.external_id}
    )
    row = tx.execute(_FIND, {"external": identity.external_id}).one_or_none()
    if row is None:
        return _first(tx, identity)
    if not row.active:
        raise SignInRefused("This account was closed.", hint="Ask the region's platform managers.")
    _follow(tx, identity, row)
    found: UUID = row.id
    return found


def sync_roles(tx: Connection, principal_id: UUID, identity: Identity) -> None:
    """Let the roles from claims be what the claims say now: what is gone from them ends, what is new begins.

    Roles that people granted stay as they are. Where a tenant removed the person, claims give nothing.

    Raises:
        SignInRefused: a tenant that the settings name does not exist, or the role is held in the region only.
    """
    wanted = _tenants(tx, identity)
    values = {
        "principal": principal_id,
        "tenants": [tenant for tenant, _ in wanted],
        "roles": [role for _, role in wanted],
    }
    ended = tx.execute(_END, values).all()
    begun = tx.execute(_BEGIN, values).all()
    for action, rows in (("role.revoked", ended), ("role.granted", begun)):
        for row in rows:
            body = {"role": row.role, "source": "claims"}
            record(tx, "audit", action, "principal", principal_id, body=body, tenant_id=row.tenant_id)


_END = text("""
    update membership m set held = tstzrange(lower(held), greatest(now(), lower(held) + interval '1 microsecond'))
     where principal_id = :principal and source = 'claims' and held @> now()
       and not exists (select from unnest(cast(:tenants as uuid[]), cast(:roles as text[])) w (tenant_id, role)
                        where w.tenant_id = m.tenant_id and w.role = m.role)
    returning tenant_id, role""")
_BEGIN = text("""
    insert into membership (principal_id, tenant_id, role, source)
    select :principal, w.tenant_id, w.role, 'claims'
      from unnest(cast(:tenants as uuid[]), cast(:roles as text[])) w (tenant_id, role)
     where not exists (select from membership m where m.principal_id = :principal and m.source = 'claims'
                        and m.tenant_id = w.tenant_id and m.role = w.role and m.held @> now())
       and not exists (select from removal r where r.principal_id = :principal and r.tenant_id = w.tenant_id)
    returning tenant_id, role""")


def _tenants(tx: Connection, identity: Identity) -> list[tuple[UUID, str]]:
    codes = sorted({code for code, _ in identity.roles})
    rows = tx.execute(text("select id, code, kind, active from tenant where code = any(:codes)"), {"codes": codes})
    known = {row.code: row for row in rows}
    out = []
    for code, role in sorted(identity.roles):
        row = known.get(code)
        if row is None or not row.active:
            raise SignInRefused(f"The administration {code!r} is not served here.", tenant=code)
        if role in STAFF_ROLES and row.kind != "region":
            raise SignInRefused(
                f"The role {role!r} is held in the region only, and the claims give it in {code!r}.",
                hint="The file of identity providers maps a group of an agency to a role of the region's staff.",
                tenant=code,
                role=role,
            )
        out.append((row.id, role))
    return out


def _first(tx: Connection, identity: Identity) -> UUID:
    wish = _handle(tx, identity)
    for number in range(1, _TRIES):
        handle = wish if number == 1 else f"{wish}-{number}"
        if tx.execute(text("select 1 from principal where handle = :handle"), {"handle": handle}).scalar():
            continue
        try:
            made = create_principal(
                tx,
                handle=handle,
                kind="person",
                display_name=identity.display_name,
                email=identity.email,
                locale=identity.locale,
            )
        except Conflict:
            continue  # somebody else of that name signs in at this moment
        tx.execute(
            text("update principal set external_id = :external where id = :id"),
            {"external": identity.external_id, "id": made},
        )
        return made
    raise SignInRefused(f"No handle like {wish!r} is free.")


def _handle(tx: Connection, identity: Identity) -> str:
    """Staff of the region are called as they wish; everybody else has a name within the agency's, or the provider's."""
    codes = sorted({code for code, _ in identity.roles})
    staff = text("select exists (select from tenant where code = any(:codes) and kind = 'region')")
    if tx.execute(staff, {"codes": codes}).scalar():
        return identity.handle
    return of_agency(codes[0] if codes else identity.issuer, identity.handle)[:_LONGEST]


def _follow(tx: Connection, identity: Identity, row: Row[tuple[UUID, bool, str, str | None, str]]) -> None:
    now = {"name": identity.display_name, "email": identity.email or row.email, "locale": identity.locale}
    if now == {"name": row.display_name, "email": row.email, "locale": row.locale}:
        return
    tx.execute(
        text(
            "update principal set display_name = :name, email = :email, locale = :locale, version = version + 1"
            " where id = :id"
        ),
        {**now, "id": row.id},
    )
