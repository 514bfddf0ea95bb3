"""What something ordered costs: exact integers, micro-euros per unit and quarter-hour; and what it will probably use.

A *month* of a preview is 730 hours, 2,920 quarter-hours: a twelfth of 365 days, so that two offers can be compared.
What is charged is what was used: a real month has between 2,688 (February) and 2,980 (October, whose last Sunday has
25 hours) quarter-hours in Brussels, and showback counts those.

::

    plan = plan_named(tx, "small", at)
    cost = Cost((of_plan(plan), of_offering(offering_of(tx, "floating-ip", at))), vcpus=plan.vcpus)
    Draft(…, cost=cost.as_json(), facts={"money": cost.month, …})
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from datacenter.energy.estimate import Load, estimator
from datacenter.hosting.catalogue.offered import OfferingOffer, PlanOffer

__all__ = [
    "QUARTER",
    "QUARTERS_OF_A_MONTH",
    "REGION_TIME",
    "Cost",
    "Line",
    "month_of",
    "of_offering",
    "of_plan",
    "quarter_of",
    "quarters_between",
    "quarters_of_month",
]

QUARTER: Final = timedelta(minutes=15)
QUARTERS_OF_A_MONTH: Final = 2920
"""Of the month in a preview: 730 hours."""
REGION_TIME: Final = ZoneInfo("Europe/Brussels")
"""In which days and months are counted; quarter-hours themselves are UTC."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is paid for.

    Attributes:
        code: of the offering, or of the plan of a server.
        quantity: pieces, or GiB.
        unit_micro_eur: of one unit for one quarter-hour.
    """

    code: str
    component: str
    quantity: int
    unit_micro_eur: int

    @property
    def quarter(self) -> int:
        """Micro-euros of a quarter-hour."""
        return self.quantity * self.unit_micro_eur

    def as_json(self) -> dict[str, Any]:
        """As a preview shows it."""
        return {
            "code": self.code,
            "component": self.component,
            "quantity": self.quantity,
            "unit": "GiB" if self.component == "gib" else "piece",
            "unit_micro_eur": str(self.unit_micro_eur),
            "quarter_micro_eur": str(self.quarter),
            "month_micro_eur": str(self.quarter * QUARTERS_OF_A_MONTH),
        }


@dataclass(frozen=True, slots=True)
class Cost:
    """What an order adds to the month, in money and, where processors run, in energy.

    Attributes:
        lines: what is added; with ``before``, what is there afterwards.
        vcpus: virtual processors that will run.
        before, vcpus_before: what is there now and goes (a resize): the totals are the difference.
    """

    lines: tuple[Line, ...]
    vcpus: int = 0
    before: tuple[Line, ...] = ()
    vcpus_before: int = 0

    @property
    def quarter(self) -> int:
        """Micro-euros of a quarter-hour; less than zero where it becomes cheaper."""
        return sum(line.quarter for line in self.lines) - sum(line.quarter for line in self.before)

    @property
    def month(self) -> int:
        """Micro-euros of 730 hours: what policy calls ``money``."""
        return self.quarter * QUARTERS_OF_A_MONTH

    def as_json(self) -> dict[str, Any]:
        """``Draft.cost``: ``{"price": {…}, "energy": {…} | null}``; money and energy are integers in strings."""
        price: dict[str, Any] = {
            "currency": "EUR",
            "quarter_micro_eur": str(self.quarter),
            "hour_micro_eur": str(self.quarter * 4),
            "month_micro_eur": str(self.month),
            "month_quarters": QUARTERS_OF_A_MONTH,
            "lines": [line.as_json() for line in self.lines],
        }
        if self.before:
            price["before"] = [line.as_json() for line in self.before]
        return {"price": price, "energy": self._energy()}

    def _energy(self) -> dict[str, Any] | None:
        if not self.vcpus and not self.vcpus_before:
            return None
        after = estimator().estimate(Load(self.vcpus, QUARTERS_OF_A_MONTH))
        if not self.vcpus_before:
            return after.as_json()
        before = estimator().estimate(Load(self.vcpus_before, QUARTERS_OF_A_MONTH))
        return type(after)(
            after.micro_wh - before.micro_wh, after.micro_gco2e - before.micro_gco2e, after.basis, after.status
        ).as_json()


def of_plan(plan: PlanOffer) -> Line:
    """A running server of this plan."""
    return Line(plan.code, "server", 1, plan.quarter_micro_eur)


def of_offering(offer: OfferingOffer, quantity: int = 1) -> Line:
    """So many pieces or GiB of an offering."""
    return Line(offer.code, offer.component, quantity, offer.quarter_micro_eur)


# -------------------------------------------------------------------------------------------------------------- time


def quarter_of(moment: datetime) -> datetime:
    """The beginning of the quarter-hour a moment lies in, UTC."""
    seconds = int(moment.timestamp()) // 900 * 900
    return datetime.fromtimestamp(seconds, UTC)


def quarters_between(begins: datetime, ends: datetime) -> int:
    """Quarter-hours between two quarter-hours' beginnings, across any change of the clock."""
    return int((ends - begins) / QUARTER)


def month_of(year: int, month: int) -> tuple[datetime, datetime]:
    """When a month of the region begins and ends, UTC."""
    begins = datetime(year, month, 1, tzinfo=REGION_TIME)
    following = date(year + month // 12, month % 12 + 1, 1)
    ends = datetime(following.year, following.month, 1, tzinfo=REGION_TIME)
    return begins.astimezone(UTC), ends.astimezone(UTC)


def quarters_of_month(year: int, month: int) -> int:
    """Quarter-hours that a month of the region really has."""
    return quarters_between(*month_of(year, month))
