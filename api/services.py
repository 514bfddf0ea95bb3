"""`/api/v1/network/services`: services of tenants, and whether packets pass in them now.

They are ordered and removed through `/api/v1/changes`, with the kinds `network.service.order` and
`network.service.remove`.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.answers import json_text, json_value
from api.dependencies import Caller, require
from api.shapes import answers, whole_list_of
from api.shapes.services import Service, ServiceTest
from network.services import orders, rows, testing

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/network", tags=["network"])

Reader = Annotated[Caller, Depends(require("inventory:read"))]


@router.get("/services", summary="Services in force", responses=answers(whole_list_of(Service)))
def services(
    caller: Reader,
    q: Annotated[str | None, Query(max_length=100, description="Letters in its code, sites or devices.")] = None,
    kind: orders.Kind | None = None,
    tenant: Annotated[str | None, Query(max_length=64, description="Whose, by code.")] = None,
) -> Response:
    """By code; an administration sees its own."""
    with caller.transaction() as tx:
        return json_text(f'{{"items": {rows.listed(tx, q=q, kind=kind, tenant=tenant)}}}')


@router.get("/services/{code}", summary="A service in force", responses=answers(Service))
def service(caller: Reader, code: str) -> Response:
    """With every end of it."""
    with caller.transaction() as tx:
        return json_text(rows.shown(tx, code))


@router.post(
    "/services/{code}:test", summary="Send packets through a service", responses=answers(whole_list_of(ServiceTest))
)
def test(caller: Annotated[Caller, Depends(require("network:write"))], code: str) -> Response:
    """From each device of it, inside its routing table: every member must answer, nobody of another service may."""
    with caller.transaction() as tx:
        questions = testing.questions(tx, code)
    found = testing.ask(caller.database, caller.scope(), questions)
    return json_value({"items": found})
