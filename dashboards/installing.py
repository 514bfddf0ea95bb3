"""The pages join the application: their addresses, their files, and pages for addresses that are none."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api import problems
from core.errors import IrisplaneError
from dashboards import board, splice_plan
from dashboards.pages import (
    account,
    audit,
    capacity,
    changes,
    contexts,
    design,
    devices,
    figures,
    holdings,
    home,
    impact,
    incidents,
    keys,
    members,
    network_capacity,
    ordering,
    plant,
    push,
    quota,
    region_map,
    search,
    servers,
    service_design,
    services,
    status,
    steps,
    support,
    things,
    tokens,
)
from dashboards.routes import answer_to
from dashboards.sentences import spoken
from dashboards.static_files import WebFiles
from dashboards.visit import visiting

__all__ = ["install"]

_PROGRAMS: Final = ("/api/", "/static/", "/metrics", "/health")


def install(app: FastAPI) -> None:
    """Add every page to the application."""
    app.include_router(board.router)
    app.include_router(splice_plan.router)
    app.include_router(board.page_router)  # before /figures/{code}
    app.include_router(servers.forms)
    for place in (
        home,
        account,
        ordering,
        servers,
        keys,
        quota,
        members,
        tokens,
        holdings,
        things,
        support,
        changes,
        steps,
        audit,
        devices,
        contexts,
        region_map,
        plant,
        impact,
        incidents,
        push,
        services,
        service_design,
        figures,
        capacity,
        network_capacity,
        search,
        design,
        status,
    ):
        app.include_router(place.router)
    app.state.say = spoken  # errors at the entrance, which is the API's own
    app.mount("/static/web", WebFiles(), name="web-static")

    async def http(request: Request, raised: HTTPException) -> Response:
        wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(_PROGRAMS)
        if not wants_page:
            return problems.http(request, raised)
        with suppress(IrisplaneError):
            await visiting()(request)  # for the frame; who has no session sees the page without one
        return await run_in_threadpool(answer_to, request, raised)

    app.add_exception_handler(HTTPException, http)  # type: ignore[arg-type]  # Starlette types handlers by the base class
