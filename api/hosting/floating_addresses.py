"""`/api/v1/floating-addresses`: addresses by which a server is reached from outside."""

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
from api.shapes.hosting import FloatingAddress
from datacenter.hosting.networks.address_changes import ADDRESSES
from orchestrator.engine import ChangeRequest

__all__ = ["router"]

router = APIRouter(tags=["floating addresses"])

Writer = Annotated[Caller, Depends(require("hosting:write"))]
Ordering = Annotated[Creation, Depends(creating("hosting:write"))]


class AddressIn(BaseModel):
    """A floating address, for a server or to keep."""

    model_config = ConfigDict(extra="forbid")

    project: str = Field(default="main", min_length=1, max_length=100, description="Code or id.")
    description: str = Field(default="", max_length=200)
    server: str | None = Field(default=None, min_length=1, max_length=100, description="Id, or name in the project.")
    reason: str = Field(default="", max_length=2000)


class LeadIn(BaseModel):
    """To which server an address shall lead."""

    model_config = ConfigDict(extra="forbid")

    server: str = Field(min_length=1, max_length=100, description="Id, or name in the address's project.")
    reason: str = Field(default="", max_length=2000)


class Nowhere(BaseModel):
    """Nothing more has to be said."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(default="", max_length=2000)


@router.get("/api/v1/floating-addresses", summary="Floating addresses", responses=answers(page_of(FloatingAddress)))
def floating_addresses(
    caller: Reader,
    selected: Selected,
    address: Annotated[str | None, Query(max_length=60)] = None,
    server: Annotated[str | None, Query(max_length=36, description="Id of the server it leads to.")] = None,
) -> Response:
    """And where each leads."""
    return list_of(caller, ADDRESSES, selected, {"address": address, "server": server})


@router.get(
    "/api/v1/floating-addresses/{address_id}",
    summary="A floating address",
    responses=answers(FloatingAddress) | NOT_MODIFIED,
)
def floating_address(address_id: UUID, request: Request, caller: Reader) -> Response:
    """`server` is where it leads; `fixed_address` the server's own address that it stands for."""
    return one_of(request, caller, ADDRESSES, address_id)


@router.post("/api/v1/floating-addresses:preview", summary="What would an address cost?", responses=PREVIEW)
def preview_create(body: AddressIn, caller: Reader) -> Response:
    """Price, approvals and what of the quota is left. Writes nothing."""
    return preview(caller, _create(body, caller))


@router.post("/api/v1/floating-addresses", status_code=202, summary="Order a floating address", responses=ORDERED)
def create(body: AddressIn, creation: Ordering) -> Response:
    """The cloud says which address it is."""
    return order(creation, _create(body, creation.caller))


@router.post("/api/v1/floating-addresses/{address_id}:attach", status_code=202, summary="Lead it", responses=ORDERED)
def attach(address_id: UUID, body: LeadIn, creation: Ordering) -> Response:
    """To a server of the same project; from the one it leads to now it is taken."""
    asked = {"address": str(address_id), "server": body.server}
    reason = body.reason or creation.caller.reason
    return order(creation, request_for("hosting.floating_address.assign", asked, reason))


@router.post("/api/v1/floating-addresses/{address_id}:detach", status_code=202, summary="Release it", responses=ORDERED)
def detach(address_id: UUID, body: Nowhere, creation: Ordering) -> Response:
    """It leads nowhere, and stays the project's."""
    reason = body.reason or creation.caller.reason
    return order(creation, request_for("hosting.floating_address.release", {"address": str(address_id)}, reason))


@router.delete("/api/v1/floating-addresses/{address_id}", status_code=202, summary="Give it back", responses=ORDERED)
def delete(address_id: UUID, version: Match, caller: Writer) -> Response:
    """Also while it leads to a server, which is not reached by it any more."""
    asked = {"address": str(address_id), "version": version}
    return order_now(caller, request_for("hosting.floating_address.delete", asked, caller.reason))


def _create(body: AddressIn, caller: Caller) -> ChangeRequest:
    asked = body.model_dump(exclude={"reason"}, exclude_none=True)
    return request_for("hosting.floating_address.create", asked, body.reason or caller.reason)
