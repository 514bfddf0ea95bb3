"""`/api/v1/fibre`: the plant in the ground, one router a noun."""

from __future__ import annotations

from fastapi import APIRouter

from api.fibre import export, impact, path, plant_map, splice_plan, way, works

__all__ = ["router"]

router = APIRouter()
for _noun in (export, impact, path, plant_map, splice_plan, way, works):
    router.include_router(_noun.router)
