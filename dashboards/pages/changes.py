"""`/changes`: the board, one change with its plan and its run, and what people decide on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Path, Query
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from api.answers import decode_cursor, encode_cursor
from api.changes import record_answer
from core.errors import InvalidInput, NotFound
from core.identity import principal_by_handle
from core.journal.reader import last_seq
from dashboards.diffs import alike, in_language, named, opened
from dashboards.progress import in_order, lines
from dashboards.rendering import frame_of, in_words, show
from dashboards.routes import pages
from dashboards.terms import KINDS, STATES
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from orchestrator import engine, queries, records
from orchestrator.progress import progress_json
from orchestrator.states import ENDED, State

__all__ = ["router"]

router = pages()

_PAGE: Final = 50
_OPEN: Final = 6
"""So many groups of differences are open when a plan is; the others are fetched by a click."""

_STEPS: Final = 40
"""Up to so many steps stand one by one, of more only those that tell something: a live part is sent again and again."""

Looking = Annotated[Visit, Depends(visiting("change:read"))]
Asking = Annotated[Visit, Depends(visiting("change:submit"))]
Deciding = Annotated[Visit, Depends(visiting("change:approve"))]


@router.get("/changes")
def board(
    visit: Looking,
    state: Annotated[str, Query(max_length=20)] = "",
    kind: Annotated[str, Query(max_length=100)] = "",
    by: Annotated[str, Query(max_length=63)] = "",
    cursor: str | None = None,
) -> Response:
    """Changes, newest first; the filters stand in the address."""
    position = decode_cursor(cursor, 1)
    who = visit.principal
    with visit.transaction() as tx:
        waiting = json.loads(queries.waiting_json(tx, who.roles, who.id)) if visit.may("change:approve") else []
        found = json.loads(
            queries.changes_json(
                tx,
                states=[State(state).value] if state in STATES else None,
                kind=kind or None,
                requested_by=principal_by_handle(tx, by.strip()) if by.strip() else None,
                before=UUID(position[0]) if position else None,
                limit=_PAGE + 1,
            )
        )
    following = encode_cursor([found[_PAGE - 1]["id"]]) if len(found) > _PAGE else None
    return show(
        visit, "changes", _("Changes"), found=found[:_PAGE], waiting_for_me=waiting, state=state, kind=kind, by=by,
        states=STATES, kinds=KINDS, following=following,
    )  # fmt: skip


@router.get("/changes/{change_id}")
def change(visit: Looking, change_id: UUID) -> Response:
    """One change: plan, decisions, run. Its live part alone where htmx asks, for which the plan is not read."""
    return _live(visit, change_id) if visit.enhanced else _one(visit, change_id)


@router.get("/changes/{change_id}/story")
def story(visit: Looking, change_id: UUID) -> Response:
    """Everything that the journal holds of it, in order."""
    with visit.transaction() as tx:
        records.read(tx, change_id)
        entries = json.loads(queries.story_json(tx, change_id))
    template = "part_story" if visit.enhanced else "story"
    return show(visit, template, _("The whole story"), entries=entries, change=change_id)


@router.get("/changes/{change_id}/differences/{number}")
def difference(visit: Looking, change_id: UUID, number: Annotated[int, Path(ge=1, le=100_000)]) -> Response:
    """One difference of its plan with the devices that share it; by itself where htmx asks."""
    with visit.transaction() as tx:
        found = json.loads(queries.change_json(tx, change_id))
    groups = alike(in_language(found["kind"], found["plan"]["targets"], frame_of(visit)["language"]))
    if number > len(groups):
        raise NotFound(f"The plan has {len(groups)} differences, not {number}.")
    template = "part_difference" if visit.enhanced else "difference"
    return show(visit, template, _("Difference"), change=found, group=groups[number - 1], last=len(groups))


@router.post("/changes/{change_id}/approve")
def approve(visit: Deciding, change_id: UUID) -> Response:
    """Say yes to the plan that was read."""
    form = visit.form
    return _decided(
        visit, change_id,
        lambda reason: engine.approve(
            visit.database, visit.principal, change_id, form.text("plan_hash"), reason, visit.caller.request_id
        ),
    )  # fmt: skip


@router.post("/changes/{change_id}/reject")
def reject(visit: Deciding, change_id: UUID) -> Response:
    """Say no: it ends."""
    seen = visit.form.text("plan_hash") or None
    return _decided(
        visit, change_id,
        lambda reason: engine.reject(
            visit.database, visit.principal, change_id, reason, visit.caller.request_id, plan_hash=seen
        ),
    )  # fmt: skip


@router.post("/changes/{change_id}/cancel")
def cancel(visit: Asking, change_id: UUID) -> Response:
    """Take the request back, or stop what runs."""
    return _decided(
        visit, change_id,
        lambda reason: engine.cancel(visit.database, visit.principal, change_id, reason, visit.caller.request_id),
    )  # fmt: skip


@router.post("/changes/{change_id}/undo")
def undo(visit: Asking, change_id: UUID) -> Response:
    """A new change that takes this one back; one click asks once."""
    return _again(visit, change_id, engine.undo)


@router.post("/changes/{change_id}/replan")
def replan(visit: Asking, change_id: UUID) -> Response:
    """Plan again with the world as it is now."""
    return _again(visit, change_id, engine.replan)


def _decided(visit: Visit, change_id: UUID, decide: Callable[[str], object]) -> Response:
    reason = visit.form.text("reason")[:2000]
    if not reason:
        refused = InvalidInput(_("Say why: it stands in the journal for good."), pointer="/reason")
        return _one(visit, change_id, refused=refused, status=422)
    decide(reason)
    return RedirectResponse(f"/changes/{change_id}", status_code=303)


def _again(visit: Visit, change_id: UUID, ask: Callable[..., engine.ChangeRecord]) -> Response:
    reason = visit.form.text("reason")[:2000] or in_words(visit, "take-back")
    answer = visit.creation().in_one_transaction(
        lambda tx: record_answer(
            ask(visit.database.joining(tx), visit.principal, change_id, reason, visit.caller.request_id)
        ),
        reason=reason,
    )
    return RedirectResponse(f"/changes/{answer.headers['Location'].rsplit('/', 1)[1]}", status_code=303)


def _live(visit: Visit, change_id: UUID) -> Response:
    """What alters while it runs; once it has ended, the whole page: what can be done then is another thing."""
    with visit.transaction() as tx:
        heard = last_seq(tx)  # before it is read: what happens in between is told once more, never missed
        found = json.loads(queries.live_json(tx, change_id))
        shown = _progress(tx, change_id)
    ended = State(found["state"]) in ENDED
    answer = show(visit, "change_live", _("Change"), change=found, heard=heard, ended=ended, **shown)
    if ended:
        answer.headers["HX-Refresh"] = "true"
    return answer


def _one(visit: Visit, change_id: UUID, *, refused: InvalidInput | None = None, status: int = 200) -> Response:
    who = visit.principal
    with visit.transaction() as tx:
        heard = last_seq(tx)  # as above
        found = json.loads(queries.change_json(tx, change_id))
        run = _progress(tx, change_id)
    state = State(found["state"])
    own = found["requested_by"] == who.handle
    plan = found["plan"]
    targets = plan["targets"]
    groups = alike(in_language(found["kind"], targets, frame_of(visit)["language"]))
    device = visit.request.query_params.get("device", "")[:63].strip()
    shown_groups = named(groups, device) if device else groups
    every = visit.request.query_params.get("differences") == "all"
    asked = set(found["waiting_for"]) if state is State.WAITING else set()
    shown = {
        "change": {**found, "targets": len(targets), "target": targets[0]["name"] if targets else None},
        "heard": heard,
        "plan": plan,
        "all_groups": groups,
        "groups": shown_groups,
        "opened": frozenset(group.number for group in groups) if every else opened(shown_groups, _OPEN),
        "device": device,
        "ended": state in ENDED,
        **run,
        "may_decide": visit.may("change:approve") and not own and bool(asked & who.roles),
        "may_cancel": visit.may("change:submit") and state not in ENDED and not found["cancel_asked"],
        "may_undo": visit.may("change:submit") and state is State.SUCCEEDED and not found["undone_by"],
        "may_replan": visit.may("change:submit") and state is State.STALE,
        "refused": refused,
        "typed": visit.form,
        "key": visit.form.key,
    }
    return show(visit, "change", _("Change"), status=status, **shown)


def _progress(tx: Connection, change_id: UUID) -> dict[str, Any]:
    """How far its run has come."""
    run = json.loads(progress_json(tx, change_id, _STEPS))
    run["done"] = sum(run["counts"].get(state, 0) for state in ("confirmed", "skipped", "undone"))
    run["counts"] = in_order(run["counts"])
    return {"run": run, "lines": lines(run["batches"])}
