"""`/api/v1/audit`: who did what, when and why; verified on demand; exported for who verifies elsewhere."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.answers import decode_cursor, json_text, json_value, page
from api.dependencies import Caller, require, settings_of
from api.errors import InvalidCursor
from api.shapes import answers, page_of
from api.shapes.journal import AuditEntry, EntryWithRows, Verification
from core.errors import Denied, NotFound
from core.journal import verify
from core.journal.checkpoints import CheckpointFile, public_keys
from core.journal.entries import LAST, entries
from core.journal.entries import entry as one_entry

__all__ = ["router"]

router = APIRouter(tags=["audit"])


class Wanted(BaseModel):
    """Which entries of the journal."""

    model_config = ConfigDict(extra="forbid")

    kind: list[Literal["audit", "log", "event"]] = Field(default=["audit"], max_length=3)
    action: str | None = Field(default=None, max_length=100, description="Prefix, `change.`")
    subject: str | None = Field(default=None, max_length=200, description="Id of what it is about.")
    actor: str | None = Field(default=None, max_length=63, description="Handle of who did it.")
    change: UUID | None = Field(default=None, description="Change it belongs to.")
    request_id: str | None = Field(default=None, max_length=64)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = None


@router.get("/api/v1/audit", summary="The journal, newest first", responses=answers(page_of(AuditEntry)))
def audit(
    request: Request, caller: Annotated[Caller, Depends(require("audit:read"))], wanted: Annotated[Wanted, Query()]
) -> Response:
    """Numbered entries your tenant may see; `kind=log` shows that rows were altered, an entry by its number which."""
    position = decode_cursor(wanted.cursor, 1)
    before = LAST
    if position is not None:
        if not position[0].isdecimal() or len(position[0]) > 18:
            raise InvalidCursor("The cursor belongs to another list.")
        before = int(position[0])
    asked = {**wanted.model_dump(exclude={"kind", "cursor"}), "change_id": wanted.change}
    with caller.transaction() as tx:
        rows = entries(tx, wanted.kind, asked, before=before, limit=wanted.limit + 1)
    return page(request, [(body, (key,)) for body, key in rows], wanted.limit)


@router.get("/api/v1/audit/verify", summary="Is the journal intact?", responses=answers(Verification))
def verify_audit(request: Request, caller: Annotated[Caller, Depends(require("audit:read"))]) -> Response:
    """Recompute the whole chain and compare it with the signed checkpoints; names the first broken link."""
    _whole_journal(caller)
    file = CheckpointFile(settings_of(request).state_dir / "audit" / "checkpoints.jsonl")
    report = verify.verify_database(caller.database, file, public_keys(file.keys_path))
    return json_value(report.as_dict())


@router.get(
    "/api/v1/audit/export",
    summary="The journal as JSON lines",
    response_class=StreamingResponse,
    responses={200: {"description": "JSON lines.", "content": {"application/jsonl": {"schema": {"type": "string"}}}}},
)
def export_audit(
    caller: Annotated[Caller, Depends(require("audit:read"))],
    after: Annotated[int, Query(ge=0, le=LAST, description="Entries after this number.")] = 0,
) -> StreamingResponse:
    """Every numbered entry with its hash, for `irisplane audit verify --file` on another machine."""
    _whole_journal(caller)
    file = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - closed by who streams it
    out = io.TextIOWrapper(file, encoding="utf-8", write_through=True)
    verify.export(caller.database, out, after=after)
    out.detach()
    file.seek(0)
    headers = {"Content-Disposition": 'attachment; filename="irisplane-journal.jsonl"'}
    return StreamingResponse(_pieces(file), media_type="application/jsonl", headers=headers)


@router.get("/api/v1/audit/{seq}", summary="One entry", responses=answers(EntryWithRows))
def entry(seq: int, caller: Annotated[Caller, Depends(require("audit:read"))]) -> Response:
    """One entry with the rows it altered, before and after."""
    with caller.transaction() as tx:
        body = one_entry(tx, seq)
    if body is None:
        raise NotFound(f"There is no entry {seq} in the journal.")
    return json_text(body)


def _whole_journal(caller: Caller) -> None:
    if not caller.principal.staff:
        raise Denied("The chain covers every administration; only the region's staff verify or export it.")


def _pieces(file: io.BufferedRandom | tempfile._TemporaryFileWrapper[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(1 << 16):
            yield piece
