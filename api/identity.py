"""`/api/v1/tenants`, `/principals`, `/memberships`: administrations, people and services, and the roles they hold."""

from __future__ import annotations

import json
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Connection, text

from api.answers import Match, etag, json_text, json_value
from api.dependencies import Caller, door_of, forget_tokens, require
from api.idempotency import Answer, Creation, creating
from api.shapes import answers, page_of
from api.shapes.identity import Membership, MembershipGiven, Person, PersonAdded, Tenant
from core.errors import Denied, InvalidInput, NotFound, StaleVersion
from core.identity import (
    create_principal,
    deactivate,
    grant,
    list_principals,
    of_agency,
    principal_by_handle,
    revoke_role,
    tenant_by_code,
)
from core.journal.record import record
from core.members import keep_an_administrator
from core.sign_in.claims import external_id

__all__ = ["router"]

router = APIRouter(tags=["identity"])

_AGENCY_ROLES = frozenset({"agency-user", "agency-admin"})

_TENANT = """json_build_object('id', t.id, 'code', t.code, 'kind', t.kind, 'name_fr', t.name_fr, 'name_nl', t.name_nl,
    'name_en', t.name_en, 'nis_code', t.nis_code, 'provenance', t.provenance, 'active', t.active,
    'version', t.version)"""
_MINE = "((select irisplane_tenant()) = '*' or t.id::text = (select irisplane_tenant()))"


class TenantIn(BaseModel):
    """An administration to add."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$")
    kind: Literal["commune", "cpas", "agency", "police", "fire", "school-board", "other"]
    name_fr: str = Field(min_length=1, max_length=200)
    name_nl: str = Field(min_length=1, max_length=200)
    name_en: str = Field(min_length=1, max_length=200)
    nis_code: str | None = Field(default=None, pattern=r"^[0-9]{5}$")


class TenantEdit(BaseModel):
    """What may be altered about an administration; absent means unaltered."""

    model_config = ConfigDict(extra="forbid")

    name_fr: str | None = Field(default=None, min_length=1, max_length=200)
    name_nl: str | None = Field(default=None, min_length=1, max_length=200)
    name_en: str | None = Field(default=None, min_length=1, max_length=200)
    active: bool | None = None


class ClientIn(BaseModel):
    """A machine as an identity provider knows it."""

    model_config = ConfigDict(extra="forbid")

    issuer: str = Field(description="Name of the provider, as /sign-in shows it.", max_length=31)
    client_id: str = Field(min_length=1, max_length=200)


class PrincipalIn(BaseModel):
    """A person or a service account to add."""

    model_config = ConfigDict(extra="forbid")

    handle: str = Field(max_length=63)
    kind: Literal["person", "service"] = "person"
    display_name: str = Field(max_length=200)
    email: str | None = Field(default=None, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")
    locale: Literal["fr", "nl", "en"] = "en"
    role: str | None = Field(default=None, description="A first role in your own tenant; agencies must name one.")
    client: ClientIn | None = Field(
        default=None, description="Of a service: the client of an identity provider whose access tokens stand for it."
    )


class MembershipIn(BaseModel):
    """A role to give in a tenant."""

    model_config = ConfigDict(extra="forbid")

    principal: str = Field(description="Handle.")
    tenant: str | None = Field(default=None, description="Code of the tenant; your own when absent.")
    role: str
    until: AwareDatetime | None = None


# ---------------------------------------------------------------------------------------------------------- tenants
@router.get("/api/v1/tenants", summary="Tenants", responses=answers(page_of(Tenant)))
def tenants(caller: Annotated[Caller, Depends(require("inventory:read"))]) -> Response:
    """The administrations you may see, by code."""
    statement = text(f"select coalesce(json_agg({_TENANT} order by t.code), '[]')::text from tenant t where {_MINE}")  # noqa: S608 - parts are constants above
    with caller.transaction() as tx:
        items = str(tx.execute(statement).scalar_one())
    return json_text('{"items":' + items + ',"next":null}')


@router.get("/api/v1/tenants/{code}", summary="A tenant", responses=answers(Tenant))
def tenant(code: str, caller: Annotated[Caller, Depends(require("inventory:read"))]) -> Response:
    """One administration, with its ETag."""
    with caller.transaction() as tx:
        body, version = _tenant(tx, code)
    return json_text(body, version=version)


@router.post("/api/v1/tenants", status_code=201, summary="Add a tenant", responses=answers(Tenant, 201))
def create_tenant(body: TenantIn, creation: Annotated[Creation, Depends(creating("identity:write"))]) -> Response:
    """Add an administration. The region's staff only."""
    creation.caller.must_write("tenant")

    def effect(tx: Connection) -> Answer:
        made = tx.execute(
            text(
                "insert into tenant (code, kind, name_fr, name_nl, name_en, nis_code)"
                " values (:code, :kind, :name_fr, :name_nl, :name_en, :nis_code) returning id"
            ),
            body.model_dump(),
        ).scalar_one()
        record(tx, "audit", "tenant.created", "tenant", made, body={"code": body.code}, tenant_id=made)
        shown, version = _tenant(tx, body.code)
        return Answer(201, shown, {"Location": f"/api/v1/tenants/{body.code}", "ETag": etag(version)})

    return creation.in_one_transaction(effect)


@router.patch("/api/v1/tenants/{code}", summary="Alter a tenant", responses=answers(Tenant))
def edit_tenant(
    code: str,
    body: TenantEdit,
    request: Request,
    caller: Annotated[Caller, Depends(require("identity:write"))],
    version: Match,
) -> Response:
    """Alter an administration's names, or close it. Needs `If-Match`."""
    caller.must_write("tenant")
    with caller.transaction() as tx:
        row = tx.execute(
            text(
                "update tenant set name_fr = coalesce(:name_fr, name_fr), name_nl = coalesce(:name_nl, name_nl),"
                " name_en = coalesce(:name_en, name_en), active = coalesce(:active, active), version = version + 1"
                " where code = :code and version = coalesce(:version, version) returning id"
            ),
            {**body.model_dump(), "code": code, "version": version},
        ).one_or_none()
        if row is None:
            _tenant(tx, code)
            raise StaleVersion(f"{code} was altered since you read it.")
        altered = body.model_dump(exclude_none=True)
        record(tx, "audit", "tenant.altered", "tenant", row.id, body=altered, tenant_id=row.id)
        shown, now = _tenant(tx, code)
    forget_tokens(request)
    return json_text(shown, version=now)


def _tenant(tx: Connection, code: str) -> tuple[str, int]:
    row = tx.execute(
        text(f"select {_TENANT}::text as body, t.version from tenant t where t.code = :code and {_MINE}"),  # noqa: S608 - parts are constants above
        {"code": code},
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no tenant {code!r}.", code=code)
    return row.body, row.version


# ------------------------------------------------------------------------------------------------------- principals
@router.get("/api/v1/principals", summary="People and services", responses=answers(page_of(Person)))
def principals(caller: Annotated[Caller, Depends(require("identity:read"))]) -> Response:
    """People and service accounts by handle, with their roles; an agency sees those who hold a role there."""
    with caller.transaction() as tx:
        found = [person for person in list_principals(tx) if caller.principal.staff or person.roles]
    items = [
        {
            "id": person.id,
            "handle": person.handle,
            "kind": person.kind,
            "display_name": person.display_name,
            "email": person.email,
            "locale": person.locale,
            "active": person.active,
            "version": person.version,
            "roles": person.roles,
        }
        for person in found
    ]
    return json_value({"items": items, "next": None})


@router.post(
    "/api/v1/principals", status_code=201, summary="Add a person or service", responses=answers(PersonAdded, 201)
)
def add_principal(body: PrincipalIn, creation: Annotated[Creation, Depends(creating("identity:write"))]) -> Response:
    """Add a person or a service account, with a first role in your own tenant or to be given roles later.

    Accounts that an agency adds are named after it, `<code>.<handle>`: no handle tells what others have.
    """
    who = creation.caller.principal
    creation.caller.must_write("principal")
    if body.role is None and not who.staff:
        raise InvalidInput("An agency adds people with a role.", pointer="/role", hint=", ".join(sorted(_AGENCY_ROLES)))

    def effect(tx: Connection) -> Answer:
        handle = body.handle if who.staff else of_agency(who.tenant_code, body.handle)
        given = body.model_dump(exclude={"role", "client", "handle"})
        made = create_principal(tx, handle=handle, **given, external_id=_external(creation.caller, body))
        if body.role is not None:
            _may_hand_out(creation.caller, made, body.role, who.tenant_id)
            grant(tx, principal_id=made, tenant_id=who.tenant_id, role=body.role, granted_by=who.id)
        shown = {"id": str(made), "handle": handle, "kind": body.kind, "role": body.role}
        return Answer(201, json.dumps(shown), {"Location": f"/api/v1/principals/{handle}"})

    return creation.in_one_transaction(effect)


@router.post("/api/v1/principals/{handle}:deactivate", status_code=204, summary="Close an account")
def close_principal(
    handle: str, request: Request, caller: Annotated[Caller, Depends(require("identity:write"))]
) -> Response:
    """Close an account at once: its tokens and sessions open nothing any more; never one's own.

    An agency closes its service accounts; people it removes from its members.
    """
    caller.must_write("principal")
    with caller.transaction() as tx:
        who = principal_by_handle(tx, handle)
        if who == caller.principal.id:
            raise Denied("Nobody closes the own account.", hint="Ask a colleague.")
        if not caller.principal.staff and not _is_service(tx, who):
            raise Denied("Only the region closes a person's account.", hint="'irisplane member remove' ends the role.")
        if "platform-manager" not in caller.principal.roles:
            _leave_administrators(tx, who)
        if "platform-manager" not in caller.principal.roles and _runs_the_platform(tx, who):
            raise Denied("Only a platform-manager closes the account of one.", role="platform-manager")
        deactivate(tx, who)
    forget_tokens(request)
    return Response(status_code=204)


# ------------------------------------------------------------------------------------------------------ memberships
@router.get("/api/v1/memberships", summary="Roles", responses=answers(page_of(Membership)))
def memberships(caller: Annotated[Caller, Depends(require("identity:read"))]) -> Response:
    """Who holds which role in which tenant now."""
    with caller.transaction() as tx:
        items = tx.execute(
            text(
                "select coalesce(json_agg(json_build_object('principal', p.handle, 'tenant', t.code, 'role', m.role,"
                " 'since', lower(m.held), 'until', upper(m.held)) order by p.handle, t.code, m.role), '[]')::text"
                " from membership m join principal p on p.id = m.principal_id join tenant t on t.id = m.tenant_id"
                " where m.held @> now()"
            )
        ).scalar_one()
    return json_text('{"items":' + str(items) + ',"next":null}')


@router.post("/api/v1/memberships", status_code=201, summary="Give a role", responses=answers(MembershipGiven, 201))
def give_role(
    body: MembershipIn, request: Request, creation: Annotated[Creation, Depends(creating("identity:write"))]
) -> Response:
    """Give a role in a tenant, for good or until a time. Never to oneself."""
    who = creation.caller.principal

    def effect(tx: Connection) -> Answer:
        holder = principal_by_handle(tx, body.principal)
        tenant_id = tenant_by_code(tx, body.tenant) if body.tenant else who.tenant_id
        _may_hand_out(creation.caller, holder, body.role, tenant_id)
        grant(tx, principal_id=holder, tenant_id=tenant_id, role=body.role, granted_by=who.id, until=body.until)
        return Answer(201, body.model_dump_json())

    answer = creation.in_one_transaction(effect)
    forget_tokens(request)
    return answer


@router.delete("/api/v1/memberships/{tenant_code}/{handle}/{role}", status_code=204, summary="Take a role away")
def take_role(
    tenant_code: str,
    handle: str,
    role: str,
    request: Request,
    caller: Annotated[Caller, Depends(require("identity:write"))],
) -> Response:
    """Take a role away now; that it was held stays on record."""
    with caller.transaction() as tx:
        holder = principal_by_handle(tx, handle)
        tenant_id = tenant_by_code(tx, tenant_code)
        _may_hand_out(caller, holder, role, tenant_id)
        if role == "agency-admin" and "platform-manager" not in caller.principal.roles:
            keep_an_administrator(tx, tenant_id, holder)
        revoke_role(tx, principal_id=holder, tenant_id=tenant_id, role=role)
    forget_tokens(request)
    return Response(status_code=204)


def _may_hand_out(caller: Caller, holder: UUID, role: str, tenant_id: UUID) -> None:
    """Who hands out roles is policy's answer; beyond it, nobody alters the own, and an agency gives an agency's."""
    who = caller.principal
    if holder == who.id:
        raise Denied("Nobody gives or takes roles of the own account.", hint="Ask a colleague.")
    if not who.staff and role not in _AGENCY_ROLES:
        raise Denied(
            f"The role {role!r} is handed out by the region.", hint=f"Yours: {', '.join(sorted(_AGENCY_ROLES))}."
        )
    caller.must_write("membership", tenant=tenant_id)


def _runs_the_platform(tx: Connection, principal_id: UUID) -> bool:
    statement = text(
        "select exists (select from membership where principal_id = :id and role = 'platform-manager'"
        " and held @> now())"
    )
    return bool(tx.execute(statement, {"id": principal_id}).scalar_one())


def _is_service(tx: Connection, principal_id: UUID) -> bool:
    return bool(
        tx.execute(text("select kind = 'service' from principal where id = :id"), {"id": principal_id}).scalar()
    )


def _leave_administrators(tx: Connection, principal_id: UUID) -> None:
    """Closing an account must leave every administration one that keeps its people."""
    tenants = tx.execute(
        text(
            "select distinct tenant_id from membership"
            " where principal_id = :id and role = 'agency-admin' and held @> now()"
        ),
        {"id": principal_id},
    ).scalars()
    for tenant_id in sorted(tenants):
        keep_an_administrator(tx, tenant_id, principal_id)


def _external(caller: Caller, body: PrincipalIn) -> str | None:
    """Under which name an identity provider knows the account."""
    if body.client is None:
        return None
    if body.kind != "service":
        raise InvalidInput("Only a service stands for a client.", pointer="/client", hint="People sign in themselves.")
    who = caller.principal
    known = door_of(caller.request.app).issuers()
    if body.client.issuer not in known:
        raise InvalidInput(
            f"There is no identity provider {body.client.issuer!r}.",
            pointer="/client/issuer",
            hint=f"One of: {', '.join(known) or 'none is set up'}.",
        )
    issuer = known[body.client.issuer]
    if not who.staff and (issuer.tenant or "") != who.tenant_code and set(issuer.tenants.values()) != {who.tenant_code}:
        # else an agency could claim a neighbour's client, and have its orders land in the wrong hands
        raise Denied(
            f"The identity provider {issuer.name!r} speaks for other administrations, too.",
            hint="A platform-manager of the region adds the account, and gives it its role in yours.",
        )
    return external_id(issuer, body.client.client_id)
