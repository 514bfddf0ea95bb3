"""`/services`: what tenants have on the network: where it comes out, its numbers, its ways, whether packets pass."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import Depends, Path, Query
from fastapi.responses import Response
from sqlalchemy import Connection

from api.problems import status_of
from core.errors import IrisplaneError
from dashboards.csv_files import csv_answer
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from dashboards.works import works_ahead
from network.errors import NotServiceable
from network.incidents.last_look import last_look_json
from network.incidents.queries import notices_json
from network.services import rows, testing
from network.services.ways import Way, ways

__all__ = ["KINDS", "PROTECTIONS", "router"]

router = pages()

KINDS: Final[Mapping[str, str]] = {
    "l3vpn": _("private network between sites"),
    "e-line": _("line between two sites"),
    "internet": _("internet access"),
}
PROTECTIONS: Final[Mapping[str, str]] = {
    "none": _("none"),
    "protected": _("a second way without a common link"),
    "diverse": _("a second way without a common device, and without a common duct where the plant knows the ways"),
}
_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "down": (_("down"), "bad"),
    "degraded": (_("goes on, protection lost"), "waits"),
    "protected": (_("goes on over another way"), "good"),
    "well": (_("no incident touches it"), "good"),
    "unknown": (_("not known"), "unsure"),
}
_TESTS: Final[Mapping[str, tuple[str, str]]] = {
    "ok": (_("packets pass"), "good"),
    "failed": (_("something is wrong"), "bad"),
    "unknown": (_("not known"), "unsure"),
}
_MOST: Final = 200
_COLUMNS: Final = (
    "code", "tenant", "kind", "bandwidth_mbps", "protection", "table_number", "tunnel_number", "created_at", "ends",
)  # fmt: skip
_REGION: Final = ("network:read", "inventory:read")

Looking = Annotated[Visit, Depends(visiting("inventory:read"))]
Testing = Annotated[Visit, Depends(visiting("inventory:read", "network:write"))]
Code = Annotated[str, Path(max_length=40)]
Letters = Annotated[str, Query(max_length=100)]
Kind = Annotated[str, Query(pattern="^(l3vpn|e-line|internet)?$")]


@router.get("/services")
def services(visit: Looking, q: Letters = "", kind: Kind = "", tenant: Letters = "") -> Response:
    """Services in force; an administration sees its own."""
    with visit.transaction() as tx:
        found = _listed(tx, q, kind, tenant, _MOST + 1)
        states = _standing(visit, tx)
        touched = [] if visit.may(*_REGION) else _notices(tx)
        ahead = [] if visit.may(*_REGION) else works_ahead(visit, tx)
    return show(
        visit, "services", _("Network services"), found=found[:_MOST], more=len(found) > _MOST, most=_MOST, q=q,
        kind=kind, tenant=tenant, kinds=KINDS, protections=PROTECTIONS, standing=states, states=_STATES,
        notices=touched, ahead=ahead,
    )  # fmt: skip


@router.get("/services.csv")
def services_csv(visit: Looking, q: Letters = "", kind: Kind = "", tenant: Letters = "") -> Response:
    """Every one of them, a line each."""
    with visit.transaction() as tx:
        found = _listed(tx, q, kind, tenant, None)
    rows_of = ({**one, "ends": " ".join(f"{end['device']}:{end['port']}" for end in one["ends"])} for one in found)
    return csv_answer("services", _COLUMNS, ([row[name] for name in _COLUMNS] for row in rows_of))


@router.get("/services/{service}")
def one_service(visit: Looking, service: Code) -> Response:
    """One service."""
    return _one(visit, service)


@router.post("/services/{service}/test")
def test(visit: Testing, service: Code) -> Response:
    """Send packets through it now, from each of its routers."""
    try:
        with visit.transaction() as tx:
            questions = testing.questions(tx, service)
        return _one(visit, service, tested=testing.ask(visit.database, visit.scope(), questions))
    except NotServiceable as error:
        return _one(visit, service, error=error)


def _listed(tx: Connection, q: str, kind: str, tenant: str, limit: int | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        rows.listed(tx, q=q.strip() or None, kind=kind or None, tenant=tenant.strip() or None, limit=limit)
    )
    return found


def _notices(tx: Connection) -> list[dict[str, Any]]:
    """Open incidents that touch an administration."""
    return [one for one in json.loads(notices_json(tx)) if one["over"] is None]


def _at(ends: Sequence[Mapping[str, Any]], *, exits: bool) -> list[str]:
    """Devices of customers' ends, or of exits; each once."""
    return list(dict.fromkeys(end["device"] for end in ends if end["exit"] == exits))


def _standing(visit: Visit, tx: Connection) -> dict[str, Any] | None:
    """``touched``: what open incidents do to services; ``else``: how the others are. ``None`` for who sees no incident:
    silence would be no good news."""
    if not visit.may(*_REGION):
        return None
    seen = json.loads(last_look_json(tx))
    return {"touched": rows.touched(tx), "else": "well" if seen["sees"] == "everything" else "unknown"}


def _one(
    visit: Visit, code: str, *, tested: Sequence[Mapping[str, Any]] | None = None, error: IrisplaneError | None = None
) -> Response:
    found_ways: list[Way] = []
    lost: IrisplaneError | None = None
    with visit.transaction() as tx:
        one = json.loads(rows.shown(tx, code))
        states = _standing(visit, tx)
        touched = [] if states else _notices(tx)
        ahead = works_ahead(visit, tx, touching=one["id"])
        if states:
            sites, exits = _at(one["ends"], exits=False), _at(one["ends"], exits=True)
            try:
                found_ways = ways(tx, sites, one["protection"], exits)
            except NotServiceable as missing:
                lost = missing
    return show(
        visit, "service", _("Network service"), status=status_of(type(error)) if error else 200, service=one,
        standing=states, states=_STATES, kinds=KINDS, protections=PROTECTIONS, ways=found_ways, lost=lost,
        tested=tested, tests=_TESTS, error=error, notices=touched, ahead=ahead,
    )  # fmt: skip
