"""What a server may be called, and how much may be handed to it: said of the character or byte that is too much."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from uuid import UUID

from datacenter.hosting.servers.errors import NameRefused, UserDataTooLong

__all__ = ["USER_DATA_MOST", "checked_name", "checked_user_data", "fitting_name"]

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST: Final = 63
USER_DATA_MOST: Final = 49_149
"""Bytes: in base64 they are 65,532 characters; three bytes more would be 65,536, and Nova takes 65,535."""


def checked_name(name: str, pointer: str = "/name") -> str:
    """The name, which is a host name.

    Raises:
        NameRefused: names the first character that does not belong, by its number and its Unicode name.
    """
    if _NAME.fullmatch(name):
        return name
    if not name:
        raise NameRefused("A server needs a name.", pointer=pointer)
    if len(name) > _LONGEST:
        raise NameRefused(f"The name has {len(name)} characters; a host name has 63 at most.", pointer=pointer)
    for place, character in enumerate(name, 1):
        if not re.fullmatch(r"[a-z0-9-]", character):
            raise NameRefused(f"Character {place} of the name is {_said(character)}.", pointer=pointer, at=place)
    raise NameRefused("The name begins or ends with a hyphen.", pointer=pointer)


def checked_user_data(text: str, pointer: str = "/user_data") -> str:
    """User data that Nova will take.

    Raises:
        UserDataTooLong: says how many bytes it has and how many are taken; never what they are.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > USER_DATA_MOST:
        raise UserDataTooLong(
            f"The user data has {size:,} bytes; {USER_DATA_MOST:,} are taken.", pointer=pointer, bytes=size
        )
    return text


def fitting_name(name: str, cloud_id: str) -> str:
    """A host name for a server that was given its name elsewhere."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST].strip("-")
    return made or f"imported-{UUID(cloud_id).hex[:8]}"


def _said(character: str) -> str:
    point = f"U+{ord(character):04X}"
    if character.isascii() and character.isprintable():
        return f"{character!r}" + (", a capital letter" if character.isupper() else "")
    return f"{point} {unicodedata.name(character, 'without a name')}"
