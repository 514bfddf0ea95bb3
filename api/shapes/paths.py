"""What is told of ways through the plant, and of what cuts sites off."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.shapes import ABSENT, Shape

__all__ = ["Ways", "WeakPointsOfRegion"]


class PlaceOfWay(Shape):
    """An end of a way."""

    node: str
    site: str | None


class DuctOfWay(Shape):
    """A duct on a way, and the node that it is entered from."""

    code: str
    from_: Annotated[str, Field(alias="from")]
    length_m: float


class OneWay(Shape):
    """A way from one end to the other."""

    length_m: float
    loss_db: Annotated[float, Field(description="Of the fibre, and of splices where there are closures.")]
    nodes: list[str]
    ducts: list[DuctOfWay]


class Passed(Shape):
    """What every way passes: `duct`, a kind of node, `feed`; or `no way`, `no ducts`."""

    kind: str
    key: str


class Ways(Shape):
    """Ways between two places; two that share nothing when that was asked for."""

    a: PlaceOfWay
    b: PlaceOfWay
    by: Literal["length", "loss"]
    wavelength_nm: int
    paths: list[OneWay]
    avoid: Annotated[list[Literal["duct", "building", "feed"]], ABSENT]
    found: Annotated[bool, ABSENT]
    exact: Annotated[bool, Field(description="The pair is the best there is, or there is none."), ABSENT]
    bound: Annotated[float | None, Field(description="No pair is below this, in metres or decibels."), ABSENT]
    because: Annotated[list[Passed], ABSENT]


class Cutting(Passed):
    """What cuts sites off when it is lost, and which."""

    cut: list[str]


class WeakPointsOfRegion(Shape):
    """Single points of failure of the plant, the one that cuts most first."""

    cores: list[str]
    sites: int
    points: list[Cutting]
    unreached: Annotated[list[str], Field(description="Sites that no duct joins to a core as it is.")]
