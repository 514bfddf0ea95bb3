"""What an endpoint asks for: who calls, under which request, and transactions in their scope.

::

    @router.get("/api/v1/devices/{name}")
    def device(name: str, caller: Annotated[Caller, Depends(require("inventory:read"))]) -> Response:
        with caller.transaction() as tx:
            ...

Endpoints are plain ``def`` (the thread pool runs them); ``require`` costs no thread while the token is remembered.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote
from uuid import UUID

from fastapi import FastAPI, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from api.browser import CSRF_HEADER, check_csrf, session_cookie
from api.limits import address_of, limits_of
from core.db import Database
from core.errors import Denied, Unauthenticated
from core.identity import Principal, authenticate
from core.scope import Scope
from core.sessions import SessionText, authenticate_session
from core.settings import Settings
from core.sign_in.door import LONGEST_ACCESS_TOKEN, Door
from orchestrator.policy import policy

__all__ = [
    "Caller",
    "asks_for",
    "database_of",
    "door_of",
    "forget_tokens",
    "permitted",
    "require",
    "scopes_needed",
    "settings_of",
    "signed_in",
    "still_valid",
]

_NOT_TEXT = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]")
"""Control characters, and those that turn the direction of writing."""

_NEEDED: dict[object, tuple[str, ...]] = {}
"""What each dependency made here asks for, for the OpenAPI document."""

_REMEMBER_SECONDS = 2.0
_REMEMBER_MOST = 2048


def database_of(request: Request) -> Database:
    """The application's database."""
    database: Database = request.app.state.database
    return database


def settings_of(request: Request) -> Settings:
    """The application's settings."""
    settings: Settings = request.app.state.settings
    return settings


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and the request they call with."""

    principal: Principal
    database: Database
    request: Request

    @property
    def request_id(self) -> str:
        """The id under which this request stands in logs, changes and the audit."""
        return str(self.request.state.request_id)

    @property
    def reason(self) -> str:
        """Why, as the ``X-Reason`` header says (percent-encoded UTF-8); otherwise what was asked."""
        given = unquote(self.request.headers.get("x-reason", ""))[:2000]
        said = " ".join(_NOT_TEXT.sub(" ", given).split())  # it is shown in terminals and mail: one line of text
        return said[:500] or f"{self.request.method} {self.request.url.path}"

    def scope(self, reason: str | None = None) -> Scope:
        """The scope of what this caller does."""
        return self.principal.scope(self.request_id, reason or self.reason)

    def transaction(self, reason: str | None = None) -> AbstractContextManager[Connection]:
        """A transaction of role ``api`` in the caller's scope."""
        return self.database.transaction("api", self.scope(reason))

    def must_write(self, kind: str, *, tenant: UUID | None = None, owner: UUID | None = None) -> None:
        """Ask policy whether the caller may write a thing of this kind; the own tenant's when none is named.

        Raises:
            Denied: names the rule.
        """
        thing = {"kind": kind, "tenant": str(tenant or self.principal.tenant_id), "owner": str(owner or "")}
        policy().require(self.principal, "write", thing)


class _Remembered:
    """Principals of tokens seen in the last two seconds, by digest; the token itself is not kept."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[float, Principal]] = {}
        self._proved: dict[bytes, None] = {}
        self._guard = threading.Lock()

    def get(self, digest: bytes) -> Principal | None:
        entry = self._known.get(digest)
        return entry[1] if entry is not None and entry[0] > time.monotonic() else None

    def put(self, digest: bytes, principal: Principal) -> None:
        with self._guard:
            if len(self._known) >= _REMEMBER_MOST:
                self._known.clear()
            self._known[digest] = (time.monotonic() + _REMEMBER_SECONDS, principal)
            if len(self._proved) >= _REMEMBER_MOST * 8:
                self._proved.clear()
            self._proved[digest] = None

    def proved(self, digest: bytes) -> bool:
        """Whether this was valid before: its holder is not made to wait for others' guesses from the same address."""
        return digest in self._proved

    def refused(self, digest: bytes) -> None:
        with self._guard:
            self._proved.pop(digest, None)

    def clear(self) -> None:
        with self._guard:
            self._known.clear()


def _remembered(request: Request) -> _Remembered:
    state = request.app.state
    if not hasattr(state, "remembered"):
        state.remembered = _Remembered()
    found: _Remembered = state.remembered
    return found


def door_of(app: FastAPI) -> Door:
    """The application's identity providers."""
    state = app.state
    if not hasattr(state, "door"):
        state.door = Door(state.database, state.settings)
    found: Door = state.door
    return found


def forget_tokens(request: Request) -> None:
    """Ask the database again for every token: called where tokens, roles or people alter."""
    _remembered(request).clear()


async def _principal(request: Request) -> Principal:
    given = request.headers.get("authorization")
    if given is None:
        cookie = session_cookie(request, settings_of(request))
        if cookie is None:
            raise Unauthenticated("This address needs a token, or a session that signed in.")
        check_csrf(request.method, SessionText.parse(cookie), request.headers.get(CSRF_HEADER, ""))
        return await _proved(request, b"session:" + cookie.encode(), authenticate_session, database_of(request), cookie)
    scheme, _, token = given.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("This address needs a token.")
    if len(token) > LONGEST_ACCESS_TOKEN or not token.isascii():
        raise Unauthenticated("This token is not valid.")
    if token.count(".") == 2:
        return await _proved(request, token.encode(), door_of(request.app).machine, token)
    return await _proved(request, token.encode(), authenticate, database_of(request), token)


async def signed_in(request: Request) -> Principal:
    """Who looks at a page, by their session alone. What a form does is for ``api.browser.check_csrf`` to admit.

    Raises:
        Unauthenticated: no session, or one that is over.
    """
    cookie = session_cookie(request, settings_of(request))
    if cookie is None:
        raise Unauthenticated("This page needs a session.", hint="Sign in.")
    return await _proved(request, b"session:" + cookie.encode(), authenticate_session, database_of(request), cookie)


async def _proved(request: Request, presented: bytes, prove: Callable[..., Principal], *arguments: object) -> Principal:
    """The principal that something proves: asked again every two seconds, so what is taken away is gone by then."""
    digest = hashlib.sha256(presented).digest()
    known = _remembered(request)
    principal = known.get(digest)
    if principal is None:
        address = address_of(request)
        if not known.proved(digest):
            limits_of(request.app).admit("refused", address)
        try:
            principal = await run_in_threadpool(prove, *arguments)
        except Unauthenticated:
            known.refused(digest)
            limits_of(request.app).blame("refused", address)
            raise
        known.put(digest, principal)
    return principal


async def still_valid(caller: Caller) -> None:
    """Whether the caller's token still opens the same door: asked again by what lasts longer than one answer.

    Raises:
        Unauthenticated: it does not, or its holder's roles are others now and so is what they may see.
    """
    if await _principal(caller.request) != caller.principal:
        raise Unauthenticated("Your roles have changed; ask again.")


@cache
def require(*scopes: str) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency: the caller, who has signed in with a token that holds every one of these scopes.

    Raises (when called):
        Unauthenticated: no token, or not a valid one.
        Denied: the token lacks a scope.
        TooManyRequests: the token asks too often, or its address came with too many that were refused.
    """

    async def caller(request: Request) -> Caller:
        return permitted(request, await _principal(request), *scopes)

    asks_for(caller, scopes)
    return caller


def permitted(request: Request, principal: Principal, *scopes: str) -> Caller:
    """The caller, once counted, when every one of these scopes is held.

    Raises:
        Denied: one is not.
        TooManyRequests: asked too often.
    """
    key = principal.token_id or principal.session_id or principal.id
    limits_of(request.app).count(request, "token", key)
    for scope in scopes:
        if not principal.may(scope) and principal.session_id is not None:
            raise Denied(
                f"None of your roles gives the scope {scope!r}.",
                hint="Ask the administrator of your organisation; /signed-in shows the roles you hold.",
                scope=scope,
            )
        if not principal.may(scope):
            raise Denied(
                f"Your token does not hold the scope {scope!r}.",
                hint=f"Make one that does: irisplane token create --scope {scope}.",
                scope=scope,
            )
    return Caller(principal, database_of(request), request)


def asks_for(dependency: object, scopes: tuple[str, ...]) -> None:
    """Let the OpenAPI document know what a dependency asks for."""
    _NEEDED[dependency] = scopes


def scopes_needed(dependency: object) -> tuple[str, ...] | None:
    """The scopes that a dependency asks for; ``None`` for one that lets everybody in."""
    return _NEEDED.get(dependency)
