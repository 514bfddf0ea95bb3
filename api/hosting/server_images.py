"""`/api/v1/server-images`: what was kept of servers' disks, in all projects."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.hosting.reading import Reader, Selected, list_of
from api.shapes import answers, page_of
from api.shapes.hosting import ServerImage
from datacenter.hosting.servers.images import IMAGES

__all__ = ["router"]

router = APIRouter(tags=["servers"])


@router.get("/api/v1/server-images", summary="Images made of servers", responses=answers(page_of(ServerImage)))
def server_images(
    caller: Reader,
    selected: Selected,
    server: Annotated[str | None, Query(max_length=36, description="Id of the server they were made of.")] = None,
) -> Response:
    """Each counts as a snapshot, also when its server is gone. `image` is its id where servers are ordered."""
    return list_of(caller, IMAGES, selected, {"server": server})
