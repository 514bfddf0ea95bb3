"""`/search`: one box for servers, devices, sites, cables and changes, in the person's scope; an id leads there."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from core.errors import NotFound
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from datacenter.hosting.servers import queries as servers
from inventory.plant import views as plant
from network import places
from network import queries as devices
from orchestrator import records

__all__ = ["router"]

router = pages()

_MOST: Final = 20


@router.get("/search")
def search(visit: Annotated[Visit, Depends(visiting())], q: Annotated[str, Query(max_length=100)] = "") -> Response:
    """What has these letters in its name."""
    wanted = q.strip()
    found_servers: list[dict[str, Any]] = []
    found_devices: list[dict[str, Any]] = []
    found_sites: list[dict[str, Any]] = []
    found_cables: list[dict[str, Any]] = []
    with visit.transaction() as tx:
        place = _of_id(tx, visit, wanted)
        if place is not None:
            return RedirectResponse(place, status_code=303)
        if wanted and visit.may("hosting:read"):
            rows = servers.servers_json(tx, visit.scope(), servers.Filters(q=wanted), _MOST)
            found_servers = [json.loads(row) for row, _key in rows[:_MOST]]
        if wanted and visit.may("network:read"):
            ids, _count = devices.named(tx, "", wanted, _MOST)
            found_devices = json.loads(devices.devices_json(tx, ids))
            found_sites = json.loads(places.named_json(tx, wanted, _MOST))
        if wanted and visit.may("network:read", "inventory:read"):
            found_cables = plant.cables(tx, q=wanted, limit=_MOST)["cables"]
    return show(
        visit, "search", _("Search"), q=q, servers=found_servers, devices=found_devices, sites=found_sites,
        cables=found_cables,
    )  # fmt: skip


def _of_id(tx: Connection, visit: Visit, wanted: str) -> str | None:
    """Where the thing of an id stands, when it is one and the person may see it."""
    try:
        thing = UUID(wanted)
    except ValueError:
        return None
    if visit.may("change:read"):
        try:
            return f"/changes/{records.read(tx, thing).id}"
        except NotFound:
            pass
    if visit.may("hosting:read"):
        try:
            servers.server_json(tx, thing)
        except NotFound:
            return None
        return f"/servers/{thing}"
    return None
