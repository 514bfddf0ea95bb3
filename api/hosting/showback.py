"""`/api/v1/usage`, `/api/v1/showback/{month}`: what was metered, and what it comes to, as JSON or CSV."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import AwareDatetime
from sqlalchemy import text

from api.answers import Limit, decode_cursor, encode_cursor, json_text, json_value, next_link, page
from api.dependencies import Caller, require
from api.shapes import answers, page_of
from api.shapes.showback import MonthOfLines, SpendLimit, Usage, UsageComparison
from core.errors import Denied, InvalidInput, NotFound
from datacenter.hosting import spending
from datacenter.hosting.metering import reading, showback
from datacenter.hosting.metering.comparing import compare, metered
from datacenter.hosting.metering.held import Window
from datacenter.hosting.metering.months import month_named
from datacenter.hosting.pricing import REGION_TIME, month_of, quarter_of

__all__ = ["router"]

router = APIRouter(tags=["showback"])

Reader = Annotated[Caller, Depends(require("hosting:read"))]
Code = Annotated[str | None, Query(max_length=63, pattern=r"^[^\x00]*$")]
_YEARS = range(2000, 2200)
_CSV: dict[int | str, dict[str, Any]] = {
    200: {**answers(MonthOfLines)[200], "content": {"text/csv": {"schema": {"type": "string"}}}}
}


@router.get("/api/v1/usage", summary="What was used", responses=answers(page_of(Usage)))
def usage(
    request: Request,
    caller: Reader,
    begins: Annotated[
        AwareDatetime | None,
        Query(alias="from", description="When absent: the month's first day, or a day ago by the quarter-hour."),
    ] = None,
    until: Annotated[AwareDatetime | None, Query(description="Now when absent.")] = None,
    grain: reading.Grain = "day",
    resource: UUID | None = None,
    project: Code = None,
    limit: Limit = 100,
    cursor: str | None = None,
) -> Response:
    """By the day, or by the quarter-hour for two days at most; in quarter-hours, times GiB where GiB count."""
    ends = until or datetime.now(UTC)
    if begins is None and grain == "day" and ends.year in _YEARS:
        begins = month_of(ends.astimezone(REGION_TIME).year, ends.astimezone(REGION_TIME).month)[0]
    window = _window(begins, ends)
    position = decode_cursor(cursor, 3)
    with caller.transaction() as tx:
        rows = reading.usage_rows(
            tx, window.begins, window.ends, grain, resource=resource, project=project, cursor=position, limit=limit
        )
    return page(request, rows, limit)


@router.get(
    "/api/v1/usage:compare", summary="Whether what was metered agrees with Nova", responses=answers(UsageComparison)
)
def comparison(
    caller: Reader,
    begins: Annotated[AwareDatetime | None, Query(alias="from", description="A day ago when absent.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Now when absent.")] = None,
) -> Response:
    """For the region's staff: every server's seconds, as metered and as Nova tells them now."""
    if not caller.principal.staff:
        raise Denied("Comparing with Nova shows every administration: the region's staff does it.")
    window = _window(begins, until or datetime.now(UTC))
    with caller.transaction() as tx:
        found = metered(tx, Window(quarter_of(window.begins), quarter_of(window.ends)))
    return json_value(compare(found).as_json())  # Nova takes its time: no transaction waits for it


@router.get("/api/v1/spend-limit", summary="What a month may come to, and what stands", responses=answers(SpendLimit))
def spend_limit(caller: Reader, tenant: Code = None) -> Response:
    """Of the own administration, or of any for the region's staff; set by the kind `hosting.spend-limit.set`."""
    with caller.transaction() as tx:
        own = caller.principal.tenant_id
        asked = (
            tx.execute(text("select id from tenant where code = :code"), {"code": tenant}).scalar() if tenant else own
        )
        if asked is None or (asked != own and not caller.principal.staff):
            raise NotFound("There is no such administration.")
        return json_value(spending.standing_json(tx, asked))


@router.get("/api/v1/showback/{month}", summary="What a month comes to", responses=_CSV)
def month(
    month: str,
    request: Request,
    caller: Reader,
    tenant: Code = None,
    project: Code = None,
    form: Annotated[Literal["json", "csv"] | None, Query(alias="format")] = None,
    limit: Limit = 100,
    cursor: str | None = None,
) -> Response:
    """Lines of an administration, of everybody for the region's staff; all at once as CSV (`Accept` or
    `format=csv`)."""
    first = month_named(month)
    if form == "csv" or (form is None and "text/csv" in request.headers.get("accept", "")):
        with caller.transaction() as tx:
            # whole: a reader that is slow must not hold a transaction open
            body = "".join(showback.lines_csv(tx, first, tenant=tenant, project=project))
        return Response(
            body,
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="showback-{month}.csv"', "Vary": "Accept"},
        )
    position = decode_cursor(cursor, 1)
    with caller.transaction() as tx:
        head = showback.head_json(tx, first)
        rows = showback.lines_json(tx, first, tenant=tenant, project=project, cursor=position, limit=limit)
    following = encode_cursor(rows[limit - 1][1]) if len(rows) > limit else None
    items = ",".join(line for line, _ in rows[:limit])
    body = f'{head},"items":[{items}],"next":{json.dumps(following)}}}'
    return json_text(body, headers=next_link(request, following))


def _window(begins: datetime | None, ends: datetime) -> Window:
    if ends.year not in _YEARS or (begins is not None and begins.year not in _YEARS):
        raise InvalidInput("Nothing is metered before 2000 or after 2199.", pointer="/query/until")
    window = Window(begins or ends - timedelta(days=1), ends)
    if window.ends <= window.begins:
        raise InvalidInput("'until' has to be after 'from'.", pointer="/query/until")
    return window
