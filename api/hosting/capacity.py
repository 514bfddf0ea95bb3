"""`/api/v1/capacity`: what the machines of the cloud can hold, and what is taken."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from api.answers import json_text
from api.dependencies import Caller, require
from api.shapes import answers, whole_list_of
from api.shapes.hosting import CapacityOfOne
from datacenter.hosting import capacity

__all__ = ["router"]

router = APIRouter(tags=["figures"])


@router.get("/api/v1/capacity", summary="What the cloud can hold", responses=answers(whole_list_of(CapacityOfOne)))
def machines(caller: Annotated[Caller, Depends(require("platform:read"))]) -> Response:
    """Hosts, storage pools and ranges of public addresses, as the cloud said within the last minutes."""
    with caller.transaction() as tx:
        return json_text(f'{{"items": {capacity.listed(tx)}}}')
