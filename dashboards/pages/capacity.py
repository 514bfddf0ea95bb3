"""`/capacity`: what each host, storage pool and range of addresses can hold, and what is taken of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import Depends
from fastapi.responses import Response

from dashboards.csv_files import csv_answer
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from datacenter.hosting import capacity

__all__ = ["router"]

router = pages()

Looking = Annotated[Visit, Depends(visiting("platform:read"))]
_SECTIONS: Final = (
    ("host", _("Hosts"), ("vcpus", "ram_mib", "disk_gib")),
    ("pool", _("Storage pools"), ("storage_gib",)),
    ("network", _("Ranges of public addresses"), ("floating_ips",)),
)
_COLUMNS: Final = ("kind", "name", "zone", "taking", "resource", "used", "usable", "physical", "looked_at")


@router.get("/capacity")
def machines(visit: Looking) -> Response:
    """Everything, the fullest first."""
    with visit.transaction() as tx:
        found: list[dict[str, Any]] = json.loads(capacity.listed(tx))
    for one in found:
        one["of"] = {row["resource"]: row for row in one["resources"]}
    found.sort(key=lambda one: -_fullest(one["resources"]))
    sections = [
        (title, resources, some)
        for kind, title, resources in _SECTIONS
        if (some := [one for one in found if one["kind"] == kind])
    ]
    return show(
        visit, "capacity", _("What the machines can hold"), sections=sections, units=capacity.UNITS,
        looked_at=max((one["looked_at"] for one in found), default=None),
    )  # fmt: skip


@router.get("/capacity.csv")
def machines_csv(visit: Looking) -> Response:
    """A line for each resource of each host, pool and network."""
    with visit.transaction() as tx:
        found = json.loads(capacity.listed(tx))
    rows = [{**one, **resource} for one in found for resource in one["resources"]]
    return csv_answer("capacity", _COLUMNS, ([row[column] for column in _COLUMNS] for row in rows))


def _fullest(resources: Sequence[Mapping[str, Any]]) -> float:
    return max((row["used"] / row["usable"] for row in resources if row["usable"]), default=0.0)
