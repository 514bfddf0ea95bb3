"""`/push` and `/drift`: bring routers to their intent after reading what that alters; which of them are not there.

The plan that is shown reserves nothing. If it is another one by the time it is asked for, the new one is shown and
nothing was asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Query
from fastapi.responses import RedirectResponse, Response

from api.changes import submit_once
from api.problems import status_of
from core.errors import InvalidInput, IrisplaneError
from dashboards.diffs import alike, opened
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from network import queries
from network.changes.config import ConfigPush
from orchestrator import engine
from orchestrator.engine import ChangeRequest
from orchestrator.plan import Options, canonical_json

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
    creation = visit.creation()
    try:
        if visit.form.text("action") == "push" and (answer := creation.answered()) is not None:
            return _to(answer)
        request = _request(typed)
        made = engine.preview(visit.database, visit.principal, request, visit.caller.request_id).as_dict()
        seen = _digest(made)
        if visit.form.text("action") != "push":
            return _shown(visit, typed, plan=made, seen=seen)
        if visit.form.text("seen") != seen:
            return _shown(visit, typed, plan=made, seen=seen, other=True, status=409)
        if not typed["reason"]:
            raise InvalidInput("Nobody can decide without knowing why.", pointer="/reason", hint="Say what it is for.")
        return _to(submit_once(creation, request))
    except IrisplaneError as error:
        return _shown(visit, typed, error=error, status=status_of(type(error)))


def _request(typed: Mapping[str, str]) -> ChangeRequest:
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
    reason = typed["reason"] or "look at what it would do"
    return ChangeRequest(kind=ConfigPush.name, intent={"select": typed["select"]}, reason=reason, options=options)


def _digest(plan: Mapping[str, Any]) -> str:
    """What of a plan a person says yes to: who is altered how, in which batches, with whose approval."""
    agreed = {
        "targets": [(target["id"], target["diff"]) for target in plan["targets"]],
        **{name: plan[name] for name in ("batches", "approvals", "options")},
    }
    return hashlib.sha256(canonical_json(agreed).encode()).hexdigest()


def _to(answer: Response) -> Response:
    return RedirectResponse(f"/changes/{answer.headers['Location'].rsplit('/', 1)[1]}", status_code=303)


def _shown(
    visit: Visit,
    typed: Mapping[str, str],
    *,
    plan: Mapping[str, Any] | None = None,
    seen: str = "",
    other: bool = False,
    error: IrisplaneError | None = None,
    status: int = 200,
) -> Response:
    groups = alike(plan["targets"]) if plan else []
    field = (error.pointer or "").rsplit("/", 1)[-1] if error else ""
    return show(
        visit, "push", _("Push configuration"), status=status, typed={**dict.fromkeys(_FIELDS, ""), **typed}, plan=plan,
        groups=groups, opened=opened(groups, _OPEN), seen=seen, other=other, error=error,
        field=field if field in _FIELDS else "", key=visit.form.key,
    )  # fmt: skip
