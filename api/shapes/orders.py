"""What is offered, what an order would give and cost, what was ordered, and what may be held."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.shapes import ABSENT, Code, GiB, Handle, JsonObject, MiB, MicroEuroText, Page, Shape, Time, Version
from api.shapes.changes import FrozenPlan, Outcome, PlanHash, WaitingFor
from datacenter.hosting.catalogue.offered import OfferedKind
from datacenter.hosting.catalogue.reading import Language
from datacenter.hosting.quotas import Resource
from orchestrator.plan import ApprovalNeed
from orchestrator.states import State

__all__ = ["Catalogue", "Flavor", "Image", "Offering", "Order", "OrderPreview", "Quota", "QuotaPreview"]

Component = Literal["server", "server-off", "gib", "address", "network"]
Unit = Literal["GiB", "piece"]
QuarterPrice = Annotated[MicroEuroText, Field(description="Micro-euro of a quarter-hour.")]
MonthPrice = Annotated[MicroEuroText, Field(description="Micro-euro of 730 hours.")]
Decimal = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]


# -------------------------------------------------------------------------------------------------------- catalogue
class Price(Shape):
    """What a unit costs."""

    component: Component
    unit: Unit
    quarter_micro_eur: QuarterPrice
    month_micro_eur: MonthPrice
    since: Annotated[Time | None, Field(alias="from")]
    until: Time | None


class OfferedPlan(Shape):
    """A size of a server."""

    id: UUID
    code: str
    name: str
    flavor: Annotated[str | None, Field(description="Its name in the cloud.")]
    vcpus: int | None
    ram_mib: MiB | None
    disk_gib: GiB | None
    prices: list[Price]
    since: Annotated[Time | None, Field(alias="from")]
    until: Time | None


class Offering(Shape):
    """Something that can be ordered, with its plans and prices."""

    id: UUID
    code: str
    kind: OfferedKind
    name: str
    description: str
    details: Annotated[
        JsonObject, Field(description="What the catalogue's document says beside; `os`, `min_disk_gib`.")
    ]
    orderable: bool
    plans: list[OfferedPlan]
    prices: list[Price]
    since: Annotated[Time | None, Field(alias="from")]
    until: Time | None


class Catalogue(Page[Offering]):
    """What can be ordered at a time."""

    at: Time
    language: Language
    currency: Literal["EUR"]
    month_quarters: Annotated[int, Field(description="Quarter-hours of the month in prices.")]


class Flavor(Shape):
    """A size that a server can be ordered in."""

    id: UUID
    code: str
    name: str
    offering: Annotated[str, Field(description="Code.")]
    flavor: Annotated[str | None, Field(description="Its name in the cloud.")]
    vcpus: int
    ram_mib: MiB
    disk_gib: GiB
    quarter_micro_eur: QuarterPrice
    month_micro_eur: MonthPrice


class Image(Shape):
    """An image that a server can be ordered with."""

    id: UUID
    code: str
    name: str
    description: str
    details: Annotated[
        JsonObject, Field(description="What the catalogue's document says beside; `os`, `min_disk_gib`.")
    ]


# --------------------------------------------------------------------------------------------------------- previews
class Line(Shape):
    """One thing that is paid for."""

    code: str
    component: Component
    quantity: int
    unit: Unit
    unit_micro_eur: QuarterPrice
    quarter_micro_eur: QuarterPrice
    month_micro_eur: MonthPrice


class OrderPrice(Shape):
    """What an order adds; less than zero where it becomes cheaper."""

    currency: Literal["EUR"]
    quarter_micro_eur: QuarterPrice
    hour_micro_eur: Annotated[MicroEuroText, Field(description="Micro-euro of an hour.")]
    month_micro_eur: MonthPrice
    month_quarters: int
    lines: list[Line]
    before: Annotated[list[Line], ABSENT, Field(description="What there is now and goes.")]


class Figures(Shape):
    """Low, middle and high."""

    low: Decimal
    mid: Decimal
    high: Decimal


class Energy(Shape):
    """What an order will probably use in 730 hours."""

    status: Annotated[Literal["ESTIMATED", "MEASURED"], Field(description="How it came about.")]
    kwh_month: Annotated[Figures, Field(description="kWh.")]
    gco2e_month: Annotated[Figures, Field(description="Grams of CO2 equivalent.")]
    micro_wh_month: Annotated[Figures, Field(description="Micro-watt-hours.")]
    micro_gco2e_month: Annotated[Figures, Field(description="Micro-grams of CO2 equivalent.")]
    basis: Annotated[str, Field(description="The assumptions, in a sentence.")]


class Placement(Shape):
    """Where a server will stand."""

    zone: Annotated[str, Field(description="Code; empty where the cloud chooses.")]
    why: str


class Left(Shape):
    """What there is of a resource after the order."""

    granted: int
    used: int
    left: int


class Need(Shape):
    """An approval that the order needs."""

    role: str
    rule: str
    text: str


class OrderPreview(Shape):
    """What an order would give and cost."""

    plan: FrozenPlan
    hash: PlanHash
    price: OrderPrice | None
    energy: Energy | None
    quota_after: dict[Resource, Left]
    placement: Placement | None
    approvals: list[Need]


class QuotaPreview(Shape):
    """What would be granted."""

    plan: FrozenPlan
    quota_after: dict[Resource, Left]
    approvals: list[ApprovalNeed]


# ----------------------------------------------------------------------------------------------------------- orders
class PriceInShort(Shape):
    """What an order adds."""

    month_micro_eur: MonthPrice
    quarter_micro_eur: QuarterPrice


class Decided(Shape):
    """A person's yes or no."""

    role: str
    decision: Literal["approve", "reject"]
    by: Annotated[str | None, Field(description="Handle.")]
    reason: str
    at: Time


class OrderedThing(Shape):
    """What an order is about, and where that is read."""

    type: str
    id: UUID
    name: str | None
    href: str


class Order(Shape):
    """What was ordered: a change of hosting."""

    id: UUID
    tenant: Code
    project: Annotated[str | None, Field(description="Code.")]
    kind: str
    title: str
    state: State
    resource: OrderedThing | None
    price: PriceInShort | None
    waiting_for: WaitingFor
    decides: Annotated[list[ApprovalNeed], Field(description="Approvals that it needs.")]
    decisions: list[Decided]
    reason: str
    requested_by: Handle | None
    requested_at: Time
    started_at: Time | None
    finished_at: Time | None
    plan_hash: PlanHash
    outcome: Outcome
    version: Version


class Quota(Shape):
    """How much of a resource may be held: of an administration, or of a project of it."""

    id: UUID
    tenant: Code
    project: Annotated[str | None, Field(description="Code; null: the whole administration.")]
    project_id: UUID | None
    resource: Resource
    granted: int
    used: int
    left: int
    level: Annotated[Literal["ok", "nearly-full", "full"], Field(description="nearly-full from 80 %.")]
    version: Version
