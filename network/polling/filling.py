"""What of the network fills first, and when: links, cables and sites on one scale, each by its own past.

Links are sized by their busy hours (``network.polling.capacity``), cables and sites by what is taken of them at the end
of each day. The past is Prometheus'; what the plant has now is the inventory's, and is known without it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal, get_args

from sqlalchemy import Connection, text

from core.figures import Course, Point, course
from inventory.plant.use import Use, use_of_plant
from network.errors import PrometheusAway
from network.polling.capacity import DAYS, LinkCapacity, capacity_of_links
from network.polling.history import series

__all__ = ["KINDS", "Filling", "FillingKind", "Report", "Unit", "fillings"]

FillingKind = Literal["link", "cable-strands", "site-strands", "site-panel-ports", "site-device-ports"]
"""Links, and the kinds of :data:`inventory.plant.use.Kind`."""
Unit = Literal["bit/s", "strands", "ports"]
KINDS: Final[tuple[FillingKind, ...]] = get_args(FillingKind)
_ACTIVE: Final = text("select name from link where status = 'active'")
_TAKEN: Final = "max by (kind, id) (last_over_time(irisplane_plant_taken[1d]))"


@dataclass(frozen=True, slots=True)
class Filling:
    """One link, cable or site.

    Attributes:
        now: of it in ``unit``; of a link, what it carries; ``None``: not known.
        sized_by: what ``share`` and the dates are reckoned from: ``now``, or a link's busy hour of yesterday.
        whole: that there is.
        past: of each day that is known.
    """

    kind: FillingKind
    name: str
    unit: Unit
    now: float | None
    sized_by: float | None
    whole: float | None
    past: tuple[Point, ...]
    course: Course

    @property
    def share(self) -> float | None:
        """Of the whole."""
        return None if self.sized_by is None or not self.whole else self.sized_by / self.whole


@dataclass(frozen=True, slots=True)
class Report:
    """What fills first before the others; ``problem``: why the past is not known, and links not at all."""

    items: Sequence[Filling]
    problem: str | None = None


def fillings(
    tx: Connection, today: datetime, *, kinds: Collection[FillingKind] = KINDS, days: int = DAYS, url: str | None = None
) -> Report:
    """Active links, and every cable and site of the plant.

    Args:
        today: now, with its zone; days are those of UTC.
        days: of the past that lines go through.
    """
    uses = [one for one in use_of_plant(tx) if one.kind in kinds]
    names = set(tx.execute(_ACTIVE).scalars()) if "link" in kinds else set()
    try:
        links = [one for one in capacity_of_links(today, days=days, url=url) if one.link in names] if names else []
        past = _past(today, days, url) if uses else {}
    except PrometheusAway as away:
        return Report(_sorted(_plant(one, {}, today) for one in uses), away.message)
    return Report(_sorted([*map(_link, links), *(_plant(one, past, today) for one in uses)]))


def _sorted(found: Iterable[Filling]) -> list[Filling]:
    return sorted(
        found,
        key=lambda one: (one.course.on is None, one.course.on or date.max, -(one.share or 0), one.kind, one.name),
    )


def _link(one: LinkCapacity) -> Filling:
    return Filling("link", one.link, "bit/s", one.now, one.busy, one.capacity, one.past, one.course)


def _plant(one: Use, past: Mapping[tuple[str, str], Sequence[Point]], today: datetime) -> Filling:
    day = today.astimezone(UTC).date()
    known = [
        *(point for point in past.get((one.kind, str(one.id)), ()) if point.day < day),
        Point(day, float(one.taken)),
    ]
    unit: Unit = "strands" if one.kind.endswith("strands") else "ports"
    whole, taken = float(one.whole), float(one.taken)
    return Filling(one.kind, one.name, unit, taken, taken, whole, tuple(known), course(known, whole, day))


def _past(today: datetime, days: int, url: str | None) -> dict[tuple[str, str], list[Point]]:
    """What was taken at the end of each day; a day that nobody scraped is not there."""
    midnight = datetime.combine(today.astimezone(UTC).date(), time(), UTC)
    found = series(_TAKEN, midnight - timedelta(days=days - 1), midnight, timedelta(days=1), url=url)
    return {
        (one.labels.get("kind", ""), one.labels.get("id", "")): [
            Point((moment - timedelta(days=1)).date(), value) for moment, value in one.points if value is not None
        ]
        for one in found
    }
