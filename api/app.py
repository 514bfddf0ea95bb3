"""The application, assembled: our own routers, one of each domain that announces itself, and the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec

from fastapi import APIRouter, FastAPI

from api import docs_page, document, problems
from api.edge import Edge
from api.events import stop_announcements
from core.db import Database
from core.domain import domains
from core.settings import Settings
from dashboards import installing

__all__ = ["BODY_LIMIT", "create_app"]

BODY_LIMIT = 8 * 1024 * 1024
"""Bytes of a request's body, at most; what is larger is imported in parts."""

_OWN = (
    "api.health",
    "api.catalogue",
    "api.sign_in_by_token",
    "api.sign_in",
    "api.sessions",
    "api.tokens",
    "api.identity",
    "api.members",
    "api.secrets",
    "api.calendar",
    "api.changes",
    "api.kinds",
    "api.events",
    "api.audit",
    "api.figures",
    "api.webhooks",
)

_DESCRIPTION = """
The control plane of a region: everything that alters it is a *Change*, which is planned, read, approved,
run, verified and audited.

* Programs come with `Authorization: Bearer irp_…`, or with an access token of an identity provider;
  people sign in at `/sign-in`.
* A `POST` that creates needs an `Idempotency-Key`.
* Writing a resource needs its `ETag` in `If-Match`.
* Errors are `application/problem+json` with a stable `type`; [/api/v1/errors](/api/v1/errors) lists them.
* Lists are pages: follow `Link: <…>; rel="next"`.
"""


def create_app(database: Database, settings: Settings) -> FastAPI:
    """The application on a database. Closes the database's connections when it stops."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        stop_announcements(app)
        database.close()

    app = FastAPI(
        title="Irisplane",
        version=version("irisplane"),
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.database = database
    app.state.settings = settings
    problems.install(app)
    for module in _OWN:
        app.include_router(_router(f"{module}:router"))
    for domain in domains():
        for reference in domain.routers:
            if find_spec(reference.partition(":")[0]):
                app.include_router(_router(reference))
    docs_page.install(app)
    document.install(app)
    installing.install(app)
    app.add_middleware(Edge, body_limit=BODY_LIMIT)
    return app


def _router(reference: str) -> APIRouter:
    module, _, name = reference.partition(":")
    found = getattr(import_module(module), name)
    assert isinstance(found, APIRouter), f"{reference} is no router"
    return found
