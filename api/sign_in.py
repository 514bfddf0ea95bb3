"""`/sign-in`, `/signed-in`, `/sign-out`: how a browser gets its session from an identity provider, and gives it back.

Server-rendered, without script or style of their own, under the strict policy of ``api.edge``. Nothing is stored for a
browser that goes to its provider and never returns: what it must bring back is sealed in a cookie.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, wraps
from typing import Any
from urllib.parse import parse_qs, urlencode
from uuid import UUID

import jinja2
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import text

from api.browser import (
    Pending,
    check_csrf,
    drop_cookies,
    local_path,
    pending_of,
    session_cookie,
    set_pending,
    set_session,
)
from api.dependencies import database_of, door_of, forget_tokens, settings_of
from api.limits import address_of, limits_of
from api.problems import status_of
from api.sign_in_words import LANGUAGES, language_of, words_of
from core.errors import Denied, IrisplaneError, NotFound, Unauthenticated
from core.identity import Principal
from core.logs import get_logger
from core.scope import EVERY_TENANT, Scope
from core.sessions import Life, SessionText, authenticate_session, end_of_provider, end_session, list_sessions
from core.settings import Settings
from core.sign_in.claims import external_id, identity_of
from core.sign_in.entering import Browser, enter
from core.sign_in.errors import ProviderUnavailable, SignInBroken
from core.sign_in.provider import Begun

__all__ = ["for_people", "form_of", "life_of", "page", "router", "settle"]

router = APIRouter(include_in_schema=False)

_HOME = "/signed-in"
_log = get_logger("irisplane.sign_in")


@cache
def _pages() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("api", "pages"), autoescape=True, undefined=jinja2.StrictUndefined
    )


def page(request: Request, template: str, title: str, *, status: int = 200, **shown: Any) -> HTMLResponse:
    """A page of the entrance, in the browser's language; ``title`` is a field of ``Words``."""
    language = language_of(request)

    def query_with(code: str) -> str:
        kept = [(key, value) for key, value in request.query_params.multi_items() if key in {"next", "invitation"}]
        return urlencode([*kept, ("lang", code)])

    words = words_of(language)
    body = _pages().get_template(f"{template}.html.j2").render(
        lang=language, languages=LANGUAGES, query_with=query_with, words=words, title=getattr(words, title), **shown
    )  # fmt: skip
    return HTMLResponse(body, status_code=status, headers={"Vary": "Accept-Language, Cookie"})


def _as_written(english: str, _language: str) -> str:
    return english


def for_people(limit: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """A page: counted against the address, and an error is a page as well, for who looks at it is a person."""

    def decorate(endpoint: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(endpoint)
        def answered(request: Request, *args: Any, **kwargs: Any) -> Response:
            try:
                limits_of(request.app).count(
                    request, "sign-in" if limit == "sign-in" else "address", address_of(request)
                )
                return endpoint(request, *args, **kwargs)
            except IrisplaneError as error:
                if status_of(type(error)) >= 500:
                    _log.error("sign-in failed", code=error.code, detail=error.message)
                request_id = str(request.state.request_id)
                say = getattr(request.app.state, "say", _as_written)  # the pages know other languages, where they are
                answer = page(
                    request, "refused", "refused", status=status_of(type(error)), error=error, request_id=request_id,
                    say=say,
                )  # fmt: skip
                if "retry_after" in error.fields:
                    answer.headers["Retry-After"] = str(error.fields["retry_after"])
                return answer

        return answered

    return decorate


# ---------------------------------------------------------------------------------------------------------- signing in
@router.get("/sign-in")
@for_people("address")
def sign_in(request: Request) -> Response:
    """Which providers there are."""
    following = local_path(request.query_params.get("next"), _HOME)
    invitation = request.query_params.get("invitation", "")[:100]
    carried = {"next": following} | ({"invitation": invitation} if invitation else {})
    ways = [
        {"name": one.name, "label": one.label, "href": f"/sign-in/{one.name}?{urlencode(carried)}"}
        for one in door_of(request.app).issuers().values()
    ]
    signed_out = request.query_params.get("said") == "signed-out"
    return page(
        request,
        "sign_in",
        "sign_in",
        ways=ways,
        by_token=settings_of(request).sign_in_by_token and not invitation,
        following=following,
        invited=bool(invitation),
        signed_out=signed_out,
        elsewhere=_elsewhere(request) if signed_out else [],
    )


@router.get("/sign-in/{name}")
@for_people("sign-in")
def begin(request: Request, name: str) -> Response:
    """Send the browser to its provider, with what it must bring back."""
    settings = settings_of(request)
    begun = door_of(request.app).provider(name).begin(_callback(settings, name))
    pending = Pending(
        issuer=name,
        state=begun.state,
        nonce=begun.nonce,
        verifier=begun.verifier,
        following=local_path(request.query_params.get("next"), _HOME),
        invitation=request.query_params.get("invitation", "")[:100] or None,
        begun=int(time.time()),
    )
    answer = RedirectResponse(begun.url, status_code=303)
    set_pending(answer, settings, pending)
    return answer


@router.get("/sign-in/{name}/callback")
@for_people("sign-in")
def come_back(request: Request, name: str) -> Response:
    """Take what the provider says about who came back, and begin a session."""
    settings, database = settings_of(request), database_of(request)
    pending = pending_of(request, settings)
    given = {key: value for key, value in request.query_params.items() if len(value) <= 4096}
    if pending.issuer != name or not hmac.compare_digest(pending.state.encode(), given.get("state", "").encode()):
        raise SignInBroken("The answer does not belong to the sign-in that this browser began.")
    provider = door_of(request.app).provider(name)
    begun = Begun("", pending.state, pending.nonce, pending.verifier)
    identity = identity_of(provider.issuer, provider.finish(_callback(settings, name), given, begun))
    browser = Browser(address_of(request), request.headers.get("user-agent", ""), str(request.state.request_id))
    entered = enter(
        database,
        provider.issuer,
        identity,
        life=life_of(settings),
        browser=browser,
        invitation=pending.invitation,
    )
    return settle(request, entered.session, pending.following)


@router.post("/sign-in/{name}/signed-out")
def signed_out_there(request: Request, name: str) -> Response:
    """A provider says that somebody signed out there (Back-Channel Logout): their sessions here end as well."""
    limits_of(request.app).count(request, "address", address_of(request))
    token = form_of(request).get("logout_token", "")
    provider = door_of(request.app).provider(name)
    claims = provider.verify_sign_out(token)
    subject, sid = claims.get("sub"), claims.get("sid")
    if not subject and not sid:
        raise Unauthenticated("The logout token names nobody.")
    scope = Scope(EVERY_TENANT, None, str(request.state.request_id), f"signed out at {name}")
    with database_of(request).transaction("api", scope) as tx:
        end_of_provider(
            tx,
            issuer=name,
            external_id=external_id(provider.issuer, str(subject)) if subject else None,
            provider_sid=str(sid) if sid else None,
        )
    forget_tokens(request)
    return Response(status_code=200)


# ----------------------------------------------------------------------------------------------------------- signed in
@router.get(_HOME)
@for_people("address")
def signed_in(request: Request) -> Response:
    """Who one is, and the sessions one has."""
    try:
        principal, session = _session(request)
    except Unauthenticated:
        return RedirectResponse(f"/sign-in?{urlencode({'next': _HOME})}", status_code=303)
    with database_of(request).transaction("api", Scope(EVERY_TENANT, principal.id, request.state.request_id)) as tx:
        sessions = list_sessions(tx, principal.id)
        names = tx.execute(
            text(
                "select p.display_name, t.name_en, t.name_fr, t.name_nl from principal p, tenant t"
                " where p.id = :principal and t.id = :tenant"
            ),
            {"principal": principal.id, "tenant": principal.tenant_id},
        ).one()
    shown = [
        {
            "id": one.id,
            "agent": one.agent,
            "address": one.address,
            "seen": _moment(one.seen_at),
            "until": _moment(one.expires_at),
            "current": one.id == principal.session_id,
        }
        for one in sessions
    ]
    return page(
        request,
        "signed_in",
        "signed_in",
        name=names.display_name,
        handle=principal.handle,
        tenant=getattr(names, f"name_{language_of(request)}"),
        roles=sorted(principal.roles),
        csrf=session.csrf,
        sessions=shown,
    )


@router.post("/sign-out")
@for_people("address")
def sign_out(request: Request) -> Response:
    """End this session, or another one of the same person; only from a page of ours."""
    settings = settings_of(request)
    form = form_of(request)
    try:
        principal, session = _session(request)
    except Unauthenticated:
        answer = RedirectResponse("/sign-in?said=signed-out", status_code=303)
        drop_cookies(answer, settings, "session", "sign-in")
        return answer
    check_csrf("POST", session, form.get("csrf_token", ""))
    chosen = _uuid(form["session"]) if "session" in form else principal.session_id
    if chosen is None:
        raise NotFound("There is no such session.")
    scope = Scope(EVERY_TENANT, principal.id, str(request.state.request_id), "sign out")
    with database_of(request).transaction("api", scope) as tx:
        end_session(tx, chosen, principal_id=principal.id)
    forget_tokens(request)
    here = chosen == principal.session_id
    answer = RedirectResponse("/sign-in?said=signed-out" if here else _HOME, status_code=303)
    if here:
        drop_cookies(answer, settings, "session", "sign-in")
    return answer


# -------------------------------------------------------------------------------------------------------------- inside
def settle(request: Request, session: SessionText, following: str) -> Response:
    """Give the browser its new session, in place of one that it brought, and send it on."""
    settings = settings_of(request)
    _end_quietly(request)
    forget_tokens(request)
    answer = RedirectResponse(following, status_code=303)
    drop_cookies(answer, settings, "sign-in")
    set_session(answer, settings, session)
    return answer


def life_of(settings: Settings) -> Life:
    """How long a session lasts here."""
    return Life(timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours))


def _elsewhere(request: Request) -> list[dict[str, str]]:
    """Where to sign out at the providers themselves: they would let whoever sits here next in without a question."""
    door, back = door_of(request.app), f"{settings_of(request).url}/sign-in"
    found = []
    for issuer in door.issuers().values():
        try:
            address = door.provider(issuer.name).sign_out_url()
        except ProviderUnavailable:
            continue
        if address:
            asked = urlencode({"client_id": issuer.client_id, "post_logout_redirect_uri": back})
            found.append({"name": issuer.name, "label": issuer.label, "href": f"{address}?{asked}"})
    return found


def _callback(settings: Settings, name: str) -> str:
    return f"{settings.url}/sign-in/{name}/callback"


def _session(request: Request) -> tuple[Principal, SessionText]:
    cookie = session_cookie(request, settings_of(request))
    if cookie is None:
        raise Unauthenticated("This browser has no session.")
    return authenticate_session(database_of(request), cookie), SessionText.parse(cookie)


def _end_quietly(request: Request) -> None:
    """End the session that the browser brought from before: signing in anew leaves none behind."""
    try:
        before, _ = _session(request)
    except (Unauthenticated, Denied):
        return
    if before.session_id is not None:
        scope = Scope(EVERY_TENANT, before.id, str(request.state.request_id), "signed in anew")
        with database_of(request).transaction("api", scope) as tx:
            end_session(tx, before.session_id, principal_id=before.id)


def form_of(request: Request) -> dict[str, str]:
    """The fields of a form that was sent; of several with one name the first."""
    body: bytes = request.state.body
    try:
        found = parse_qs(body.decode("ascii"), max_num_fields=20)
    except (UnicodeDecodeError, ValueError):
        return {}
    return {key: values[0] for key, values in found.items()}


def _uuid(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise NotFound("There is no such session.") from None


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
