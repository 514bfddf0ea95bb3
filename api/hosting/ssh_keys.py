"""`/api/v1/ssh-keys`: public keys of an administration, which open its servers."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from api.answers import NOT_MODIFIED, Limit, Match, decode_cursor, page
from api.dependencies import Caller, require
from api.hosting.ordering import ORDERED, order, order_now, request_for
from api.hosting.reading import Reader, shown_one, uuid_of
from api.idempotency import Creation, creating
from api.shapes import answers, page_of
from api.shapes.hosting import SshKey
from datacenter.hosting.key_changes import key_named, keys_json

__all__ = ["router"]

router = APIRouter(tags=["ssh keys"])


class KeyIn(BaseModel):
    """A public key that is brought in."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=63)
    public_key: str = Field(min_length=1, max_length=20_000, description="The one line of a .pub file.")
    reason: str = Field(default="", max_length=2000)


@router.get("/api/v1/ssh-keys", summary="SSH keys", responses=answers(page_of(SshKey)))
def keys(
    request: Request,
    caller: Reader,
    *,
    name: Annotated[str | None, Query(max_length=100)] = None,
    q: Annotated[str | None, Query(max_length=100, description="A part of the name.")] = None,
    limit: Limit = 100,
    cursor: str | None = None,
) -> Response:
    """Public keys of your administration, oldest first."""
    position = decode_cursor(cursor, 1)
    with caller.transaction() as tx:
        after = uuid_of(position[0]) if position else None
        rows = keys_json(tx, name=name, q=q, after=after, limit=limit + 1)
    return page(request, rows, limit)


@router.post("/api/v1/ssh-keys", status_code=201, summary="Bring a key in", responses=ORDERED)
def bring_in(body: KeyIn, creation: Annotated[Creation, Depends(creating("hosting:write"))]) -> Response:
    """A public key in the one-line form of OpenSSH. Weak ones, and private ones, are refused; neither is kept."""
    asked = body.model_dump(include={"name", "public_key"})
    return order(creation, request_for("hosting.ssh_key.create", asked, body.reason or creation.caller.reason))


@router.get("/api/v1/ssh-keys/{key_id}", summary="An SSH key", responses=answers(SshKey) | NOT_MODIFIED)
def key(key_id: UUID, request: Request, caller: Reader) -> Response:
    """One key, with its fingerprint."""

    def read(tx: Connection) -> tuple[str, int]:
        row = key_named(tx, str(key_id), pointer=None)
        return str(row.shown), int(row.version)

    return shown_one(request, caller, read)


@router.delete("/api/v1/ssh-keys/{key_id}", status_code=201, summary="Forget a key", responses=ORDERED)
def forget(key_id: UUID, version: Match, caller: Annotated[Caller, Depends(require("hosting:write"))]) -> Response:
    """Servers that were made with it keep it."""
    asked = {"key": str(key_id), "version": version}
    return order_now(caller, request_for("hosting.ssh_key.delete", asked, caller.reason))
