"""`/devices`: the fleet, and one device: what it runs, what it should, and every version kept of it."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import Depends, Query
from fastapi.responses import Response

from core.errors import IrisplaneError, NotFound
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.sides import sides_of
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from inventory.queries import device_detail
from network import queries, store

__all__ = ["router"]

router = pages()

_MOST: Final = 200
Looking = Annotated[Visit, Depends(visiting("network:read", "inventory:read"))]
Version = Annotated[str, Query(max_length=64)]


@router.get("/devices")
def devices(
    visit: Looking, select: Annotated[str, Query(max_length=2000)] = "", q: Annotated[str, Query(max_length=63)] = ""
) -> Response:
    """Devices that a selector means, by name; a selector that means nothing says so and shows nothing."""
    refused: IrisplaneError | None = None
    found: list[dict[str, Any]] = []
    with visit.transaction() as tx:
        try:
            ids, count = queries.named(tx, select.strip(), q.strip(), _MOST)
            found = json.loads(queries.devices_json(tx, ids))
        except IrisplaneError as error:
            refused, count = error, 0
    return show(
        visit, "devices", _("Devices"), found=found, all=count, most=_MOST, select=select, q=q,
        refused=refused,
    )  # fmt: skip


@router.get("/devices/{name}")
def device(visit: Looking, name: str, a: Version = "", b: Version = "") -> Response:
    """One device. ``a`` and ``b``: the two versions that are compared; what runs and what is intended otherwise."""
    one, other = a or "@0", b or "intended"
    with visit.transaction() as tx:
        key, tenant, platform = queries.device_id(tx, name)
        detail: dict[str, Any] = json.loads(device_detail(tx, str(key))[0])
        seen = json.loads(queries.devices_json(tx, [key]))[0]
        versions = json.loads(queries.versions_json(tx, key, 50))
        running, difference, refused = "", None, None
        try:
            running = store.redacted(tx, tenant, store.version(tx, key, "@0").digest) if versions else ""
            if versions or a:
                difference = queries.compare(tx, key, tenant, platform, one, other)
        except NotFound:
            raise
        except IrisplaneError as error:
            refused = error
    return show(
        visit, "device", _("Device"), device=detail, seen=seen, versions=versions, running=running,
        difference=sides_of(difference) if difference else difference, a=one, b=other, refused=refused,
    )  # fmt: skip
