"""`/servers`: the list, one server with all that is known of it, what it wrote, and the verbs that need no form."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from api.answers import decode_cursor, encode_cursor
from api.hosting.ordering import order, request_for
from core.errors import InvalidInput, IrisplaneError, StaleVersion
from dashboards.deeds import Row
from dashboards.pages.things import changes_of, register_deed
from dashboards.rendering import in_words, show
from dashboards.routes import pages
from dashboards.server_deeds import DEEDS, VERBS, possible, row_of
from dashboards.terms import mark as _
from dashboards.things import loaded
from dashboards.visit import Visit, visiting
from datacenter.hosting.listing import Asked, listed
from datacenter.hosting.metering.reading import month_of_resource
from datacenter.hosting.networks.address_changes import ADDRESSES
from datacenter.hosting.pricing import REGION_TIME
from datacenter.hosting.servers import consoles, queries
from datacenter.hosting.servers.images import IMAGES
from datacenter.hosting.servers.owners import owner_of_server
from orchestrator.states import ENDED

__all__ = ["forms", "router"]

forms = pages()
"""Addresses of single deeds; they stand before the one that takes any verb."""
router = pages()

_PAGE: Final = 50
Looking = Annotated[Visit, Depends(visiting("hosting:read"))]
Acting = Annotated[Visit, Depends(visiting("hosting:write"))]


@router.get("/servers")
def servers(
    visit: Looking,
    q: Annotated[str, Query(max_length=63)] = "",
    status: Annotated[str, Query(max_length=20)] = "",
    cursor: str | None = None,
) -> Response:
    """Servers by name and status; the filters stand in the address."""
    position = decode_cursor(cursor, 1)
    wanted = queries.Filters(
        q=q.strip() or None, status=(status,) if status else (), after=UUID(position[0]) if position else None
    )
    with visit.transaction() as tx:
        rows = queries.servers_json(tx, visit.scope(), wanted, _PAGE)
    following = encode_cursor(rows[_PAGE - 1][1]) if len(rows) > _PAGE else None
    found = [json.loads(row) for row, _key in rows[:_PAGE]]
    return show(visit, "servers", _("Servers"), servers=found, q=q, only=status, following=following)


@router.get("/servers/{server_id}")
def server(visit: Looking, server_id: UUID) -> Response:
    """One server, what it comes to this month, and its changes."""
    month = datetime.now(UTC).astimezone(REGION_TIME)
    with visit.transaction() as tx:
        found = row_of(tx, server_id)
        done = changes_of(tx, server_id)
        public = loaded(listed(tx, ADDRESSES, Asked(more={"server": str(server_id)}), 20))
        images = loaded(listed(tx, IMAGES, Asked(more={"server": str(server_id)}), 20))
        used = json.loads(month_of_resource(tx, server_id, month.date()))
    going = next((one for one in done if one["state"] not in ENDED), None)
    may = visit.may("hosting:write") and going is None
    template = "server_live" if visit.enhanced else "server"
    return show(
        visit, template, _("Server"), server=found, done=done, going=going, public=public, images=images, used=used,
        month=month, possible=possible(found) if may else [], verbs=VERBS,
        deeds={name: deed for name, deed in DEEDS.items() if may and deed.offered(found)},
    )  # fmt: skip


@router.get("/servers/{server_id}/console")
def console(visit: Looking, server_id: UUID, lines: Annotated[int, Query(ge=1, le=2000)] = 200) -> Response:
    """What it wrote on its console, asked of the cloud now; a part of its page where htmx asks."""
    with visit.transaction() as tx:
        row = queries.read(tx, server_id)
    output, error = "", None
    try:
        output = consoles.output(visit.database, row, lines)
    except IrisplaneError as refused:
        error = refused
    template = "part_console" if visit.enhanced else "console"
    return show(visit, template, _("Console"), server=row, output=output, refused=error)


@router.post("/servers/{server_id}/{verb}")
def act(visit: Acting, server_id: UUID, verb: str) -> Response:
    """Order what the button says; the page of the server shows it and how to take it back."""
    if verb not in VERBS:
        raise InvalidInput(f"There is no way to {verb[:40]!r} a server.")
    read = visit.form.text("version")
    tenant = visit.tenant_of(lambda tx: owner_of_server(tx, server_id))
    intent: dict[str, Any] = {"server": str(server_id)}

    def as_read(tx: Connection) -> None:
        present = queries.read(tx, server_id).version
        if verb == "delete" and read != str(present):
            raise StaleVersion("The server is another one than you saw.", hint="Look at it again, then decide.")

    wanted = request_for(
        f"hosting.server.{verb}",
        intent,
        visit.form.text("reason") or in_words(visit, f"hosting.server.{verb}"),
        tenant=tenant,
    )
    order(visit.creation(), wanted, before=as_read)
    return RedirectResponse(f"/servers/{server_id}", status_code=303)


def _crumbs(row: Row) -> tuple[tuple[str, str], ...]:
    return (("/servers", _("Servers")), (f"/servers/{row['id']}", row["called"]))


for _name, _deed in DEEDS.items():
    _endpoint = register_deed("servers", _name, _deed, row_of, crumbs=_crumbs)
    forms.add_api_route(f"/servers/{{thing_id}}/{_name}", _endpoint, methods=["GET", "POST"])
