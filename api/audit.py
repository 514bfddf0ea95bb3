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
from sqlalchemy import text

from api.answers import decode_cursor, json_text, json_value, page
from api.dependencies import Caller, require, settings_of
from api.errors import InvalidCursor
from api.shapes import answers, page_of
from api.shapes.journal import AuditEntry, EntryWithRows, Verification
from core.errors import Denied, NotFound
from core.journal import verify
from core.journal.checkpoints import CheckpointFile, public_keys

__all__ = ["router"]

router = APIRouter(tags=["audit"])

_ENTRY = """json_build_object('seq', c.seq, 'id', j.id, 'kind', j.kind, 'at', j.at, 'actor', p.handle,
    'actor_id', j.actor, 'action', j.action, 'subject_type', j.subject_type, 'subject_id', j.subject_id,
    'change_id', j.change_id,
    'request_id', j.request_id, 'reason', j.reason, 'body', j.body, 'tenant', t.code)"""
_FROM = """journal_chain c join journal j on j.id = c.journal_id left join principal p on p.id = j.actor
    left join tenant t on t.id = j.tenant_id"""

_LIST = text(
    f"select {_ENTRY}::text as body, c.seq::text as key from {_FROM}"  # noqa: S608 - parts are constants above
    " where c.seq < :before and j.kind = any(:kinds)"
    " and (cast(:action as text) is null or starts_with(j.action, :action))"
    " and (cast(:subject as text) is null or j.subject_id = :subject)"
    " and (cast(:actor as text) is null or p.handle = :actor)"
    " and (cast(:change_id as uuid) is null or j.change_id = :change_id)"
    " and (cast(:request_id as text) is null or j.request_id = :request_id)"
    " and (cast(:since as timestamptz) is null or j.at >= :since)"
    " and (cast(:until as timestamptz) is null or j.at < :until)"
    " order by c.seq desc limit :limit"
)
_ONE = text(
    f"select (jsonb_build_object('entry', {_ENTRY}, 'hash', encode(c.hash, 'hex'), 'rows',"  # noqa: S608 - same
    " (select coalesce(jsonb_agg(jsonb_build_object('table', l.table_name, 'id', l.row_id, 'op', l.op, 'before', l.pre,"
    " 'after', l.post) order by l.ordinal), '[]') from change_log l where l.journal_id = j.id)))::text"
    f" from {_FROM} where c.seq = :seq"
)


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
    before = 2**62
    if position is not None:
        if not position[0].isdecimal() or len(position[0]) > 18:
            raise InvalidCursor("The cursor belongs to another list.")
        before = int(position[0])
    asked = {**wanted.model_dump(exclude={"kind", "cursor"}), "kinds": list(wanted.kind), "change_id": wanted.change}
    with caller.transaction() as tx:
        rows = tx.execute(_LIST, {**asked, "before": before, "limit": wanted.limit + 1}).all()
    return page(request, [(row.body, (row.key,)) for row in rows], wanted.limit)


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
    after: Annotated[int, Query(ge=0, le=2**62, description="Entries after this number.")] = 0,
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
        body = tx.execute(_ONE, {"seq": seq}).scalar() if 0 < seq < 2**62 else None
    if body is None:
        raise NotFound(f"There is no entry {seq} in the journal.")
    return json_text(str(body))


def _whole_journal(caller: Caller) -> None:
    if not caller.principal.staff:
        raise Denied("The chain covers every administration; only the region's staff verify or export it.")


def _pieces(file: io.BufferedRandom | tempfile._TemporaryFileWrapper[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(1 << 16):
            yield piece
