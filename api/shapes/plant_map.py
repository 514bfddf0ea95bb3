"""Where the plant lies: GeoJSON of nodes, ducts and cables."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.shapes import Shape
from api.shapes.network import Position

__all__ = ["MapOfPlant"]


class NodePlace(Shape):
    """Where a node is."""

    type: Literal["Point"]
    coordinates: Position


class WayInGround(Shape):
    """Along a duct from its a to its b; straight where nobody knows better."""

    type: Literal["LineString"]
    coordinates: Annotated[list[Position], Field(min_length=2)]


class NodeOnMap(Shape):
    """Where the plant can be entered, and the closures there."""

    layer: Literal["node"]
    code: str
    kind: Literal["building", "manhole", "handhole", "cabinet", "pole", "closure-point"]
    site: str | None
    closures: list[str]


class DuctOnMap(Shape):
    """A duct, its ends, and the cables in it."""

    layer: Literal["duct"]
    code: str
    kind: Literal["duct", "subduct", "trench", "gallery", "tunnel", "aerial"]
    a: str
    b: str
    cables: list[str]


class CableOnMap(Shape):
    """A cable of which nobody knows the ducts."""

    layer: Literal["cable"]
    code: str
    status: Literal["planned", "active", "retired"]
    a: str
    b: str


class NodeFeature(Shape):
    """A node on the map."""

    type: Literal["Feature"]
    id: str
    geometry: NodePlace
    properties: NodeOnMap


class LineFeature(Shape):
    """A duct or a cable on the map."""

    type: Literal["Feature"]
    id: Annotated[str, Field(description="`duct:CODE` or `cable:CODE`.")]
    geometry: WayInGround
    properties: DuctOnMap | CableOnMap


class MapOfPlant(Shape):
    """GeoJSON (RFC 7946), longitude first."""

    type: Literal["FeatureCollection"]
    features: list[NodeFeature | LineFeature]
