"""`/api/v1/changes`: ask for a change, read its plan, decide on it, follow it, take it back."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import Limit, decode_cursor, encode_cursor, etag, json_text, json_value, next_link, plain
from api.dependencies import Caller, require
from api.errors import InvalidCursor
from api.idempotency import Answer, Creation, creating
from api.shapes import answers, page_of
from api.shapes.changes import (
    Asked,
    Change,
    ChangeInList,
    Entry,
    FrozenPlan,
    PlanPreview,
    StateMeaning,
    Step,
    done,
    goes_on,
)
from core.identity import principal_by_handle
from orchestrator import engine, queries, records
from orchestrator.engine import ChangeRecord, ChangeRequest
from orchestrator.states import ENDED, MEANING, State

__all__ = ["record_answer", "router", "submit_once"]

router = APIRouter(tags=["changes"])


class Decision(BaseModel):
    """A yes to one plan: the hash says which."""

    model_config = ConfigDict(extra="forbid")

    plan_hash: str = Field(pattern=r"^[0-9a-f]{64}$", description="Of the plan that was read.")
    reason: str = Field(max_length=2000)
    role: str | None = Field(default=None, description="As what; the first that is asked and held when absent.")
    on_behalf_of: str | None = Field(default=None, description="Handle of who is away and has named you deputy.")


class Refusal(BaseModel):
    """A no."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(max_length=2000)
    plan_hash: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    role: str | None = None
    on_behalf_of: str | None = None


class Reason(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(max_length=2000)


# ------------------------------------------------------------------------------------------------------------ reads
@router.get("/api/v1/changes", summary="Changes, newest first", responses=answers(page_of(ChangeInList)))
def changes(
    request: Request,
    caller: Annotated[Caller, Depends(require("change:read"))],
    *,
    state: Annotated[list[State] | None, Query(max_length=12)] = None,
    kind: Annotated[str | None, Query(max_length=100)] = None,
    requested_by: Annotated[str | None, Query(max_length=63, description="Handle.")] = None,
    limit: Limit = 100,
    cursor: str | None = None,
) -> Response:
    """Changes your tenant may see."""
    position = decode_cursor(cursor, 1)
    with caller.transaction() as tx:
        items = queries.changes_json(
            tx,
            states=[one.value for one in state] if state else None,
            kind=kind,
            requested_by=principal_by_handle(tx, requested_by) if requested_by else None,
            before=_uuid(position[0]) if position else None,
            limit=limit + 1,
        )
    found = json.loads(items)
    following = encode_cursor([found[limit - 1]["id"]]) if len(found) > limit else None
    body = {"items": found[:limit], "next": following}
    return json_value(body, headers=next_link(request, following))


@router.get("/api/v1/changes/waiting", summary="What waits for me", responses=answers(page_of(ChangeInList)))
def waiting(caller: Annotated[Caller, Depends(require("change:read"))], limit: Limit = 100) -> Response:
    """Changes that wait for an approval you could give, oldest first."""
    who = caller.principal
    with caller.transaction() as tx:
        items = queries.waiting_json(tx, who.roles, who.id, limit=limit)
    return json_text('{"items":' + items + ',"next":null}')


@router.get("/api/v1/changes/states", summary="What the states mean", responses=answers(page_of(StateMeaning)))
async def states(_: Annotated[Caller, Depends(require())]) -> Response:
    """Every state of a change, with what it means."""
    shown = [{"state": state.value, "meaning": MEANING[state], "ended": state in ENDED} for state in State]
    return json_value({"items": shown, "next": None})


@router.get(
    "/api/v1/changes/{change_id}",
    summary="A change",
    responses=goes_on(Change, 200, "The change; `Retry-After` while it goes on."),
)
def change(change_id: UUID, caller: Annotated[Caller, Depends(require("change:read"))]) -> Response:
    """One change: plan with its diffs, approvals, steps, outcome. `Retry-After` says when to look again."""
    with caller.transaction() as tx:
        record = records.read(tx, change_id)
        body = queries.change_json(tx, change_id)
    return json_text(body, version=record.version, headers=_ask_again(record))


@router.get("/api/v1/changes/{change_id}/plan", summary="The frozen plan, whole", responses=answers(FrozenPlan))
def plan(change_id: UUID, caller: Annotated[Caller, Depends(require("change:read"))]) -> Response:
    """The plan, whole: its canonical form has the hash that people approve."""
    with caller.transaction() as tx:
        return json_text(queries.plan_json(tx, change_id))


@router.get("/api/v1/changes/{change_id}/steps", summary="Steps of a change", responses=answers(page_of(Step)))
def steps(change_id: UUID, caller: Annotated[Caller, Depends(require("change:read"))]) -> Response:
    """What was done on each target, in the order of running."""
    with caller.transaction() as tx:
        records.read(tx, change_id)
        return json_text('{"items":' + queries.steps_json(tx, change_id) + ',"next":null}')


@router.get("/api/v1/changes/{change_id}/story", summary="The whole story", responses=answers(page_of(Entry)))
def story(change_id: UUID, caller: Annotated[Caller, Depends(require("change:read"))]) -> Response:
    """Everything the journal holds of a change, in order."""
    with caller.transaction() as tx:
        records.read(tx, change_id)
        return json_text('{"items":' + queries.story_json(tx, change_id) + ',"next":null}')


# ---------------------------------------------------------------------------------------------------------- asking
@router.post("/api/v1/changes:preview", summary="What would happen?", responses=answers(PlanPreview))
def preview(body: ChangeRequest, caller: Annotated[Caller, Depends(require("change:read"))]) -> Response:
    """The plan that a request would get. Writes nothing."""
    made = engine.preview(caller.database, caller.principal, body, caller.request_id)
    return json_text(f'{{"plan":{made.as_json()},"hash":"{made.hash}"}}')


@router.post("/api/v1/changes", status_code=202, responses=done(), summary="Ask for a change")
def submit(body: ChangeRequest, creation: Annotated[Creation, Depends(creating("change:submit"))]) -> Response:
    """Plan, freeze and store a change: 202 while it waits or is to run, 201 when it was carried out on the spot."""
    return submit_once(creation, body)


@router.post("/api/v1/changes/{change_id}:undo", status_code=202, responses=done(), summary="Take a change back")
def undo(change_id: UUID, body: Reason, creation: Annotated[Creation, Depends(creating("change:submit"))]) -> Response:
    """A new change that takes a finished one back."""
    caller = creation.caller
    return creation.in_one_transaction(
        lambda tx: record_answer(
            engine.undo(caller.database.joining(tx), caller.principal, change_id, body.reason, caller.request_id)
        ),
        reason=body.reason,
    )


@router.post("/api/v1/changes/{change_id}:replan", status_code=202, responses=done(), summary="Plan again")
def replan(
    change_id: UUID, body: Reason, creation: Annotated[Creation, Depends(creating("change:submit"))]
) -> Response:
    """Plan again with the world as it is now; approvals are asked anew."""
    caller = creation.caller
    return creation.in_one_transaction(
        lambda tx: record_answer(
            engine.replan(caller.database.joining(tx), caller.principal, change_id, body.reason, caller.request_id)
        ),
        reason=body.reason,
    )


# --------------------------------------------------------------------------------------------------------- deciding
@router.post("/api/v1/changes/{change_id}:approve", summary="Approve a plan", responses=answers(Asked))
def approve(change_id: UUID, body: Decision, caller: Annotated[Caller, Depends(require("change:approve"))]) -> Response:
    """Say yes to the plan with this hash. Who asked may not."""
    made = engine.approve(
        caller.database,
        caller.principal,
        change_id,
        body.plan_hash,
        body.reason,
        caller.request_id,
        role=body.role,
        on_behalf_of=_absent(caller, body.on_behalf_of),
    )
    return record_answer(made, status=200).response()


@router.post("/api/v1/changes/{change_id}:reject", summary="Reject a plan", responses=answers(Asked))
def reject(change_id: UUID, body: Refusal, caller: Annotated[Caller, Depends(require("change:approve"))]) -> Response:
    """Say no: the change ends."""
    made = engine.reject(
        caller.database,
        caller.principal,
        change_id,
        body.reason,
        caller.request_id,
        role=body.role,
        on_behalf_of=_absent(caller, body.on_behalf_of),
        plan_hash=body.plan_hash,
    )
    return record_answer(made, status=200).response()


@router.post("/api/v1/changes/{change_id}:cancel", summary="Cancel a change", responses=answers(Asked))
def cancel(change_id: UUID, body: Reason, caller: Annotated[Caller, Depends(require("change:submit"))]) -> Response:
    """Take the request back; what runs already is asked to stop, and what was done is taken back."""
    made = engine.cancel(caller.database, caller.principal, change_id, body.reason, caller.request_id)
    return record_answer(made, status=200).response()


# ------------------------------------------------------------------------------------------------- for other routers
def submit_once(creation: Creation, request: ChangeRequest) -> Response:
    """Submit a change at most once for the request's key; for routers of domains that offer a shorter way to one."""
    caller = creation.caller
    return creation.in_one_transaction(
        lambda tx: record_answer(
            engine.submit(caller.database.joining(tx), caller.principal, request, caller.request_id)
        ),
        reason=request.reason or None,
    )


def record_answer(record: ChangeRecord, *, status: int | None = None) -> Answer:
    """A change as an answer: 201 when it is done already, 202 while it goes on."""
    shown = {
        "id": str(record.id),
        "kind": record.kind,
        "title": record.title,
        "state": record.state.value,
        "waiting_for": list(record.waiting_for),
        "plan_hash": record.plan_hash,
        "reason": record.reason,
        "emergency": record.emergency,
        "emergency_due": record.emergency_due,
        "not_before": record.not_before,
        "expires_at": record.expires_at,
        "undo_of": record.undo_of,
        "finished_at": record.finished_at,
        "cancel_asked": record.cancel_asked,
        "outcome": dict(record.outcome),
        "version": record.version,
    }
    code = status or (201 if record.state in ENDED else 202)
    headers = {"Location": f"/api/v1/changes/{record.id}", "ETag": etag(record.version), **_ask_again(record)}
    return Answer(code, json.dumps(shown, ensure_ascii=False, default=plain), headers)


def _ask_again(record: ChangeRecord) -> dict[str, str]:
    """``Retry-After`` while a change goes on: soon where a worker moves it, later where people must decide first."""
    if record.state in ENDED:
        return {}
    return {"Retry-After": "30" if record.state is State.WAITING else "2"}


def _absent(caller: Caller, handle: str | None) -> UUID | None:
    if handle is None:
        return None
    with caller.transaction() as tx:
        return principal_by_handle(tx, handle)


def _uuid(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError as error:
        raise InvalidCursor("The cursor belongs to another list.") from error
