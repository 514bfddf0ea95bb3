"""`/api/v1/support-requests` and `/api/v1/maintenance`: ask the region, and know what it will work on."""

from __future__ import annotations

import json
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from api.answers import NOT_MODIFIED, Limit, Match, cursor_id, etag, json_text, matches, page
from api.dependencies import Caller, require
from api.idempotency import Answer, Creation, creating
from api.shapes import answers, page_of
from api.shapes.support import MessageSaid, Notice, SupportRequest, SupportRequestInList
from core.errors import InvalidInput
from core.identity import tenant_by_code
from datacenter.hosting.support import maintenance, requests
from datacenter.hosting.support.maintenance import Impact, State

__all__ = ["router"]

router = APIRouter(tags=["support"])


class About(BaseModel):
    """A thing of the administration."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(max_length=63, description="For example server, volume, network, project, change.")
    id: UUID


class RequestIn(BaseModel):
    """A question, or something that does not work."""

    model_config = ConfigDict(extra="forbid")

    subject: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
    body: str = Field(min_length=1, max_length=20000)
    resource: About | None = None
    tenant: str | None = Field(default=None, max_length=63, description="Code; staff asks in an administration's name.")


class MessageIn(BaseModel):
    """What is said."""

    model_config = ConfigDict(extra="forbid")

    body: str = Field(min_length=1, max_length=20000)


class RequestEdit(BaseModel):
    """Where a request stands; absent means unaltered."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["open", "solved", "closed"] | None = None
    subject: str | None = Field(default=None, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")


Title = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text = Annotated[str, Field(max_length=5000)]


class NoticeIn(BaseModel):
    """What the region will work on, and when."""

    model_config = ConfigDict(extra="forbid")

    title_fr: Title
    title_nl: Title
    title_en: Title
    text_fr: Text = ""
    text_nl: Text = ""
    text_en: Text = ""
    impact: Impact = Field(description="none: not felt; degraded: slower or less; interrupted: away.")
    begins: AwareDatetime
    ends: AwareDatetime
    touches: list[maintenance.Touch] = Field(min_length=1, max_length=100)


class NoticeEdit(BaseModel):
    """What may be altered about a notice; absent means unaltered."""

    model_config = ConfigDict(extra="forbid")

    title_fr: Title | None = None
    title_nl: Title | None = None
    title_en: Title | None = None
    text_fr: Text | None = None
    text_nl: Text | None = None
    text_en: Text | None = None
    impact: Impact | None = None
    begins: AwareDatetime | None = None
    ends: AwareDatetime | None = None
    touches: list[maintenance.Touch] | None = Field(default=None, min_length=1, max_length=100)
    state: Literal["scheduled", "in-progress", "done", "cancelled"] | None = None


# --------------------------------------------------------------------------------------------------------- requests
@router.get(
    "/api/v1/support-requests",
    summary="Support requests, newest first",
    responses=answers(page_of(SupportRequestInList)),
)
def support_requests(
    request: Request,
    caller: Annotated[Caller, Depends(require("hosting:read"))],
    *,
    state: Annotated[Literal["open", "answered", "solved", "closed"] | None, Query()] = None,
    tenant: Annotated[str | None, Query(max_length=63, description="Code; for the region's staff.")] = None,
    resource: Annotated[UUID | None, Query(description="Id of what they are about.")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Part of the subject.")] = None,
    limit: Limit = 100,
    cursor: str | None = None,
) -> Response:
    """Your administration's requests; the region's staff sees those of all."""
    before = cursor_id(cursor)
    with caller.transaction() as tx:
        rows = requests.listed(tx, requests.Wanted(state, tenant, resource, q), before, limit + 1)
    return page(request, rows, limit)


@router.get(
    "/api/v1/support-requests/{request_id}",
    summary="A support request",
    responses=answers(SupportRequest) | NOT_MODIFIED,
)
def support_request(
    request_id: UUID, request: Request, caller: Annotated[Caller, Depends(require("hosting:read"))]
) -> Response:
    """A request with everything that was said, and its ETag."""
    with caller.transaction() as tx:
        body, version = requests.one(tx, request_id)
    return _versioned(request, body, version)


@router.post(
    "/api/v1/support-requests", status_code=201, summary="Ask the region", responses=answers(SupportRequest, 201)
)
def open_request(body: RequestIn, creation: Annotated[Creation, Depends(creating("hosting:support"))]) -> Response:
    """Open a request, from a thing of yours or without one."""
    caller = creation.caller

    def effect(tx: Connection) -> Answer:
        tenant = tenant_by_code(tx, body.tenant) if body.tenant else caller.principal.tenant_id
        caller.must_write("support-request", tenant=tenant)
        about = (body.resource.type, body.resource.id) if body.resource else None
        made = requests.open_request(tx, caller.principal, tenant, body.subject, body.body, about)
        shown, version = requests.one(tx, made)
        return Answer(201, shown, {"Location": f"/api/v1/support-requests/{made}", "ETag": etag(version)})

    return creation.in_one_transaction(effect, reason="ask for support")


@router.post(
    "/api/v1/support-requests/{request_id}/messages",
    status_code=201,
    summary="Say something",
    responses=answers(MessageSaid, 201),
)
def say(
    request_id: UUID, body: MessageIn, creation: Annotated[Creation, Depends(creating("hosting:support"))]
) -> Response:
    """Add a message: the request waits for the other side then."""
    caller = creation.caller

    def effect(tx: Connection) -> Answer:
        requests.one(tx, request_id)
        caller.must_write("support-request")
        made = requests.say(tx, caller.principal, request_id, body.body)
        _, version = requests.one(tx, request_id)
        headers = {"Location": f"/api/v1/support-requests/{request_id}", "ETag": etag(version)}
        return Answer(201, json.dumps({"id": str(made), "request": str(request_id)}), headers)

    return creation.in_one_transaction(effect, reason="support")


@router.patch(
    "/api/v1/support-requests/{request_id}", summary="Alter a support request", responses=answers(SupportRequest)
)
def edit_request(
    request_id: UUID,
    body: RequestEdit,
    version: Match,
    caller: Annotated[Caller, Depends(require("hosting:support"))],
) -> Response:
    """Say that it is solved, open it again, or close it for good. Needs `If-Match`."""
    caller.must_write("support-request")
    with caller.transaction("support") as tx:
        requests.alter(tx, caller.principal, request_id, version, state=body.state, subject=body.subject)
        shown, now = requests.one(tx, request_id)
    return json_text(shown, version=now)


# ------------------------------------------------------------------------------------------------------ maintenance
@router.get("/api/v1/maintenance", summary="Maintenance, newest first", responses=answers(page_of(Notice)))
def notices(
    request: Request,
    caller: Annotated[Caller, Depends(require("hosting:read"))],
    *,
    state: Annotated[State | None, Query()] = None,
    after: Annotated[AwareDatetime | None, Query(description="What ends after this time.")] = None,
    limit: Limit = 100,
    cursor: str | None = None,
) -> Response:
    """What the region works on, or will, that touches something of yours; of each notice your own resources."""
    before = cursor_id(cursor)
    with caller.transaction() as tx:
        rows = maintenance.listed(tx, state, after, before, limit + 1)
    return page(request, rows, limit)


@router.get("/api/v1/maintenance/{notice_id}", summary="A maintenance notice", responses=answers(Notice) | NOT_MODIFIED)
def notice(notice_id: UUID, request: Request, caller: Annotated[Caller, Depends(require("hosting:read"))]) -> Response:
    """One notice, and its ETag."""
    with caller.transaction() as tx:
        body, version = maintenance.one(tx, notice_id)
    return _versioned(request, body, version)


@router.post(
    "/api/v1/maintenance", status_code=201, summary="Draft a maintenance notice", responses=answers(Notice, 201)
)
def draft_notice(body: NoticeIn, creation: Annotated[Creation, Depends(creating("hosting:support"))]) -> Response:
    """Write a notice that nobody is told of yet. The region's staff only."""
    caller = creation.caller
    _region_writes(caller)

    def effect(tx: Connection) -> Answer:
        facts = body.model_dump(exclude={"touches"})
        made = maintenance.draft(tx, caller.principal.tenant_id, facts, body.touches)
        shown, version = maintenance.one(tx, made)
        return Answer(201, shown, {"Location": f"/api/v1/maintenance/{made}", "ETag": etag(version)})

    return creation.in_one_transaction(effect)


@router.patch("/api/v1/maintenance/{notice_id}", summary="Alter a maintenance notice", responses=answers(Notice))
def edit_notice(
    notice_id: UUID,
    body: NoticeEdit,
    version: Match,
    caller: Annotated[Caller, Depends(require("hosting:support"))],
) -> Response:
    """Alter a notice, or move it on: `state` `scheduled` tells everybody whom it touches. Needs `If-Match`."""
    _region_writes(caller)
    if not body.model_fields_set:
        raise InvalidInput("Nothing is to be altered.", hint="Name a field, for example state.")
    with caller.transaction() as tx:
        facts = body.model_dump(exclude={"touches", "state"}, exclude_none=True)
        maintenance.alter(tx, notice_id, version, facts, body.touches, body.state)
        shown, now = maintenance.one(tx, notice_id)
    return json_text(shown, version=now)


def _region_writes(caller: Caller) -> None:
    caller.must_write("maintenance")


def _versioned(request: Request, body: str, version: int) -> Response:
    if matches(request, version):
        return Response(status_code=304, headers={"ETag": etag(version)})
    return json_text(body, version=version)
