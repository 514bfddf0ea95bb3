"""`/changes/…/steps`: what a run did and does on each thing, by batch and state, and the same as CSV."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query
from fastapi.responses import Response

from api.answers import decode_cursor, encode_cursor
from api.errors import InvalidCursor
from dashboards.csv_files import csv_answer
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import STEPS
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from orchestrator import queries
from orchestrator.progress import some_steps_json

__all__ = ["router"]

router = pages()

_PAGE: Final = 100
_EVERY: Final = 100_000
_COLUMNS: Final = ("target", "batch", "state", "started_at", "finished_at", "code", "told")
Looking = Annotated[Visit, Depends(visiting("change:read"))]
Batch = Annotated[str, Query(pattern="^[0-9]{0,6}$", description="Counted from 1, as people do.")]
State = Annotated[str, Query(pattern=f"^({'|'.join((*STEPS, 'failed', 'unknown'))})?$")]


@router.get("/changes/{change_id}/steps")
def steps(
    visit: Looking, change_id: UUID, first: Batch = "", last: Batch = "", state: State = "",
    cursor: str | None = None,
) -> Response:  # fmt: skip
    """Steps in the order of running; ``first`` and ``last``: batches from and to."""
    with visit.transaction() as tx:
        change = json.loads(queries.live_json(tx, change_id))
        found: list[dict[str, Any]] = json.loads(
            some_steps_json(
                tx, change_id, first=_from_0(first), last=_from_0(last), state=state or None, after=_after(cursor),
                limit=_PAGE + 1,
            )
        )  # fmt: skip
    following = encode_cursor([str(found[_PAGE - 1]["ordinal"])]) if len(found) > _PAGE else None
    return show(
        visit, "steps", _("Steps"), change=change, rows=found[:_PAGE], following=following, first=first, last=last,
        state=state, states=(*STEPS, "failed", "unknown"),
    )  # fmt: skip


@router.get("/changes/{change_id}/steps.csv")
def steps_csv(visit: Looking, change_id: UUID) -> Response:
    """All of them."""
    with visit.transaction() as tx:
        queries.live_json(tx, change_id)  # it is there, and theirs
        found = json.loads(some_steps_json(tx, change_id, first=None, last=None, state=None, after=-1, limit=_EVERY))
    return csv_answer("steps", _COLUMNS, (_row(one) for one in found))


def _row(step: dict[str, Any]) -> list[object]:
    error, notes = step["error"] or {}, step["notes"] or {}
    told = error.get("message") or "; ".join(str(note) for note in notes.values() if note)
    return [
        step["target"], step["batch"] + 1, step["state"], step["started_at"], step["finished_at"], error.get("code"),
        told,
    ]  # fmt: skip


def _from_0(batch: str) -> int | None:
    return int(batch) - 1 if batch else None


def _after(cursor: str | None) -> int:
    position = decode_cursor(cursor, 1)
    if position is None:
        return -1
    if not position[0].isdecimal() or len(position[0]) > 9:
        raise InvalidCursor("The cursor belongs to another list.")
    return int(position[0])
