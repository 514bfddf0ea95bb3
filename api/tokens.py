"""`/api/v1/tokens` and `/api/v1/me`: who am I, and with which tokens may programs act for me."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, text

from api.answers import json_value
from api.dependencies import Caller, forget_tokens, require
from api.idempotency import Answer, Creation, creating
from api.shapes import answers, page_of
from api.shapes.identity import Me, Token, TokenMade
from core.bootstrap import SYSTEM
from core.errors import Denied, NotFound
from core.identity import principal_by_handle, tenant_by_code
from core.tokens import TokenInfo, issue, list_tokens, revoke

__all__ = ["router"]

router = APIRouter(tags=["identity"])


class TokenIn(BaseModel):
    """A token to make."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="What it is for.", max_length=100)
    scopes: list[str] = Field(default=["*"], max_length=64, description="`*`, `network:*` or single scopes.")
    expires_at: datetime | None = Field(default=None, description="90 days from now when absent.")
    principal: str | None = Field(default=None, description="Handle of a service account; yourself when absent.")
    tenant: str | None = Field(default=None, description="Code of the tenant; your own when absent.")


@router.get("/api/v1/me", summary="Who am I?", responses=answers(Me))
def me(caller: Annotated[Caller, Depends(require())]) -> Response:
    """Your handle, tenant, roles, and what this token may be used for."""
    who = caller.principal
    return json_value(
        {
            "id": who.id,
            "handle": who.handle,
            "kind": who.kind,
            "tenant": who.tenant_code,
            "roles": sorted(who.roles),
            "scopes": sorted(who.scopes),
            "staff": who.staff,
        }
    )


@router.get("/api/v1/tokens", summary="Tokens", responses=answers(page_of(Token)))
def tokens(caller: Annotated[Caller, Depends(require("token:write"))]) -> Response:
    """Your tokens, newest first; every token of your tenant with the scope `identity:write`. Never their secret."""
    everybody = caller.principal.may("identity:write")
    with caller.transaction() as tx:
        found = list_tokens(tx, principal_id=None if everybody else caller.principal.id)
    return json_value({"items": [_shown(token) for token in found], "next": None})


@router.post("/api/v1/tokens", status_code=201, summary="Make a token", responses=answers(TokenMade, 201))
def create_token(body: TokenIn, creation: Annotated[Creation, Depends(creating("token:write"))]) -> Response:
    """Make a token. The answer is the only place where its text ever stands; a repetition does not show it again."""
    who = creation.caller.principal

    def effect(tx: Connection) -> Answer:
        holder = principal_by_handle(tx, body.principal) if body.principal else who.id
        if holder != who.id and not who.may("identity:write"):
            raise Denied(
                "Only your own tokens are yours to make.", hint="The scope identity:write makes them for services."
            )
        if holder != who.id and not _is_service(tx, holder):
            raise Denied(
                "Nobody makes a token in another person's name, or in the system's.",
                hint="People make theirs themselves; for a program, make a service account of its own.",
            )
        tenant = tenant_by_code(tx, body.tenant) if body.tenant else who.tenant_id
        creation.caller.must_write("token", tenant=tenant, owner=holder)
        made = issue(
            tx,
            principal_id=holder,
            tenant_id=tenant,
            name=body.name,
            scopes=body.scopes,
            expires_at=body.expires_at,
            within=who.scopes,
        )
        shown = {
            "id": str(made.id),
            "public_id": made.token.public_id,
            "name": made.name,
            "scopes": sorted(made.scopes),
            "expires_at": made.expires_at.isoformat(),
        }
        location = {"Location": f"/api/v1/tokens/{made.id}"}
        return Answer(201, json.dumps({**shown, "token": made.token.reveal()}), location, kept=json.dumps(shown))

    return creation.in_one_transaction(effect)


@router.delete("/api/v1/tokens/{token_id}", status_code=204, summary="Revoke a token")
def revoke_token(
    token_id: UUID, request: Request, caller: Annotated[Caller, Depends(require("token:write"))]
) -> Response:
    """End a token at once; again is no error."""
    with caller.transaction() as tx:
        if not caller.principal.may("identity:write"):
            own = {token.id for token in list_tokens(tx, principal_id=caller.principal.id)}
            if token_id not in own:
                raise NotFound("There is no such token.")
        revoke(tx, token_id)
    forget_tokens(request)
    return Response(status_code=204)


def _is_service(tx: Connection, principal_id: UUID) -> bool:
    """A service account that people made; the system's own acts on standing orders, so no token opens it."""
    asked = text("select kind = 'service' and handle <> :system from principal where id = :id")
    return bool(tx.execute(asked, {"id": principal_id, "system": SYSTEM}).scalar())


def _shown(token: TokenInfo) -> dict[str, object]:
    return {
        "id": token.id,
        "public_id": token.public_id,
        "holder": token.handle,
        "name": token.name,
        "scopes": list(token.scopes),
        "created_at": token.created_at.isoformat(),
        "expires_at": token.expires_at.isoformat(),
        "revoked_at": token.revoked_at.isoformat() if token.revoked_at else None,
        "last_used_at": token.last_used_at.isoformat() if token.last_used_at else None,
    }
