"""How much a link carries, now and over time, from what Prometheus recorded by the rules of the intent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from network.errors import PrometheusAway
from network.polling.history import series

__all__ = ["Load", "load_of"]


_STALE: Final = timedelta(minutes=1)
"""A figure that is older says nothing of a moment: two of our looks. Prometheus itself would repeat one for five."""


@dataclass(frozen=True, slots=True)
class Load:
    """A link's load.

    Attributes:
        points: bit/s of the busier way of the busier end; ``None``: not known.
        capacity: bit/s, the lesser of both ends; ``None``: not known.
        problem: why nothing is known at all.
    """

    link: str
    points: tuple[tuple[datetime, float | None], ...] = ()
    capacity: float | None = None
    problem: str | None = None

    @property
    def known(self) -> bool:
        """Whether any point is."""
        return any(value is not None for _, value in self.points)


def load_of(link: str, begin: datetime, end: datetime, step: timedelta, *, url: str | None = None) -> Load:
    """A link's load between two moments, each point of the step before it; what nobody told there is a gap.

    While Prometheus is away it is unknown, with the reason.
    """
    name = link.replace("\\", "\\\\").replace('"', '\\"')
    window = f"[{round(max(step, _STALE).total_seconds())}s]"
    try:
        query = f'last_over_time(irisplane:link_bits_per_second{{link="{name}"}}{window})'
        told = series(query, begin, end, step, url=url)
        speeds = series(f'irisplane:link_capacity_bits{{link="{name}"}}', begin, end, step, url=url)
    except PrometheusAway as away:
        return Load(link, problem=away.message)
    capacity = [value for one in speeds for _, value in one.points if value is not None]
    if not told:
        return Load(link, capacity=capacity[-1] if capacity else None, problem="Prometheus has no figures of it.")
    return Load(link, told[0].points, capacity[-1] if capacity else None)
