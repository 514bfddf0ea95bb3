"""What breaks if something of the plant is lost, as it is answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.shapes import Code, Shape
from inventory.schema import DeviceRole, SiteKind
from network.impact.reach import State

__all__ = ["ImpactOfLoss"]


class CableLost(Shape):
    """A cable that is gone, with the nodes at its ends."""

    code: str
    strands: int
    a: str
    b: str
    length_m: float


class StrandHeld(Shape):
    """A strand that is gone and that somebody holds, lit or not."""

    strand: Annotated[str, Field(description="`CABLE/NUMBER`.")]
    tenant: Code
    purpose: str


class WhatIsLost(Shape):
    """What is gone itself."""

    ducts: list[str]
    cables: list[CableLost]
    strands: Annotated[int, Field(description="How many.")]
    lit: Annotated[int, Field(description="How many of them light a circuit.")]
    holds: list[StrandHeld]
    one_feed_left: Annotated[list[str], Field(description="Sites that lost a power feed and have another.")]


class CircuitHit(Shape):
    """A circuit, and the strands of it that are gone."""

    code: str
    name: str
    status: str
    protection: str
    tenant: Code
    state: State
    strands: list[str]


class LinkDown(Shape):
    """A link that is down: of the routed network, or a circuit that joins two sites directly."""

    name: str
    state: State


class DeviceHit(Shape):
    """A device."""

    name: str
    role: DeviceRole
    site: str
    state: State


class ServiceEnd(Shape):
    """Where a service comes out; `down` when it reaches none of the others any more."""

    device: str
    site: str
    state: Literal["up", "down"]


class ServiceHit(Shape):
    """A service of an administration: `down` when no two of its ends reach each other."""

    code: str
    kind: str
    protection: str
    tenant: Code
    ends: list[ServiceEnd]
    state: State


class SiteHit(Shape):
    """A site."""

    code: str
    kind: SiteKind
    name_fr: str
    name_nl: str
    state: State


class TenantHit(Shape):
    """An administration, as the worst of its circuits and sites is."""

    code: Code
    name_fr: str
    name_nl: str
    name_en: str
    state: State


class PeopleTouched(Shape):
    """People a day, estimated, by the state of the sites that serve them."""

    down: int
    protected: int
    degraded: int
    sites_known: Annotated[int, Field(description="Sites that say themselves how many people they serve.")]
    sites_assumed: Annotated[int, Field(description="Sites that are counted as their kind is assumed to serve.")]


class Totals(Shape):
    """Counts by state."""

    circuits: dict[str, int]
    devices: dict[str, int]
    services: dict[str, int]
    sites: dict[str, int]


class NotKnown(Shape):
    """What nobody can say."""

    links_without_circuit: Annotated[int, Field(description="Links of which no circuit says what they run over.")]


class ImpactOfLoss(Shape):
    """What a loss touches; lists have the worst first."""

    lost: WhatIsLost
    circuits: list[CircuitHit]
    links: list[LinkDown]
    devices: list[DeviceHit]
    services: list[ServiceHit]
    sites: list[SiteHit]
    tenants: list[TenantHit]
    users: PeopleTouched
    totals: Totals
    unknown: NotKnown
