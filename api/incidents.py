"""`/api/v1/incidents`: what went wrong in the network, put together; silences; and where an Alertmanager tells us."""

from __future__ import annotations

import json
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from api.answers import Limit, decode_cursor, encode_cursor, json_text, json_value, next_link
from api.dependencies import Caller, require
from api.errors import InvalidCursor
from api.idempotency import Answer, Creation, creating
from api.shapes import answers, page_of, whole_list_of
from api.shapes.incidents import AlertsTaken, Incident, IncidentInList, IncidentNotice, LastLook, Silence
from network.incidents import alerts as told
from network.incidents import queries, silences
from network.incidents.last_look import last_look_json

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["incidents"])

Number = Annotated[int, Path(ge=1, le=2**62, description="Of the incident.")]
Reader = Annotated[Caller, Depends(require("network:read", "inventory:read"))]
Writer = Annotated[Caller, Depends(require("network:write"))]


class SaidIn(BaseModel):
    """What somebody says of an incident."""

    model_config = ConfigDict(extra="forbid")

    said: str = Field(default="", max_length=2000)


class NoteIn(BaseModel):
    """A line for the story."""

    model_config = ConfigDict(extra="forbid")

    said: str = Field(min_length=1, max_length=2000)


class SilenceIn(BaseModel):
    """What is expected to be down, from when to when."""

    model_config = ConfigDict(extra="forbid")

    kind: silences.SilencedKind
    name: str = Field(min_length=1, max_length=200, description="Name of the link or device, code of the site.")
    begins: AwareDatetime
    ends: AwareDatetime
    reason: str = Field(min_length=1, max_length=1000)


class AlertIn(BaseModel):
    """An alert of Alertmanager's webhook, version 4; what else it tells is not used."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str] = Field(max_length=64)
    annotations: dict[str, str] = Field(default_factory=dict, max_length=64)
    fingerprint: str = Field(min_length=1, max_length=64)


class AlertsIn(BaseModel):
    """What Alertmanager's webhook sends."""

    version: Literal["4"] = "4"
    alerts: list[AlertIn] = Field(max_length=1000)


@router.get("/incidents", summary="Incidents, newest first", responses=answers(page_of(IncidentInList)))
def incidents(
    request: Request,
    caller: Reader,
    which: queries.Which = "open",
    severity: queries.Severity | None = None,
    q: Annotated[str | None, Query(max_length=200, description="Letters in its name, or in a link's.")] = None,
    limit: Limit = 100,
    cursor: str | None = None,
) -> Response:
    """`which`: `open` (acknowledged ones too), `closed` or `all`."""
    key = decode_cursor(cursor, 1)
    with caller.transaction() as tx:
        found = json.loads(queries.incidents_json(tx, which, limit + 1, _number(key), severity=severity, q=q))
    following = encode_cursor([str(found[limit - 1]["number"])]) if len(found) > limit else None
    return json_value({"items": found[:limit], "next": following}, headers=next_link(request, following))


def _number(key: list[str] | None) -> int | None:
    if key is None:
        return None
    if not key[0].isdecimal() or len(key[0]) > 18:
        raise InvalidCursor("This cursor was not given out by this list.")
    return int(key[0])


@router.get("/incidents/{number}", summary="An incident with its story and impact", responses=answers(Incident))
def incident(caller: Reader, number: Number) -> Response:
    """`impact` is what `POST /api/v1/fibre/impact` would have said beforehand."""
    with caller.transaction() as tx:
        return json_text(queries.incident_json(tx, number))


@router.post("/incidents/{number}:acknowledge", summary="Take an incident in hand", responses=answers(Incident))
def acknowledge(body: SaidIn, caller: Writer, number: Number) -> Response:
    """Only an open one; who did stands in its story."""
    with caller.transaction() as tx:
        queries.acknowledge(tx, number, caller.principal.id, body.said)
        return json_text(queries.incident_json(tx, number))


@router.post("/incidents/{number}:note", summary="Say something in an incident's story", responses=answers(Incident))
def note(body: NoteIn, caller: Writer, number: Number) -> Response:
    """A line of a person among those of the network."""
    with caller.transaction() as tx:
        queries.note(tx, number, caller.principal.id, body.said)
        return json_text(queries.incident_json(tx, number))


@router.get(
    "/incident-notices",
    summary="Incidents that touch your administration",
    responses=answers(whole_list_of(IncidentNotice)),
)
def notices(caller: Annotated[Caller, Depends(require("inventory:read"))]) -> Response:
    """Those of a month. Where it broke is the region's business; that it did, and when it is over, is yours."""
    with caller.transaction() as tx:
        return json_text(f'{{"items": {queries.notices_json(tx)}}}')


@router.get("/incident-watch", summary="When links were looked at last", responses=answers(LastLook))
def last_look(caller: Reader) -> Response:
    """Whether a list without open incidents means that all is well."""
    with caller.transaction() as tx:
        return json_text(last_look_json(tx))


@router.get("/incident-silences", summary="What is expected to be down", responses=answers(whole_list_of(Silence)))
def silenced(caller: Reader) -> Response:
    """Silences that are not over. A device in the status `maintenance` needs none."""
    with caller.transaction() as tx:
        return json_text(f'{{"items": {silences.silences_json(tx)}}}')


@router.post(
    "/incident-silences", status_code=201, summary="Expect something to be down", responses=answers(Silence, 201)
)
def lay(body: SilenceIn, creation: Annotated[Creation, Depends(creating("network:write"))]) -> Response:
    """An incident about nothing else is opened and told in its story, and nobody is told of it."""
    caller = creation.caller

    def effect(tx: Connection) -> Answer:
        made = silences.lay(tx, body.kind, body.name, body.begins, body.ends, body.reason, caller.principal.id)
        shown = {"id": str(made), **body.model_dump(mode="json"), "by": caller.principal.handle}
        return Answer(201, json.dumps(shown, ensure_ascii=False), {"Location": f"/api/v1/incident-silences/{made}"})

    return creation.in_one_transaction(effect)


@router.delete("/incident-silences/{silence_id}", status_code=204, summary="End a silence")
def lift(caller: Writer, silence_id: UUID) -> Response:
    """At once."""
    with caller.transaction() as tx:
        silences.lift(tx, silence_id)
    return Response(status_code=204)


@router.post("/incidents:alerts", summary="Alertmanager's webhook", responses=answers(AlertsTaken))
def alerts(body: AlertsIn, caller: Writer) -> Response:
    """Told again, nothing alters: Alertmanager repeats itself."""
    with caller.transaction() as tx:
        done = told.take(
            tx,
            [told.Alert(one.fingerprint, one.status == "firing", one.labels, one.annotations.get("summary", ""))
             for one in body.alerts],
        )  # fmt: skip
    return json_value(done)
