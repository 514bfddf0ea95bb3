"""`/api/v1/fibre/splice-plan`: what a closure holds, as data. Drawings of it are made in ``dashboards.splice_plan``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.answers import json_value
from api.dependencies import Caller, require
from api.shapes import answers
from api.shapes.plant import SplicePlan
from inventory.plant.splice_plan import splice_plan

__all__ = ["router"]

router = APIRouter(tags=["fibre"])


@router.get("/api/v1/fibre/splice-plan", summary="What a closure holds", responses=answers(SplicePlan))
def plan(
    caller: Annotated[Caller, Depends(require("inventory:read"))],
    closure: Annotated[str, Query(min_length=1, max_length=400, description="Code of the closure.")],
) -> Response:
    """Its cables, what is spliced to what, tray by tray, with tubes, strands and their colours."""
    with caller.transaction() as tx:
        return json_value(splice_plan(tx, closure))
