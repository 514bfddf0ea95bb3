"""`/services:new` and `/services/CODE/remove`: a service designed in a form, or taken back, after reading its plan."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Path
from fastapi.responses import Response
from sqlalchemy import Connection, text

from core.errors import InvalidInput, IrisplaneError
from dashboards.diffs import alike, opened
from dashboards.forms import Form, filled
from dashboards.pages.services import KINDS, PROTECTIONS
from dashboards.planned import NOTHING_YET, Planned, planned
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from network.changes.service import ServiceOrder, ServiceRemove
from network.services import rows
from network.services.ends import free_ports
from network.services.exits import named
from network.services.orders import Order
from orchestrator.engine import ChangeRequest
from orchestrator.plan import Options

__all__ = ["router"]

router = pages()

_FIELDS: Final = ("code", "tenant", "kind", "protection", "bandwidth_mbps", "reason")
_OF_AN_END: Final = ("place", "address", "probe")
_LEAST, _MOST_ENDS = 2, 40
"""Ends that a form has; more are ordered from the command line."""
_PORTS: Final = 500
_OPEN: Final = 6
_POINTED: Final = re.compile(r"/ends/(\d+)(?:/(\w+))?")
_TENANTS: Final = text("select code, name_fr, name_nl, name_en from tenant where kind <> 'region' order by code")

Designing = Annotated[Visit, Depends(visiting("inventory:read", "network:read", "network:write", "change:submit"))]
Code = Annotated[str, Path(max_length=40)]
End = dict[str, str]


@router.get("/services:new")
def describe(visit: Designing) -> Response:
    """The form."""
    return _form(visit, {"kind": "l3vpn", "protection": "none"}, _ends(Form()))


@router.post("/services:new")
def design(visit: Designing) -> Response:
    """Show the plan, ask for what was shown, or make room for another end."""
    form = visit.form
    typed, ends = {name: form.text(name) for name in _FIELDS}, _ends(form)
    if form.text("action") == "more":
        return _form(visit, typed, [*ends, dict.fromkeys(_OF_AN_END, "")][:_MOST_ENDS])
    found = planned(visit, lambda reason: _request(typed, ends, reason), verb="order")
    return found if isinstance(found, Response) else _form(visit, typed, ends, found)


@router.get("/services/{service}/remove")
def farewell(visit: Designing, service: Code) -> Response:
    """What would go; the routers are asked when its plan is."""
    return _leaving(visit, service, NOTHING_YET)


@router.post("/services/{service}/remove")
def remove(visit: Designing, service: Code) -> Response:
    """Show what goes with it, or take it back."""
    found = planned(
        visit, lambda reason: _asked(ServiceRemove.name, {"code": service}, reason),
        verb="remove",
    )  # fmt: skip
    return found if isinstance(found, Response) else _leaving(visit, service, found)


def _ends(form: Form) -> list[End]:
    """What was typed of each end, empty ones too."""
    numbers = [int(name[6:]) for name in form if re.fullmatch(r"place-\d{1,2}", name)]
    count = min(max([_LEAST, *(number + 1 for number in numbers)]), _MOST_ENDS)
    return [{part: form.text(f"{part}-{number}") for part in _OF_AN_END} for number in range(count)]


def _request(typed: Mapping[str, str], ends: list[End], reason: str) -> ChangeRequest:
    """What the form asks for.

    Raises:
        InvalidInput: points at what cannot be taken; ends are counted without those that were left empty.
    """
    for name in ("code", "tenant"):
        if not typed[name]:
            raise InvalidInput("This cannot be left empty.", pointer=f"/{name}", hint="Fill it in.")
    wanted: dict[str, Any] = {name: typed[name] for name in ("code", "tenant", "kind", "protection")}
    if typed["bandwidth_mbps"]:
        wanted["bandwidth_mbps"] = typed["bandwidth_mbps"]
    wanted["ends"] = []
    for number, end in enumerate(_used(ends)):
        device, colon, port = end["place"].partition(":")
        if not (colon and device and port):
            raise InvalidInput(
                f"{end['place'][:60]!r} is no port of a device.",
                pointer=f"/ends/{number}/device",
                hint="Write the device and its port, ac01:port1.",
            )
        given = {name: end[name] for name in ("address", "probe") if end[name]}
        wanted["ends"].append({"device": device, "port": port, **given})
    intent = filled(Order, wanted).model_dump(mode="json", exclude_none=True)
    return _asked(ServiceOrder.name, intent, reason)


def _asked(kind: str, intent: dict[str, Any], reason: str) -> ChangeRequest:
    """Half a service is none."""
    return ChangeRequest(kind=kind, intent=intent, reason=reason, options=Options(atomic=True))


def _used(ends: list[End]) -> list[End]:
    return [end for end in ends if any(end.values())]


def _field(error: IrisplaneError | None, ends: list[End]) -> str:
    """The form's field that an error points at; empty where there is none."""
    pointer = (error.pointer or "") if error is not None else ""
    if found := _POINTED.search(pointer):
        places = [number for number, end in enumerate(ends) if any(end.values())]
        part = found[2] if found[2] in _OF_AN_END else "place"
        return f"{part}-{places[int(found[1])]}" if int(found[1]) < len(places) else ""
    last = pointer.rsplit("/", 1)[-1]
    return last if last in _FIELDS else ""


def _form(visit: Visit, typed: Mapping[str, str], ends: list[End], found: Planned = NOTHING_YET) -> Response:
    with visit.transaction() as tx:
        tenants, ports = _tenants(tx), free_ports(tx, _PORTS, named(tx))
    return show(
        visit, "service_new", _("Design a network service"), typed={**dict.fromkeys(_FIELDS, ""), **typed}, ends=ends,
        tenants=tenants, ports=ports, kinds=KINDS, protections=PROTECTIONS, most=_MOST_ENDS,
        field=_field(found.error, ends), **_shown(visit, found),
    )  # fmt: skip


def _tenants(tx: Connection) -> list[dict[str, str]]:
    return [dict(row) for row in tx.execute(_TENANTS).mappings()]


def _leaving(visit: Visit, code: str, found: Planned) -> Response:
    with visit.transaction() as tx:
        one = json.loads(rows.shown(tx, code))
    field = "reason" if found.error is not None and found.error.pointer == "/reason" else ""
    return show(
        visit, "service_remove", _("Remove a network service"), service=one, kinds=KINDS, field=field,
        reason=visit.form.text("reason"), **_shown(visit, found),
    )  # fmt: skip


def _shown(visit: Visit, found: Planned) -> dict[str, Any]:
    """What both forms show of a plan."""
    groups = alike(found.plan["targets"]) if found.plan else []
    return {
        "status": found.status, "plan": found.plan, "groups": groups, "opened": opened(groups, _OPEN),
        "seen": found.seen, "other": found.other, "error": found.error, "key": visit.form.key,
    }  # fmt: skip
