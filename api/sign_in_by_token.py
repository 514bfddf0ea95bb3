"""`/sign-in/token`, `/enter`: a browser signs in with a person's token, pasted or by a link that is good once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.answers import json_value
from api.browser import check_origin, local_path
from api.dependencies import Caller, database_of, require, settings_of
from api.limits import address_of, limits_of
from api.sign_in import for_people, form_of, life_of, page, settle
from api.sign_in_words import language_of
from core.errors import NotFound, Unauthenticated
from core.identity import authenticate
from core.scope import EVERY_TENANT, Scope
from core.sign_in.by_token import LINK_LIFE, Link, claim, offer, offered, session_of
from core.sign_in.entering import Browser

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.post("/sign-in/token")
@for_people("sign-in")
def by_token(request: Request) -> Response:
    """Begin a session for the person whose token was pasted."""
    _offered_here(request)
    check_origin(request)
    form, limits, address = form_of(request), limits_of(request.app), address_of(request)
    limits.admit("refused", address)
    try:
        principal = authenticate(database_of(request), form.get("token", "").strip())
    except Unauthenticated:
        limits.blame("refused", address)
        raise
    with database_of(request).transaction("api", _scope(request, "sign in with a token")) as tx:
        session = session_of(tx, principal, life_of(settings_of(request)), _browser(request))
    return settle(request, session, local_path(form.get("next"), "/"))


@router.post("/enter", status_code=201)
async def make_link(caller: Annotated[Caller, Depends(require())]) -> Response:
    """For the command line: an address that signs in who opens it, once."""
    request = caller.request
    _offered_here(request)

    def make() -> Link:
        with caller.database.transaction("api", caller.scope("link to sign in")) as tx:
            return offer(tx, caller.principal)

    link = await run_in_threadpool(make)
    seconds = int(LINK_LIFE.total_seconds())
    return json_value({"path": f"/enter/{link.reveal()}", "seconds": seconds}, status=201)


@router.get("/enter/{code}")
@for_people("sign-in")
def enter(request: Request, code: str) -> Response:
    """Whom the link signs in. Looking at it uses nothing up: a mail program may have done so before."""
    _offered_here(request)
    with database_of(request).transaction("api", _scope(request, "look at a link")) as tx:
        who = offered(tx, Link(code))
    return page(request, "enter", "link", who=who, tenant=who.tenant[language_of(request)])


@router.post("/enter/{code}")
@for_people("sign-in")
def go_in(request: Request, code: str) -> Response:
    """Begin the session that the link promised."""
    _offered_here(request)
    check_origin(request)
    with database_of(request).transaction("api", _scope(request, "sign in with a link")) as tx:
        session = claim(tx, Link(code), life_of(settings_of(request)), _browser(request))
    return settle(request, session, "/")


def _offered_here(request: Request) -> None:
    if not settings_of(request).sign_in_by_token:
        raise NotFound("Tokens sign no browser in here.", hint="/sign-in lists the identity providers there are.")


def _scope(request: Request, reason: str) -> Scope:
    """Whose session it is follows from the token or the code; before, nobody acts."""
    return Scope(EVERY_TENANT, None, str(request.state.request_id), reason)


def _browser(request: Request) -> Browser:
    return Browser(address_of(request), request.headers.get("user-agent", ""), str(request.state.request_id))
