"""What devices tell of themselves, as it is answered."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from api.shapes import Shape, Time
from core.figures import Outlook
from network.polling.filling import FillingKind, Unit

__all__ = ["Cabling", "DeviceTold", "LinkLoad", "NetworkCapacity", "ScrapeGroup"]


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


class Cabling(Shape):
    """LLDP against the inventory."""

    listening: Annotated[
        int, Field(description="Devices that told their neighbours a moment ago; without any, nothing is known.")
    ]
    items: list[Miswired]


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


class FillingDay(Shape):
    """A day of the past."""

    day: date
    value: Annotated[int, Field(description="Taken at its end; of a link, the 95th percentile of the day.")]


class NetworkFilling(Shape):
    """How full a link, a cable or a site is, and when it is full."""

    kind: FillingKind
    name: Annotated[str, Field(description="Of the link; code of the cable or the site.")]
    unit: Unit
    now: Annotated[int | None, Field(description="Null: not known.")]
    busy: Annotated[
        int | None, Field(description="What it is sized by: of a link, the 95th percentile of yesterday; else `now`.")
    ]
    capacity: Annotated[int | None, Field(description="That there is; of a link, bit/s of its slower end.")]
    share: Annotated[float | None, Field(description="`busy` of `capacity`.")]
    outlook: Outlook
    full_on: Annotated[date | None, Field(description="Where the line through the days meets the capacity.")]
    days: Annotated[int, Field(description="From the first day known to the last.")]
    per_day: Annotated[float | None, Field(description="In `unit`, that it grows by each day.")]
    fit: Annotated[float | None, Field(description="r².")]
    past: list[FillingDay]


class NetworkCapacity(Shape):
    """What of the network is full first before the others."""

    state: Annotated[Literal["known", "unknown"], Field(description="Of the past. `unknown`: `problem` says why.")]
    problem: str | None
    at: Time
    items: list[NetworkFilling]
