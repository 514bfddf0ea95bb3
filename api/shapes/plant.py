"""The fibre plant's answers: a way of light, its losses, a place on it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes import ABSENT, JsonObject, Shape, Time

__all__ = ["Budget", "FeatureCollection", "Place", "SplicePlan", "Way"]

Metres = Annotated[float, Field(description="Metres.")]
Decibels = Annotated[float, Field(description="dB.")]
SaidBy = Literal["device", "asked", "entered"]
Dbm = Annotated[float | None, Field(description="dBm; null: nobody said.")]


class Hop(Shape):
    """One thing that light meets; which fields it has depends on its kind."""

    n: int
    kind: Literal["interface", "port", "cord", "strand", "splice"]
    name: str
    length_m: Metres
    loss_db: Annotated[float | None, Field(description="dB; null: no figure is given at this wavelength.")]
    total_m: Metres
    total_db: Decibels
    cable: Annotated[str, ABSENT]
    type: Annotated[str, ABSENT]
    number: Annotated[int, ABSENT]
    status: Annotated[str, ABSENT]
    tube: Annotated[int, ABSENT]
    tube_colour: Annotated[str, ABSENT]
    position: Annotated[int, ABSENT]
    colour: Annotated[str, ABSENT]
    from_: Annotated[str, Field(default=None, alias="from", exclude_if=lambda value: value is None)]
    to: Annotated[str, ABSENT]
    circuit: Annotated[str | None, ABSENT]
    closure: Annotated[str, ABSENT]
    tray: Annotated[int | None, ABSENT]
    node: Annotated[str, ABSENT]
    splice: Annotated[Literal["fusion", "mechanical", "express"], ABSENT]
    measured: Annotated[bool, ABSENT]
    panel: Annotated[str, ABSENT]
    port: Annotated[int, ABSENT]
    site: Annotated[str, ABSENT]
    rack: Annotated[str | None, ABSENT]
    connector: Annotated[str, ABSENT]
    device: Annotated[str, ABSENT]
    interface: Annotated[str, ABSENT]
    transceiver: Annotated[str | None, ABSENT]


class _Whole(Shape):
    a: Annotated[str, Field(description="What stands at the beginning.")]
    b: Annotated[str, Field(description="What stands at the end.")]
    lit: Annotated[bool, Field(description="An interface stands at both ends.")]
    wavelength_nm: Annotated[float, Field(description="What losses are computed at, in nanometres.")]
    length_m: Metres
    loss_db: Decibels
    unknown: Annotated[int, Field(description="Hops without a figure at this wavelength: the sum leaves them out.")]
    figures: Annotated[list[str], Field(description="The Recommendations that the figures are taken from.")]


class Part(Shape):
    """What one sort of thing on the way loses."""

    part: Literal["fibre", "splices", "connectors"]
    count: int
    measured: Annotated[int, Field(description="How many of them were measured; the others count with the maximum.")]
    loss_db: Decibels


class Direction(Shape):
    """One direction of light, for its receiver."""

    from_: Annotated[str, Field(alias="from")]
    to: str
    sent_dbm: Dbm
    sent_by: Annotated[SaidBy | None, Field(description="Who says so; null: nobody.")]
    expected_dbm: Dbm
    sensitivity_dbm: Dbm
    overload_dbm: Dbm
    margin_db: Annotated[float | None, Field(description="Expected power above the sensitivity, dB.")]
    verdict: Literal["fits", "thin", "too-weak", "too-strong", "unknown"]
    measured_dbm: Dbm
    measured_by: Annotated[SaidBy | None, Field(description="Who says so; null: nobody.")]
    measured_at: Annotated[Time | None, Field(description="When the device told it.")]
    excess_db: Annotated[float | None, Field(description="By how much less is measured than expected, dB.")]
    measured: Literal["as-expected", "better", "worse", "none"]


class Way(_Whole):
    """What light meets from one end to the other, in order."""

    strands: int
    hops: list[Hop]
    directions: Annotated[list[Direction], Field(description="Both, if an interface stands at both ends.")]


class Budget(_Whole):
    """What a way may lose, and what is left."""

    parts: list[Part]
    directions: Annotated[list[Direction], Field(description="Both, if an interface stands at both ends.")]


class Nearest(Shape):
    """The nearest way in."""

    node: str
    metres: Annotated[float, Field(description="As the crow flies.")]


class Place(Shape):
    """A place on a strand."""

    node: str
    distance_m: Metres
    strand: str
    cable: str
    colour: str
    tube_colour: str
    from_: Annotated[str, Field(alias="from", description="End of the cable on the OTDR's side.")]
    to: str
    cable_m: Annotated[float, Field(description="Metres of this cable from that end.")]
    duct: str | None
    duct_m: Annotated[float | None, Field(description="Metres along the duct from its a.")]
    slack: Annotated[float | None, Field(description="Metres of cable a metre of duct.")]
    exact: Annotated[
        bool, Field(description="False: the cable's ducts are not known, the place is on a straight line.")
    ]
    lon: float
    lat: float
    nearest: Nearest


class StrandAtHand(Shape):
    """A strand's end as a crew tells it apart."""

    cable: str
    side: Literal["a", "b"]
    number: int
    tube: int
    tube_colour: Annotated[str, Field(description="`blue+1` is blue with one ring mark.")]
    position: Annotated[int, Field(description="Its place in the tube.")]
    colour: str
    circuit: Annotated[str | None, Field(description="Code of the circuit that lights it.")]


class SpliceAtHand(Shape):
    """A splice, the cable that comes first by its code on the left."""

    tray: int | None
    kind: Literal["fusion", "mechanical", "express"]
    loss_db: Annotated[float | None, Field(description="As measured, dB.")]
    left: StrandAtHand
    right: StrandAtHand


class CableAtHand(Shape):
    """An end of a cable in a closure."""

    cable: str
    side: Literal["a", "b"]
    type: str
    strands: int
    strands_per_tube: int
    status: str
    length_m: Metres
    leads_to: Annotated[str, Field(description="The node at its other end.")]
    not_spliced: Annotated[str, Field(description="Numbers of strands, `13-24, 30`.")]


class SplicePlan(Shape):
    """What a closure holds."""

    closure: str
    trays: int
    node: str
    node_kind: str
    site: str | None
    lon: float
    lat: float
    cables: list[CableAtHand]
    splices: Annotated[list[SpliceAtHand], Field(description="By tray.")]


class Geometry(Shape):
    """A geometry of GeoJSON, longitude first."""

    type: Literal["Point", "LineString", "MultiLineString"]
    coordinates: list[Any]


class Feature(Shape):
    """A node, a duct or a cable; `plant` of its properties says which."""

    type: Literal["Feature"]
    geometry: Geometry | None
    properties: JsonObject


class FeatureCollection(Shape):
    """The plant as GeoJSON (RFC 7946)."""

    type: Literal["FeatureCollection"]
    features: list[Feature]
