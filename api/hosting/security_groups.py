"""`/api/v1/security-groups`: what may reach a server, and whom it may reach."""

from __future__ import annotations

from typing import Annotated, Any
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
from api.shapes.hosting import SecurityGroup
from datacenter.hosting.networks.group_rows import GROUPS
from datacenter.hosting.networks.rules import RuleIn
from orchestrator.engine import ChangeRequest

__all__ = ["router"]

router = APIRouter(tags=["security groups"])

_ALTER = "hosting.security_group.alter"
Writer = Annotated[Caller, Depends(require("hosting:write"))]
Ordering = Annotated[Creation, Depends(creating("hosting:write"))]
Why = Annotated[str, Field(max_length=2000)]


class GroupIn(BaseModel):
    """A security group with its rules. Without a rule for egress, everything may go out."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=63)
    project: str = Field(default="main", min_length=1, max_length=100, description="Code or id.")
    description: str = Field(default="", max_length=200)
    rules: list[RuleIn] = Field(default_factory=list, max_length=1000)
    reason: Why = ""


class GroupEdit(BaseModel):
    """What becomes otherwise; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=63)
    description: str | None = Field(default=None, max_length=200)
    rules: list[RuleIn] | None = Field(default=None, max_length=1000, description="All of them.")
    reason: Why = ""


class RulesIn(BaseModel):
    """All rules of a group."""

    model_config = ConfigDict(extra="forbid")

    rules: list[RuleIn] = Field(max_length=1000)
    reason: Why = ""


@router.get("/api/v1/security-groups", summary="Security groups", responses=answers(page_of(SecurityGroup)))
def groups(caller: Reader, selected: Selected) -> Response:
    """With their rules. `base` and `default`, which every project has, are not among them."""
    return list_of(caller, GROUPS, selected)


@router.get(
    "/api/v1/security-groups/{group_id}", summary="A security group", responses=answers(SecurityGroup) | NOT_MODIFIED
)
def group(group_id: UUID, request: Request, caller: Reader) -> Response:
    """Its rules in their one form, sorted; `findings` say what somebody altered in the cloud."""
    return one_of(request, caller, GROUPS, group_id)


@router.post("/api/v1/security-groups:preview", summary="What would this security group be?", responses=PREVIEW)
def preview_create(body: GroupIn, caller: Reader) -> Response:
    """Plan, approvals and what of the quota is left. Writes nothing."""
    return preview(caller, _create(body, caller))


@router.post("/api/v1/security-groups", status_code=202, summary="Create a security group", responses=ORDERED)
def create(body: GroupIn, creation: Ordering) -> Response:
    """Its rules are a set: the same rule twice is refused."""
    return order(creation, _create(body, creation.caller))


@router.patch(
    "/api/v1/security-groups/{group_id}", status_code=202, summary="Alter a security group", responses=ORDERED
)
def alter(group_id: UUID, body: GroupEdit, version: Match, caller: Writer) -> Response:
    """The plan shows which rules come and which go."""
    return order_now(caller, _alter(caller, group_id, version, body.reason, **_given(body)))


@router.put("/api/v1/security-groups/{group_id}/rules", status_code=202, summary="Set all rules", responses=ORDERED)
def set_rules(group_id: UUID, body: RulesIn, version: Match, caller: Writer) -> Response:
    """What is not among them is taken away."""
    return order_now(caller, _alter(caller, group_id, version, body.reason, **_given(body)))


@router.post(
    "/api/v1/security-groups/{group_id}/rules:preview", summary="What would these rules alter?", responses=PREVIEW
)
def preview_rules(group_id: UUID, body: RulesIn, caller: Reader) -> Response:
    """The difference. Writes nothing."""
    return preview(caller, _alter(caller, group_id, None, body.reason, **_given(body)))


@router.post("/api/v1/security-groups/{group_id}:allow", status_code=202, summary="Add a rule", responses=ORDERED)
def allow(group_id: UUID, body: RuleIn, creation: Ordering) -> Response:
    """To those there are; nothing happens when it is among them."""
    return order(creation, _alter(creation.caller, group_id, None, "", allow=[body.model_dump()]))


@router.post("/api/v1/security-groups/{group_id}:deny", status_code=202, summary="Take a rule away", responses=ORDERED)
def deny(group_id: UUID, body: RuleIn, creation: Ordering) -> Response:
    """Refused when the group has no such rule."""
    return order(creation, _alter(creation.caller, group_id, None, "", deny=[body.model_dump()]))


@router.delete("/api/v1/security-groups/{group_id}", status_code=202, summary="Delete a group", responses=ORDERED)
def delete(group_id: UUID, version: Match, caller: Writer) -> Response:
    """Refused while a server has it, or a rule of another group names it."""
    asked = {"group": str(group_id), "version": version}
    return order_now(caller, request_for("hosting.security_group.delete", asked, caller.reason))


def _create(body: GroupIn, caller: Caller) -> ChangeRequest:
    asked = body.model_dump(exclude={"reason"})
    return request_for("hosting.security_group.create", asked, body.reason or caller.reason)


def _alter(caller: Caller, group: UUID, version: int | None, reason: str, **what: Any) -> ChangeRequest:
    return request_for(_ALTER, {"group": str(group), "version": version, **what}, reason or caller.reason)


def _given(body: BaseModel) -> dict[str, Any]:
    return body.model_dump(exclude={"reason"}, exclude_none=True)
