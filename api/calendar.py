"""`/api/v1/calendar` and `/api/v1/deputies`: when the region may be altered, and who stands in for whom."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from api.answers import json_text
from api.dependencies import Caller, require
from api.idempotency import Answer, Creation, creating
from core.errors import Conflict, Denied, InvalidInput, NotFound
from core.identity import Principal, principal_by_handle
from core.journal.record import record

__all__ = ["router"]

router = APIRouter(tags=["calendar"])

_ENTRY = """json_build_object('id', c.id, 'kind', c.kind, 'name', c.name, 'from', lower(c.held), 'until', upper(c.held),
    'selector', c.selector, 'created_by', (select handle from principal p where p.id = c.created_by))"""
_DEPUTY = """json_build_object('id', d.id, 'principal', p.handle, 'deputy', s.handle, 'from', lower(d.held),
    'until', upper(d.held))"""
_DEPUTIES = "deputy d join principal p on p.id = d.principal_id join principal s on s.id = d.deputy_id"


class EntryIn(BaseModel):
    """A window in which something may run, or a freeze in which it may not."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    kind: Literal["window", "freeze"]
    name: str = Field(min_length=1, max_length=200)
    since: AwareDatetime = Field(alias="from")
    until: AwareDatetime
    selector: dict[str, str] = Field(
        default_factory=dict, max_length=16, description="Facts a target must have to be concerned; none: all."
    )


class DeputyIn(BaseModel):
    """Who decides in whose place, from when to when."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    principal: str | None = Field(default=None, description="Handle; yourself when absent.")
    deputy: str = Field(description="Handle.")
    since: AwareDatetime = Field(alias="from")
    until: AwareDatetime


def _period(since: datetime, until: datetime) -> dict[str, object]:
    if until <= since:
        raise InvalidInput("The end does not lie after the beginning.", pointer="/until")
    return {"since": since, "until": until}


# --------------------------------------------------------------------------------------------------------- calendar
@router.get("/api/v1/calendar", summary="Windows and freezes")
def calendar(
    caller: Annotated[Caller, Depends(require("change:read"))], *, past: Annotated[bool, Query()] = False
) -> Response:
    """Maintenance windows and freezes, by beginning; those that are over only when asked for."""
    statement = text(
        f"select coalesce(json_agg({_ENTRY} order by lower(c.held), c.id), '[]')::text from calendar_entry c"  # noqa: S608 - parts are constants above
        " where :past or upper(c.held) is null or upper(c.held) > now()"
    )
    with caller.transaction() as tx:
        items = str(tx.execute(statement, {"past": past}).scalar_one())
    return json_text('{"items":' + items + ',"next":null}')


@router.post("/api/v1/calendar", status_code=201, summary="Add a window or freeze")
def add_entry(body: EntryIn, creation: Annotated[Creation, Depends(creating("calendar:write"))]) -> Response:
    """Add a maintenance window or a freeze."""
    who = creation.caller.principal
    _staff_only(who)

    def effect(tx: Connection) -> Answer:
        made = tx.execute(
            text(
                f"with c as (insert into calendar_entry (kind, name, held, selector, created_by)"  # noqa: S608 - parts are constants above
                " values (:kind, :name, tstzrange(:since, :until), cast(:selector as jsonb), :by) returning *)"
                f" select id, {_ENTRY}::text as body from c"
            ),
            {
                **_period(body.since, body.until),
                "kind": body.kind,
                "name": body.name,
                "selector": json.dumps(body.selector),
                "by": who.id,
            },
        ).one()
        facts = {"kind": body.kind, "name": body.name}
        record(tx, "audit", "calendar.added", "calendar_entry", made.id, body=facts)
        return Answer(201, made.body, {"Location": f"/api/v1/calendar/{made.id}"})

    return creation.in_one_transaction(effect)


@router.delete("/api/v1/calendar/{entry_id}", status_code=204, summary="Remove a window or freeze")
def remove_entry(entry_id: UUID, caller: Annotated[Caller, Depends(require("calendar:write"))]) -> Response:
    """Remove a window or freeze."""
    _staff_only(caller.principal)
    with caller.transaction() as tx:
        row = tx.execute(
            text("delete from calendar_entry where id = :id returning kind, name"), {"id": entry_id}
        ).one_or_none()
        if row is None:
            raise NotFound("There is no such entry in the calendar.")
        facts = {"kind": row.kind, "name": row.name}
        record(tx, "audit", "calendar.removed", "calendar_entry", entry_id, body=facts)
    return Response(status_code=204)


# --------------------------------------------------------------------------------------------------------- deputies
@router.get("/api/v1/deputies", summary="Deputies")
def deputies(caller: Annotated[Caller, Depends(require("change:read"))]) -> Response:
    """Who stands in for whom now and later; an agency sees its own people's."""
    statement = text(
        f"select coalesce(json_agg({_DEPUTY} order by p.handle, lower(d.held)), '[]')::text from {_DEPUTIES}"  # noqa: S608 - parts are constants above
        " where upper(d.held) > now() and ((select irisplane_tenant()) = '*'"
        "   or exists (select from membership m where m.principal_id = d.principal_id))"
    )
    with caller.transaction() as tx:
        items = str(tx.execute(statement).scalar_one())
    return json_text('{"items":' + items + ',"next":null}')


@router.post("/api/v1/deputies", status_code=201, summary="Name a deputy")
def name_deputy(body: DeputyIn, creation: Annotated[Creation, Depends(creating("change:approve"))]) -> Response:
    """Name who decides in your place for a time; for somebody else with `identity:write`, and never oneself."""
    who = creation.caller.principal

    def effect(tx: Connection) -> Answer:
        absent = principal_by_handle(tx, body.principal) if body.principal else who.id
        deputy = principal_by_handle(tx, body.deputy)
        _may_name(who, absent, deputy)
        try:
            with tx.begin_nested():
                made = tx.execute(
                    text(
                        "insert into deputy (principal_id, deputy_id, held)"
                        " values (:absent, :deputy, tstzrange(:since, :until)) returning id"
                    ),
                    {**_period(body.since, body.until), "absent": absent, "deputy": deputy},
                ).scalar_one()
        except IntegrityError as error:
            raise Conflict("That deputy is named for a part of this time already, or is the same person.") from error
        facts = {"deputy": body.deputy, "from": body.since, "until": body.until}
        record(tx, "audit", "deputy.named", "principal", absent, body=json.loads(json.dumps(facts, default=str)))
        shown = tx.execute(text(f"select {_DEPUTY}::text from {_DEPUTIES} where d.id = :id"), {"id": made}).scalar_one()  # noqa: S608 - parts are constants above
        return Answer(201, str(shown), {"Location": f"/api/v1/deputies/{made}"})

    return creation.in_one_transaction(effect)


@router.delete("/api/v1/deputies/{deputy_id}", status_code=204, summary="End a deputyship")
def end_deputy(deputy_id: UUID, caller: Annotated[Caller, Depends(require("change:approve"))]) -> Response:
    """End a deputyship now. One's own, or with the scope `identity:write`."""
    who = caller.principal
    with caller.transaction() as tx:
        row = tx.execute(
            text("select principal_id from deputy where id = :id for update"), {"id": deputy_id}
        ).one_or_none()
        if row is None or (row.principal_id != who.id and not (who.staff and who.may("identity:write"))):
            raise NotFound("There is no such deputyship.")
        tx.execute(text("delete from deputy where id = :id"), {"id": deputy_id})
        record(tx, "audit", "deputy.ended", "principal", row.principal_id)
    return Response(status_code=204)


def _may_name(who: Principal, absent: UUID, deputy: UUID) -> None:
    if absent != who.id and not (who.staff and who.may("identity:write")):
        raise Denied("You name deputies for yourself only.")
    if absent != who.id and deputy == who.id:
        raise Denied("Nobody takes another's voice alone.", hint="The person names the deputy, or a third one does.")


def _staff_only(who: Principal) -> None:
    if not who.staff:
        raise Denied("Only the region's staff keep the calendar.")
