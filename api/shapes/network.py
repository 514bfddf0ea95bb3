"""What routers run and should run, as it is answered."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.shapes import JsonObject, Shape, Time
from inventory.schema import DeviceRole, DeviceStatus, LinkKind, Platform, SiteKind
from network.places import LinkLoadBand, PlaceState
from orchestrator.states import State

__all__ = ["Comparison", "DeviceSeen", "Difference", "Drift", "KeptVersion", "MapOfCommunes", "MapOfRegion"]


class DeviceSeen(Shape):
    """A device, and what was last seen of it."""

    id: UUID
    name: str
    role: DeviceRole
    platform: Platform
    status: DeviceStatus
    site: str
    management_address: str | None
    reachable: Annotated[bool, Field(description="True only for what was seen within two minutes.")]
    state: Literal["unknown", "reachable", "unreachable"]
    seen_at: Time | None
    tried_at: Time | None
    configured: bool | None
    drifted_since: Time | None
    problem: Annotated[str | None, Field(description="Why it could not be seen.")]
    enrolled: bool


class Difference(Shape):
    """What a push of the intent would do on a device now."""

    device: str
    in_sync: Annotated[bool | None, Field(description="null where it cannot be told: `error` says why.")]
    diff: Annotated[str, Field(description="Redacted.")]
    error: Annotated[JsonObject | None, Field(description="`message`; `code`, `title` and `hint` where there are.")]


class Drift(Shape):
    """A device that runs something else than its intent."""

    device: str
    role: DeviceRole
    site: str
    drifted_since: Time
    diff: Annotated[str | None, Field(description="Redacted.")]
    change: Annotated[UUID | None, Field(description="The change that restores or adopts it.")]
    change_state: State | None


class KeptVersion(Shape):
    """A configuration that was kept of a device."""

    id: UUID
    version: Annotated[
        str, Field(description="`@0` the newest, `@1` the one before that differs, …: the same text twice is one.")
    ]
    digest: str
    source: Literal["backup", "before", "after", "drift", "adopted"]
    taken_at: Time
    change: UUID | None
    lines: int
    runs: Annotated[
        bool | None, Field(description="Whether the device was last seen to run this text; null: never seen.")
    ]


class Comparison(Shape):
    """What turns one version into another."""

    device: str
    a: str
    b: str
    diff: Annotated[str, Field(description="Redacted.")]


Position = Annotated[list[float], Field(min_length=2, max_length=2, description="Longitude and latitude, WGS 84.")]


class Point(Shape):
    """Where a site stands."""

    type: Literal["Point"]
    coordinates: Position


class LineString(Shape):
    """From the site of one end to that of the other: no fibre's own way."""

    type: Literal["LineString"]
    coordinates: Annotated[list[Position], Field(min_length=2)]


class SiteOnMap(Shape):
    """A site, and how many of its devices are in which state."""

    layer: Literal["site"]
    code: str
    kind: SiteKind
    name_fr: str
    name_nl: str
    commune: Annotated[str | None, Field(description="NIS code.")]
    state: Annotated[PlaceState, Field(description="That of its worst device; `empty` without any.")]
    devices: int
    down: int
    unknown: int
    drift: int
    planned: int
    up: int


class LinkOnMap(Shape):
    """A link, and the devices and sites at its ends."""

    layer: Literal["link"]
    name: str
    kind: LinkKind
    a: str
    b: str
    a_site: str
    b_site: str
    state: Annotated[
        PlaceState,
        Field(description="As the watch on links saw it within a minute, else that of the worse of its ends."),
    ]
    load: Annotated[
        LinkLoadBand, Field(description="`middle` from 50 % of its capacity, `high` from 80 %; never a guess.")
    ]
    bits_per_second: Annotated[int | None, Field(description="The busier way of the busier end; null: not known.")]
    capacity: Annotated[int | None, Field(description="Bit/s, of the slower end.")]


class SiteFeature(Shape):
    """A site on the map."""

    type: Literal["Feature"]
    id: str
    geometry: Annotated[Point | None, Field(description="null where the inventory knows no place.")]
    properties: SiteOnMap


class LinkFeature(Shape):
    """A link on the map."""

    type: Literal["Feature"]
    id: str
    geometry: Annotated[
        LineString | None, Field(description="null within one site, or where the inventory knows no place.")
    ]
    properties: LinkOnMap


class MapOfRegion(Shape):
    """GeoJSON (RFC 7946)."""

    type: Literal["FeatureCollection"]
    attributions: Annotated[list[str], Field(description="Where the places come from, to be shown with them.")]
    features: list[SiteFeature | LinkFeature]


class CommuneOutline(Shape):
    """Which commune an outline is of."""

    nis_code: str
    name_fr: str
    name_nl: str


class CommuneFeature(Shape):
    """A commune's outline."""

    type: Literal["Feature"]
    properties: CommuneOutline
    geometry: Annotated[JsonObject, Field(description="A `Polygon` or a `MultiPolygon`.")]


class MapOfCommunes(Shape):
    """GeoJSON (RFC 7946)."""

    type: Literal["FeatureCollection"]
    attributions: list[str]
    features: list[CommuneFeature]
