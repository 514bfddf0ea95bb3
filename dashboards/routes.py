"""How the addresses of pages answer: what goes wrong becomes a page, with its code, its sentence and the way out.

::

    router = pages()

    @router.get("/devices")
    def devices(visit: ...) -> Response: ...

Whoever is not signed in is sent to sign in and comes back. A form whose session is over keeps what was typed: the
person signs in beside it and sends it again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.errors import CsrfMissing, WrongMethod
from api.problems import status_of
from core.errors import InvalidInput, IrisplaneError, NotFound, Unauthenticated, Unexpected
from core.logs import get_logger
from dashboards.forms import Form
from dashboards.rendering import show, show_bare
from dashboards.terms import mark as _
from dashboards.visit import Visit
from orchestrator.refusals import explain

__all__ = ["answer_to", "pages"]

_log = get_logger("irisplane.pages")


def pages() -> APIRouter:
    """A router whose errors are pages; none of it stands in the API's description."""
    return APIRouter(include_in_schema=False, route_class=_PageRoute)


class _PageRoute(APIRoute):
    """An address of a page."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # FastAPI wants a Coroutine
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await answer(request)
            except Exception as error:  # noqa: BLE001 - the last resort of a page: logged with its id, told without internals
                return await run_in_threadpool(answer_to, request, error)

        return guarded


def answer_to(request: Request, raised: Exception) -> Response:
    """What went wrong, as a page, or as a part of one where htmx asked for a part."""
    error = _known(request, raised)
    status = status_of(type(error))
    if status >= 500:
        _log.error("page failed", code=error.code, detail=error.message, exc_info=raised)
    visit: Visit | None = getattr(request.state, "visit", None)
    form: Form = getattr(request.state, "form", None) or Form()
    if request.headers.get("hx-request") == "true":
        return _shown(request, visit, "part_error", status, error=error, next=_here(request))
    if isinstance(error, Unauthenticated):
        if request.method in {"GET", "HEAD"}:
            return RedirectResponse(f"/sign-in?{urlencode({'next': _here(request)})}", status_code=303)
        return _shown(request, None, "over", status, error=error, typed=form.typed())
    if isinstance(error, CsrfMissing) and visit is not None and not error.fields:
        return _shown(request, visit, "again", status, error=error, typed=form.typed())
    return _shown(request, visit, "error", status, error=error)


def _shown(request: Request, visit: Visit | None, template: str, status: int, **values: Any) -> Response:
    titles = {
        401: _("Not signed in"), 403: _("Not allowed"), 404: _("Not found"), 409: _("Not now"), 412: _("Not now"),
        422: _("That cannot be taken"), 429: _("Too many requests"), 503: _("Not available"),
    }  # fmt: skip
    title = titles.get(status, _("Something went wrong"))
    if visit is None:
        answer = show_bare(request, template, title, status=status, **values)
    else:
        answer = show(visit, template, title, status=status, **values)
    if "retry_after" in values["error"].fields:
        answer.headers["Retry-After"] = str(values["error"].fields["retry_after"])
    return answer


def _known(request: Request, raised: Exception) -> IrisplaneError:
    if isinstance(raised, IrisplaneError):
        return raised
    if isinstance(raised, DBAPIError):
        return explain(raised)
    if isinstance(raised, RequestValidationError):
        first = raised.errors()[0]
        if first["loc"][0] == "path":
            return NotFound(f"There is nothing at {request.url.path}.")
        return InvalidInput(f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}.")
    if isinstance(raised, HTTPException) and raised.status_code == 404:
        return NotFound(f"There is nothing at {request.url.path}.")
    if isinstance(raised, HTTPException) and raised.status_code == 405:
        return WrongMethod(f"{request.method} is not possible at {request.url.path}.")
    return Unexpected("Something went wrong inside Irisplane.")


def _here(request: Request) -> str:
    if request.headers.get("hx-request") == "true":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
