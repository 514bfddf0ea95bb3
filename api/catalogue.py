"""Every error code, with what it means and what to do: `/api/v1/errors` for programs, `/problems/CODE` for people."""

from __future__ import annotations

import html
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from api.answers import json_value
from api.problems import status_of
from core.domain import domains
from core.errors import IrisplaneError, NotFound

__all__ = ["catalogue", "router"]

router = APIRouter(tags=["errors"])


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """Code → title, meaning, hint and status of every error that the installed rooms can raise."""
    for room in ("api", "orchestrator", *(domain.name for domain in domains())):
        if find_spec(f"{room}.errors"):
            import_module(f"{room}.errors")
    found: dict[str, dict[str, Any]] = {}
    waiting = [IrisplaneError]
    while waiting:
        error = waiting.pop()
        waiting += error.__subclasses__()
        own = {"code", "title"} & vars(error).keys()
        if error is not IrisplaneError and "code" in own:
            found[error.code] = {
                "code": error.code,
                "type": f"/problems/{error.code}",
                "title": error.title,
                "status": status_of(error),
                "meaning": (error.__doc__ or error.title).strip().partition("\n\n")[0],
                "hint": error.hint,
            }
    return dict(sorted(found.items()))


@router.get("/api/v1/errors", summary="Every error code")
async def errors() -> Response:
    """Every error code with its meaning and the way out."""
    return json_value({"items": list(catalogue().values())}, headers={"Cache-Control": "max-age=300"})


@router.get("/problems/{code}", include_in_schema=False)
async def page(request: Request, code: str) -> Response:
    """What one code means: a page, or JSON for who prefers it."""
    entry = catalogue().get(code.upper())
    if entry is None:
        raise NotFound("There is no such error code.", hint="/api/v1/errors lists them all.")
    accept = request.headers.get("accept", "")
    if "json" in accept and "html" not in accept:
        return json_value(entry)
    shown = {key: html.escape(str(value)) for key, value in entry.items()}
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<title>{shown["code"]}: {shown["title"]}</title><link rel="stylesheet" href="/static/api/page.css"></head>'
        f"<body><main><h1>{shown['code']}: {shown['title']}</h1><p>{shown['meaning']}</p>"
        f"<h2>What to do</h2><p>{shown['hint']}</p><p>HTTP status {shown['status']}.</p></main></body></html>"
    )
