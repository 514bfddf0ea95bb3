"""`/api/v1/zones`: where servers can stand, and which data each place may hold."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from api.answers import NOT_MODIFIED, Limit, Match, decode_cursor, etag, json_text, matches, page
from api.changes import record_answer
from api.dependencies import Caller, require
from api.hosting.ordering import ORDERED, pointing_at_the_body
from api.idempotency import Answer, Creation, creating
from api.shapes import answers, page_of
from api.shapes.hosting import Zone
from core.errors import StaleVersion
from datacenter.hosting import zones
from datacenter.hosting.zones import DataClass, ZoneEdit, ZoneIntent
from orchestrator import engine
from orchestrator.engine import ChangeRecord, ChangeRequest

__all__ = ["router"]

router = APIRouter(tags=["zones"])

Reader = Annotated[Caller, Depends(require("hosting:read"))]
Code = Annotated[str, Path(max_length=31)]


class ZonePatch(BaseModel):
    """What may be altered about a zone; absent means unaltered."""

    model_config = ConfigDict(extra="forbid")

    site: str | None = Field(default=None, max_length=63)
    availability_zone: str | None = Field(default=None, min_length=1, max_length=255)
    data_classes: Annotated[list[DataClass], Field(max_length=4)] | None = None
    open: bool | None = None


@router.get("/api/v1/zones", summary="Zones", responses=answers(page_of(Zone)))
def all_zones(
    request: Request, caller: Reader, data_class: DataClass | None = None, limit: Limit = 100, cursor: str | None = None
) -> Response:
    """Where servers can stand. `present` is false while the cloud has no such availability zone."""
    after = decode_cursor(cursor, 1)
    with caller.transaction() as tx:
        rows = zones.listed(tx, data_class, after[0] if after else None, limit + 1)
    return page(request, rows, limit)


@router.get("/api/v1/zones/{code}", summary="A zone", responses=answers(Zone) | NOT_MODIFIED)
def zone(code: Code, request: Request, caller: Reader) -> Response:
    """One zone, and its ETag."""
    with caller.transaction() as tx:
        body, version = zones.one(tx, code)
    if matches(request, version):
        return Response(status_code=304, headers={"ETag": etag(version)})
    return json_text(body, version=version)


@router.post("/api/v1/zones", status_code=201, summary="Add a zone", responses=ORDERED)
def add_zone(body: ZoneIntent, creation: Annotated[Creation, Depends(creating("hosting:write"))]) -> Response:
    """Add a zone, or let one be as said. A change of the region's platform managers, `hosting.zone.edit`."""
    creation.caller.must_write("zone")

    def effect(tx: Connection) -> Answer:
        return record_answer(_submit(creation.caller, tx, body))

    return creation.in_one_transaction(effect)


@router.patch("/api/v1/zones/{code}", status_code=201, summary="Alter a zone", responses=ORDERED)
def alter_zone(
    code: Code, body: ZonePatch, version: Match, caller: Annotated[Caller, Depends(require("hosting:write"))]
) -> Response:
    """Alter what a zone may hold, or whether it takes servers. Needs `If-Match`; servers that stand there stay."""
    caller.must_write("zone")
    with caller.transaction() as tx:
        _, now = zones.one(tx, code)
        if version is not None and version != now:
            raise StaleVersion(f"The zone {code} was altered since you read it.")
        made = _submit(caller, tx, ZoneIntent(code=code, **body.model_dump()))
    return record_answer(made).response()


def _submit(caller: Caller, tx: Connection, wanted: ZoneIntent) -> ChangeRecord:
    asked = ChangeRequest(kind=ZoneEdit.name, intent=wanted.model_dump(exclude_none=True), reason=caller.reason)
    with pointing_at_the_body():
        return engine.submit(caller.database.joining(tx), caller.principal, asked, caller.request_id)
