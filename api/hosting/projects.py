"""`/api/v1/projects`: the administrations' projects, what differs about them in the cloud, and how that is mended."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import Limit, decode_cursor, json_text, page
from api.dependencies import Caller, require
from api.errors import InvalidCursor
from api.hosting.ordering import ORDERED, order, request_for
from api.idempotency import Creation, creating
from api.shapes import answers, page_of
from api.shapes.hosting import Project
from core.identity import tenant_by_code
from datacenter.hosting import project_list
from datacenter.hosting.servers.owners import owner_of_project

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/projects", tags=["projects"])

Reader = Annotated[Caller, Depends(require("hosting:read"))]
Ordering = Annotated[Creation, Depends(creating("hosting:write"))]


class ProjectIn(BaseModel):
    """A project to be made."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    tenant: Annotated[str | None, Field(max_length=63, description="Code; the own one when absent.")] = None
    reason: Annotated[str, Field(max_length=2000)] = ""


class Why(BaseModel):
    """Why; the request itself when it is not said."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=2000)] = ""


@router.get("", summary="Projects", responses=answers(page_of(Project)))
def projects(
    request: Request,
    caller: Reader,
    *,
    tenant: Annotated[str | None, Query(max_length=63, description="Code of an administration.")] = None,
    differs: Annotated[bool | None, Query(description="Whether something differs in the cloud.")] = None,
    limit: Limit = 100,
    cursor: str | None = None,
) -> Response:
    """`findings` says what differs in the cloud from what is here, as it was at `looked_at`."""
    position = decode_cursor(cursor, 1)
    with caller.transaction() as tx:
        rows = project_list.projects_json(
            tx, caller.scope(), tenant=tenant, differs=differs, after=_uuid(position[0]) if position else None,
            limit=limit,
        )  # fmt: skip
    return page(request, rows, limit)


@router.get("/{project_id}", summary="A project", responses=answers(Project))
def project(project_id: UUID, caller: Reader) -> Response:
    """One project with its findings."""
    with caller.transaction() as tx:
        body, version = project_list.project_json(tx, project_id)
    return json_text(body, version=version)


@router.post("", status_code=202, summary="Make a project", responses=ORDERED)
def create(body: ProjectIn, creation: Ordering) -> Response:
    """It begins with no quota of its own: `POST /api/v1/quotas:split` gives it some of the administration's."""
    caller = creation.caller
    intent: dict[str, object] = {"code": body.code, "name": body.name}
    tenant = None
    if body.tenant is not None and body.tenant != caller.principal.tenant_code:
        with caller.transaction() as tx:
            tenant = tenant_by_code(tx, body.tenant)
        intent["tenant"] = str(tenant)
    reason = body.reason.strip() or caller.reason
    return order(creation, request_for("hosting.project.create", intent, reason, tenant=tenant))


@router.post("/{project_id}:reconcile", status_code=202, summary="Mend a project", responses=ORDERED)
def reconcile(project_id: UUID, creation: Ordering, body: Why | None = None) -> Response:
    """Makes what is Irisplane's about it in the cloud as it should be again; servers that are not ours stay."""
    caller = creation.caller
    tenant = None
    if caller.principal.staff:
        with caller.transaction() as tx:
            tenant = owner_of_project(tx, str(project_id))
    reason = (body.reason.strip() if body else "") or caller.reason
    request = request_for("hosting.project.reconcile", {"project": str(project_id)}, reason, tenant=tenant)
    return order(creation, request)


def _uuid(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError as error:
        raise InvalidCursor("The cursor belongs to another list.") from error
