"""`/api/v1/fibre:export`: the plant as a map or as tables. They come in again by ``POST /api/v1/region:import``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from api.answers import ZipResponse
from api.dependencies import Caller, require
from api.shapes import answers
from api.shapes.plant import FeatureCollection
from inventory.plant.export import export_csv, export_geojson
from inventory.region_export import export_zip

__all__ = ["router"]

router = APIRouter(tags=["fibre"])

Reader = Annotated[Caller, Depends(require("inventory:read"))]


@router.get("/api/v1/fibre:geojson", summary="The plant as GeoJSON", responses=answers(FeatureCollection))
def geojson(caller: Reader) -> Response:
    """Nodes, ducts, and cables along their ducts; coordinates are WGS84, longitude first."""
    with caller.transaction() as tx:
        return Response(export_geojson(tx), media_type="application/json")


@router.get("/api/v1/fibre:csv", summary="The plant as tables", response_class=ZipResponse)
def tables(caller: Reader) -> Response:
    """A CSV file of every type, in a zip archive."""
    with caller.transaction() as tx:
        content = export_zip(export_csv(tx))
    return Response(
        content, media_type="application/zip", headers={"Content-Disposition": 'attachment; filename="plant.zip"'}
    )
