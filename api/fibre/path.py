"""`/api/v1/fibre/path`, `weak-points` and `map.svg`: ways through the plant, what they hang on, and a picture of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.answers import json_value
from api.dependencies import Caller, require
from api.shapes import answers
from api.shapes.paths import Ways, WeakPointsOfRegion
from inventory.errors import FieldRefused
from network.design.drawing import drawing
from network.paths.answer import Avoided, Pair, diverse, several, single_points
from network.paths.plant import Weight, read_plant

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/fibre", tags=["fibre"])

Reader = Annotated[Caller, Depends(require("inventory:read"))]
Place = Annotated[str, Query(min_length=1, max_length=63, description="A node of the plant, or a site.")]
Avoid = Annotated[str, Query(max_length=60, description="`duct`, `building` and `feed`, with commas between.")]

_DISJOINT: Final[Mapping[Pair | None, frozenset[Avoided]]] = {
    None: frozenset(),
    "edge": frozenset({"duct"}),
    "node": frozenset({"duct", "building"}),
}
_KINDS: Final[tuple[Avoided, ...]] = ("duct", "building", "feed")

_PICTURE: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"image/svg+xml": {}}}}


@router.get("/path", summary="Ways through the plant", responses=answers(Ways))
def path(
    caller: Reader,
    a: Place,
    b: Place,
    by: Weight = "length",
    k: Annotated[int, Query(ge=1, le=50)] = 1,
    disjoint: Annotated[Pair | None, Query(description="Two ways that share no duct, or no node either.")] = None,
    avoid: Avoid = "",
) -> Response:
    """The `k` best ways; or with `disjoint` or `avoid` the two that are best together and share nothing of it. `exact`
    says whether that is certain; where there is no such pair, `because` names what every way passes."""
    wanted = _avoided(avoid) | _DISJOINT[disjoint]
    with caller.transaction() as tx:
        plant = read_plant(tx)
    return json_value(diverse(plant, a, b, by=by, avoid=wanted) if wanted else several(plant, a, b, by=by, k=k))


@router.get("/map.svg", summary="The plant as a picture", response_class=Response, responses=_PICTURE)
def picture(caller: Reader) -> Response:
    """Ducts by what lies in them, buildings by what their sites are, scale, legend and attribution."""
    with caller.transaction() as tx:
        return Response(drawing(tx), media_type="image/svg+xml")


@router.get("/weak-points", summary="Single points of failure", responses=answers(WeakPointsOfRegion))
def weak(caller: Reader) -> Response:
    """Every duct, node and power feed whose loss cuts a site off all data centres, and which sites."""
    with caller.transaction() as tx:
        plant = read_plant(tx)
    return json_value(single_points(plant))


def _avoided(text: str) -> set[Avoided]:
    given = {name.strip() for name in text.split(",") if name.strip()}
    if unknown := sorted(given - set(_KINDS)):
        raise FieldRefused(
            f"{unknown[0]!r} cannot be avoided.", pointer="/avoid", hint=f"Name some of: {', '.join(_KINDS)}."
        )
    return {kind for kind in _KINDS if kind in given}
