"""`/api/v1/backup-schedules`: volumes that are copied by themselves."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import NOT_MODIFIED, Limit, Match, decode_cursor, page
from api.dependencies import Caller, require
from api.hosting.ordering import ORDERED, order, order_now, request_for
from api.hosting.reading import Reader, shown_one, uuid_of
from api.idempotency import Creation, creating
from api.shapes import answers, page_of
from api.shapes.hosting import BackupSchedule
from datacenter.hosting.volumes.schedule_changes import schedule_json, schedules_json

__all__ = ["router"]

router = APIRouter(tags=["backup schedules"])

Writer = Annotated[Caller, Depends(require("hosting:write"))]


class ScheduleIn(BaseModel):
    """When a volume is copied by itself, and how many copies are kept."""

    model_config = ConfigDict(extra="forbid")

    volume: str = Field(min_length=1, max_length=100, description="Its id.")
    name: str = Field(min_length=1, max_length=40, description="Unique among the volume's schedules.")
    every: Literal["day", "week"] = "day"
    weekday: int | None = Field(default=None, ge=1, le=7, description="Of a weekly one; 1 is Monday.")
    hour: int = Field(ge=0, le=23, description="Of the clock in Brussels.")
    keep: int = Field(default=7, ge=1, le=365, description="So many good copies, the newest ones.")
    method: Literal["snapshot"] = Field(default="snapshot", description="A copy in the volume's own store.")
    reason: str = Field(default="", max_length=2000)


class ScheduleEdit(BaseModel):
    """What becomes otherwise; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    every: Literal["day", "week"] | None = None
    weekday: int | None = Field(default=None, ge=1, le=7)
    hour: int | None = Field(default=None, ge=0, le=23)
    keep: int | None = Field(default=None, ge=1, le=365)
    active: bool | None = Field(default=None, description="false: no copies until it is true again.")
    reason: str = Field(default="", max_length=2000)


@router.get("/api/v1/backup-schedules", summary="Schedules of copies", responses=answers(page_of(BackupSchedule)))
def schedules(
    request: Request,
    caller: Reader,
    *,
    volume: UUID | None = None,
    project: Annotated[str | None, Query(max_length=100, description="Code or id.")] = None,
    limit: Limit = 100,
    cursor: str | None = None,
) -> Response:
    """When each is due next, what came of the last time, how many copies there are."""
    position = decode_cursor(cursor, 1)
    after = uuid_of(position[0]) if position else None
    with caller.transaction() as tx:
        rows = schedules_json(tx, volume=volume, project=project, after=after, limit=limit + 1)
    return page(request, rows, limit)


@router.get(
    "/api/v1/backup-schedules/{schedule_id}",
    summary="A schedule of copies",
    responses=answers(BackupSchedule) | NOT_MODIFIED,
)
def schedule(schedule_id: UUID, request: Request, caller: Reader) -> Response:
    """`fault` says why the last copy did not come to be."""
    return shown_one(request, caller, lambda tx: schedule_json(tx, schedule_id))


@router.post("/api/v1/backup-schedules", status_code=201, summary="Copy a volume by itself", responses=ORDERED)
def create(body: ScheduleIn, creation: Annotated[Creation, Depends(creating("hosting:write"))]) -> Response:
    """Each copy is an order of its own, under the account `irisplane`, within the quota of the day."""
    asked = body.model_dump(exclude={"reason"}, exclude_none=True)
    reason = body.reason or creation.caller.reason
    return order(creation, request_for("hosting.backup_schedule.create", asked, reason))


@router.patch("/api/v1/backup-schedules/{schedule_id}", status_code=201, summary="Alter a schedule", responses=ORDERED)
def alter(schedule_id: UUID, body: ScheduleEdit, version: Match, caller: Writer) -> Response:
    """From its next due time on."""
    given = body.model_dump(exclude={"reason"}, exclude_none=True)
    asked = {"schedule": str(schedule_id), "version": version, **given}
    return order_now(caller, request_for("hosting.backup_schedule.alter", asked, body.reason or caller.reason))


@router.delete("/api/v1/backup-schedules/{schedule_id}", status_code=201, summary="End a schedule", responses=ORDERED)
def end(schedule_id: UUID, version: Match, caller: Writer) -> Response:
    """The copies that there are stay, as snapshots like any other."""
    asked = {"schedule": str(schedule_id), "version": version}
    return order_now(caller, request_for("hosting.backup_schedule.delete", asked, caller.reason))
