"""The region in figures, as it is answered."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from api.shapes import Shape, Time
from core.figures import Group, Outlook, Unit

__all__ = ["Figures"]

Number = Annotated[float | None, Field(description="In `unit`; null where nothing says it, which is not zero.")]


class DayOfFigure(Shape):
    """What a figure was on a day."""

    day: Annotated[date, Field(description="In Brussels; of money the first of its month.")]
    value: float


class CourseOfFigure(Shape):
    """Where a figure is going: a straight line through what was kept (least squares)."""

    outlook: Annotated[Outlook, Field(description="`dated`: `full_on` holds; otherwise why there is no date.")]
    full_on: Annotated[date | None, Field(description="When the capacity is reached, if it goes on like this.")]
    days: Annotated[int, Field(description="From the first day kept to the last.")]
    points: Annotated[int, Field(description="Days that were kept.")]
    per_day: Annotated[float | None, Field(description="Slope of the line; null: no line was drawn.")]
    fit: Annotated[float | None, Field(description="r² of the line; null where nothing altered.")]


class FigureNow(Shape):
    """A figure as it is now, with its past."""

    code: Annotated[str, Field(description="Its name; of one of many things alike, `.` and the thing's id follow.")]
    name: str
    subject: Annotated[str, Field(description="Which of many things alike.")]
    group: Group
    unit: Unit
    value: Number
    capacity: Annotated[float | None, Field(description="What it can come to at most; null: nothing bounds it.")]
    past: Annotated[list[DayOfFigure], Field(description="Oldest first.")]
    course: CourseOfFigure


class Figures(Shape):
    """The region in figures."""

    at: Time
    days: Annotated[int, Field(description="How many days before now are counted, of what is counted over a time.")]
    least_days: Annotated[int, Field(description="How long a past has to be before a date is told.")]
    items: list[FigureNow]
