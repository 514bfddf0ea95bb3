"""The splice plan of a closure as a drawing: SVG for screens, PDF for the crew in the street; colours drawn and named.

``GET /api/v1/fibre/splice-plan:svg`` and ``:pdf``, in French, Dutch and English. One row a splice, tray by tray: no
line crosses another, a colour is never told by the eye alone, and ring marks are drawn as well.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.dependencies import Caller, require, settings_of
from dashboards.board import PdfResponse
from dashboards.languages import language_of
from dashboards.rendering import environment
from datacenter.hosting.pricing import REGION_TIME
from inventory.plant.splice_plan import splice_plan

__all__ = ["SvgResponse", "drawn", "router", "sheet"]

router = APIRouter(tags=["fibre"])

Reader = Annotated[Caller, Depends(require("inventory:read"))]
Closure = Annotated[str, Query(min_length=1, max_length=400, description="Code of the closure.")]
Spoken = Annotated[Literal["fr", "nl", "en"] | None, Query(description="When absent: as `Accept-Language` says.")]

INK: Final[Mapping[str, str]] = {
    "blue": "#1f5fbf", "orange": "#e8791a", "green": "#2a8a3e", "brown": "#7a4a21", "grey": "#8a8f98",
    "white": "#ffffff", "red": "#c8202f", "black": "#141414", "yellow": "#f2cf1d", "violet": "#7b3fa0",
    "pink": "#f29ab8", "turquoise": "#2fb5b0",
}  # fmt: skip
"""How the colours of IEC 60304 are drawn, on paper and on screens."""

ROW: Final = 26
HEAD: Final = 34
_ON_A_SHEET: Final = 24
"""Splices of a tray that go on one sheet of A4 beside its heading."""
_ONE_AT_A_TIME: Final = threading.Lock()


class SvgResponse(Response):
    """An SVG, for an endpoint's ``response_class``."""

    media_type = "image/svg+xml"


@dataclass(frozen=True, slots=True)
class Tray:
    """Splices that are drawn together: a tray, or a part of one.

    Attributes:
        number: ``None``: the splices of which nobody said where they lie.
        part: which part of how many, where one sheet is not enough.
        height: of its drawing, in units of which it is 760 wide.
    """

    number: int | None
    part: tuple[int, int]
    rows: Sequence[Mapping[str, Any]]

    @property
    def height(self) -> int:
        """Its heading and a row a splice."""
        return HEAD + ROW * len(self.rows) + 8


@router.get("/api/v1/fibre/splice-plan:svg", summary="The splice plan of a closure, as SVG", response_class=SvgResponse)
def as_svg(caller: Reader, closure: Closure, language: Spoken = None) -> Response:
    """Every splice of the closure, tray by tray, with the colours of tubes and strands drawn and named."""
    spoken = language or language_of(caller.request, settings_of(caller.request))
    with caller.transaction() as tx:
        plan = splice_plan(tx, closure)
    return SvgResponse(drawn(plan, spoken), headers=_named(plan, spoken, "svg"))


@router.get("/api/v1/fibre/splice-plan:pdf", summary="The splice plan of a closure, as PDF", response_class=PdfResponse)
def as_pdf(caller: Reader, closure: Closure, language: Spoken = None) -> Response:
    """The same on sheets of A4, with the cables and the strands that are not spliced; tagged, with its language."""
    spoken = language or language_of(caller.request, settings_of(caller.request))
    with caller.transaction() as tx:
        plan = splice_plan(tx, closure)
    return PdfResponse(sheet(plan, spoken), headers=_named(plan, spoken, "pdf"))


def drawn(plan: Mapping[str, Any], language: str) -> str:
    """The plan as one SVG document, 760 units wide."""
    trays = list(_trays(plan, most=None))
    return environment(language).get_template("splice_plan.svg.j2").render(
        plan=plan, trays=trays, ink=INK, row=ROW, head=HEAD, height=60 + sum(one.height for one in trays)
    )  # fmt: skip


def sheet(plan: Mapping[str, Any], language: str) -> bytes:
    """The plan as PDF, a tray a block, in the order of trays."""
    now = datetime.now(UTC).astimezone(REGION_TIME)
    html = environment(language).get_template("splice_plan.html.j2").render(
        plan=plan, trays=list(_trays(plan, most=_ON_A_SHEET)), ink=INK, row=ROW, head=HEAD, now=now
    )  # fmt: skip
    with _ONE_AT_A_TIME:
        return _made(html)


def _trays(plan: Mapping[str, Any], most: int | None) -> Iterator[Tray]:
    for number, found in groupby(plan["splices"], key=lambda one: one["tray"]):
        rows = list(found)
        size = most or len(rows)
        parts = [rows[at : at + size] for at in range(0, len(rows), size)]
        for nth, part in enumerate(parts, start=1):
            yield Tray(number, (nth, len(parts)), part)


def _named(plan: Mapping[str, Any], language: str, ending: str) -> dict[str, str]:
    name = f"{plan['closure']}-{language}.{ending}"
    return {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "private, no-cache"}


@lru_cache(maxsize=6)
def _made(html: str) -> bytes:
    from weasyprint import CSS, HTML  # a second to import, and most processes never make a sheet
    from weasyprint.urls import URLFetcher

    nothing = URLFetcher(allowed_protocols=())  # a sheet asks nobody for anything
    style = CSS(string=(files("dashboards") / "static" / "splice_plan.css").read_text("utf-8"), url_fetcher=nothing)
    return bytes(HTML(string=html, url_fetcher=nothing).write_pdf(stylesheets=[style], pdf_variant="pdf/ua-1"))
