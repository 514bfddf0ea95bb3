"""`/api/v1/session` and `/api/v1/sessions`: the browser's own session, and all that one has."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import json_value
from api.browser import session_cookie
from api.dependencies import Caller, database_of, forget_tokens, require, settings_of
from api.shapes import answers, page_of
from api.shapes.identity import OwnSession, Session, SessionMoved
from core.errors import NotFound
from core.scope import EVERY_TENANT, Scope
from core.sessions import SessionInfo, SessionText, end_session, list_sessions, move_session

__all__ = ["router"]

router = APIRouter(tags=["identity"])

Signed = Annotated[Caller, Depends(require())]


class SessionEdit(BaseModel):
    """In which tenant the session acts."""

    model_config = ConfigDict(extra="forbid")

    tenant: str = Field(description="Code of a tenant in which you hold a role.", max_length=63)


@router.get("/api/v1/session", summary="This browser's session", responses=answers(OwnSession))
def session(caller: Signed) -> Response:
    """The session that this request came with, and its CSRF token for `X-CSRF-Token`; 404 for who came with a token."""
    cookie = _cookie(caller)
    with database_of(caller.request).transaction("api", _own(caller)) as tx:
        found = [one for one in list_sessions(tx, caller.principal.id) if one.id == caller.principal.session_id]
    if not found:
        raise NotFound("This request came without a session.")
    return json_value({**_shown(found[0], caller), "csrf_token": cookie.csrf})


@router.post("/api/v1/session:move", summary="Act in another tenant", responses=answers(SessionMoved))
def move(body: SessionEdit, request: Request, caller: Signed) -> Response:
    """Let this session act in another tenant in which you hold a role."""
    _cookie(caller)
    assert caller.principal.session_id is not None, "a cookie proves a session"
    with database_of(request).transaction("api", _own(caller)) as tx:
        move_session(tx, caller.principal.session_id, principal_id=caller.principal.id, tenant=body.tenant)
    forget_tokens(request)
    return json_value({"tenant": body.tenant})


@router.get("/api/v1/sessions", summary="Your sessions", responses=answers(page_of(Session)))
def sessions(caller: Signed) -> Response:
    """Browsers that are signed in as you, last used first."""
    with database_of(caller.request).transaction("api", _own(caller)) as tx:
        found = list_sessions(tx, caller.principal.id)
    return json_value({"items": [_shown(one, caller) for one in found], "next": None})


@router.delete("/api/v1/sessions/{session_id}", status_code=204, summary="End a session")
def end(session_id: UUID, request: Request, caller: Signed) -> Response:
    """End one of your sessions at once."""
    with database_of(request).transaction("api", _own(caller)) as tx:
        end_session(tx, session_id, principal_id=caller.principal.id)
    forget_tokens(request)
    return Response(status_code=204)


def _own(caller: Caller) -> Scope:
    """One's own sessions may act in several tenants; every statement here asks for one's own alone."""
    return Scope(EVERY_TENANT, caller.principal.id, caller.request_id, caller.reason)


def _cookie(caller: Caller) -> SessionText:
    cookie = session_cookie(caller.request, settings_of(caller.request))
    if caller.principal.session_id is None or cookie is None:
        raise NotFound("This request came without a session.", hint="Browsers sign in at /sign-in.")
    return SessionText.parse(cookie)


def _shown(one: SessionInfo, caller: Caller) -> dict[str, object]:
    return {**asdict(one), "current": one.id == caller.principal.session_id}
