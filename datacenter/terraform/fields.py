"""Attributes of resources, said once: type, who sets them, what cannot be altered, and what a value must look like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from typing import Any, Final, Literal

from tf.schema import Attribute
from tf.types import Bool, List, Map, Number, Set, String, Unknown

__all__ = [
    "Field", "by_api_name", "known", "length", "moment", "one_of", "port_range", "private_range", "public_line",
    "user_data", "whole",
]  # fmt: skip

Kind = Literal["text", "number", "bool", "texts", "list", "map"]
Check = Callable[[Any], str | None]
"""What is wrong with a value, as the end of a sentence; ``None`` for a good one."""


class _Untold:
    """A value that Irisplane does not tell: after an import nobody knows it, and to learn it alters nothing."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def encode(self, value: Any) -> Any:
        return self._kind.encode(value)

    def decode(self, value: Any) -> Any:
        return self._kind.decode(value)

    def tf_type(self) -> Any:
        return self._kind.tf_type()

    def semantically_equal(self, before: Any, after: Any) -> Any:
        return before is None or self._kind.semantically_equal(before, after)


_TYPES: Final[Mapping[Kind, Any]] = {
    "text": String(),
    "number": Number(),
    "bool": Bool(),
    "texts": Set(String()),
    "list": List(String()),
    "map": Map(String()),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute.

    Attributes:
        set_by: ``must``: a configuration says it; ``may``: it may, otherwise it is null, or ``default``; ``either``: it
            may, otherwise Irisplane chooses; ``irisplane``: it is only told.
        replace: altering it means another thing in its place.
        untold: Irisplane takes it and does not tell it again.
        volatile: told anew whenever something else of the thing is altered.
        api: its name in the API, where that is another one.
        sent: whether it is part of the order.
    """

    name: str
    kind: Kind
    description: str
    set_by: Literal["must", "may", "either", "irisplane"] = "irisplane"
    default: Any = None
    replace: bool = False
    sensitive: bool = False
    untold: bool = False
    volatile: bool = False
    check: Check | None = None
    api: str = ""
    sent: bool = True

    @property
    def api_name(self) -> str:
        """Its name in the API."""
        return self.api or self.name

    @property
    def settable(self) -> bool:
        """Whether a configuration may say it."""
        return self.set_by != "irisplane"

    def attribute(self) -> Any:
        """The attribute as the framework knows it."""
        chosen = {} if self.default is None else {"default": self.default}
        return Attribute(
            self.name,
            _Untold(_TYPES[self.kind]) if self.untold else _TYPES[self.kind],
            description=self.description,
            required=self.set_by == "must",
            optional=self.set_by in {"may", "either"},
            computed=self.set_by in {"either", "irisplane"} or self.default is not None,
            sensitive=self.sensitive,
            requires_replace=self.replace,
            **chosen,
        )


def known(value: Any) -> bool:
    """Whether a value is there: neither null nor to be known later."""
    return value is not None and value is not Unknown


def by_api_name(fields: Iterable[Field]) -> dict[str, Field]:
    """Fields by what the API calls them."""
    return {field.api_name: field for field in fields}


# ------------------------------------------------------------------------------------------------- what a value must be


def length(least: int, most: int) -> Check:
    """A text of so many characters, none of them a control character."""

    def check(value: Any) -> str | None:
        if not least <= len(value) <= most:
            return f"has {len(value)} characters; from {least} to {most} are possible."
        if re.search(r"[\x00-\x1f\x7f-\x9f]", value):
            return "holds a control character."
        return None

    return check


def whole(least: int, most: int) -> Check:
    """A whole number in a range."""

    def check(value: Any) -> str | None:
        if isinstance(value, float) and not value.is_integer():
            return f"is {value}, which is no whole number."
        return None if least <= value <= most else f"is {int(value)}; from {least} to {most} are possible."

    return check


def one_of(*values: str) -> Check:
    """One of a few words."""

    def check(value: Any) -> str | None:
        return None if value in values else f"is {value!r}; possible are {', '.join(values)}."

    return check


def private_range(value: Any) -> str | None:
    """A range of addresses; which ones are possible is Irisplane's answer."""
    try:
        ip_network(value, strict=True)
    except ValueError as error:
        return f"is no range of addresses: {error}."
    return None


def port_range(value: Any) -> str | None:
    """One port, or the first and the last of several."""
    least, dash, most = value.partition("-")
    if not least.isdecimal() or (dash and not most.isdecimal()):
        return f"is {value!r}; write one port, 443, or a range, 8000-8010."
    if not 1 <= int(least) <= 65535 or (dash and not int(least) < int(most) <= 65535):
        return f"is {value!r}; ports run from 1 to 65535, and a range from the smaller to the larger."
    return None


def public_line(value: Any) -> str | None:
    """The one line of a public key."""
    if "PRIVATE KEY" in value:
        return "holds a private key, which belongs nowhere but with you; take the .pub file."
    if len(value.split()) < 2 or "\n" in value.strip():
        return "is not the one line of a .pub file."
    return None


def moment(value: Any) -> str | None:
    """A time with its zone."""
    try:
        zone = datetime.fromisoformat(value).tzinfo
    except ValueError:
        zone = None
    return None if zone is not None else f"is {value!r}; write a time with its zone, 2027-12-31T18:00:00+01:00."


def user_data(value: Any) -> str | None:
    """A text that fits on a config drive."""
    size = len(value.encode())
    return None if size <= 64 * 1024 else f"has {size} bytes; at most 65536 are possible."
