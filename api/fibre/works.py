"""`/api/v1/fibre/works`: the notice of works on the plant, drafted from what breaks while they last."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import AwareDatetime, Field
from sqlalchemy import Connection

from api.answers import etag
from api.idempotency import Answer, Creation, creating
from api.shapes import answers
from api.shapes.support import Notice
from datacenter.hosting.support import maintenance
from datacenter.hosting.support.works import drafted
from network.impact.answer import impact
from network.impact.subjects import Question

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/fibre", tags=["fibre"])


class Works(Question):
    """What is taken out of service, and when."""

    begins: AwareDatetime
    ends: Annotated[AwareDatetime, Field(description="After `begins`.")]


@router.post(
    "/works", status_code=201, summary="Draft the notice of works on the plant", responses=answers(Notice, 201)
)
def draft_works(
    body: Works,
    creation: Annotated[Creation, Depends(creating("hosting:support", "network:read", "inventory:read"))],
) -> Response:
    """A maintenance notice in three languages, of every circuit, service and site that the works touch; nobody is told
    before its `state` becomes `scheduled`. The region's staff only."""
    caller = creation.caller
    caller.must_write("maintenance")

    def effect(tx: Connection) -> Answer:
        found = impact(tx, body)
        facts, touches = drafted(tx, found, [subject.key for subject in body.of] or found["lost"]["ducts"])
        facts |= {"begins": body.begins, "ends": body.ends}
        made = maintenance.draft(tx, caller.principal.tenant_id, facts, touches)
        shown, version = maintenance.one(tx, made)
        return Answer(201, shown, {"Location": f"/api/v1/maintenance/{made}", "ETag": etag(version)})

    return creation.in_one_transaction(effect)
