"""A catalogue as a document: its form, and YAML or JSON read into it.

Texts come in the region's three languages. A price has no ``from``: it holds from the next quarter-hour, if it differs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from datacenter.hosting.catalogue.errors import CatalogueUnreadable

__all__ = ["Document", "Offering", "Plan", "Price", "Texts", "document_of"]

_LARGEST: Final = 1_000_000

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$")]
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")
]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00]*$")]


def _at_a_quarter(when: datetime) -> datetime:
    if when.year not in range(2000, 2200):
        raise ValueError("lies between 2000 and 2199")
    if int(when.timestamp()) % 900 or when.microsecond:
        raise ValueError("begins and ends at a full quarter-hour: 00, 15, 30 or 45 minutes")
    return when


Quarter = Annotated[AwareDatetime, AfterValidator(_at_a_quarter)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, serialize_by_alias=True)


class Texts(_Part):
    """A name in the three languages."""

    fr: Title
    nl: Title
    en: Title


class Descriptions(_Part):
    """A description in the three languages."""

    fr: Prose = ""
    nl: Prose = ""
    en: Prose = ""


class Price(_Part):
    """What one unit costs for a quarter-hour, from a time on.

    ``from`` absent: as it is now if it is the same, else from the next quarter-hour.
    """

    component: Literal["server", "server-off", "gib", "address", "network"]
    quarter_micro_eur: Annotated[int, Field(ge=0, le=1_000_000_000_000, strict=True)]
    begins: Annotated[Quarter | None, Field(alias="from")] = None


class Plan(_Part):
    """A size of a server."""

    code: Code
    name: Texts
    flavor: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    vcpus: Annotated[int, Field(ge=1, le=1024, strict=True)]
    ram_mib: Annotated[int, Field(ge=64, le=16_777_216, strict=True)]
    disk_gib: Annotated[int, Field(ge=0, le=65_536, strict=True)]
    begins: Annotated[Quarter | None, Field(alias="from")] = None
    ends: Annotated[Quarter | None, Field(alias="until")] = None
    prices: Annotated[list[Price], Field(max_length=100)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _components(self) -> Self:
        if wrong := {price.component for price in self.prices} - {"server", "server-off"}:
            raise ValueError(f"a plan has prices of 'server' and 'server-off', not of {sorted(wrong)}")
        return self


_COMPONENT: Final = {
    "volume": "gib",
    "snapshot": "gib",
    "backup": "gib",
    "floating-ip": "address",
    "network": "network",
}


class Offering(_Part):
    """Something that can be ordered."""

    code: Code
    kind: Literal["server", "volume", "snapshot", "backup", "floating-ip", "network", "image"]
    name: Texts
    description: Descriptions = Field(default_factory=Descriptions)
    details: dict[str, Any] = Field(default_factory=dict)
    begins: Annotated[Quarter | None, Field(alias="from")] = None
    ends: Annotated[Quarter | None, Field(alias="until")] = None
    plans: Annotated[list[Plan], Field(max_length=500)] = Field(default_factory=list)
    prices: Annotated[list[Price], Field(max_length=100)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kind != "server" and self.plans:
            raise ValueError("only servers have plans")
        wanted = _COMPONENT.get(self.kind)
        if wrong := {price.component for price in self.prices} - {wanted}:
            raise ValueError(f"{self.kind} has prices of {wanted!r} here, not of {sorted(wrong)}")
        if self.kind == "image":
            chosen = self.details.get("select")
            if not isinstance(chosen, dict) or not chosen or not all(isinstance(v, str) for v in chosen.values()):
                raise ValueError('details.select names the properties of the image in the cloud: {"key": "value"}')
        codes = [plan.code for plan in self.plans]
        if twice := sorted({code for code in codes if codes.count(code) > 1}):
            raise ValueError(f"these plans are named twice: {', '.join(twice)}")
        return self


class Document(_Part):
    """A catalogue. What it does not mention stays as it is; what ends says so with ``until``."""

    offerings: Annotated[list[Offering], Field(min_length=1, max_length=500)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        codes = [offering.code for offering in self.offerings]
        if twice := sorted({code for code in codes if codes.count(code) > 1}):
            raise ValueError(f"these offerings are named twice: {', '.join(twice)}")
        return self


def document_of(content: bytes) -> dict[str, Any]:
    """YAML or JSON as what the Change ``hosting.catalogue.import`` takes; its form is judged there.

    Raises:
        CatalogueUnreadable: it is neither, or not an object.
    """
    if len(content) > _LARGEST:
        raise CatalogueUnreadable(f"The document has {len(content):,} bytes; at most {_LARGEST:,} are taken.")
    try:
        written = content.decode("utf-8")
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(written)):
            raise CatalogueUnreadable("Aliases are not taken: a few lines of them can stand for gigabytes.")
        found = yaml.safe_load(written)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise CatalogueUnreadable(f"Neither YAML nor JSON: {' '.join(str(error).split())[:300]}.") from error
    if not isinstance(found, dict):
        raise CatalogueUnreadable("A catalogue is an object with 'offerings'.", pointer="")
    return {str(key): _plain(value) for key, value in found.items()}


def _plain(value: Any) -> Any:
    """Times as text again: the intent of a Change is JSON, and a time without a zone is refused as it was written."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
