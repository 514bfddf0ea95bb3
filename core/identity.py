"""Who is acting: people, service accounts, the roles they hold in tenants, and what a token proves.

A ``Principal`` is one person or service *in one tenant*: a token names the tenant it was made for. The region's staff
see every tenant; everybody else sees the own one.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError, OperationalError

from core.db import Database, changes_rows, violated_constraint
from core.errors import Conflict, InvalidInput, NotFound, Unavailable
from core.journal.record import record
from core.roles import ROLES, STAFF_ROLES, expand, scopes_of
from core.scope import EVERY_TENANT, Scope
from core.tokens import TokenText, refused

__all__ = [
    "PersonInfo",
    "Principal",
    "authenticate",
    "create_principal",
    "deactivate",
    "grant",
    "list_principals",
    "of_agency",
    "principal_by_handle",
    "principal_in",
    "revoke_role",
    "tenant_by_code",
]

PrincipalKind = Literal["person", "service"]

_NO_DIGEST = bytes(32)


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or service acting in one tenant.

    Attributes:
        tenant_id: the tenant the token was made for.
        roles: held there now.
        scopes: what may be done: the token's scopes as far as the roles give them.
        token_id: the token that proved it; ``None`` for a session, a machine's access token, or the system by itself.
        session_id: the browser's session that proved it.
        staff: of the region; sees every tenant.
    """

    id: UUID
    handle: str
    kind: PrincipalKind
    tenant_id: UUID
    tenant_code: str
    roles: frozenset[str]
    scopes: frozenset[str]
    token_id: UUID | None
    staff: bool
    session_id: UUID | None = None

    def scope(self, request_id: str, reason: str = "") -> Scope:
        """The scope of this principal's transactions."""
        return Scope(EVERY_TENANT if self.staff else self.tenant_id, self.id, request_id, reason)

    def may(self, scope: str) -> bool:
        """Whether the token may be used for this."""
        return scope in self.scopes


def authenticate(database: Database, presented: str) -> Principal:
    """The principal a token proves: one statement.

    Raises:
        Unauthenticated: the token is malformed, unknown, wrong, expired or revoked, or its holder, tenant or roles are
            gone; always the same error.
        Unavailable: the database does not answer, or all connections are busy.
    """
    token = TokenText.parse(presented)
    digest = token.digest
    try:
        # autocommit: no transaction around it, so a request that is refused costs one round trip
        with database.connection("api").execution_options(isolation_level="AUTOCOMMIT") as connection:
            row = connection.execute(
                text("select * from authenticate_token(:public_id, :digest)"),
                {"public_id": token.public_id, "digest": digest},
            ).one_or_none()
    except OperationalError as error:
        raise Unavailable("The database does not answer.") from error
    if not hmac.compare_digest(row.digest if row else _NO_DIGEST, digest) or row is None:
        raise refused()
    if row.revoked_at is not None or row.expires_at <= datetime.now(UTC) or not row.active or not row.roles:
        raise refused()
    roles = frozenset(row.roles)
    return Principal(
        id=row.principal_id,
        handle=row.handle,
        kind=row.kind,
        tenant_id=row.tenant_id,
        tenant_code=row.tenant_code,
        roles=roles,
        scopes=expand(row.scopes) & scopes_of(roles),
        token_id=row.token_id,
        staff=row.of_region and bool(roles & STAFF_ROLES),
    )


def principal_in(tx: Connection, handle: str, tenant_code: str) -> Principal:
    """A person or service as it acts without a token: the system's own account, a scheduler, a test.

    Raises:
        NotFound: no active principal of that handle holds a role in that tenant.
    """
    row = tx.execute(
        text(
            "select p.id, p.handle, p.kind, t.id as tenant_id, t.code, t.kind = 'region' as of_region,"
            " array_agg(distinct m.role) as roles from principal p"
            " join membership m on m.principal_id = p.id and m.held @> now()"
            " join tenant t on t.id = m.tenant_id and t.active"
            " where p.handle = :handle and t.code = :code and p.active group by p.id, t.id"
        ),
        {"handle": handle, "code": tenant_code},
    ).one_or_none()
    if row is None:
        raise NotFound(f"{handle!r} holds no role in {tenant_code!r}.")
    roles = frozenset(row.roles)
    staff = row.of_region and bool(roles & STAFF_ROLES)
    return Principal(row.id, row.handle, row.kind, row.tenant_id, row.code, roles, scopes_of(roles), None, staff)


# ------------------------------------------------------------------------------------------------------- people
@dataclass(frozen=True, slots=True)
class PersonInfo:
    """A person or service account as lists show it. ``roles`` maps a tenant's code to the roles held there now."""

    id: UUID
    handle: str
    kind: PrincipalKind
    display_name: str
    email: str | None
    locale: str
    active: bool
    version: int
    roles: dict[str, list[str]]


def create_principal(
    tx: Connection,
    *,
    handle: str,
    kind: PrincipalKind,
    display_name: str,
    email: str | None = None,
    locale: str = "en",
    external_id: str | None = None,
) -> UUID:
    """Add a person or a service account; it can do nothing until a role is granted.

    Args:
        external_id: under which name an identity provider knows it, ``issuer|subject`` or ``issuer|client``.

    Raises:
        InvalidInput: a handle of other than 2 to 63 of ``a-z 0-9 . _ -``, no name, or a language other than fr, nl, en.
        Conflict: the handle is taken, or the external name is another account's.
    """
    if not display_name.strip():
        raise InvalidInput("A name is needed.", pointer="/display_name")
    made: UUID = tx.execute(text("select uuidv7()")).scalar_one()
    try:
        with tx.begin_nested():
            tx.execute(
                text(
                    "insert into principal (id, handle, kind, display_name, email, locale, external_id)"
                    " values (:id, :handle, :kind, :display_name, :email, :locale, :external_id)"
                ),
                {
                    "id": made,
                    "handle": handle,
                    "kind": kind,
                    "display_name": display_name.strip(),
                    "email": email,
                    "locale": locale,
                    "external_id": external_id,
                },
            )
    except IntegrityError as error:
        match violated_constraint(error):
            case "principal_handle_key":
                raise Conflict(f"The handle {handle!r} is taken.", hint="Choose another.", pointer="/handle") from None
            case "principal_external_id_key":
                raise Conflict("Another account stands for that client already.", pointer="/client") from None
            case "principal_handle_check":
                raise InvalidInput(
                    f"{handle!r} is no handle.", hint="2 to 63 of a-z 0-9 . _ -", pointer="/handle"
                ) from None
            case "principal_locale_check":
                raise InvalidInput(f"{locale!r} is no language here.", hint="fr, nl or en", pointer="/locale") from None
        raise
    record(tx, "audit", "principal.created", "principal", made, body={"handle": handle, "kind": kind})
    return made


def deactivate(tx: Connection, principal_id: UUID) -> None:
    """Close an account at once: its tokens and sessions open nothing any more, its open roles end now.

    Raises:
        NotFound: no such principal in this scope.
    """
    row = tx.execute(
        text("update principal set active = false, version = version + 1 where id = :id returning handle"),
        {"id": principal_id},
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such person or service.")
    tx.execute(
        text(
            "update membership set held = tstzrange(lower(held), now())"
            " where principal_id = :id and held @> now() and lower(held) < now()"
        ),
        {"id": principal_id},
    )
    tx.execute(
        text("update api_token set revoked_at = now() where principal_id = :id and revoked_at is null"),
        {"id": principal_id},
    )
    tx.execute(  # a machine's client may get another account; a person's closed one is remembered, and stays closed
        text("update principal set external_id = null where id = :id and kind = 'service'"), {"id": principal_id}
    )
    tx.execute(
        text("update session set ended_at = now() where principal_id = :id and ended_at is null"), {"id": principal_id}
    )
    record(tx, "audit", "principal.deactivated", "principal", principal_id, body={"handle": row.handle})


def of_agency(code: str, handle: str) -> str:
    """The handle of an agency's account: handles are one namespace, and each agency has its own part of it.

    So no handle that is taken tells an agency whom others employ.
    """
    return handle if handle.startswith(f"{code}.") else f"{code}.{handle}"


def list_principals(tx: Connection) -> list[PersonInfo]:
    """Everybody this scope may see, by handle, with the roles they hold now."""
    rows = tx.execute(
        text(
            "select p.id, p.handle, p.kind, p.display_name, p.email, p.locale, p.active, p.version,"
            " coalesce(r.roles, '{}') as roles from principal p left join lateral ("
            "   select jsonb_object_agg(code, roles) as roles from ("
            "     select t.code, jsonb_agg(distinct m.role order by m.role) as roles from membership m"
            "     join tenant t on t.id = m.tenant_id"
            "     where m.principal_id = p.id and m.held @> now() group by t.code) g"
            " ) r on true order by p.handle"
        )
    )
    return [PersonInfo(**row._mapping) for row in rows]  # noqa: SLF001 - public in SQLAlchemy


def principal_by_handle(tx: Connection, handle: str) -> UUID:
    """The id behind a handle.

    Raises:
        NotFound: nobody of that handle in this scope.
    """
    found: UUID | None = tx.execute(
        text("select id from principal where handle = :handle"), {"handle": handle}
    ).scalar()
    if found is None:
        raise NotFound(f"There is nobody called {handle!r}.", handle=handle)
    return found


def tenant_by_code(tx: Connection, code: str) -> UUID:
    """The id behind a tenant's code, in its scope: what the names of others are is no secret, who asks for them is told
    the same as for nobody.

    Raises:
        NotFound: no such tenant, or not yours.
    """
    found: UUID | None = tx.execute(
        text(
            "select id from tenant where code = :code"
            " and ((select irisplane_tenant()) = '*' or id::text = (select irisplane_tenant()))"
        ),
        {"code": code},
    ).scalar()
    if found is None:
        raise NotFound(f"There is no tenant {code!r}.", code=code)
    return found


# ------------------------------------------------------------------------------------------------------- roles
def grant(
    tx: Connection,
    *,
    principal_id: UUID,
    tenant_id: UUID,
    role: str,
    granted_by: UUID | None,
    until: datetime | None = None,
) -> None:
    """Give a role in a tenant from now on, for good or until a time; who was removed there is welcome again.

    Raises:
        InvalidInput: no such role, or an end in the past.
        Conflict: it is already held.
    """
    if role not in ROLES:
        raise InvalidInput(f"There is no role {role!r}.", hint=f"One of: {', '.join(ROLES)}.", pointer="/role")
    if until is not None and until <= datetime.now(UTC):
        raise InvalidInput("The end lies in the past.", pointer="/until")
    try:
        with tx.begin_nested():
            tx.execute(
                text(
                    "insert into membership (principal_id, tenant_id, role, held, granted_by)"
                    " values (:principal, :tenant, :role, tstzrange(now(), :until), :by)"
                ),
                {"principal": principal_id, "tenant": tenant_id, "role": role, "until": until, "by": granted_by},
            )
    except IntegrityError as error:
        if violated_constraint(error) == "membership_once":
            raise Conflict(f"The role {role} is already held there.", hint="Nothing to do.") from None
        raise NotFound("There is no such person or tenant.") from None
    tx.execute(
        text("delete from removal where principal_id = :principal and tenant_id = :tenant"),
        {"principal": principal_id, "tenant": tenant_id},
    )
    body = {"role": role, "until": until}
    record(tx, "audit", "role.granted", "principal", principal_id, body=body, tenant_id=tenant_id)


def revoke_role(tx: Connection, *, principal_id: UUID, tenant_id: UUID, role: str) -> None:
    """Take a granted role away now; that it was held stays on record.

    Raises:
        Conflict: it is not held, or the claims of an identity provider give it.
    """
    values = {"principal": principal_id, "tenant": tenant_id, "role": role}
    claimed = tx.execute(
        text(
            "select bool_and(source = 'claims') from membership"
            " where principal_id = :principal and tenant_id = :tenant and role = :role and held @> now()"
        ),
        values,
    ).scalar()
    if claimed:
        raise Conflict(
            f"The identity provider gives the role {role}.",
            hint="Take the group away there; or remove the member here, which holds until somebody invites anew.",
        )
    changes_rows(
        tx,
        text(
            "update membership"
            " set held = tstzrange(lower(held), greatest(now(), lower(held) + interval '1 microsecond'))"
            " where principal_id = :principal and tenant_id = :tenant and role = :role and source = 'granted'"
            " and held @> now()"
        ),
        values,
        expect=1,
        what=f"Role {role}",
    )
    record(tx, "audit", "role.revoked", "principal", principal_id, body={"role": role}, tenant_id=tenant_id)
