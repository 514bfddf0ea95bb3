"""Names and descriptions that people give: one line of visible text, in the one form in which it is compared."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator, Field

__all__ = ["Description", "Name", "Ref"]

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def _visible(value: str) -> str:
    if value != value.strip():
        raise ValueError("begins or ends with white space")
    if unicodedata.normalize("NFC", value) != value:
        raise ValueError("is not in Unicode's composed form (NFC)")
    for character in value:
        category = unicodedata.category(character)
        if category in _UNSEEN or (category == "Zs" and character != " "):
            raise ValueError(f"holds U+{ord(character):04X}, which nobody sees")
    return value


Name = Annotated[str, Field(min_length=1, max_length=63), AfterValidator(_visible)]
"""Of a thing, unique in its project."""

Description = Annotated[str, Field(max_length=200), AfterValidator(_visible)]
"""What a thing is for; may be empty."""

Ref = Annotated[str, Field(min_length=1, max_length=100)]
"""The id of a thing, or its name in the project of the order."""
