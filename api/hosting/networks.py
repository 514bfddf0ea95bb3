"""`/api/v1/networks`: private networks of a project."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import NOT_MODIFIED, Match
from api.dependencies import Caller, require
from api.hosting.ordering import ORDERED, order, order_now, request_for
from api.hosting.previewing import PREVIEW, preview
from api.hosting.reading import Reader, Selected, list_of, one_of
from api.idempotency import Creation, creating
from api.shapes import answers, page_of
from api.shapes.hosting import Network
from datacenter.hosting.networks.network_changes import NETWORKS
from orchestrator.engine import ChangeRequest

__all__ = ["router"]

router = APIRouter(tags=["networks"])

Writer = Annotated[Caller, Depends(require("hosting:write"))]
Ordering = Annotated[Creation, Depends(creating("hosting:write"))]


class NetworkIn(BaseModel):
    """A private network."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=63)
    project: str = Field(default="main", min_length=1, max_length=100, description="Code or id.")
    cidr: str | None = Field(
        default=None, max_length=60, description="Its range, 10.20.0.0/24; a free one of the project when absent."
    )
    routed: bool = Field(default=True, description="Whether a router leads from it to the public network.")
    reason: str = Field(default="", max_length=2000)


@router.get("/api/v1/networks", summary="Private networks", responses=answers(page_of(Network)))
def networks(caller: Reader, selected: Selected) -> Response:
    """With the servers that stand in each."""
    return list_of(caller, NETWORKS, selected)


@router.get("/api/v1/networks/{network_id}", summary="A private network", responses=answers(Network) | NOT_MODIFIED)
def network(network_id: UUID, request: Request, caller: Reader) -> Response:
    """`findings` say what somebody altered in the cloud."""
    return one_of(request, caller, NETWORKS, network_id)


@router.post("/api/v1/networks:preview", summary="What would this network be?", responses=PREVIEW)
def preview_create(body: NetworkIn, caller: Reader) -> Response:
    """The range it gets, approvals and what of the quota is left. Writes nothing."""
    return preview(caller, _create(body, caller))


@router.post("/api/v1/networks", status_code=202, summary="Create a private network", responses=ORDERED)
def create(body: NetworkIn, creation: Ordering) -> Response:
    """Its range overlaps no other network of the project."""
    return order(creation, _create(body, creation.caller))


@router.delete("/api/v1/networks/{network_id}", status_code=202, summary="Delete a network", responses=ORDERED)
def delete(network_id: UUID, version: Match, caller: Writer) -> Response:
    """Does not go through while something stands in it; the order says what."""
    asked = {"network": str(network_id), "version": version}
    return order_now(caller, request_for("hosting.network.delete", asked, caller.reason))


def _create(body: NetworkIn, caller: Caller) -> ChangeRequest:
    asked = body.model_dump(exclude={"reason"}, exclude_none=True)
    return request_for("hosting.network.create", asked, body.reason or caller.reason)
