"""`/contexts`: what devices inherit; one context altered or deleted after reading what that does to every device.

Nothing is saved before its effect was read: the digest of what was shown comes back with the form, and another effect
is shown instead of being saved. Who saves over somebody else's text is told, sees both, and has lost nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, get_args

from fastapi import Depends
from fastapi.responses import RedirectResponse, Response

from api.changes import submit_once
from api.problems import status_of
from core.errors import InvalidInput, IrisplaneError, StaleVersion
from dashboards.diffs import alike, opened
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.sides import Sides, sides_of
from dashboards.terms import CONTEXT_SCOPES
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from inventory import queries
from inventory.changes import InventoryEdit
from inventory.context_text import data_of, text_of
from inventory.schema import DeviceRole
from network.context_effect import Effect, concerned, effect_of
from network.diff import difference
from orchestrator import engine
from orchestrator.engine import ChangeRequest
from orchestrator.plan import canonical_json

__all__ = ["router"]

router = pages()

_KIND: Final = "config_context"
_FIELDS: Final = ("name", "scope", "role", "site", "device", "weight", "active", "data", "reason")
_AIMS: Final = {"role": "role", "site": "site", "device": "device"}
_MOST: Final = 1000
_OPEN: Final = 6

Looking = Annotated[Visit, Depends(visiting("inventory:read", "network:read"))]
Writing = Annotated[Visit, Depends(visiting("inventory:read", "network:read", "inventory:write", "change:submit"))]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Read:
    """What was found of a form: the effect of its edit, or what is wrong with it.

    Attributes:
        seen: digest of the effect that is shown.
        theirs: what somebody else saved meanwhile, beside what is typed.
    """

    effect: Effect | None = None
    plan: Mapping[str, Any] | None = None
    seen: str = ""
    error: IrisplaneError | None = None
    theirs: Sides | None = None
    other: bool = False
    status: int = 200


@router.get("/contexts")
def contexts(visit: Looking) -> Response:
    """Every context, from the widest to the narrowest, with what it is laid on."""
    with visit.transaction() as tx:
        rows = queries.list_objects(tx, _KIND, {}, limit=_MOST)
    found = [json.loads(body) for body, _key in rows]
    found.sort(key=lambda one: (list(CONTEXT_SCOPES).index(one["scope"]), one["weight"], one["name"]))
    return show(visit, "contexts", _("Configuration contexts"), found=found, scopes=CONTEXT_SCOPES)


@router.get("/contexts:new")
def new(visit: Writing) -> Response:
    """The form of a context that is not there yet."""
    return _shown(visit, None, {"scope": "role", "weight": "1000", "active": "yes"}, _Read())


@router.post("/contexts:new")
def create(visit: Writing) -> Response:
    """Show what it would do, or add it."""
    return _considered(visit, None)


@router.get("/contexts/{name}")
def context(visit: Looking, name: str) -> Response:
    """One context: what it says, whom it concerns."""
    row = _row(visit, name)
    return _shown(visit, row, _typed_of(row), _Read())


@router.post("/contexts/{name}")
def alter(visit: Writing, name: str) -> Response:
    """Show what it would do, or save it."""
    return _considered(visit, _row(visit, name))


@router.get("/contexts/{name}/delete")
def farewell(visit: Writing, name: str) -> Response:
    """What devices lose with it."""
    row = _row(visit, name)
    try:
        read = _effect(visit, _deletion(row, ""), _identity(row))
    except IrisplaneError as error:
        read = _Read(error=error)
    return _leaving(visit, row, "", read)


@router.post("/contexts/{name}/delete")
def delete(visit: Writing, name: str) -> Response:
    """Let it go, if its effect is the one that was read."""
    creation = visit.creation()
    if (answer := creation.answered()) is not None:  # pressed twice: the context may be gone by now
        return _to(answer)
    row, reason = _row(visit, name), visit.form.text("reason")
    try:
        request = _deletion(row, reason)
        read = _effect(visit, request, _identity(row))
        if visit.form.text("seen") != read.seen:
            return _leaving(visit, row, reason, replace(read, other=True, status=409))
        if not reason:
            return _leaving(visit, row, reason, replace(read, error=_unexplained(), status=status_of(InvalidInput)))
        return _to(submit_once(creation, request))
    except IrisplaneError as error:
        return _leaving(visit, row, reason, _Read(error=error, status=status_of(type(error))))


def _considered(visit: Visit, row: Row | None) -> Response:
    typed = {name: visit.form.text(name) for name in _FIELDS if name != "data"}
    typed["data"] = visit.form.get("data", "").rstrip()
    creation = visit.creation()
    saving = visit.form.text("action") == "save"
    try:
        if saving and (answer := creation.answered()) is not None:
            return _to(answer)
        values = _values(typed, row)
        if row is not None and visit.form.text("version") != str(row["version"]):
            return _shown(visit, row, typed, _overtaken(row, values))
        request = _request(values, row, typed["reason"])
        read = _effect(visit, request, values)
        if not saving:
            return _shown(visit, row, typed, read)
        if visit.form.text("seen") != read.seen:
            return _shown(visit, row, typed, _Read(read.effect, read.plan, read.seen, other=True, status=409))
        if not typed["reason"]:
            raise _unexplained()
        return _to(submit_once(creation, request))
    except IrisplaneError as error:
        return _shown(visit, row, typed, _Read(error=error, status=status_of(type(error))))


def _effect(visit: Visit, request: ChangeRequest, values: Row) -> _Read:
    plan = engine.preview(visit.database, visit.principal, request, visit.caller.request_id).as_dict()
    effect = effect_of(visit.database, visit.scope(request.reason), str(values["name"]), plan["commands"])
    agreed = {"values": values, "differences": effect.differences, "approvals": plan["approvals"]}
    return _Read(effect, plan, hashlib.sha256(canonical_json(agreed).encode()).hexdigest())


def _overtaken(row: Row, values: Row) -> _Read:
    """Somebody saved it meanwhile: theirs stands beside what is typed, which is kept."""
    error = StaleVersion(
        "Somebody else saved this context since you opened it. Nothing of yours is lost, and nothing was saved.",
        hint="Read both below; what you save now takes the place of theirs.",
    )
    beside = difference(text_of(row["data"]), text_of(values["data"]), "yaml")
    return _Read(error=error, theirs=sides_of(beside) if beside else None, status=409)


def _row(visit: Visit, name: str) -> Row:
    with visit.transaction() as tx:
        body, version = queries.one_object(tx, _KIND, name)
    return {**json.loads(body), "version": version}


def _typed_of(row: Row) -> dict[str, str]:
    typed = {field: str(row.get(field) or "") for field in ("name", "scope", "role", "site", "device", "weight")}
    return {**typed, "active": "yes" if row["active"] else "", "data": text_of(row["data"])}


def _values(typed: Mapping[str, str], row: Row | None) -> dict[str, Any]:
    """What is typed, as the inventory takes it; of one that exists, name and aim stay."""
    weight = typed["weight"] or "1000"
    if not weight.isascii() or not weight.isdecimal() or len(weight) > 5:
        raise InvalidInput(f"{weight[:20]!r} is no whole number.", pointer="/weight", hint="From 0 to 32767.")
    values: dict[str, Any] = {"weight": int(weight), "active": typed["active"] == "yes", "data": data_of(typed["data"])}
    if row is not None:
        return {"name": row["name"], **values}
    scope = typed["scope"]
    aim = _AIMS.get(scope)
    if not typed["name"]:
        raise InvalidInput("A context needs a name.", pointer="/name", hint="For example ntp-of-the-region.")
    if aim and not typed[aim]:
        raise InvalidInput(f"Which {aim} is it for?", pointer=f"/{aim}", hint="Its name, as lists show it.")
    return {"name": typed["name"], "scope": scope, **({aim: typed[aim]} if aim else {}), **values}


def _request(values: Row, row: Row | None, reason: str) -> ChangeRequest:
    if row is None:
        operation: dict[str, Any] = {"action": "create", "type": _KIND, "values": [dict(values)]}
    else:
        altered = {name: value for name, value in values.items() if name != "name"}
        item = {"ref": row["name"], "version": row["version"], "set": altered}
        operation = {"action": "update", "type": _KIND, "items": [item]}
    return ChangeRequest(
        kind=InventoryEdit.name, intent={"operations": [operation]}, reason=reason or "look at what it would do"
    )


def _unexplained() -> InvalidInput:
    return InvalidInput("Nobody can decide without knowing why.", pointer="/reason", hint="Say what it is for.")


def _deletion(row: Row, reason: str) -> ChangeRequest:
    operation = {"action": "delete", "type": _KIND, "items": [{"ref": row["name"], "version": row["version"]}]}
    return ChangeRequest(
        kind=InventoryEdit.name, intent={"operations": [operation]}, reason=reason or "look at what it would do"
    )


def _identity(row: Row) -> Row:
    """Which context a deletion was read of: another version is another one."""
    return {"name": row["name"], "version": row["version"]}


def _to(answer: Response) -> Response:
    return RedirectResponse(f"/changes/{answer.headers['Location'].rsplit('/', 1)[1]}", status_code=303)


def _shown(visit: Visit, row: Row | None, typed: Mapping[str, str], read: _Read) -> Response:
    inheriting: list[str] = []
    if read.effect is not None:
        inheriting = list(read.effect.concerned)
    elif row is not None:
        with visit.transaction() as tx:
            inheriting = list(concerned(tx, str(row["name"])).values())
    groups = alike(read.effect.differences) if read.effect else []
    parts = (read.error.pointer or "").split("/") if read.error else []
    return show(
        visit, "context", _("Configuration context"), status=read.status, row=row,
        typed={**dict.fromkeys(_FIELDS, ""), **typed}, read=read, groups=groups, opened=opened(groups, _OPEN),
        inheriting=inheriting, scopes=CONTEXT_SCOPES, roles=get_args(DeviceRole),
        field=next((part for part in parts if part in _FIELDS), ""), key=visit.form.key,
        may_write=visit.may("inventory:write", "change:submit"),
    )  # fmt: skip


def _leaving(visit: Visit, row: Row, reason: str, read: _Read) -> Response:
    groups = alike(read.effect.differences) if read.effect else []
    return show(
        visit, "context_delete", _("Delete a configuration context"), status=read.status, row=row, reason=reason,
        read=read, groups=groups, opened=opened(groups, _OPEN), scopes=CONTEXT_SCOPES, data=text_of(row["data"]),
        key=visit.form.key,
    )  # fmt: skip
