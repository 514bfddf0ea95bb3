"""`/push` and `/drift`: bring routers to their intent after reading what that alters; which of them are not there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Query
from fastapi.responses import Response

from core.errors import InvalidInput, IrisplaneError
from dashboards.diffs import alike, opened
from dashboards.planned import NOTHING_YET, Planned, planned
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from network import queries
from network.changes.config import ConfigPush
from orchestrator.engine import ChangeRequest
from orchestrator.plan import Options

__all__ = ["router"]

router = pages()

_FIELDS: Final = ("select", "reason", "canary", "share", "atomic", "on_failure")
_OPEN: Final = 6
_MOST: Final = {"canary": 1000, "share": 100}

Looking = Annotated[Visit, Depends(visiting("network:read"))]
Pushing = Annotated[Visit, Depends(visiting("network:read", "network:write", "change:submit"))]


@router.get("/drift")
def drift(visit: Looking, select: Annotated[str, Query(max_length=2000)] = "") -> Response:
    """Devices that run something else than intended, alike ones together; seen within the last minute."""
    refused: IrisplaneError | None = None
    found: list[dict[str, Any]] = []
    with visit.transaction() as tx:
        try:
            found = json.loads(queries.drift_json(tx, queries.chosen(tx, select.strip() or "all")))
        except IrisplaneError as error:
            refused = error
    groups = alike([{"name": one["device"], "diff": one["diff"]} for one in found])
    return show(
        visit, "drift", _("Drift"), found=found, groups=groups, opened=opened(groups, _OPEN), select=select,
        refused=refused,
    )  # fmt: skip


@router.get("/push")
def choose(visit: Pushing, select: Annotated[str, Query(max_length=2000)] = "") -> Response:
    """Which routers, and how."""
    return _shown(visit, {"select": select, "canary": "1", "share": "25"})


@router.post("/push")
def plan_or_push(visit: Pushing) -> Response:
    """Show what it would do, or ask for what was shown."""
    typed = {name: visit.form.text(name) for name in _FIELDS}
    found = planned(visit, lambda reason: _request(typed, reason), verb="push")
    return found if isinstance(found, Response) else _shown(visit, typed, found)


def _request(typed: Mapping[str, str], reason: str) -> ChangeRequest:
    if not typed["select"]:
        raise InvalidInput("No routers are named.", pointer="/select", hint="'all', or role=access,site=DC-ARTS.")
    numbers: dict[str, int] = {}
    for name, most in _MOST.items():
        given = typed[name] or "0"
        if not given.isascii() or not given.isdecimal() or int(given[:9]) > most:
            raise InvalidInput(f"{given[:20]!r} is no whole number up to {most}.", pointer=f"/{name}")
        numbers[name] = int(given)
    options = Options(
        atomic=typed["atomic"] == "yes",
        canary=numbers["canary"],
        share=max(1, numbers["share"]),
        on_failure="keep" if typed["on_failure"] == "keep" else "rollback",
    )
    return ChangeRequest(kind=ConfigPush.name, intent={"select": typed["select"]}, reason=reason, options=options)


def _shown(visit: Visit, typed: Mapping[str, str], found: Planned = NOTHING_YET) -> Response:
    groups = alike(found.plan["targets"]) if found.plan else []
    field = (found.error.pointer or "").rsplit("/", 1)[-1] if found.error else ""
    return show(
        visit, "push", _("Push configuration"), status=found.status, typed={**dict.fromkeys(_FIELDS, ""), **typed},
        plan=found.plan, groups=groups, opened=opened(groups, _OPEN), seen=found.seen, other=found.other,
        error=found.error, field=field if field in _FIELDS else "", key=visit.form.key,
    )  # fmt: skip
