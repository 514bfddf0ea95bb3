"""`/api/v1/terraform/state`: Terraform's HTTP backend, with every version kept.

Terraform's own methods `LOCK` and `UNLOCK` work at a state's address; OpenAPI cannot describe them, so `…/lock` takes
`PUT` and `DELETE` for the same (`lock_method`, `unlock_method`).
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from api.answers import (
    NOT_MODIFIED,
    Limit,
    Match,
    decode_cursor,
    etag,
    json_text,
    json_value,
    matches,
    page,
    require_match,
)  # fmt: skip
from api.basic_auth import require_also_basic
from api.dependencies import Caller, settings_of
from api.errors import BodyTooLarge, InvalidCursor
from api.problems import PROBLEM_JSON
from api.shapes import answers, page_of
from api.shapes.terraform import Lock, LockFreed, LockHeld, State, StateDeleted, StateInList, StateVersion, StateWritten
from core.keyring import KeyFile
from datacenter.hosting.terraform_state import locks
from datacenter.hosting.terraform_state.document import Document
from datacenter.hosting.terraform_state.errors import Altered
from datacenter.hosting.terraform_state.store import StateStore, Written, listed, versions

__all__ = ["router"]

router = APIRouter(tags=["terraform"])

_AT = "/api/v1/terraform/state/{name}"
_NAME = "1 to 100 of `a-z A-Z 0-9 . _ -`, beginning with a letter or digit."
_HELD = "Another run holds the lock: the problem, with what that run told of itself beside its members."

Reader = Annotated[Caller, Depends(require_also_basic("hosting:read"))]
Writer = Annotated[Caller, Depends(require_also_basic("hosting:write"))]
Name = Annotated[str, Path(description=_NAME)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="Counts the versions of a name, from 1.")]
LockId = Annotated[str | None, Query(alias="ID", max_length=100, description="The lock that the run holds.")]

_LOCKED: dict[int | str, dict[str, Any]] = {
    423: {"description": _HELD, "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
}
_A_STATE: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
}


@router.get("/api/v1/terraform/state", summary="Terraform states", responses=answers(page_of(StateInList)))
def states(
    request: Request,
    caller: Reader,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
    limit: Limit = 100,
    name: Annotated[str | None, Query(max_length=100)] = None,
    *,
    deleted: Annotated[bool, Query(description="Also those that were deleted and can be restored.")] = False,
) -> Response:
    """Your administration's states by name: newest version, size, lock. Nothing of what stands in them."""
    after = decode_cursor(cursor, 1)
    with caller.transaction() as tx:
        tenant = caller.principal.tenant_id
        last = after[0] if after else None
        rows = listed(tx, tenant, after=last, limit=limit + 1, name=name, deleted=deleted)
    return page(request, rows, limit)


@router.get(_AT, summary="A Terraform state", responses=answers(State) | NOT_MODIFIED)
def state(name: Name, request: Request, caller: Reader) -> Response:
    """The newest version, as Terraform sent it. It may hold passwords, so it takes more than a role that only looks."""
    return _given(name, None, request, caller)


@router.post(_AT, summary="Write a Terraform state", responses=answers(StateWritten) | _LOCKED, openapi_extra=_A_STATE)
def write_state(name: Name, request: Request, caller: Writer, lock_id: LockId = None) -> Response:
    """Add a version. While a lock is held, only the run that names it writes.

    `If-Match` with the version that was read is heeded; Terraform sends none.
    """
    caller.must_write("terraform-state")
    match = require_match(request) if "if-match" in request.headers else None
    body: bytes = request.state.body
    limit = settings_of(request).terraform_state_mib << 20
    if len(body) > limit:
        raise BodyTooLarge(f"The state has {len(body)} bytes; the limit is {limit}.", limit=limit)
    document = Document.of(body)
    if _altered(request, document.md5):
        raise Altered("The digest of what arrived is not the one in Content-MD5.")
    with caller.transaction() as tx:
        written = _store(caller).write(tx, name, document, lock_id=lock_id, match=match)
    return _written(name, written)


@router.delete(_AT, summary="Delete a Terraform state", responses=answers(StateDeleted) | _LOCKED)
def delete_state(
    name: Name,
    caller: Writer,
    lock_id: LockId = None,
    *,
    purge: Annotated[bool, Query(description="Forget every version at once; otherwise they stay for 30 days.")] = False,
) -> Response:
    """Delete a state; until it is purged, one of its versions can be restored."""
    caller.must_write("terraform-state")
    with caller.transaction() as tx:
        _store(caller).delete(tx, name, lock_id=lock_id, purge=purge)
    return json_value({"name": name, "deleted": True})


# ------------------------------------------------------------------------------------------------------------- locks


@router.get(_AT + "/lock", summary="Who holds a Terraform state", responses=answers(LockHeld))
def lock(name: Name, caller: Reader) -> Response:
    """The lock that is held: what the run told of itself, whose token took it, and since when."""
    with caller.transaction() as tx:
        return json_value(locks.held(tx, caller.principal.tenant_id, name))


@router.put(_AT + "/lock", summary="Lock a Terraform state", responses=answers(Lock) | _LOCKED)
@router.api_route(_AT, methods=["LOCK"], include_in_schema=False)
def take_lock(name: Name, body: locks.LockInfo, caller: Writer) -> Response:
    """Take the lock. Taking it again with the same `ID` is no error."""
    caller.must_write("terraform-state")
    with caller.transaction() as tx:
        locks.hold(tx, caller.principal.tenant_id, caller.principal.id, name, body)
    return json_value(body.model_dump())


@router.delete(_AT + "/lock", summary="Unlock a Terraform state", responses=answers(LockFreed) | _LOCKED)
@router.api_route(_AT, methods=["UNLOCK"], include_in_schema=False)
def free_lock(name: Name, caller: Writer, body: locks.LockInfo | None = None) -> Response:
    """Free the lock that the body names; without a body (`terraform force-unlock` sends none), whichever is held."""
    caller.must_write("terraform-state")
    with caller.transaction() as tx:
        locks.free(tx, caller.principal.tenant_id, name, body.ID if body else None)
    return json_value({"name": name, "locked": False})


# ---------------------------------------------------------------------------------------------------------- versions


@router.get(_AT + "/versions", summary="Versions of a Terraform state", responses=answers(page_of(StateVersion)))
def state_versions(
    name: Name,
    request: Request,
    caller: Reader,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
    limit: Limit = 100,
) -> Response:
    """The versions that are kept, newest first: when, by whom, how large. Nothing of what stands in them."""
    key = decode_cursor(cursor, 1)
    if key and not (key[0].isdecimal() and len(key[0]) < 10):
        raise InvalidCursor("The cursor belongs to another list.")
    before = int(key[0]) if key else None
    with caller.transaction() as tx:
        rows = versions(tx, caller.principal.tenant_id, name, before=before, limit=limit + 1)
    return page(request, rows, limit)


@router.get(
    _AT + "/versions/{number}", summary="A version of a Terraform state", responses=answers(State) | NOT_MODIFIED
)
def state_version(name: Name, number: Number, request: Request, caller: Reader) -> Response:
    """An earlier version as it was written; also of a state that was deleted."""
    return _given(name, number, request, caller)


@router.post(
    _AT + "/versions/{number}:restore",
    summary="Restore a version of a Terraform state",
    responses=answers(StateWritten) | _LOCKED,
)
def restore(name: Name, number: Number, caller: Writer, match: Match, lock_id: LockId = None) -> Response:
    """Make an earlier version the newest one, under a new serial. `If-Match` names the version that was the newest.

    What Terraform manages is not touched: its next plan says how the world differs from what the state says now.
    """
    caller.must_write("terraform-state")
    with caller.transaction() as tx:
        written = _store(caller).restore(tx, name, number, lock_id=lock_id, match=match)
    return _written(name, written)


def _store(caller: Caller) -> StateStore:
    settings = settings_of(caller.request)
    return StateStore(
        KeyFile(settings.key_file),
        caller.principal.tenant_id,
        caller.principal.id,
        keep=settings.terraform_state_versions,
        room=settings.terraform_states_mib << 20,
    )


def _given(name: str, number: int | None, request: Request, caller: Caller) -> Response:
    caller.must_write("terraform-state")  # who may only look (an auditor) must not see the passwords in it
    with caller.transaction() as tx:
        kept = _store(caller).read(tx, name, number)
    if matches(request, kept.number):
        return Response(status_code=304, headers={"ETag": etag(kept.number)})
    digest = base64.b64encode(kept.md5).decode()
    return json_text(kept.content, headers={"Content-MD5": digest}, version=kept.number)


def _written(name: str, written: Written) -> Response:
    body = {"name": name, "version": written.number, "serial": written.serial}
    return json_value(body, headers={"ETag": etag(written.number)})


def _altered(request: Request, digest: bytes) -> bool:
    said = request.headers.get("content-md5")
    if said is None:
        return False
    try:
        return base64.b64decode(said, validate=True) != digest
    except binascii.Error:
        return True
