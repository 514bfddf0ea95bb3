"""What a figure of the region is, what is kept of its past, and when it will have reached its capacity.

A domain announces what it measures (``Domain.figures``); ``orchestrator.figures`` puts all of it together and keeps a
day's value of each. A date is a straight line through what was really kept (least squares), and is refused where that
says too little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import correlation, linear_regression
from typing import Final, Literal

__all__ = ["LEAST_DAYS", "LEAST_FIT", "Course", "Figure", "Group", "Outlook", "Point", "Unit", "course"]

Group = Literal["capacity", "sold", "changes", "orders", "money"]
Unit = Literal["count", "share", "mib", "gib", "seconds", "micro-euro"]
Outlook = Literal["no-capacity", "full", "dated", "steady", "far", "unsteady", "too-little-history"]

LEAST_DAYS: Final = 14
"""From the first kept day to the last, before a line is drawn through them."""
LEAST_FIT: Final = 0.5
"""Of the alterations, how much a line has to explain (r²) before it gives a date."""
_FAR: Final = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Point:
    """What a figure was on a day."""

    day: date
    value: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure as it is now.

    Attributes:
        code: what the code names; of one of many things alike, followed by ``.`` and its name.
        value: in ``unit``; ``None`` where nothing says it, which is not zero.
        capacity: what ``value`` can come to at most, in the same unit.
        subject: which of many things alike.
        past: as its own records tell it; ``None``: what was kept of it day by day.
    """

    code: str
    group: Group
    unit: Unit
    value: float | None
    capacity: float | None = None
    subject: str = ""
    past: tuple[Point, ...] | None = None

    @property
    def name(self) -> str:
        """The code without the thing."""
        return self.code.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Course:
    """Where a figure is going.

    Attributes:
        outlook: whether there is a date, and why not.
        on: when the capacity is reached: in the past for what is full.
        days: from the first day kept to the last.
        points: how many days were kept.
        per_day: slope of the line, in the figure's unit; ``None``: no line was drawn.
        fit: r² of the line; ``None`` where nothing altered.
    """

    outlook: Outlook
    on: date | None
    days: int
    points: int
    per_day: float | None
    fit: float | None


def course(past: Sequence[Point], capacity: float | None, today: date) -> Course:
    """A straight line through what was kept, to where it meets the capacity.

    Args:
        past: by day, oldest first, today's included.
    """
    days = (past[-1].day - past[0].day).days if past else 0
    slope = fit = None
    if days >= LEAST_DAYS and len(past) >= LEAST_DAYS // 2:
        since = [float((point.day - past[0].day).days) for point in past]
        values = [point.value for point in past]
        slope, _begins = linear_regression(since, values)
        fit = correlation(since, values) ** 2 if max(values) > min(values) else None
    outlook, on = _outlook(past, capacity, today, slope, fit)
    if outlook == "dated" and slope:
        # from where the figure is now, not from where the line passes: what is there is no estimate
        assert capacity is not None
        left = min((capacity - past[-1].value) / slope, float(_FAR.days + 1))
        on = today + timedelta(days=round(left))
        if on - today > _FAR:
            outlook, on = "far", None
    return Course(outlook, on, days, len(past), slope, fit)


def _outlook(
    past: Sequence[Point], capacity: float | None, today: date, slope: float | None, fit: float | None
) -> tuple[Outlook, date | None]:
    if capacity is None:
        return "no-capacity", None
    if past and past[-1].value >= capacity > 0:
        return "full", today
    if slope is None:
        return "too-little-history", None
    if slope <= 0 or fit is None:
        return "steady", None
    return ("dated" if fit >= LEAST_FIT else "unsteady"), None
