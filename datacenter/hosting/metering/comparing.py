"""Does what we metered agree with Nova? Server by server, in seconds, asked of Nova now.

The rule: over full quarter-hours that were metered, the seconds of every server, of all administrations and of
``unassigned``, are those that Nova's tenant usage tells. A second of difference is rounding of Nova's own. Where Nova
set ``launched_at`` anew (a rebuild, a resize) it has forgotten what we metered before: then we have more, and it is
told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, text

from datacenter.hosting.metering.asking import instant
from datacenter.hosting.metering.held import Window
from datacenter.hosting.metering.nova import usages

__all__ = ["Comparison", "Difference", "Metered", "compare", "metered"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One server on which we and Nova do not agree.

    Attributes:
        why: ``forgotten``: Nova counts from a later launch; ``differs``: nothing explains it.
    """

    cloud_id: str
    ours: int
    novas: int
    why: Literal["forgotten", "differs"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of it; seconds of all servers."""

    window: Window
    servers: int
    ours: int
    novas: int
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        """Nothing is left unexplained."""
        return all(one.why != "differs" for one in self.differences)

    def as_json(self) -> dict[str, Any]:
        """For an answer."""
        return {
            "from": self.window.begins.isoformat(),
            "until": self.window.ends.isoformat(),
            "servers": self.servers,
            "seconds": {"metered": str(self.ours), "nova": str(self.novas)},
            "agrees": self.agrees,
            "differences": [
                {"server": one.cloud_id, "metered": one.ours, "nova": one.novas, "why": one.why}
                for one in self.differences
            ],
        }


@dataclass(frozen=True, slots=True)
class Metered:
    """What we metered: the window as far as it was, and each server's seconds with its first quarter-hour."""

    window: Window
    seconds: Mapping[str, tuple[int, datetime]]


def metered(tx: Connection, window: Window) -> Metered:
    """What we metered in a window of full quarter-hours."""
    until: datetime | None = tx.execute(_UNTIL).scalar()
    window = Window(window.begins, max(window.begins, min(window.ends, until or window.begins)))
    rows = tx.execute(_OURS, {"begins": window.begins, "ends": window.ends})
    return Metered(window, {row.cloud_id: (int(row.seconds), row.first) for row in rows})


def compare(found: Metered) -> Comparison:
    """Ask Nova, and compare.

    Raises:
        CloudSilent, NoCloud: Nova does not answer.
    """
    window, ours = found.window, found.seconds
    if window.begins >= window.ends:
        return Comparison(window, 0, 0, 0, ())  # nothing of it was metered yet: there is nothing to ask
    novas: dict[str, tuple[int, datetime]] = {}
    for one in usages(window):
        begins = instant(one["started_at"]) or window.begins
        ends = instant(one["ended_at"]) or window.ends
        there = (min(ends, window.ends) - max(begins, window.begins)).total_seconds()
        if there > 0:
            novas[one["instance_id"]] = (round(there), begins)
    differences = []
    for cloud_id in sorted(ours.keys() | novas.keys()):
        mine, first = ours.get(cloud_id, (0, None))
        theirs, launched = novas.get(cloud_id, (0, datetime.min.replace(tzinfo=UTC)))
        if abs(mine - theirs) > 1:
            forgotten = mine > theirs and cloud_id in novas and first is not None and launched > first
            differences.append(Difference(cloud_id, mine, theirs, "forgotten" if forgotten else "differs"))
    return Comparison(
        window,
        len(ours.keys() | novas.keys()),
        sum(seconds for seconds, _ in ours.values()),
        sum(seconds for seconds, _ in novas.values()),
        tuple(differences),
    )


_UNTIL: Final = text("select metered_until from metering_mark where source = 'nova'")
_OURS: Final = text("""
    select m.cloud_id, sum(u.seconds) as seconds, min(u.quarter) as first
    from usage u join meter m on m.id = u.meter_id
    where m.source = 'nova' and u.quarter >= :begins and u.quarter < :ends group by m.cloud_id""")
