"""`/api/v1/calendar` and `/api/v1/deputies`: when the region may be altered, and who stands in for whom."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from api.answers import json_value
from api.dependencies import Caller, require
from api.idempotency import Answer, Creation, creating
from api.shapes import answers, page_of
from api.shapes.health import CalendarEntry
from api.shapes.identity import Deputyship
from core.identity import principal_by_handle
from orchestrator import calendar as kept
from orchestrator import deputies as stand_ins

__all__ = ["router"]

router = APIRouter(tags=["calendar"])


class EntryIn(BaseModel):
    """A window in which something may run, or a freeze in which it may not."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["window", "freeze"]
    name: str = Field(min_length=1, max_length=200)
    begins: AwareDatetime
    ends: AwareDatetime
    selector: dict[str, str | list[str]] = Field(
        default_factory=dict, max_length=8, description="Facts a target must have to be concerned; none: all."
    )


class DeputyIn(BaseModel):
    """Who decides in whose place, from when to when."""

    model_config = ConfigDict(extra="forbid")

    absent: str | None = Field(default=None, description="Handle of who is away; yourself when absent.")
    deputy: str = Field(description="Handle.")
    begins: AwareDatetime
    ends: AwareDatetime


# --------------------------------------------------------------------------------------------------------- calendar
@router.get("/api/v1/calendar", summary="Windows and freezes", responses=answers(page_of(CalendarEntry)))
def calendar(caller: Annotated[Caller, Depends(require("change:read"))]) -> Response:
    """Maintenance windows and freezes that have not ended, by beginning."""
    with caller.transaction() as tx:
        found = kept.entries(tx, datetime.now(UTC))
    items = [
        {
            "id": entry.id,
            "kind": entry.kind,
            "name": entry.name,
            "begins": entry.begins.isoformat(),
            "ends": entry.ends.isoformat(),
            "selector": dict(entry.selector),
        }
        for entry in found
    ]
    return json_value({"items": items, "next": None})


@router.post(
    "/api/v1/calendar", status_code=201, summary="Add a window or freeze", responses=answers(CalendarEntry, 201)
)
def add_entry(body: EntryIn, creation: Annotated[Creation, Depends(creating("calendar:write"))]) -> Response:
    """Add a maintenance window or a freeze."""
    caller = creation.caller

    def effect(tx: Connection) -> Answer:
        database = caller.database.joining(tx)
        made = kept.add(
            database, caller.principal, **body.model_dump(), reason=caller.reason, request_id=caller.request_id
        )
        shown = json.dumps({"id": str(made), **body.model_dump(mode="json")}, ensure_ascii=False)
        return Answer(201, shown, {"Location": f"/api/v1/calendar/{made}"})

    return creation.in_one_transaction(effect)


@router.delete("/api/v1/calendar/{entry_id}", status_code=204, summary="Remove a window or freeze")
def remove_entry(entry_id: UUID, caller: Annotated[Caller, Depends(require("calendar:write"))]) -> Response:
    """Remove a window or freeze."""
    kept.remove(caller.database, caller.principal, entry_id, reason=caller.reason, request_id=caller.request_id)
    return Response(status_code=204)


# --------------------------------------------------------------------------------------------------------- deputies
@router.get("/api/v1/deputies", summary="Deputies", responses=answers(page_of(Deputyship)))
def deputies(caller: Annotated[Caller, Depends(require("change:read"))]) -> Response:
    """Who stands in for whom, now and later."""
    with caller.transaction() as tx:
        found = stand_ins.listed(tx)
    return json_value({"items": found, "next": None})


@router.post("/api/v1/deputies", status_code=201, summary="Name a deputy", responses=answers(Deputyship, 201))
def name_deputy(body: DeputyIn, creation: Annotated[Creation, Depends(creating("change:approve"))]) -> Response:
    """Name who decides in your place for a time; leads name anybody's."""
    caller = creation.caller
    who = caller.principal
    with caller.transaction() as tx:
        absent = principal_by_handle(tx, body.absent) if body.absent else who.id
        deputy = principal_by_handle(tx, body.deputy)

    def effect(tx: Connection) -> Answer:
        made = stand_ins.name(
            caller.database.joining(tx), who, absent=absent, deputy=deputy, begins=body.begins, ends=body.ends,
            reason=caller.reason, request_id=caller.request_id,
        )  # fmt: skip
        shown = {**body.model_dump(mode="json"), "id": str(made), "absent": body.absent or who.handle}
        return Answer(201, json.dumps(shown), {"Location": f"/api/v1/deputies/{made}"})

    return creation.in_one_transaction(effect)


@router.delete("/api/v1/deputies/{deputyship}", status_code=204, summary="End a deputyship")
def end_deputy(deputyship: UUID, caller: Annotated[Caller, Depends(require("change:approve"))]) -> Response:
    """End a deputyship now."""
    stand_ins.end(caller.database, caller.principal, deputyship, reason=caller.reason, request_id=caller.request_id)
    return Response(status_code=204)
