"""The pages join the application: their addresses, their files, and pages for addresses that are none."""

from __future__ import annotations

from contextlib import suppress
from importlib.resources import files
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api import problems
from core.errors import IrisplaneError
from dashboards import board
from dashboards.pages import (
    account,
    changes,
    design,
    devices,
    figures,
    holdings,
    home,
    keys,
    members,
    ordering,
    push,
    quota,
    search,
    servers,
    things,
    tokens,
)
from dashboards.routes import answer_to
from dashboards.visit import visiting

__all__ = ["install"]

_KEEP: Final = "public, max-age=31536000, immutable"
_PROGRAMS: Final = ("/api/", "/static/", "/metrics", "/health")


class _Files(StaticFiles):
    """Files that browsers may keep for good: their address holds what is in them."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        answer = super().file_response(*args, **kwargs)  # type: ignore[arg-type]  # passed on
        scope: Scope = args[2] if len(args) > 2 else kwargs["scope"]  # type: ignore[assignment]  # Starlette's third
        asked = b"v=" in scope["query_string"]
        answer.headers["Cache-Control"] = _KEEP if asked else "no-cache"
        return answer


def install(app: FastAPI) -> None:
    """Add every page to the application."""
    app.include_router(board.router)
    app.include_router(board.page_router)  # before /figures/{code}
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
        changes,
        devices,
        push,
        figures,
        search,
        design,
    ):
        app.include_router(place.router)
    app.mount("/static/web", _Files(directory=str(files("dashboards") / "static")), name="web-static")

    async def http(request: Request, raised: HTTPException) -> Response:
        wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(_PROGRAMS)
        if not wants_page:
            return problems.http(request, raised)
        with suppress(IrisplaneError):
            await visiting()(request)  # for the frame; who has no session sees the page without one
        return await run_in_threadpool(answer_to, request, raised)

    app.add_exception_handler(HTTPException, http)  # type: ignore[arg-type]  # Starlette types handlers by the base class
