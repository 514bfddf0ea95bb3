"""`/impact`: what breaks if something of the plant is lost; named by code, or by an area. Alters nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Depends, Query
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from core.errors import IrisplaneError, NotFound
from dashboards.csv_files import csv_answer
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from inventory.errors import FieldRefused
from network.impact.answer import impact
from network.impact.areas import area_around, area_read
from network.impact.subjects import KINDS, Question

__all__ = ["router", "touched_csv"]

router = pages()

Looking = Annotated[Visit, Depends(visiting("network:read", "inventory:read"))]
Kind = Annotated[str, Query(pattern=f"^({'|'.join(KINDS)})?$")]
Codes = Annotated[str, Query(max_length=4000)]
Drawn = Annotated[str, Query(max_length=20_000)]
Place = Annotated[str, Query(max_length=63)]
Metres = Annotated[str, Query(max_length=20)]
_MOST: Final = 100
_USUAL_METRES: Final = "50"
_LISTS: Final = ("circuits", "links", "devices", "services", "sites", "tenants")
_COLUMNS: Final = ("layer", "name", "state", "tenant", "site", "kind", "strands")


@router.get("/impact")
def impact_page(
    visit: Looking, kind: Kind = "", codes: Codes = "", polygon: Drawn = "", around: Place = "", radius: Metres = ""
) -> Response:
    """The question, and what is touched, the worst first; what cannot be asked is told beside the form.

    ``around`` and ``radius`` become a polygon, and the address with it is what can be kept and sent on.
    """
    found: dict[str, Any] | None = None
    refused: IrisplaneError | None = None
    area: Mapping[str, Any] | None = None
    try:
        if around.strip():  # typed just now: what was asked before stands in ``polygon``
            with visit.transaction() as tx:
                circle = area_around(tx, around, _metres(radius))
            asked = {"kind": kind, "codes": codes, "polygon": json.dumps(circle, separators=(",", ":"))}
            return RedirectResponse(
                f"/impact?{urlencode({name: value for name, value in asked.items() if value})}", 303
            )
        if codes.strip() or polygon.strip():
            question = _question(kind, codes, polygon)
            area, found = question.polygon, _answered(visit, question)
    except (FieldRefused, NotFound) as error:
        refused = error
    return show(
        visit, "impact", _("What breaks if it is cut?"), status=422 if refused else 200, found=found, refused=refused,
        kind=kind or "cable", kinds=KINDS, codes=codes, polygon=polygon, around=around, radius=radius or _USUAL_METRES,
        most=_MOST, area=json.dumps(area) if area else "",
        wrong=refused.pointer.rpartition("/")[2] if refused and refused.pointer else "",
    )  # fmt: skip


@router.get("/impact.csv")
def impact_csv(visit: Looking, kind: Kind = "", codes: Codes = "", polygon: Drawn = "") -> Response:
    """Everything that is touched, a line each."""
    return touched_csv("impact", _answered(visit, _question(kind, codes, polygon)))


def touched_csv(name: str, found: Mapping[str, Any]) -> Response:
    """What an answer of ``network.impact`` says is touched, as the file ``name.csv``, a line each."""
    rows = (
        {**row, "layer": layer, "name": row.get("name") or row.get("code") or row["name_fr"],
         "kind": row.get("kind", row.get("role")), "strands": " ".join(row.get("strands", ()))}
        for layer in _LISTS
        for row in found[layer]
    )  # fmt: skip
    return csv_answer(name, _COLUMNS, ([row.get(column) for column in _COLUMNS] for row in rows))


def _metres(typed: str) -> int:
    told = typed.strip() or _USUAL_METRES
    if not (told.isascii() and told.isdecimal()):
        raise FieldRefused(
            f"'{told}' is no number of metres.", hint="Give whole metres, 50 for instance.", pointer="/radius"
        )
    return int(told)


def _question(kind: str, codes: str, polygon: str) -> Question:
    """What is asked.

    Raises:
        FieldRefused: the area is no sound polygon.
    """
    of = [{"kind": kind or "cable", "key": code} for code in codes.replace(",", " ").split()]
    try:
        return Question.model_validate({"of": of, "polygon": area_read(polygon) if polygon.strip() else None})
    except ValidationError as error:
        told = error.errors(include_url=False, include_context=False, include_input=False)[0]["msg"]
        raise FieldRefused(told.removeprefix("Value error, "), hint=_POLYGON, pointer="/polygon") from None


def _answered(visit: Visit, question: Question) -> dict[str, Any]:
    """What is touched.

    Raises:
        FieldRefused: nothing is asked about.
        ObjectNotFound: a code that there is not.
    """
    with visit.transaction() as tx:
        return dict(impact(tx, question))


_POLYGON: Final = "Give a GeoJSON Polygon or MultiPolygon in WGS84, longitude first."
