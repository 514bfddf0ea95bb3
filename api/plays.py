"""`/api/v1/network/plays`: which Ansible plays there are, and what each takes; a run is a change of `network.play`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi import Path as PathPart
from fastapi.responses import Response

from api.answers import json_value
from api.dependencies import Caller, require
from api.shapes import answers, whole_list_of
from api.shapes.plays import OnePlay, PlayInList
from core.errors import NotFound
from network.plays.catalogue import Play, plays

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/network/plays", tags=["network"])

Reader = Annotated[Caller, Depends(require("network:read"))]


@router.get("", summary="Plays", responses=answers(whole_list_of(PlayInList)))
def listed(caller: Reader) -> Response:  # noqa: ARG001 - asked for its right to read
    """By name."""
    return json_value({"items": [_brief(one) for one in plays()]})


@router.get("/{name}", summary="A play and what it takes", responses=answers(OnePlay))
def shown(
    caller: Reader,  # noqa: ARG001 - as above
    name: Annotated[str, PathPart(max_length=100)],
) -> Response:
    """`variables` in the form of Ansible's argument specs; a `secret` one is named, never written."""
    found = next((one for one in plays() if one.name == name), None)
    if found is None:
        raise NotFound(
            f"There is no play {name!r}.", hint=f"There is: {', '.join(one.name for one in plays())}.", play=name
        )
    return json_value({**_brief(found), "variables": [_variable(key, one) for key, one in found.options.items()]})


def _brief(one: Play) -> dict[str, Any]:
    return {"name": one.name, "title": one.title, "summary": one.summary, "hosts": one.hosts, "digest": one.digest}


def _variable(name: str, told: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": told["type"],
        "description": told["description"],
        "required": bool(told.get("required", False)),
        "default": told.get("default"),
        "choices": [str(one) for one in told.get("choices", ())],
        "elements": told.get("elements"),
        "secret": bool(told.get("no_log", False)),
        "fields": [_variable(key, one) for key, one in (told.get("options") or {}).items()],
    }
