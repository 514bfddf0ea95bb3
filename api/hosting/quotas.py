"""`/api/v1/quotas`: what may be held, what is left, and the orders that ask for more or split what there is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.answers import Limit, decode_cursor, json_value, page
from api.dependencies import Caller, require
from api.hosting.ordering import ORDERED, order, pointing_at_the_body, request_for
from api.idempotency import Creation, creating
from api.shapes import answers, page_of
from api.shapes.orders import Quota, QuotaPreview
from core.identity import tenant_by_code
from datacenter.hosting import quotas
from datacenter.hosting.quota_changes import Amount, Amounts, QuotaGrant, QuotaSplit
from datacenter.hosting.quotas import Resource
from orchestrator import engine
from orchestrator.engine import ChangeRequest

__all__ = ["router"]

router = APIRouter(tags=["quotas"])

Code = Annotated[str, Field(max_length=63)]


class QuotaIn(BaseModel):
    """How much there should be in all: of one resource, or of several."""

    model_config = ConfigDict(extra="forbid")

    resource: Resource | None = None
    granted: Amount | None = None
    resources: Amounts | None = None
    project: Code | None = Field(default=None, description="Code or id; the administration's own bound when absent.")
    tenant: Code | None = Field(default=None, description="Code; for the region's staff.")
    reason: str = Field(default="", max_length=2000, description="Why; the `X-Reason` header when absent.")

    @model_validator(mode="after")
    def _one_way(self) -> QuotaIn:
        if (self.resource is None) != (self.granted is None) or (self.resource is None) == (self.resources is None):
            raise ValueError("give resource and granted, or resources")
        return self

    def wanted(self) -> dict[str, int]:
        """Resource → how much in all."""
        if self.resource is not None and self.granted is not None:
            return {self.resource: self.granted}
        return dict[str, int](**(self.resources or {}))


class SplitIn(BaseModel):
    """How much each project may hold."""

    model_config = ConfigDict(extra="forbid")

    shares: Annotated[dict[Code, Amounts], Field(min_length=1, max_length=100)] = Field(
        description="Code or id of a project → resource → how much."
    )
    tenant: Code | None = Field(default=None, description="Code; for the region's staff.")
    reason: str = Field(default="", max_length=2000)


@router.get("/api/v1/quotas", summary="Quotas", responses=answers(page_of(Quota)))
def all_quotas(
    request: Request,
    caller: Annotated[Caller, Depends(require("hosting:read"))],
    *,
    tenant: Annotated[str | None, Query(max_length=63, description="Code; for the region's staff.")] = None,
    project: Annotated[str | None, Query(max_length=63, description="Code or id.")] = None,
    resource: Resource | None = None,
    level: Annotated[Literal["ok", "nearly-full", "full"] | None, Query(description="nearly-full from 80 %.")] = None,
    limit: Limit = 1000,
    cursor: str | None = None,
) -> Response:
    """What is granted, used and left. A row without a project bounds the whole administration; both must have room."""
    after = decode_cursor(cursor, 3)
    with caller.transaction() as tx:
        rows = quotas.listed(tx, quotas.Wanted(tenant, project, resource, level), after, limit + 1)
    return page(request, rows, limit)


@router.post("/api/v1/quotas", status_code=202, summary="Ask for more", responses=ORDERED)
def ask_for_more(body: QuotaIn, creation: Annotated[Creation, Depends(creating("hosting:write"))]) -> Response:
    """Ask for so much in all: a platform manager of the region decides, and whoever asked is told why."""
    return order(creation, _grant(creation.caller, body))


@router.post("/api/v1/quotas:preview", summary="What would be granted?", responses=answers(QuotaPreview))
def preview(body: QuotaIn, caller: Annotated[Caller, Depends(require("hosting:write"))]) -> Response:
    """The plan of such a request and whose approval it needs. Writes nothing."""
    return _previewed(caller, _grant(caller, body))


@router.post("/api/v1/quotas:split", status_code=202, summary="Split a quota among projects", responses=ORDERED)
def split(body: SplitIn, creation: Annotated[Creation, Depends(creating("hosting:write"))]) -> Response:
    """Let each project hold so much of what the administration has; the administration's administrator decides."""
    intent = body.model_dump(exclude={"reason"}, exclude_none=True)
    return order(creation, _request(creation.caller, QuotaSplit.name, intent, body.reason, body.tenant))


def _grant(caller: Caller, body: QuotaIn) -> ChangeRequest:
    intent: dict[str, Any] = {"resources": body.wanted()}
    intent |= {name: value for name, value in (("project", body.project), ("tenant", body.tenant)) if value is not None}
    return _request(caller, QuotaGrant.name, intent, body.reason, body.tenant, project=body.project)


def _request(
    caller: Caller, kind: str, intent: dict[str, Any], reason: str, tenant: str | None, project: str | None = None
) -> ChangeRequest:
    """The Change belongs to whose quota it is, whoever asks."""
    owner = caller.principal.tenant_id
    if caller.principal.staff and (tenant or project):
        with caller.transaction() as tx:
            owner = (
                tenant_by_code(tx, tenant) if tenant else quotas.project_named(tx, None, project or "", "/project")[2]
            )
    return request_for(kind, intent, reason or caller.reason, tenant=owner)


def _previewed(caller: Caller, asked: ChangeRequest) -> Response:
    with pointing_at_the_body():
        made = engine.preview(caller.database, caller.principal, asked, caller.request_id).as_dict()
    wanted = [row for target in made["targets"] for row in target["data"]["rows"]]
    with caller.transaction() as tx:
        used = {
            (str(bound.project_id), bound.resource): bound.used
            for bound in quotas.bounds(tx, asked.tenant or caller.principal.tenant_id)
        }
    after: dict[str, dict[str, int]] = {}
    for row in wanted:  # the project's own, where one is named, stands for what it can order then
        held = used.get((str(row["project_id"]), row["resource"]), 0)
        shown = {"granted": row["granted"], "used": held, "left": max(row["granted"] - held, 0)}
        if row["project_id"] or row["resource"] not in after:
            after[row["resource"]] = shown
    return json_value({"plan": made, "quota_after": after, "approvals": made["approvals"]})
