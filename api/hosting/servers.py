"""`/api/v1/servers`: order servers, see them, alter them, give them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from api.answers import Limit, Match, decode_cursor, json_text, json_value, page
from api.dependencies import Caller, require, settings_of
from api.errors import InvalidCursor
from api.hosting.ordering import ORDERED, order, order_now, request_for
from api.hosting.previewing import PREVIEW, preview
from api.idempotency import Creation, creating
from api.shapes import answers, page_of
from api.shapes.hosting import Console, ConsoleAddress, ImageInCloud, Server, ServerStatus
from core.errors import StaleVersion
from core.ids import uuid7
from core.journal.record import record
from core.secrets import SecretValue
from datacenter.hosting.servers import consoles, queries
from datacenter.hosting.servers.changes.base import secrets
from datacenter.hosting.servers.changes.create import Metadata, ServerWanted, Tags
from datacenter.hosting.servers.names import checked_user_data
from datacenter.hosting.servers.owners import owner_of_project, owner_of_server

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/servers", tags=["servers"])

Reader = Annotated[Caller, Depends(require("hosting:read"))]
Writer = Annotated[Caller, Depends(require("hosting:write"))]
Ordering = Annotated[Creation, Depends(creating("hosting:write"))]


class ServerIn(ServerWanted):
    """A server to be ordered."""

    user_data: Annotated[str, Field(max_length=200_000)] | None = None
    reason: Annotated[str, Field(max_length=2000)] = ""

    def intent(self, secret: str | None) -> dict[str, Any]:
        """As the kind takes it: what the person typed stays behind."""
        chosen = self.model_dump(mode="json", exclude={"user_data", "reason"}, exclude_unset=True)
        return {**chosen, "user_data_secret": secret} if secret else chosen


class Why(BaseModel):
    """Why; the request itself when it is not said."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=2000)] = ""


class Reboot(Why):
    """How."""

    how: Literal["soft", "hard"] = "soft"


class Extend(Why):
    """Until when; as long again as the settings say when absent."""

    lease_until: AwareDatetime | None = None


class Resize(Why):
    """To which size."""

    plan: Annotated[str, Field(max_length=63)]


class Rebuild(Why):
    """From which image."""

    image: Annotated[str, Field(max_length=63)]


class Named(Why):
    """A name."""

    name: Annotated[str, Field(max_length=255)]


class Plugged(Why):
    """A network by name or id."""

    network: Annotated[str, Field(max_length=100)]


class Grouped(Why):
    """All security groups that it shall be in, by name or id; none: `base`."""

    security_groups: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=10)]


class OneGroup(Why):
    """A security group by name or id."""

    security_group: Annotated[str, Field(max_length=100)]


class Import(Why):
    """Which servers of a project that are not known here; all when none is named."""

    project: Annotated[str, Field(max_length=63)] = "main"
    servers: Annotated[list[UUID], Field(max_length=200)] = []


class Patch(Why):
    """What is to be otherwise; what is absent stays."""

    metadata: Metadata | None = None
    tags: Tags | None = None


# ------------------------------------------------------------------------------------------------------------ reading
@router.get("", summary="Servers", responses=answers(page_of(Server)))
def servers(
    request: Request,
    caller: Reader,
    *,
    project: Annotated[str | None, Query(max_length=63, description="Id or code.")] = None,
    status: Annotated[list[ServerStatus] | None, Query(max_length=13)] = None,
    name: Annotated[str | None, Query(max_length=63)] = None,
    q: Annotated[str | None, Query(max_length=63, description="A part of the name.")] = None,
    tag: Annotated[str | None, Query(max_length=60)] = None,
    limit: Limit = 100,
    cursor: str | None = None,
) -> Response:
    """Servers you may see, oldest first; what is gone only with `status=gone`."""
    position = decode_cursor(cursor, 1)
    found = queries.Filters(project, status or (), name, q, tag, _uuid(position[0]) if position else None)
    with caller.transaction() as tx:
        return page(request, queries.servers_json(tx, caller.scope(), found, limit), limit)


@router.get("/{server_id}", summary="A server", responses=answers(Server))
def server(server_id: UUID, caller: Reader) -> Response:
    """One server, as the cloud had it a few seconds ago."""
    with caller.transaction() as tx:
        body, version = queries.server_json(tx, server_id)
    return json_text(body, version=version)


@router.get("/{server_id}/console", summary="What a server wrote on its console", responses=answers(Console))
def console(server_id: UUID, caller: Reader, lines: Annotated[int, Query(ge=1, le=2000)] = 200) -> Response:
    """Its last lines, asked of the cloud now."""
    with caller.transaction() as tx:
        row = queries.read(tx, server_id)
    return json_value({"server": str(row.id), "output": consoles.output(caller.database, row, lines)})


@router.get(
    "/{server_id}/console-url", summary="Where a server's console can be typed at", responses=answers(ConsoleAddress)
)
def console_url(server_id: UUID, caller: Writer) -> Response:
    """A WebSocket that is the server's serial port. Its address is a secret: it opens the console for whoever has it.

    409 while the server does not run, and where the cloud offers no serial consoles. That somebody asked is journalled,
    the address is not.
    """
    with caller.transaction() as tx:
        row = queries.read(tx, server_id)
    made = consoles.address(caller.database, row, settings_of(caller.request).console_seconds)
    with caller.transaction() as tx:
        body = {"name": row.name, "until": made.until.isoformat()}
        record(tx, "audit", "server.console_opened", "server", row.id, body=body, tenant_id=row.tenant_id)
    return json_value({"server": str(row.id), "type": "serial", "url": made.url, "expires_at": made.until.isoformat()})


@router.get("/{server_id}/images", summary="Images made of a server", responses=answers(page_of(ImageInCloud)))
def images(server_id: UUID, caller: Reader) -> Response:
    """The snapshots of its disk, asked of the cloud now; they outlive the server."""
    with caller.transaction() as tx:
        row = queries.read(tx, server_id, gone=True)
    return json_value({"items": consoles.images(caller.database, row), "next": None})


# ----------------------------------------------------------------------------------------------------------- ordering
@router.post(":preview", summary="What would a server cost?", responses=PREVIEW)
def preview_server(body: ServerIn, caller: Reader) -> Response:
    """The plan, price, energy, what is left of the quotas, placement and the approvals it needs. Writes nothing."""
    if body.user_data is not None:
        checked_user_data(body.user_data)
    tenant = _tenant(caller, lambda tx: owner_of_project(tx, body.project))
    return preview(caller, request_for("hosting.server.create", body.intent(None), _why(caller, body), tenant=tenant))


@router.post("", status_code=202, responses=ORDERED, summary="Order a server")
def create(body: ServerIn, creation: Ordering) -> Response:
    """Answers with the Change; `resource` says where the server is read from now on."""
    secret: str | None = None
    sealed: SecretValue | None = None
    if body.user_data is not None:
        sealed = SecretValue(checked_user_data(body.user_data))
        secret = f"hosting/user-data/{uuid7()}"
    caller = creation.caller
    tenant = _tenant(caller, lambda tx: owner_of_project(tx, body.project))
    request = request_for("hosting.server.create", body.intent(secret), _why(caller, body), tenant=tenant)

    def seal(tx: Connection) -> None:
        if sealed is not None and secret is not None:
            secrets().put(tx, tenant or caller.principal.tenant_id, secret, sealed)

    return order(creation, request, before=seal)


@router.post(":import", status_code=202, responses=ORDERED, summary="Take over servers that stand in a project")
def take_over(body: Import, creation: Ordering) -> Response:
    """Servers that were made in the cloud by hand become ordinary ones: counted, shown, altered from here."""
    caller = creation.caller
    tenant = _tenant(caller, lambda tx: owner_of_project(tx, body.project))
    intent = {"project": body.project, "servers": [str(one) for one in body.servers]}
    return order(creation, request_for("hosting.server.import", intent, _why(caller, body), tenant=tenant))


@router.patch("/{server_id}", status_code=202, responses=ORDERED, summary="Let metadata and tags be these")
def patch(server_id: UUID, body: Patch, caller: Writer, version: Match) -> Response:
    """What is named is replaced as a whole. Needs `If-Match`."""
    intent: dict[str, Any] = {"server": str(server_id)}
    intent |= {name: value for name in ("metadata", "tags") if (value := getattr(body, name)) is not None}
    return _altered(caller, "hosting.server.alter", intent, _why(caller, body), version)


@router.delete("/{server_id}", status_code=202, responses=ORDERED, summary="Give a server back")
def delete(
    server_id: UUID,
    caller: Writer,
    version: Match,
    *,
    now: Annotated[bool, Query(description="At once, with no way back.")] = False,
    reason: Annotated[str, Query(max_length=2000)] = "",
) -> Response:
    """It is stopped and kept for some days, in which `:restore` brings it back; then it is gone. Needs `If-Match`."""
    intent = {"server": str(server_id), "now": now}
    return _altered(caller, "hosting.server.delete", intent, reason or caller.reason, version)


@router.delete(
    "/{server_id}/images/{image_id}", status_code=202, responses=ORDERED, summary="Delete an image made of a server"
)
def delete_image(server_id: UUID, image_id: UUID, caller: Writer) -> Response:
    """Only images that were made of this server, which may be gone."""
    tenant = _tenant(caller, lambda tx: owner_of_server(tx, server_id))
    intent = {"server": str(server_id), "image": str(image_id)}
    return order_now(caller, request_for("hosting.server.delete-image", intent, caller.reason, tenant=tenant))


def _verb(verb: str, summary: str, body_type: type[Why] = Why) -> None:
    """``POST /{server_id}:verb``: a Change ``hosting.server.<verb>`` with the body's fields as its intent."""

    def endpoint(server_id: UUID, creation: Ordering, body: Any = None) -> Response:
        given = body or body_type()
        caller = creation.caller
        tenant = _tenant(caller, lambda tx: owner_of_server(tx, server_id))
        intent = {"server": str(server_id), **given.model_dump(mode="json", exclude={"reason"})}
        return order(creation, request_for(f"hosting.server.{verb}", intent, _why(caller, given), tenant=tenant))

    required = any(field.is_required() for field in body_type.model_fields.values())
    endpoint.__annotations__["body"] = body_type if required else body_type | None
    endpoint.__defaults__ = None if required else (None,)
    endpoint.__name__ = verb.replace("-", "_")
    router.add_api_route(
        f"/{{server_id}}:{verb}", endpoint, methods=["POST"], status_code=202, responses=ORDERED, summary=summary
    )


for _name, _summary, _body in (
    ("start", "Start a server", Why),
    ("stop", "Stop a server", Why),
    ("reboot", "Start a server anew", Reboot),
    ("extend", "Extend a server's lease; a stop that waits because it ended is taken back", Extend),
    ("resize", "Give a server another size; it waits to be confirmed", Resize),
    ("confirm-resize", "Keep the new size", Why),
    ("revert-resize", "Go back to the old size", Why),
    ("rebuild", "Make a server anew from an image", Rebuild),
    ("snapshot", "Keep a server's disk as an image", Named),
    ("attach-network", "Attach a server to a network", Plugged),
    ("detach-network", "Detach a server from a network", Plugged),
    ("set-security-groups", "Let a server be in exactly these security groups", Grouped),
    ("add-security-group", "Put a server into one more security group", OneGroup),
    ("remove-security-group", "Take a server out of a security group; of the last one into base", OneGroup),
    ("rename", "Give a server another name", Named),
    ("protect", "Protect a server against deletion", Why),
    ("unprotect", "Lift the protection", Why),
    ("restore", "Have a server back that was given back", Why),
):
    _verb(_name, _summary, _body)


# -------------------------------------------------------------------------------------------------------------- parts
def _altered(caller: Caller, kind: str, intent: dict[str, Any], reason: str, version: int | None) -> Response:
    server_id = UUID(intent["server"])
    tenant = _tenant(caller, lambda tx: owner_of_server(tx, server_id))

    def as_read(tx: Connection) -> None:
        present = queries.read(tx, server_id).version
        if version is not None and present != version:
            raise StaleVersion(f"The server has version {present} now.")

    return order_now(caller, request_for(kind, intent, reason, tenant=tenant), before=as_read)


def _tenant(caller: Caller, find: Callable[[Connection], UUID | None]) -> UUID | None:
    """Whose Change it is when one of the region's staff orders for an administration."""
    if not caller.principal.staff:
        return None
    with caller.transaction() as tx:
        return find(tx)


def _why(caller: Caller, body: Why | ServerIn) -> str:
    return body.reason.strip() or caller.reason


def _uuid(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError as error:
        raise InvalidCursor("The cursor belongs to another list.") from error
