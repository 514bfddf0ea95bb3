"""`/api/v1/kinds`: what may be asked for, and in which shape."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from api.answers import json_value
from api.dependencies import Caller, require
from api.shapes import answers, page_of
from api.shapes.changes import Kind
from orchestrator import registry

__all__ = ["router"]

router = APIRouter(tags=["changes"])


@router.get("/api/v1/kinds", summary="Kinds of change", responses=answers(page_of(Kind)))
def kinds(caller: Annotated[Caller, Depends(require("change:read"))]) -> Response:  # noqa: ARG001 - only who is signed in
    """Every kind of change that the installed domains offer, with the JSON schema of its ``intent``."""
    items = [
        {"name": name, "title": kind.title, "intent": kind.intent.model_json_schema()}
        for name, kind in registry.installed().kinds().items()
    ]
    return json_value({"items": items, "next": None})
