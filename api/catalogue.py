"""Every error code, with what it means and what to do: `/api/v1/errors` for programs, `/problems/CODE` for people.

``python -m api.catalogue`` writes the same as ``docs/errors.md``.
"""

from __future__ import annotations

import html
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import walk_packages
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from api.answers import json_value
from api.problems import status_of
from api.shapes import answers, whole_list_of
from api.shapes.health import ErrorCode
from core.domain import domains
from core.errors import IrisplaneError, NotFound

__all__ = ["as_markdown", "catalogue", "describe", "router"]

router = APIRouter(tags=["errors"])


_BESIDE: Final = ("core.keyring", "core.backup", "core.members", "cli.keeping")
"""Modules that define an error where it is raised; everywhere else it stands in a module named ``errors``."""


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """Code → title, meaning, hint and status of every error that the installed rooms can raise."""
    return describe(("core", "api", "orchestrator", *(domain.name for domain in domains())))


def describe(rooms: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The same for the rooms named: their modules of errors are imported, and whatever is imported already is in it."""
    for room in rooms:
        for module in _modules_of_errors(room):
            import_module(module)
    return {
        error.code: {
            "code": error.code,
            "type": f"/problems/{error.code}",
            "title": error.title,
            "status": status_of(error),
            "meaning": _meaning(error),
            "hint": error.hint,
        }
        for error in sorted(_own_codes(), key=lambda error: error.code)
    }


def _meaning(error: type[IrisplaneError]) -> str:
    """The first paragraph of the class's docstring, as people read it."""
    first = (error.__doc__ or error.title).strip().partition("\n\n")[0]
    return " ".join(first.split()).replace("``", "`")


def _modules_of_errors(room: str) -> Iterator[str]:
    spec = find_spec(room)
    for found in walk_packages(spec.submodule_search_locations if spec else None, f"{room}."):
        if found.name.endswith(".errors") or found.name in _BESIDE:
            yield found.name


def _own_codes() -> Iterator[type[IrisplaneError]]:
    waiting: list[type[IrisplaneError]] = [IrisplaneError]
    while waiting:
        error = waiting.pop()
        waiting += error.__subclasses__()
        if error is not IrisplaneError and "code" in vars(error):
            yield error


@router.get("/api/v1/errors", summary="Every error code", responses=answers(whole_list_of(ErrorCode)))
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


def as_markdown() -> str:
    """Every code of every room, command line and lab included: what ``docs/errors.md`` holds."""
    rooms = ("core", "orchestrator", *(domain.name for domain in domains()), "api", "cli", "lab")
    titles = {"CORE": "Everywhere", "ORC": "Changes", "INV": "Inventory", "NET": "Network", "HST": "Hosting",
              "API": "The API's edge", "CLI": "The command line", "LAB": "The lab"}  # fmt: skip
    entries = list(describe(rooms).values())
    page = [_PREFACE]
    for prefix, title in titles.items():
        page += [f"\n## {title}\n", "| code | HTTP | what it means | what to do |", "| --- | --- | --- | --- |"]
        for entry in entries:
            if entry["code"].startswith(f"{prefix}-"):
                status = entry["status"] if prefix not in {"CLI", "LAB"} else ""
                page.append(
                    f"| `{entry['code']}` | {status} | **{entry['title']}.** {entry['meaning']} | {entry['hint']} |"
                )
    return "\n".join(page) + "\n"


_PREFACE: Final = """\
# Error codes

Every error has a code that stays. The API answers `application/problem+json` with it, `irisplane` prints it before the
sentence, logs carry it; `/api/v1/errors` gives this list to programs and `/problems/CODE` one entry to people. Where a
message names something (a file, a line, a field), that is the first thing to look at. Written by
`python -m api.catalogue`; do not edit by hand.

How a command ends: `0` done · `1` failed, rejected, rolled back · `2` wrong use · `3` not allowed · `4` not found ·
`5` conflict · `6` still waiting · `7` a part is not available · `130` interrupted."""


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
