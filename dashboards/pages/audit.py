"""`/audit`: who did what, when and why; each entry under its number; whether the journal's chain is intact."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Query
from fastapi.responses import Response

from api.answers import decode_cursor, encode_cursor
from api.dependencies import settings_of
from api.errors import InvalidCursor
from core.errors import Denied, InvalidInput, IrisplaneError, NotFound
from core.journal import verify
from core.journal.checkpoints import CheckpointFile, public_keys
from core.journal.entries import LAST, entries, entry
from dashboards.csv_files import csv_answer
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting

__all__ = ["router"]

router = pages()

_PAGE: Final = 100
_FILE: Final = 10_000
"""So many entries are in a CSV file; the whole journal is exported by the API."""
_BRUSSELS: Final = ZoneInfo("Europe/Brussels")
_KINDS: Final = ("audit", "event", "log")
_FILTERS: Final = ("action", "actor", "subject", "change", "since", "until")
_COLUMNS: Final = (
    "seq", "at", "actor", "action", "subject_type", "subject_id", "change_id", "tenant", "reason", "request_id",
)  # fmt: skip

Looking = Annotated[Visit, Depends(visiting("audit:read"))]
Text = Annotated[str, Query(max_length=200)]


@router.get("/audit")
def audit(
    visit: Looking, kind: Text = "audit", action: Text = "", actor: Text = "", subject: Text = "", change: Text = "",
    since: Text = "", until: Text = "", cursor: str | None = None,
) -> Response:  # fmt: skip
    """Entries, newest first; the filters stand in the address, and a filter that means nothing says so."""
    typed = {"kind": kind, "action": action, "actor": actor, "subject": subject, "change": change, "since": since,
             "until": until}  # fmt: skip
    position = decode_cursor(cursor, 1)
    if position is not None and (not position[0].isdecimal() or len(position[0]) > 18):
        raise InvalidCursor("The cursor belongs to another list.")
    refused: IrisplaneError | None = None
    found: list[dict[str, Any]] = []
    try:
        found = _found(visit, typed, before=int(position[0]) if position else LAST, limit=_PAGE + 1)
    except InvalidInput as error:
        refused = error
    following = encode_cursor([str(found[_PAGE - 1]["seq"])]) if len(found) > _PAGE else None
    return show(
        visit, "audit", _("The journal"), status=422 if refused else 200, found=found[:_PAGE], typed=typed,
        refused=refused, kinds=_KINDS, following=following, signed=_signed(visit) if visit.principal.staff else None,
    )  # fmt: skip


@router.get("/audit.csv")
def audit_csv(
    visit: Looking, kind: Text = "audit", action: Text = "", actor: Text = "", subject: Text = "", change: Text = "",
    since: Text = "", until: Text = "",
) -> Response:  # fmt: skip
    """The entries of the page as a file, up to ten thousand."""
    typed = {"kind": kind, "action": action, "actor": actor, "subject": subject, "change": change, "since": since,
             "until": until}  # fmt: skip
    rows = _found(visit, typed, before=LAST, limit=_FILE)
    return csv_answer("journal", _COLUMNS, ([one[column] for column in _COLUMNS] for one in rows))


@router.get("/audit/verify")
def verify_chain(visit: Looking) -> Response:
    """Compute the whole chain again and compare it with what was signed; names the first broken link."""
    if not visit.principal.staff:
        raise Denied("The chain covers every administration; only the region's staff verify it.")
    file = _file(visit)
    report = verify.verify_database(visit.database, file, public_keys(file.keys_path))
    return show(visit, "audit_verified", _("Is the journal intact?"), report=report)


@router.get("/audit/{seq}")
def one(visit: Looking, seq: Annotated[int, Path(ge=1, lt=LAST)]) -> Response:
    """One entry with the rows it altered, before and after."""
    with visit.transaction() as tx:
        body = entry(tx, seq)
    if body is None:
        raise NotFound(f"There is no entry {seq} in the journal.")
    found = json.loads(body)
    rows = [{**row, "fields": _altered(row["before"] or {}, row["after"] or {})} for row in found["rows"]]
    return show(
        visit, "entry", _("Entry of the journal"), entry=found["entry"], hash=found["hash"], rows=rows,
        body=json.dumps(found["entry"]["body"], indent=2, ensure_ascii=False),
    )  # fmt: skip


def _found(visit: Visit, typed: dict[str, str], *, before: int, limit: int) -> list[dict[str, Any]]:
    kind = typed["kind"] or "audit"
    if kind not in _KINDS:
        raise InvalidInput(f"{kind[:20]!r} is no kind of entry.", pointer="/kind", hint="audit, event or log.")
    filters = {name: typed[name].strip() or None for name in ("action", "actor", "subject")}
    with visit.transaction() as tx:
        rows = entries(
            tx, [kind],
            {
                **filters, "change_id": _id(typed["change"]), "since": _begin(typed["since"], "since"),
                "until": _begin(typed["until"], "until", days=1),
            },
            before=before, limit=limit,
        )  # fmt: skip
    return [json.loads(body) for body, _seq in rows]


def _id(typed: str) -> UUID | None:
    try:
        return UUID(typed.strip()) if typed.strip() else None
    except ValueError:
        raise InvalidInput(
            f"{typed[:40]!r} is no change's id.", pointer="/change", hint="Copy it from its address."
        ) from None


def _begin(typed: str, name: str, *, days: int = 0) -> datetime | None:
    """The beginning of a day in Brussels; ``days`` later, for the last one to be included."""
    if not typed.strip():
        return None
    try:
        day = date.fromisoformat(typed.strip()) + timedelta(days=days)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{typed[:20]!r} is no day.", pointer=f"/{name}", hint="For example 2026-11-30.") from None
    return datetime.combine(day, time(), _BRUSSELS)


def _altered(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, value before and value after of each field that the row has; only those that became another one."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [(name, _told(before.get(name)), _told(after.get(name))) for name in names]


def _told(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _signed(visit: Visit) -> dict[str, Any] | None:
    """The last signed line: up to which entry somebody else can prove what was written, and when it was signed."""
    points = _file(visit).read()
    return {"seq": points[-1].seq, "at": points[-1].at} if points else None


def _file(visit: Visit) -> CheckpointFile:
    return CheckpointFile(settings_of(visit.request).state_dir / "audit" / "checkpoints.jsonl")
