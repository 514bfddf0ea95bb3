"""When each link is full: its busy hour of every day, from Prometheus, and a straight line through them.

A day counts by its 95th percentile, as transit is sold: what a line carries for less than an hour and a quarter does
not size it. The line and what it refuses to say are those of every other figure (``core.figures``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from core.figures import Course, Point, course
from network.polling.history import Series, series

__all__ = ["DAYS", "LinkCapacity", "capacity_of_links"]

DAYS: Final = 90
_BUSY: Final = "quantile_over_time(0.95, irisplane:link_bits_per_second[1d])"
_NOW: Final = "irisplane:link_bits_per_second"
_CAPACITY: Final = "irisplane:link_capacity_bits"
_FRESH: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class LinkCapacity:
    """One link.

    Attributes:
        now: bit/s, the busier way; ``None``: not known.
        busy: 95th percentile of the last whole day.
        capacity: bit/s.
        past: 95th percentile of each day that is known.
    """

    link: str
    now: float | None
    busy: float | None
    capacity: float | None
    past: tuple[Point, ...]
    course: Course

    @property
    def share(self) -> float | None:
        """Of the capacity, in the busy hour."""
        return None if self.busy is None or not self.capacity else self.busy / self.capacity


def capacity_of_links(today: datetime, *, days: int = DAYS, url: str | None = None) -> list[LinkCapacity]:
    """Every link that Prometheus knows, the one that is full first before the others.

    Args:
        today: now, with its zone; days are those of UTC.
    Raises:
        PrometheusAway: nothing is known.
    """
    midnight = datetime.combine(today.astimezone(UTC).date(), time(), UTC)
    daily = series(_BUSY, midnight - timedelta(days=days - 1), midnight, timedelta(days=1), url=url)
    now = _latest(series(_NOW, today - _FRESH, today, timedelta(seconds=30), url=url))
    speeds = _latest(series(_CAPACITY, today - timedelta(days=1), today, timedelta(minutes=5), url=url))
    days_of = {one.labels.get("link", ""): _days(one) for one in daily}
    found = [
        _one(link, days_of.get(link, ()), now.get(link), speeds.get(link), midnight.date())
        for link in sorted({*days_of, *now, *speeds} - {""})
    ]
    return sorted(
        found, key=lambda one: (one.course.on is None, one.course.on or date.max, -(one.share or 0), one.link)
    )


def _one(link: str, past: Sequence[Point], now: float | None, capacity: float | None, today: date) -> LinkCapacity:
    busy = past[-1].value if past and past[-1].day >= today - timedelta(days=1) else None
    return LinkCapacity(link, now, busy, capacity, tuple(past), course(past, capacity, today))


def _days(one: Series) -> tuple[Point, ...]:
    """What is evaluated at a midnight is about the day before it."""
    return tuple(Point((moment - timedelta(days=1)).date(), value) for moment, value in one.points if value is not None)


def _latest(found: Sequence[Series]) -> Mapping[str, float]:
    latest: dict[str, float] = {}
    for one in found:
        known = [value for _, value in one.points if value is not None]
        if known:
            latest[one.labels.get("link", "")] = known[-1]
    return latest
