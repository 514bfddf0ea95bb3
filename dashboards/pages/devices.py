"""`/devices`: the fleet, and one device: what it is, runs and should run, every version kept of it, what altered it."""

from __future__ import annotations

import json
from functools import cache
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Depends, Query
from fastapi.responses import Response
from sqlalchemy import Connection

from api.answers import cursor_id, encode_cursor
from core.errors import IrisplaneError, NotFound
from dashboards.csv_files import csv_answer
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.sides import sides_of
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from inventory.queries import device_detail
from inventory.shapes import outside
from network import queries
from network.diff import redacted_difference

__all__ = ["router"]

router = pages()

_MOST: Final = 200
_CHANGES: Final = 15
_VERSIONS: Final = 50
_EVERY: Final = 100_000
_FLEET: Final = (
    "name", "state", "role", "platform", "site", "status", "management_address", "seen_at", "drifted_since",
)  # fmt: skip
_COLUMNS: Final = {
    "interfaces": (
        "name", "kind", "enabled", "addresses", "vrf", "mtu", "mac", "description", "link", "far_device",
        "far_interface", "far_state",
    ),
    "versions": ("version", "taken_at", "source", "lines", "digest", "change"),
    "changes": ("id", "kind", "title", "state", "requested_by", "requested_at", "finished_at", "reason"),
}  # fmt: skip
Looking = Annotated[Visit, Depends(visiting("network:read", "inventory:read"))]
Version = Annotated[str, Query(max_length=64)]
Select = Annotated[str, Query(max_length=2000)]
Part = Annotated[str, Query(max_length=63)]


@router.get("/devices")
def devices(visit: Looking, select: Select = "", q: Part = "") -> Response:
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


@router.get("/devices.csv")
def devices_csv(visit: Looking, select: Select = "", q: Part = "") -> Response:
    """Every one of them, whole."""
    with visit.transaction() as tx:
        ids, _count = queries.named(tx, select.strip(), q.strip(), _EVERY)
        found = json.loads(queries.devices_json(tx, ids))
    return csv_answer("devices", _FLEET, ([one[column] for column in _FLEET] for one in found))


@router.get("/devices/{name}")
def device(visit: Looking, name: str, a: Version = "", b: Version = "", cursor: str | None = None) -> Response:
    """One device. ``a`` and ``b``: the two versions that are compared; what runs and what is intended otherwise."""
    one, other = a or "@0", b or "intended"
    before = cursor_id(cursor)
    refused: IrisplaneError | None = None
    difference: str | None = None
    intended = running = ""
    with visit.transaction() as tx:
        key, tenant, platform = queries.device_id(tx, name)
        versions = _versions(tx, key, _VERSIONS)
        changes = _changes(tx, visit, key, before, _CHANGES + 1)

        @cache
        def text_of(which: str) -> str:
            return queries.readable(tx, key, tenant, which)

        try:
            running = text_of("@0") if versions else ""
            intended = text_of("intended")
            if versions or a:
                difference = redacted_difference(text_of(one), text_of(other), platform)
        except NotFound:
            raise
        except IrisplaneError as error:
            refused = error
        detail = _detail(tx, key)
        seen = json.loads(queries.devices_json(tx, [key]))[0]
    following = encode_cursor([changes[_CHANGES - 1]["id"]]) if len(changes) > _CHANGES else None
    return show(
        visit, "device", _("Device"), device=detail, seen=seen, versions=versions, running=running, intended=intended,
        difference=sides_of(difference) if difference else difference, a=one, b=other, refused=refused,
        changes=changes[:_CHANGES], following=following,
    )  # fmt: skip


@router.get("/devices/{name}/{table}.csv")
def device_csv(visit: Looking, name: str, table: Literal["interfaces", "versions", "changes"]) -> Response:
    """A table of its page, whole."""
    with visit.transaction() as tx:
        key, _tenant, _platform = queries.device_id(tx, name)
        if table == "interfaces":
            rows = _detail(tx, key)["interfaces"]
        elif table == "versions":
            rows = _versions(tx, key, _EVERY)
        else:
            rows = _changes(tx, visit, key, None, _EVERY)
    columns = _COLUMNS[table]
    cells = ([" ".join(v) if isinstance(v := one.get(column), list) else v for column in columns] for one in rows)
    return csv_answer(f"{name}-{table}", columns, cells)


def _detail(tx: Connection, key: UUID) -> dict[str, Any]:
    """What the inventory holds of it, the units of its place as people write them; at each interface what stands at the
    other end, and how that was last seen."""
    detail: dict[str, Any] = json.loads(device_detail(tx, str(key))[0])
    if detail["placement"]:
        detail["placement"]["units"] = outside("units", detail["placement"]["units"])
    far = json.loads(queries.far_ends_json(tx, key))
    for one in detail["interfaces"]:
        end, link = far.get(one["name"], {}), one["link"] or {}
        one |= {
            "link": end.get("link"), "link_status": end.get("status"), "far_state": end.get("state"),
            "far_device": link.get("device"), "far_interface": link.get("interface"),
        }  # fmt: skip
    return detail


def _versions(tx: Connection, key: UUID, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(queries.versions_json(tx, key, limit))
    return found


def _changes(tx: Connection, visit: Visit, key: UUID, before: UUID | None, limit: int) -> list[dict[str, Any]]:
    """What altered it, or waits to; nothing for who may not read changes."""
    if not visit.may("change:read"):
        return []
    found: list[dict[str, Any]] = json.loads(queries.device_changes_json(tx, key, before=before, limit=limit))
    return found
