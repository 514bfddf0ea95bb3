"""Answers: JSON that PostgreSQL built, sent as it came; ETags; pages with a cursor.

Long lists are one statement whose rows are already JSON text: nothing is parsed or validated on the way out.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from api.errors import InvalidCursor, PreconditionRequired
from core.errors import StaleVersion

__all__ = [
    "NOT_MODIFIED",
    "Limit",
    "Match",
    "ZipResponse",
    "cursor_id",
    "decode_cursor",
    "encode_cursor",
    "etag",
    "if_match",
    "json_text",
    "json_value",
    "matches",
    "next_link",
    "page",
    "plain",
    "require_match",
]

NOT_MODIFIED: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "`If-None-Match` named the version that is there."}
}
"""Of an endpoint that answers so, for its ``responses``."""

Limit = Annotated[int, Query(ge=1, le=1000, description="Entries of a page, at most.")]


class ZipResponse(Response):
    """A zip archive, for an endpoint's ``response_class``."""

    media_type = "application/zip"


def json_text(
    body: str | bytes, *, status: int = 200, headers: Mapping[str, str] | None = None, version: int | str | None = None
) -> Response:
    """JSON text as an answer, with the ETag of ``version`` when there is one."""
    extra = dict(headers or {})
    if version is not None:
        extra["ETag"] = etag(version)
    return Response(body, status_code=status, media_type="application/json", headers=extra)


def json_value(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A small value as JSON; times as RFC 3339 writes them."""
    return json_text(json.dumps(value, ensure_ascii=False, default=plain), status=status, headers=headers)


def plain(value: object) -> str:
    """What JSON has no form for: a time as RFC 3339 writes it, anything else as its text."""
    return value.isoformat() if isinstance(value, date) else str(value)


# ------------------------------------------------------------------------------------------------------------- ETag


def etag(version: int | str) -> str:
    """The strong ETag of a row's version."""
    return f'"{version}"'


def matches(request: Request, version: int | str) -> bool:
    """Whether ``If-None-Match`` already has this version: the answer is 304 then."""
    return etag(version) in [part.strip() for part in request.headers.get("if-none-match", "").split(",")]


def require_match(request: Request) -> int | None:
    """The version that ``If-Match`` names; ``None`` for ``*`` (any version).

    Raises:
        PreconditionRequired: the header is missing.
        StaleVersion: it is not the ETag of any version.
    """
    given = request.headers.get("if-match", "").strip()
    if not given:
        raise PreconditionRequired("Writing here needs the version you read.")
    if given == "*":
        return None
    number = given.removeprefix("W/").strip('"')
    if not number.isdecimal() or len(number) > 9:
        raise StaleVersion(f"There is no version {given[:80]}.")
    return int(number)


async def if_match(request: Request) -> int | None:
    """``require_match`` as a dependency that costs no thread."""
    return require_match(request)


Match = Annotated[int | None, Depends(if_match)]
"""The version that the caller read, as an endpoint's parameter: the OpenAPI document then names ``If-Match``."""


# ------------------------------------------------------------------------------------------------------------- pages


def encode_cursor(key: Sequence[object]) -> str:
    """The position after a row, opaque to clients."""
    return base64.urlsafe_b64encode(json.dumps(list(key), default=str).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, parts: int) -> list[str] | None:
    """The position of a cursor, ``parts`` texts long; ``None`` at the start of the list.

    Raises:
        InvalidCursor: no list gave this out.
    """
    if not cursor:
        return None
    try:
        key: Any = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise InvalidCursor("The cursor is not one of ours.") from error
    if not isinstance(key, list) or len(key) != parts or not all(isinstance(part, str) for part in key):
        raise InvalidCursor("The cursor belongs to another list.")
    return key


def cursor_id(cursor: str | None) -> UUID | None:
    """The position of a list that goes by id alone; ``None`` at its start.

    Raises:
        InvalidCursor: no such list gave this out.
    """
    position = decode_cursor(cursor, 1)
    if position is None:
        return None
    try:
        return UUID(position[0])
    except ValueError as error:
        raise InvalidCursor("The cursor belongs to another list.") from error


def page(request: Request, rows: Sequence[tuple[str, Sequence[object]]], limit: int) -> Response:
    """A page of a list: ``{"items": [...]}``, and the address of the next one in ``Link`` when there is one.

    Args:
        rows: JSON text and cursor key of each row, **one more than ``limit``** if the list goes on.
        limit: entries of a page.
    """
    shown, more = rows[:limit], len(rows) > limit
    following = encode_cursor(shown[-1][1]) if more else None
    body = '{"items":[' + ",".join(text for text, _ in shown) + '],"next":' + json.dumps(following) + "}"
    return json_text(body, headers=next_link(request, following))


def next_link(request: Request, following: str | None) -> dict[str, str]:
    """The ``Link`` header to the next page, when there is one."""
    if following is None:
        return {}
    query = [(key, value) for key, value in request.query_params.multi_items() if key != "cursor"]
    return {"Link": f'<{request.url.path}?{urlencode([*query, ("cursor", following)])}>; rel="next"'}
