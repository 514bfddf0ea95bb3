"""Who looks at a page: a session, what it may do, and the form it brought.

::

    @router.get("/devices")
    def devices(visit: Annotated[Visit, Depends(visiting("network:read"))]) -> Response:
        with visit.transaction() as tx:
            ...
        return show(visit, "devices", title=..., found=found)
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from fastapi import Request
from sqlalchemy import Connection

from api.browser import check_csrf, check_origin, session_cookie
from api.dependencies import Caller, permitted, settings_of, signed_in
from api.idempotency import Creation
from core.db import Database
from core.errors import Unauthenticated
from core.identity import Principal
from core.scope import Scope
from core.sessions import SessionText
from dashboards.forms import Form, form_of

__all__ = ["Visit", "visiting"]


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at a page.

    Attributes:
        csrf: what the page's forms must bring back.
        form: what this request brought; empty when it only looks.
    """

    caller: Caller
    csrf: str
    form: Form

    @property
    def request(self) -> Request:
        """The request itself."""
        return self.caller.request

    @property
    def principal(self) -> Principal:
        """Who looks."""
        return self.caller.principal

    @property
    def database(self) -> Database:
        """The application's database."""
        return self.caller.database

    @property
    def enhanced(self) -> bool:
        """Whether htmx asks, for a part of a page."""
        return self.request.headers.get("hx-request") == "true"

    def may(self, *scopes: str) -> bool:
        """Whether every one of these scopes is held: what may not be done is not offered."""
        return all(self.principal.may(scope) for scope in scopes)

    def scope(self, reason: str | None = None) -> Scope:
        """The scope of what is read or done here."""
        return self.caller.scope(reason)

    def transaction(self, reason: str | None = None) -> AbstractContextManager[Connection]:
        """A transaction of role ``api`` in the person's scope."""
        return self.caller.transaction(reason)

    def creation(self) -> Creation:
        """What the form does, at most once for its key."""
        said = f"{self.request.method} {self.request.url.path}\n".encode() + self.request.state.body
        return Creation(self.caller, self.form.key, hashlib.sha256(said).hexdigest())

    def tenant_of(self, find: Callable[[Connection], UUID | None]) -> UUID | None:
        """Whose change it is when one of the region's staff acts for an administration; ``None``: their own."""
        if not self.principal.staff:
            return None
        with self.transaction() as tx:
            return find(tx)


@cache
def visiting(*scopes: str) -> Callable[[Request], Awaitable[Visit]]:
    """A dependency: who has signed in and may do all of this.

    Raises (when called):
        Unauthenticated: no session, or one that is over.
        CsrfMissing: the form is of another session, or another site sends it.
        Denied, TooManyRequests: as in the API.
    """

    async def visit(request: Request) -> Visit:
        request.state.form = form = form_of(request)
        if request.method == "POST":
            check_origin(request)
        principal = await signed_in(request)
        cookie = session_cookie(request, settings_of(request))
        if cookie is None:
            raise Unauthenticated("This page needs a session.")
        session = SessionText.parse(cookie)
        # kept for the page that says what went wrong, which has the person's own frame and language
        made = Visit(Caller(principal, request.app.state.database, request), session.csrf, form)
        request.state.visit = made
        check_csrf(request.method, session, form.text("csrf_token"))
        permitted(request, principal, *scopes)
        return made

    return visit
