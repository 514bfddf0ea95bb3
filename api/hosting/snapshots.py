"""`/api/v1/snapshots`: what stood on a volume at one moment."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import NOT_MODIFIED, Match
from api.dependencies import Caller, require
from api.hosting.ordering import ORDERED, order, order_now, request_for
from api.hosting.previewing import PREVIEW, preview
from api.hosting.reading import Reader, Selected, list_of, one_of
from api.idempotency import Creation, creating
from api.shapes import answers, page_of
from api.shapes.hosting import Snapshot
from datacenter.hosting.volumes.rows import SNAPSHOTS
from orchestrator.engine import ChangeRequest

__all__ = ["router"]

router = APIRouter(tags=["snapshots"])

Writer = Annotated[Caller, Depends(require("hosting:write"))]
Ordering = Annotated[Creation, Depends(creating("hosting:write"))]


class SnapshotIn(BaseModel):
    """A snapshot of a volume."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=63, description="Unique among the project's snapshots.")
    volume: str = Field(min_length=1, max_length=100, description="Its id.")
    description: str = Field(default="", max_length=200)
    reason: str = Field(default="", max_length=2000)


@router.get("/api/v1/snapshots", summary="Snapshots", responses=answers(page_of(Snapshot)))
def snapshots(
    caller: Reader,
    selected: Selected,
    volume: Annotated[str | None, Query(max_length=36, description="Id of the volume they are of.")] = None,
    schedule: Annotated[str | None, Query(max_length=36, description="Id of the schedule that took them.")] = None,
) -> Response:
    """Of which volume, when they were taken, and which schedule took them."""
    return list_of(caller, SNAPSHOTS, selected, {"volume": volume, "schedule": schedule})


@router.get("/api/v1/snapshots/{snapshot_id}", summary="A snapshot", responses=answers(Snapshot) | NOT_MODIFIED)
def snapshot(snapshot_id: UUID, request: Request, caller: Reader) -> Response:
    """`taken_at` is the moment that it holds."""
    return one_of(request, caller, SNAPSHOTS, snapshot_id)


@router.post("/api/v1/snapshots:preview", summary="What would a snapshot cost?", responses=PREVIEW)
def preview_take(body: SnapshotIn, caller: Reader) -> Response:
    """Price, approvals and what of the quota is left. Writes nothing."""
    return preview(caller, _take(body, caller))


@router.post("/api/v1/snapshots", status_code=202, summary="Take a snapshot", responses=ORDERED)
def take(body: SnapshotIn, creation: Ordering) -> Response:
    """Also while a server has the volume: it holds what a power cut at that moment would leave."""
    return order(creation, _take(body, creation.caller))


@router.delete("/api/v1/snapshots/{snapshot_id}", status_code=202, summary="Delete a snapshot", responses=ORDERED)
def delete(snapshot_id: UUID, version: Match, caller: Writer) -> Response:
    """Volumes that began as it stay."""
    asked = {"snapshot": str(snapshot_id), "version": version}
    return order_now(caller, request_for("hosting.snapshot.delete", asked, caller.reason))


def _take(body: SnapshotIn, caller: Caller) -> ChangeRequest:
    asked = body.model_dump(exclude={"reason"})
    return request_for("hosting.volume.snapshot", asked, body.reason or caller.reason)
