"""`/api/v1/volumes`: disks that outlive the servers they are attached to."""

from __future__ import annotations

from typing import Annotated, Any
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
from api.shapes.hosting import Volume
from datacenter.hosting.volumes.rows import VOLUMES
from orchestrator.engine import ChangeRequest

__all__ = ["router"]

router = APIRouter(tags=["volumes"])

Writer = Annotated[Caller, Depends(require("hosting:write"))]
Ordering = Annotated[Creation, Depends(creating("hosting:write"))]
Why = Annotated[str, Field(max_length=2000)]
Ref = Annotated[str, Field(min_length=1, max_length=100)]


class VolumeIn(BaseModel):
    """A volume: empty, or a copy of a snapshot or an image."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=63)
    project: str = Field(default="main", min_length=1, max_length=100, description="Code or id.")
    description: str = Field(default="", max_length=200)
    size_gib: int | None = Field(default=None, ge=1, le=65536, description="That of the snapshot when absent.")
    snapshot: Ref | None = Field(default=None, description="Id, or name in the project.")
    image: str | None = Field(default=None, min_length=1, max_length=100, description="Code in the catalogue.")
    reason: Why = ""


class VolumeEdit(BaseModel):
    """What becomes otherwise; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=63)
    description: str | None = Field(default=None, max_length=200)
    reason: Why = ""


class GrowthIn(BaseModel):
    """How large a volume becomes."""

    model_config = ConfigDict(extra="forbid")

    size_gib: int = Field(ge=1, le=65536)
    reason: Why = ""


class RestoreIn(BaseModel):
    """To which snapshot a volume goes back."""

    model_config = ConfigDict(extra="forbid")

    snapshot: Ref
    reason: Why = ""


class AttachIn(BaseModel):
    """Which volume comes or goes."""

    model_config = ConfigDict(extra="forbid")

    volume: Ref = Field(description="Its id.")
    reason: Why = ""


@router.get("/api/v1/volumes", summary="Volumes", responses=answers(page_of(Volume)))
def volumes(
    caller: Reader,
    selected: Selected,
    server: Annotated[str | None, Query(max_length=36, description="Id of the server that has them.")] = None,
) -> Response:
    """Where each is attached, and what it costs a month."""
    return list_of(caller, VOLUMES, selected, {"server": server})


@router.get("/api/v1/volumes/{volume_id}", summary="A volume", responses=answers(Volume) | NOT_MODIFIED)
def volume(volume_id: UUID, request: Request, caller: Reader) -> Response:
    """`findings` say what somebody altered in the cloud."""
    return one_of(request, caller, VOLUMES, volume_id)


@router.post("/api/v1/volumes:preview", summary="What would a volume cost?", responses=PREVIEW)
def preview_create(body: VolumeIn, caller: Reader) -> Response:
    """Price, approvals and what of the quota is left. Writes nothing."""
    return preview(caller, _create(body, caller))


@router.post("/api/v1/volumes", status_code=202, summary="Order a volume", responses=ORDERED)
def create(body: VolumeIn, creation: Ordering) -> Response:
    """Empty, or a copy of a snapshot or an image."""
    return order(creation, _create(body, creation.caller))


@router.patch("/api/v1/volumes/{volume_id}", status_code=202, summary="Rename a volume", responses=ORDERED)
def rename(volume_id: UUID, body: VolumeEdit, version: Match, caller: Writer) -> Response:
    """Its name and what it is for."""
    given = body.model_dump(exclude={"reason"}, exclude_none=True)
    return order_now(caller, _about("rename", caller, volume_id, body.reason, version=version, **given))


@router.post("/api/v1/volumes/{volume_id}:extend:preview", summary="What would more GiB cost?", responses=PREVIEW)
def preview_extend(volume_id: UUID, body: GrowthIn, caller: Reader) -> Response:
    """The difference in price, approvals and what of the quota is left. Writes nothing."""
    return preview(caller, _about("extend", caller, volume_id, body.reason, size_gib=body.size_gib))


@router.post("/api/v1/volumes/{volume_id}:extend", status_code=202, summary="Make a volume larger", responses=ORDERED)
def extend(volume_id: UUID, body: GrowthIn, creation: Ordering) -> Response:
    """Also while a server has it. There is no way back."""
    return order(creation, _about("extend", creation.caller, volume_id, body.reason, size_gib=body.size_gib))


@router.post("/api/v1/volumes/{volume_id}:restore", status_code=202, summary="Go back to a snapshot", responses=ORDERED)
def restore(volume_id: UUID, body: RestoreIn, creation: Ordering) -> Response:
    """To the newest one, while no server has the volume; what was written since is lost."""
    return order(creation, _about("restore", creation.caller, volume_id, body.reason, snapshot=body.snapshot))


@router.delete("/api/v1/volumes/{volume_id}", status_code=202, summary="Delete a volume", responses=ORDERED)
def delete(volume_id: UUID, version: Match, caller: Writer) -> Response:
    """With everything on it. Refused while a server has it or snapshots hang on it."""
    return order_now(caller, _about("delete", caller, volume_id, "", version=version))


@router.post(
    "/api/v1/servers/{server_id}:attach-volume", status_code=202, summary="Give a server a volume", responses=ORDERED
)
def attach(server_id: UUID, body: AttachIn, creation: Ordering) -> Response:
    """A volume of the same project that no server has."""
    asked = {"volume": body.volume, "server": str(server_id)}
    reason = body.reason or creation.caller.reason
    return order(creation, request_for("hosting.volume.attach", asked, reason))


@router.post(
    "/api/v1/servers/{server_id}:detach-volume", status_code=202, summary="Take a volume away", responses=ORDERED
)
def detach(server_id: UUID, body: AttachIn, creation: Ordering) -> Response:
    """What it holds stays. A server in which it is mounted may hold on to it: then the order says so."""
    asked = {"volume": body.volume, "server": str(server_id)}
    reason = body.reason or creation.caller.reason
    return order(creation, request_for("hosting.volume.detach", asked, reason))


def _create(body: VolumeIn, caller: Caller) -> ChangeRequest:
    asked = body.model_dump(exclude={"reason"}, exclude_none=True)
    return request_for("hosting.volume.create", asked, body.reason or caller.reason)


def _about(verb: str, caller: Caller, volume: UUID, reason: str, **more: Any) -> ChangeRequest:
    return request_for(f"hosting.volume.{verb}", {"volume": str(volume), **more}, reason or caller.reason)
