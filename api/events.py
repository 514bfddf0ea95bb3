"""`/api/v1/events`: what happens, as it happens (server-sent events).

The id of an event is its number in the journal: a client that lost its connection sends it as ``Last-Event-ID`` and
misses nothing. A token that is revoked meanwhile, or whose holder's roles are others now, ends the stream within half a
minute.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.dependencies import Caller, require, still_valid
from core.errors import InvalidInput, Unauthenticated
from core.journal.reader import Announcements, Entry, Filter, follow_async, last_seq
from orchestrator.records import read as read_change

__all__ = ["router", "stop_announcements"]

router = APIRouter(tags=["events"])

_HEARTBEAT = 15.0
_ASK_AGAIN = 20.0
_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Server-sent events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}
_starting = threading.Lock()

Actions = Annotated[list[str], Query(max_length=20, description="Prefixes of actions, `change.` or `change.approved`.")]


@router.get(
    "/api/v1/events", summary="What happens, as it happens", response_class=StreamingResponse, responses=_STREAM
)
async def events(
    request: Request,
    caller: Annotated[Caller, Depends(require("change:read"))],
    action: Actions = [],  # noqa: B006 - FastAPI copies it
    after: Annotated[int | None, Query(ge=0, description="Number of the last event seen; none: from now on.")] = None,
) -> StreamingResponse:
    """Every event your tenant may see, from now on or after the one named."""
    start = _last_event_id(request) if after is None else after
    if start is None:
        start = await run_in_threadpool(_head, caller)
    return _stream(caller, start, Filter(actions=tuple(action), kinds=("event",)))


@router.get(
    "/api/v1/changes/{change_id}/events", summary="A change, live", response_class=StreamingResponse, responses=_STREAM
)
async def change_events(
    change_id: UUID,
    request: Request,
    caller: Annotated[Caller, Depends(require("change:read"))],
    after: Annotated[
        int | None, Query(ge=0, description="Number of the last event seen; none: from its start.")
    ] = None,
) -> StreamingResponse:
    """Everything that happened and happens to one change."""
    await run_in_threadpool(_must_exist, caller, change_id)
    start = (_last_event_id(request) if after is None else after) or 0
    return _stream(caller, start, Filter(kinds=("event",), change_id=change_id))


def stop_announcements(app: FastAPI) -> None:
    """Wake and end every stream: the server stops. An application that is served again listens anew."""
    with _starting:
        announcements: Announcements | None = getattr(app.state, "announcements", None)
        app.state.announcements = None
    if announcements is not None:
        announcements.stop()


def _announcements(app: FastAPI, caller: Caller) -> Announcements:
    """The listener of this process, started when somebody first listens."""
    with _starting:
        found: Announcements | None = getattr(app.state, "announcements", None)
        if found is None:
            found = app.state.announcements = Announcements(caller.database)
            found.start()
        return found


def _stream(caller: Caller, after: int, wanted: Filter) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_lines(caller, after, wanted), media_type="text/event-stream", headers=headers)


async def _lines(caller: Caller, after: int, wanted: Filter) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n"
    announcements = _announcements(caller.request.app, caller)
    asked = time.monotonic()
    following = follow_async(caller.database, caller.scope(), after, announcements, wanted, heartbeat=_HEARTBEAT)
    async for entry in following:
        if time.monotonic() - asked > _ASK_AGAIN:
            asked = time.monotonic()
            try:
                await still_valid(caller)
            except Unauthenticated:
                yield b"event: signed-out\ndata: {}\n\n"
                return
        yield _line(entry) if entry is not None else b": still here\n\n"


def _line(entry: Entry) -> bytes:
    data = {
        "seq": entry.seq,
        "at": entry.at.isoformat(),
        "action": entry.action,
        "subject_type": entry.subject_type,
        "subject_id": entry.subject_id,
        "actor": str(entry.actor) if entry.actor else None,
        "change_id": str(entry.change_id) if entry.change_id else None,
        "request_id": entry.request_id,
        "reason": entry.reason,
        "body": entry.body,
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"id: {entry.seq}\nevent: {entry.action}\ndata: {text}\n\n".encode()


def _last_event_id(request: Request) -> int | None:
    given = request.headers.get("last-event-id", "").strip()
    if not given:
        return None
    if not given.isdecimal() or len(given) > 18:
        raise InvalidInput("Last-Event-ID is the id of an event.", hint="Send the id as it came, or none.")
    return int(given)


def _head(caller: Caller) -> int:
    with caller.transaction() as tx:
        return last_seq(tx)


def _must_exist(caller: Caller, change_id: UUID) -> None:
    with caller.transaction() as tx:
        read_change(tx, change_id)
