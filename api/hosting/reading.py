"""What every list of hosting's things takes, and how one of them is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from api.answers import Limit, decode_cursor, etag, json_text, matches, page
from api.dependencies import Caller, require
from api.errors import InvalidCursor
from core.scope import EVERY_TENANT
from datacenter.hosting.listing import Asked, Shown, listed, one

__all__ = ["Reader", "Selected", "Selection", "list_of", "one_of", "shown_one", "uuid_of"]

Reader = Annotated[Caller, Depends(require("hosting:read"))]


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters and place of a list of things that stand in projects."""

    request: Request
    project: str | None
    status: str | None
    name: str | None
    q: str | None
    limit: int
    after: UUID | None


def _selection(
    request: Request,
    project: Annotated[str | None, Query(max_length=100, description="Code or id.")] = None,
    status: Annotated[str | None, Query(max_length=20)] = None,
    name: Annotated[str | None, Query(max_length=100)] = None,
    q: Annotated[str | None, Query(max_length=100, description="A part of the name.")] = None,
    limit: Limit = 100,
    cursor: str | None = None,
) -> Selection:
    position = decode_cursor(cursor, 1)
    after = uuid_of(position[0]) if position else None
    return Selection(request, project, status, name, q, limit, after)


Selected = Annotated[Selection, Depends(_selection)]


def list_of(caller: Caller, what: Shown, selected: Selection, more: Mapping[str, str | None] | None = None) -> Response:
    """A page of a list."""
    tenant = caller.scope().tenant
    asked = Asked(
        None if tenant == EVERY_TENANT else tenant, selected.project, selected.status, selected.name, selected.q,
        more or {}, selected.after,
    )  # fmt: skip
    with caller.transaction() as tx:
        rows: Sequence[tuple[str, Sequence[object]]] = listed(tx, what, asked, selected.limit + 1)
    return page(selected.request, rows, selected.limit)


def one_of(request: Request, caller: Caller, what: Shown, thing: UUID) -> Response:
    """One thing with its ETag; 304 when the caller has this version."""
    return shown_one(request, caller, lambda tx: one(tx, what, thing))


def shown_one(request: Request, caller: Caller, read: Callable[[Connection], tuple[str, int]]) -> Response:
    """The same for what is read otherwise."""
    with caller.transaction() as tx:
        body, version = read(tx)
    if matches(request, version):
        return Response(status_code=304, headers={"ETag": etag(version)})
    return json_text(body, version=version)


def uuid_of(text: str) -> UUID:
    """The id in a cursor.

    Raises:
        InvalidCursor: it is none.
    """
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidCursor("The cursor belongs to another list.") from error
