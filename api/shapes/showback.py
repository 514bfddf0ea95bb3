"""What was metered, and what a month comes to."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.shapes import MicroEuroText, Page, Shape, Time
from api.shapes.orders import Component
from datacenter.hosting.metering.held import Resource, SourceName

__all__ = ["MonthOfLines", "SpendLimit", "Usage", "UsageComparison"]

Whole = Annotated[str, Field(pattern=r"^-?[0-9]+$", description="Whole, as text: it may be large.")]
Seconds = Annotated[str, Field(pattern=r"^[0-9]+$", description="Seconds, as text.")]
Month = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$")]
Owner = Annotated[str, Field(description="Code of the administration, or `unassigned`.")]


class MeteredThing(Shape):
    """What was metered."""

    type: Resource
    id: Annotated[UUID | None, Field(description="Our own; null for what was not ordered here.")]
    cloud_id: str
    name: str


class Usage(Shape):
    """What was used of one thing in a quarter-hour or on a day."""

    at: Annotated[Time | date, Field(description="The quarter-hour, or the day in Brussels.")]
    tenant: Owner
    project: str | None
    resource: MeteredThing
    offering: str | None
    plan: str | None
    flavor: str
    component: Component
    quantity: Annotated[Whole, Field(description="Quarter-hours; times GiB where the component is `gib`.")]
    seconds: Seconds
    booked: Annotated[Month, Field(description="The month that it is charged in.")]
    source: SourceName


class ServerDiffers(Shape):
    """A server on which we and Nova do not agree."""

    server: Annotated[str, Field(description="Its id in the cloud.")]
    metered: Annotated[int, Field(description="Seconds.")]
    nova: Annotated[int, Field(description="Seconds.")]
    why: Literal["forgotten", "differs"]


class BothSeconds(Shape):
    """Seconds of all servers."""

    metered: Seconds
    nova: Seconds


class UsageComparison(Shape):
    """Whether what was metered agrees with Nova."""

    since: Annotated[Time, Field(alias="from")]
    until: Time
    servers: int
    seconds: BothSeconds
    agrees: bool
    differences: list[ServerDiffers]


class SpendLimit(Shape):
    """What a month may come to, and what stands."""

    limit_micro_eur: Annotated[MicroEuroText | None, Field(description="Micro-euro; null: there is no limit.")]
    stands_micro_eur: Annotated[MicroEuroText, Field(description="Micro-euro of all that stands, for 730 hours.")]
    left_micro_eur: MicroEuroText | None
    month_quarters: int


class LineThing(Shape):
    """What a line is about."""

    type: Resource | Literal["correction"]
    id: UUID | None
    cloud_id: str | None
    name: str | None


class MonthLine(Shape):
    """One thing at one price in one month, or a correction."""

    tenant: Owner
    project: str | None
    resource: LineThing
    offering: str | None
    plan: str | None
    flavor: str | None
    component: Component | None
    since: Annotated[date | None, Field(alias="from", description="First day.")]
    until: Annotated[date | None, Field(description="Last day.")]
    quantity: Whole | None
    unit: Literal["GiB x quarter-hour", "quarter-hour"] | None
    seconds: Seconds | None
    unit_micro_eur: MicroEuroText | None
    amount_micro_eur: MicroEuroText
    priced: Annotated[bool, Field(description="false: nothing said what it costs.")]
    source: SourceName | Literal["correction"]
    corrects: Annotated[Month | None, Field(description="The month that it corrects.")]
    reason: str | None


class Gap(Shape):
    """A time in which nothing was metered."""

    source: SourceName
    since: Annotated[Time, Field(alias="from")]
    until: Time
    reason: str


class OfTenant(Shape):
    """What a month comes to for one administration."""

    tenant: Owner
    amount_micro_eur: MicroEuroText
    server_quarters: Whole
    server_seconds: Seconds


class MonthOfLines(Page[MonthLine]):
    """What a month comes to; sums are of the whole month, however short the page."""

    month: Month
    currency: Literal["EUR"]
    begins: Time
    ends: Time
    quarters: Annotated[int, Field(description="Quarter-hours of the month.")]
    closed: bool
    sha256: Annotated[str | None, Field(description="Of the lines, once it is closed.")]
    closed_at: Time | None
    metered_until: Time | None
    complete: Annotated[bool, Field(description="Whether everything of it was metered.")]
    gaps: list[Gap]
    amount_micro_eur: MicroEuroText
    server_quarters: Whole
    server_seconds: Seconds
    unpriced_lines: int
    by_tenant: list[OfTenant]
