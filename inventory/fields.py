"""What may stand in a field of an inventory object: names, references, places, addresses, spans, periods."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from inventory.context import check
from inventory.context_rules import refused

__all__ = [
    "ContextData",
    "Host",
    "InputModel",
    "InterfaceAddress",
    "Latitude",
    "Longitude",
    "Name",
    "Network",
    "Period",
    "Provenance",
    "Ref",
    "Span",
    "Text",
    "Title",
]

Provenance = Literal["real", "derived", "synthetic"]
Ref = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00-\x1f]*$")]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f/]+$")
]
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]+$")
]


def _a_tenth_of_a_metre(value: float) -> float:
    return round(value, 6)


Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False), AfterValidator(_a_tenth_of_a_metre)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False), AfterValidator(_a_tenth_of_a_metre)]


def _host(value: str) -> str:
    return str(ip_address(value.split("/", maxsplit=1)[0] if value.endswith(("/32", "/128")) else value))


def _network(value: str) -> str:
    if "/" not in value:
        raise ValueError("write the prefix with its length, e.g. 10.1.0.0/24")
    return str(ip_network(value))


def _interface(value: str) -> str:
    if "/" not in value:
        raise ValueError("write the address with its length, e.g. 10.1.0.1/24")
    return str(ip_interface(value))


def _span(value: str) -> str:
    first, _, last = value.partition("-")
    if not first.strip().isdecimal() or not (last or first).strip().isdecimal() or len(value) > 40:
        raise ValueError("write a number or first-last, e.g. 100-199")
    low, high = int(first), int(last or first)
    if high < low:
        raise ValueError("the first number is larger than the last")
    return f"[{low},{high + 1})"


def _period(value: str) -> str:
    if value[:1] not in "[(" or value[-1:] not in ")]" or value.count(",") != 1:
        raise ValueError("write a period as [2026-01-01T00:00:00Z,)")
    return value


def _can_be_merged(value: dict[str, Any]) -> dict[str, Any]:
    wrong = check(value) or refused(value)
    if wrong:
        raise ValueError("; ".join(f"{place}: {what}" for place, what in wrong[:5]))
    return value


Host = Annotated[str, StringConstraints(max_length=50), AfterValidator(_host)]
Network = Annotated[str, StringConstraints(max_length=50), AfterValidator(_network)]
InterfaceAddress = Annotated[str, StringConstraints(max_length=50), AfterValidator(_interface)]
Span = Annotated[str, AfterValidator(_span)]
Period = Annotated[str, StringConstraints(max_length=120), AfterValidator(_period)]
ContextData = Annotated[dict[str, Any], AfterValidator(_can_be_merged)]


class InputModel(BaseModel):
    """What every input shares: unknown fields are refused, nothing is guessed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
