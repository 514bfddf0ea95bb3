"""`/api/v1/fibre/map`: where the plant lies."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from api.answers import json_text
from api.compressed import compressed
from api.dependencies import Caller, require
from api.shapes import answers
from api.shapes.plant_map import MapOfPlant
from inventory.plant.views import map_json

__all__ = ["router"]

router = APIRouter(tags=["fibre"])


@router.get("/api/v1/fibre/map", summary="Where the plant lies, as GeoJSON", responses=answers(MapOfPlant))
def plant_map(caller: Annotated[Caller, Depends(require("inventory:read"))]) -> Response:
    """Nodes with their closures, ducts along their paths with the cables in them; a cable of which nobody knows the
    ducts is a straight line."""
    with caller.transaction() as tx:
        found = map_json(tx)
    return compressed(caller.request, json_text(found))
