"""What devices tell of themselves, as it is answered."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from api.shapes import Shape, Time
from core.figures import Outlook

__all__ = ["CapacityOfLinks", "DeviceTold", "LinkLoad", "Miswired", "ScrapeGroup"]


class InterfaceTold(Shape):
    """An interface as its device tells it; null: not told, or not to be known."""

    name: str
    alias: str
    up: Annotated[bool | None, Field(description="ifOperStatus.")]
    admin_up: bool | None
    speed: Annotated[int | None, Field(description="bit/s.")]
    in_bits_per_second: Annotated[
        int | None, Field(description="Between the last two looks; null where a counter was reset meanwhile.")
    ]
    out_bits_per_second: int | None
    in_errors: int | None
    out_errors: int | None


class OspfNeighborTold(Shape):
    """An OSPF neighbour: by its address (version 2), or our interface and its router id (version 3)."""

    version: int
    address: str
    interface: str
    full: bool | None


class BgpPeerTold(Shape):
    """A BGP peer."""

    address: str
    state: str | None
    seconds: Annotated[int | None, Field(description="Since its session came up or went down.")]


class LldpNeighbourTold(Shape):
    """Who is heard at the other end."""

    interface: str
    device: str
    remote_interface: str


class SensorTold(Shape):
    """A sensor's figure."""

    name: str
    unit: str
    value: float


class DeviceTold(Shape):
    """What a device told when it was last asked; lists are empty unless it answers."""

    device: str
    state: Annotated[
        Literal["answers", "silent", "unknown"], Field(description="`unknown`: not asked within two minutes.")
    ]
    at: Time
    seconds: Annotated[float, Field(description="That its answers took.")]
    problem: str | None
    missing: Annotated[list[str], Field(description="Columns that it was asked for and did not tell.")]
    complaints: Annotated[list[str], Field(description="Values that cannot be right; they count as not told.")]
    uptime_seconds: int | None
    interfaces: list[InterfaceTold]
    ospf_neighbors: list[OspfNeighborTold]
    bgp_peers: list[BgpPeerTold]
    lldp_neighbours: list[LldpNeighbourTold]
    sensors: list[SensorTold]


class Miswired(Shape):
    """One end that hears somebody else than the inventory says."""

    device: str
    interface: str
    problem: Annotated[
        Literal["other", "unwritten", "silent"],
        Field(description="Another neighbour; one where no link is written; nobody, although the interface is up."),
    ]
    link: str | None
    expected: Annotated[str | None, Field(description="`device:interface`.")]
    heard: Annotated[str | None, Field(description="`device:interface`, several by commas.")]


class ScrapeGroup(Shape):
    """Targets with labels, as Prometheus' HTTP service discovery wants them."""

    targets: list[str]
    labels: dict[str, str]


class LoadPoint(Shape):
    """A moment; null: not known then."""

    at: Time
    bits_per_second: int | None


class LinkLoad(Shape):
    """How much a link carried: the busier way of its busier end."""

    link: str
    state: Annotated[Literal["known", "unknown"], Field(description="`unknown`: `problem` says why.")]
    problem: str | None
    capacity: Annotated[int | None, Field(description="bit/s, the lesser of both ends.")]
    step_seconds: int
    points: list[LoadPoint]


class DayOfLink(Shape):
    """A day of a link."""

    day: date
    bits_per_second: Annotated[int, Field(description="95th percentile of the day.")]


class CapacityOfLink(Shape):
    """When a link is full."""

    link: str
    now: Annotated[int | None, Field(description="bit/s, the busier way of the busier end; null: not known.")]
    busy: Annotated[int | None, Field(description="bit/s, 95th percentile of yesterday.")]
    capacity: Annotated[int | None, Field(description="bit/s, the lesser of both ends.")]
    share: Annotated[float | None, Field(description="Of the capacity, yesterday.")]
    outlook: Outlook
    full_on: Annotated[date | None, Field(description="Where the line through the days meets the capacity.")]
    days: Annotated[int, Field(description="From the first day known to the last.")]
    per_day: Annotated[int | None, Field(description="bit/s that it grows by each day.")]
    fit: Annotated[float | None, Field(description="r².")]
    past: list[DayOfLink]


class CapacityOfLinks(Shape):
    """When links are full, the first one first."""

    state: Annotated[Literal["known", "unknown"], Field(description="`unknown`: `problem` says why.")]
    problem: str | None
    at: Time
    items: list[CapacityOfLink]
