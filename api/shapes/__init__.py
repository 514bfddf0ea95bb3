"""What successful answers look like, for the OpenAPI document alone.

PostgreSQL builds most answers and they go out as text: nothing here is made, validated or serialised when a request
is answered (``docs/decisions/0031``). A shape is a class with the fields that the answer has; ``answers`` puts it
into an endpoint's ``responses``. Shapes are closed and their fields stand in every answer, so what is left out here
fails the tests, which hold every answer they get against the document (``tests/documented.py``).
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, create_model

__all__ = [
    "ABSENT",
    "Bytes",
    "Code",
    "GiB",
    "Handle",
    "IdAndName",
    "JsonObject",
    "MiB",
    "MicroEuroText",
    "Page",
    "Responses",
    "Shape",
    "Time",
    "Version",
    "answers",
    "page_of",
    "whole_list_of",
]

Responses = dict[int | str, dict[str, Any]]

ABSENT: Final[Any] = Field(default=None, exclude_if=lambda value: value is None)
"""Of a field that some answers do not have: ``Annotated[…, ABSENT]``."""

Time = Annotated[datetime, Field(description="With its offset from UTC.")]
Version = Annotated[int, Field(ge=1, description="Rises with every alteration; the `ETag`.")]
Code = Annotated[str, Field(description="Code of the administration.")]
Handle = Annotated[str, Field(description="Handle of a person or service.")]
GiB = Annotated[int, Field(ge=0, description="GiB.")]
MiB = Annotated[int, Field(ge=0, description="MiB.")]
Bytes = Annotated[int, Field(ge=0, description="Bytes.")]
MicroEuroText = Annotated[str, Field(pattern=r"^-?[0-9]+$", description="Micro-euro, whole, as text: it may be large.")]
JsonObject = dict[str, Any]


class Shape(BaseModel):
    """An object of an answer: no other fields than these, and each of them unless it says otherwise.

    Dataclasses that a shape has as fields are described by the same rules.
    """

    # Built when the document is made: a process that never shows it pays nothing.
    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True, defer_build=True)


Item = TypeVar("Item")


class Page(Shape, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next: Annotated[
        str | None, Field(description="Cursor of the next page, which `Link` names as well; null at the end.")
    ]


@cache
def page_of(item: type[Any]) -> type[Shape]:
    """The shape of a page, under a name that who generates a client can live with: ``PageOfServer``."""
    of_items = Page[item]  # type: ignore[valid-type]  # Pydantic's way to make one of a class that is a value here
    return create_model(f"PageOf{item.__name__}", __base__=of_items, __doc__=Page.__doc__)


@cache
def whole_list_of(item: type[Any]) -> type[Shape]:
    """The shape of a list that is always whole: ``ListOfDrift``."""
    return create_model(f"ListOf{item.__name__}", __base__=Shape, __doc__="A whole list.", items=list[item])  # type: ignore[valid-type]  # the same


class IdAndName(Shape):
    """Another thing, by what it is called."""

    id: UUID
    name: str


def answers(shape: Any, status: int = 200, description: str | None = None) -> Responses:
    """An endpoint's ``responses`` for a success with this shape; join several with ``|``."""
    told: dict[str, Any] = {"model": shape}
    if description is not None:
        told["description"] = description
    return {status: told}
