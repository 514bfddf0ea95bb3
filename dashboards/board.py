"""The page for the board: the region's month on one sheet of paper, as a tagged PDF.

``/figures/board.pdf`` for who looks at pages, ``GET /api/v1/figures:board`` for programs: the same sheet. It holds
nothing that ``/figures`` does not show, and says of everything when it was counted and from what.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from sqlalchemy import Connection

from api.dependencies import Caller, require, settings_of
from api.figures import SCOPES
from core.figures import LEAST_DAYS
from dashboards.figures import LABELS, OUTLOOKS, grouped
from dashboards.languages import language_of
from dashboards.rendering import environment, frame_of
from dashboards.routes import pages
from dashboards.terms import STATES
from dashboards.visit import Visit, visiting
from datacenter.hosting import quotas
from datacenter.hosting.figures import MAKES_SERVERS
from datacenter.hosting.metering import showback
from datacenter.hosting.pricing import REGION_TIME
from datacenter.hosting.support import maintenance
from network.queries import fleet_json
from orchestrator import queries
from orchestrator.figures import WINDOW_DAYS, measured, today_here
from orchestrator.states import State

__all__ = ["PdfResponse", "page_router", "router", "sheet"]

router = APIRouter(tags=["figures"])
page_router = pages()

_BARS: Final = ("servers", "vcpus", "ram_mib", "storage_gib", "floating_ips", "rack-units")
_FULLEST: Final = 3
"""Pools and their like, beside those."""
_MONTHS: Final = 6
_ADMINISTRATIONS: Final = 5
_EVENTS: Final = 6
_BAD: Final = (State.FAILED.value, State.ROLLED_BACK.value, State.UNKNOWN.value)
_ONE_AT_A_TIME: Final = threading.Lock()


class PdfResponse(Response):
    """A PDF, for an endpoint's ``response_class``."""

    media_type = "application/pdf"


@router.get("/api/v1/figures:board", summary="The page for the board, as PDF", response_class=PdfResponse)
def board(
    caller: Annotated[Caller, Depends(require(*SCOPES))],
    language: Annotated[
        Literal["fr", "nl", "en"] | None, Query(description="When absent: as `Accept-Language` says.")
    ] = None,
) -> Response:
    """The region's month on one sheet: capacity, changes, money, what was notable; tagged, with its language."""
    spoken = language or language_of(caller.request, settings_of(caller.request))
    with caller.transaction() as tx:
        told = _told(tx)
    return _answer(told, spoken)


@page_router.get("/figures/board.pdf")
def board_page(visit: Annotated[Visit, Depends(visiting(*SCOPES))]) -> Response:
    """The same for who looks at pages, in their language."""
    with visit.transaction() as tx:
        told = _told(tx)
    return _answer(told, frame_of(visit)["language"])


def sheet(told: Mapping[str, Any], language: str) -> bytes:
    """The PDF of what is told. A fifth of a second of one processor; the same once more costs nothing."""
    html = environment(language).get_template("board.html.j2").render(**told)
    with _ONE_AT_A_TIME:
        return _made(html)


def _answer(told: Mapping[str, Any], language: str) -> Response:
    name = f"irisplane-{told['now']:%Y-%m-%d}-{language}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "private, no-cache"}
    return PdfResponse(sheet(told, language), headers=headers)


def _told(tx: Connection) -> dict[str, Any]:
    now = datetime.now(UTC).astimezone(REGION_TIME)
    found = measured(tx, today_here())
    of = {one.figure.code: one for one in found}
    groups = grouped(found)
    alike = [one for one in groups["capacity"] if one.figure.subject]
    month = json.loads(showback.head_json(tx, now.date().replace(day=1)) + "}")
    ended = json.loads(queries.figures_json(tx, WINDOW_DAYS, MAKES_SERVERS))["by_state"]
    return {
        "now": now, "days": WINDOW_DAYS, "least": LEAST_DAYS, "labels": LABELS, "outlooks": OUTLOOKS, "of": of,
        "fleet": json.loads(fleet_json(tx)), "month": month,
        "bars": [of[code] for code in _BARS if code in of and of[code].figure.capacity] + alike[:_FULLEST],
        "ended": [(state, ended[state]) for state in STATES if state in ended],
        "months": of["month"].past[-_MONTHS:],
        "dearest": sorted(month["by_tenant"], key=lambda one: -int(one["amount_micro_eur"]))[:_ADMINISTRATIONS],
        "events": _notable(tx, now - timedelta(days=WINDOW_DAYS))[:_EVENTS],
    }  # fmt: skip


def _notable(tx: Connection, since: datetime) -> list[dict[str, Any]]:
    """Changes that went wrong, maintenance, and quotas that are full; the newest first."""
    bad = json.loads(queries.changes_json(tx, states=_BAD, limit=_EVENTS))
    out: list[dict[str, Any]] = [
        {"at": at, "what": "change", "one": one}
        for one in bad
        if one["finished_at"] and (at := datetime.fromisoformat(one["finished_at"])) >= since
    ]
    for body, _key in maintenance.listed(tx, None, since, None, _EVENTS * 4):
        notice = json.loads(body)
        if notice["state"] not in {"draft", "cancelled"}:
            out.append({"at": datetime.fromisoformat(notice["begins"]), "what": "maintenance", "one": notice})
    out.sort(key=lambda event: event["at"], reverse=True)
    full = [json.loads(body) for body, _key in quotas.listed(tx, quotas.Wanted(level="full"), None, 50)]
    own = [one for one in full if one["project"] is None]
    return [*out[: _EVENTS - 1 if own else _EVENTS], *([{"at": None, "what": "full", "one": own}] if own else [])]


@lru_cache(maxsize=6)
def _made(html: str) -> bytes:
    from weasyprint import CSS, HTML  # a second to import, and most processes never make a sheet
    from weasyprint.urls import URLFetcher

    nothing = URLFetcher(allowed_protocols=())  # a sheet asks nobody for anything
    style = CSS(string=(files("dashboards") / "static" / "board.css").read_text("utf-8"), url_fetcher=nothing)
    page = HTML(string=html, url_fetcher=nothing)
    return bytes(page.write_pdf(stylesheets=[style], pdf_variant="pdf/ua-1"))
