"""Is what somebody gave an object of its type? Checked as a whole, each complaint with the place that it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from inventory import objects, shapes
from inventory.errors import FieldRefused
from inventory.object_type import ObjectType
from inventory.schema import INPUT, PATCH, InputModel

__all__ = ["BATCH_OF_ERRORS", "JsonObject", "told_of", "validated", "writable"]

JsonObject = Mapping[str, Any]

BATCH_OF_ERRORS: Final = 20
"""So many complaints are told at once."""


def writable(kind: str, pointer: str) -> ObjectType:
    """The type, if its rows are anybody's to write.

    Raises:
        FieldRefused: rows of this type come and go with another object.
    """
    made = objects.get(kind)
    if made.part_of is not None:
        whole, counted = made.part_of
        raise FieldRefused(
            f"A {kind.replace('_', ' ')} comes and goes with its {whole}.",
            pointer=pointer or None,
            hint=f"Set {counted!r} of the {whole} instead.",
        )
    return made


@cache
def _adapter(kind: str, *, patch: bool) -> TypeAdapter[list[InputModel]]:
    model = (PATCH if patch else INPUT)[kind]
    return TypeAdapter(list[model])  # type: ignore[valid-type]  # the element type is looked up, so mypy cannot name it


def validated(kind: str, values: Sequence[JsonObject], pointer: str, *, patch: bool = False) -> list[InputModel]:
    """What was given, as objects of a type; ``patch``: as alterations of them.

    Raises:
        FieldRefused: something is wrong; the first complaint is named, and the others stand beside it.
    """
    objects.get(kind)
    try:
        return _adapter(kind, patch=patch).validate_python(list(values))
    except ValidationError as error:
        wrong = [
            {
                "pointer": pointer + "".join(f"/{part}" for part in one["loc"]),
                "message": one["msg"].removeprefix("Value error, "),
            }
            for one in error.errors(include_url=False, include_context=False, include_input=False)[:BATCH_OF_ERRORS]
        ]
        first = wrong[0]
        field = first["pointer"].removeprefix(pointer).lstrip("/0123456789") or "all"
        raise FieldRefused(
            f"{kind.replace('_', ' ')}, {field}: {first['message']}.",
            pointer=first["pointer"],
            errors=wrong,
            count=error.error_count(),
        ) from None


def told_of(made: ObjectType, given: JsonObject) -> list[str]:
    """The fields of a new object that say something, for the plan."""
    defaults = INPUT[made.name].model_fields
    return [
        f"{name}: {shapes.told(shapes.outside(name, given[name]))}"
        for name in made.fields
        if name in given and given[name] != defaults[name].default and given[name] not in (None, "", {})
    ]
