"""`/impact`: what breaks if something of the plant is lost; named by code, or by a polygon. Alters nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Query
from fastapi.responses import Response
from pydantic import ValidationError

from core.errors import IrisplaneError, NotFound
from dashboards.csv_files import csv_answer
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from inventory.errors import FieldRefused
from network.impact.answer import impact
from network.impact.subjects import KINDS, Question

__all__ = ["router", "touched_csv"]

router = pages()

Looking = Annotated[Visit, Depends(visiting("network:read", "inventory:read"))]
Kind = Annotated[str, Query(pattern=f"^({'|'.join(KINDS)})?$")]
Codes = Annotated[str, Query(max_length=4000)]
Drawn = Annotated[str, Query(max_length=20_000)]
_MOST: Final = 100
_LISTS: Final = ("circuits", "links", "devices", "services", "sites", "tenants")
_COLUMNS: Final = ("layer", "name", "state", "tenant", "site", "kind", "strands")


@router.get("/impact")
def impact_page(visit: Looking, kind: Kind = "", codes: Codes = "", polygon: Drawn = "") -> Response:
    """The question, and what is touched, the worst first; what cannot be asked is told beside the form."""
    found: dict[str, Any] | None = None
    refused: IrisplaneError | None = None
    if codes.strip() or polygon.strip():
        try:
            found = _asked(visit, kind, codes, polygon)
        except (FieldRefused, NotFound) as error:
            refused = error
    return show(
        visit, "impact", _("What breaks if it is cut?"), status=422 if refused else 200, found=found, refused=refused,
        kind=kind or "cable", kinds=KINDS, codes=codes, polygon=polygon, most=_MOST,
    )  # fmt: skip


@router.get("/impact.csv")
def impact_csv(visit: Looking, kind: Kind = "", codes: Codes = "", polygon: Drawn = "") -> Response:
    """Everything that is touched, a line each."""
    return touched_csv("impact", _asked(visit, kind, codes, polygon))


def touched_csv(name: str, found: Mapping[str, Any]) -> Response:
    """What an answer of ``network.impact`` says is touched, as the file ``name.csv``, a line each."""
    rows = (
        {**row, "layer": layer, "name": row.get("name") or row.get("code") or row["name_fr"],
         "kind": row.get("kind", row.get("role")), "strands": " ".join(row.get("strands", ()))}
        for layer in _LISTS
        for row in found[layer]
    )  # fmt: skip
    return csv_answer(name, _COLUMNS, ([row.get(column) for column in _COLUMNS] for row in rows))


def _asked(visit: Visit, kind: str, codes: str, polygon: str) -> dict[str, Any]:
    """What is touched.

    Raises:
        FieldRefused: the polygon cannot be read, or nothing is asked about.
        ObjectNotFound: a code that there is not.
    """
    of = [{"kind": kind or "cable", "key": code} for code in codes.replace(",", " ").split()]
    body: dict[str, Any] = {"of": of}
    if polygon.strip():
        try:
            body["polygon"] = json.loads(polygon)
        except json.JSONDecodeError:
            raise FieldRefused("The polygon is no JSON.", hint=_POLYGON, pointer="/polygon") from None
    try:
        question = Question.model_validate(body)
    except ValidationError as error:
        told = error.errors(include_url=False, include_context=False, include_input=False)[0]["msg"]
        raise FieldRefused(told.removeprefix("Value error, "), hint=_POLYGON, pointer="/polygon") from None
    with visit.transaction() as tx:
        return dict(impact(tx, question))


_POLYGON: Final = "Give a GeoJSON Polygon or MultiPolygon in WGS84, longitude first."
