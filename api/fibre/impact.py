"""`/api/v1/fibre/impact`: what breaks if something of the plant is lost. Reads only, though it is asked by POST."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from api.answers import json_value
from api.dependencies import Caller, require
from api.shapes import answers
from api.shapes.fibre_impact import ImpactOfLoss
from network.impact.answer import impact
from network.impact.subjects import Question

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/fibre", tags=["fibre"])


@router.post("/impact", summary="What breaks if something is lost", responses=answers(ImpactOfLoss))
def impact_of(
    question: Question, caller: Annotated[Caller, Depends(require("network:read", "inventory:read"))]
) -> Response:
    """Everything named in `of` and everything in the ground inside `polygon` is taken as lost together. Alters nothing.

    A circuit is `down` when no whole way of it is left, `protected` when its protecting way carries it, `degraded` when
    it has lost its protection only; devices and sites by whether they still reach a core, by another way, or by their
    last one.
    """
    with caller.transaction() as tx:
        return json_value(impact(tx, question))
