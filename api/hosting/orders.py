"""`/api/v1/orders`: what was ordered, what it costs, what it waits for, who decides, how it ended."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.answers import Limit, cursor_id, page
from api.dependencies import Caller, require
from api.shapes import answers, page_of
from api.shapes.orders import Order
from datacenter.hosting import orders
from orchestrator.states import State

__all__ = ["router"]

router = APIRouter(tags=["orders"])


@router.get("/api/v1/orders", summary="Orders, newest first", responses=answers(page_of(Order)))
def all_orders(
    request: Request,
    caller: Annotated[Caller, Depends(require("hosting:read"))],
    *,
    state: Annotated[list[State] | None, Query(max_length=12)] = None,
    kind: Annotated[str | None, Query(max_length=100, description="`hosting.server.create`")] = None,
    tenant: Annotated[str | None, Query(max_length=63, description="Code; for the region's staff.")] = None,
    project: Annotated[str | None, Query(max_length=63, description="Code or id.")] = None,
    requested_by: Annotated[str | None, Query(max_length=63, description="Handle.")] = None,
    resource: Annotated[UUID | None, Query(description="Id of what they are about.")] = None,
    limit: Limit = 100,
    cursor: str | None = None,
) -> Response:
    """Your administration's orders. Each is a change: `/api/v1/changes/{id}` has its plan and steps."""
    states = tuple(one.value for one in state or ())
    before = cursor_id(cursor)
    with caller.transaction() as tx:
        rows = orders.listed(
            tx, orders.Wanted(states, kind, tenant, project, requested_by, resource), before, limit + 1
        )
    return page(request, rows, limit)
