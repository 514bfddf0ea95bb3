"""`/api/v1/figures`: capacity, what is sold and used, changes, orders and money; with their past, and when full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.answers import json_value
from api.dependencies import Caller, require
from api.shapes import answers
from api.shapes.figures import Figures
from core.errors import NotFound
from core.figures import LEAST_DAYS
from dashboards.csv_files import csv_answer
from orchestrator.figures import WINDOW_DAYS, Shown, measured, today_here

__all__ = ["SCOPES", "as_json", "router"]

router = APIRouter(tags=["figures"])

SCOPES: Final = ("platform:read", "change:read", "hosting:read", "network:read")
"""What figures are about, so what somebody has to be allowed to read."""

_COLUMNS: Final = ("figure", "subject", "unit", "day", "value", "capacity")
_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {**answers(Figures)[200], "content": {"text/csv": {"schema": {"type": "string"}}}}
}


@router.get("/api/v1/figures", summary="The region in figures", responses=_ANSWER)
def figures(
    request: Request,
    caller: Annotated[Caller, Depends(require(*SCOPES))],
    figure: Annotated[str | None, Query(max_length=200, pattern=r"^[a-z0-9._-]+$", description="Its code.")] = None,
    form: Annotated[Literal["json", "csv"] | None, Query(alias="format")] = None,
) -> Response:
    """As they are now, with what was kept of each; days of all as CSV (`Accept` or `format=csv`)."""
    with caller.transaction() as tx:
        found = measured(tx, today_here(), code=figure)
    if figure is not None and not found:
        raise NotFound(f"There is no figure {figure!r}.", hint="Without 'figure' every one is given.")
    if form == "csv" or (form is None and "text/csv" in request.headers.get("accept", "")):
        answer = csv_answer(figure or "figures", _COLUMNS, _days(found))
        answer.headers["Vary"] = "Accept"
        return answer
    told = [as_json(one) for one in found]
    return json_value({"at": datetime.now(UTC), "days": WINDOW_DAYS, "least_days": LEAST_DAYS, "items": told})


def as_json(one: Shown) -> dict[str, Any]:
    """A figure as the API gives it; pages show the same."""
    figure, course = one.figure, one.course
    return {
        "code": figure.code, "name": figure.name, "subject": figure.subject, "group": figure.group,
        "unit": figure.unit, "value": figure.value, "capacity": figure.capacity,
        "past": [{"day": point.day, "value": point.value} for point in one.past],
        "course": {"outlook": course.outlook, "full_on": course.on, "days": course.days, "points": course.points,
                   "per_day": course.per_day, "fit": course.fit},
    }  # fmt: skip


def _days(found: Iterable[Shown]) -> Iterator[Sequence[object]]:
    """A line a day and figure, the newest being as it is now."""
    for one in found:
        figure = one.figure
        for point in one.past:
            yield figure.code, figure.subject, figure.unit, point.day, point.value, figure.capacity
