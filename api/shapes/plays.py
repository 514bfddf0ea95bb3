"""Shapes of plays."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes import Shape

__all__ = ["OnePlay", "PlayInList", "PlayVariable"]


class PlayInList(Shape):
    """A play."""

    name: str
    title: str
    summary: str
    hosts: Annotated[str, Field(description="Pattern over the groups of the Ansible inventory: which hosts it is for.")]
    digest: Annotated[str, Field(description="SHA-256 over its files: a plan is stale when they are others.")]


class PlayVariable(Shape):
    """What a play takes."""

    name: str
    type: Literal["str", "int", "bool", "list", "dict"]
    description: str
    required: bool
    default: Annotated[Any, Field(description="Of its type; null where there is none.")]
    choices: Annotated[list[str], Field(description="None: anything of its type.")]
    elements: Annotated[str | None, Field(description="Type of a list's elements.")]
    secret: Annotated[bool, Field(description="Named as `{{ secret('NAME') }}`, never written.")]
    fields: Annotated[list[PlayVariable], Field(description="What an object, or each object of a list, has.")]


class OnePlay(PlayInList):
    """A play and what it takes."""

    variables: list[PlayVariable]
