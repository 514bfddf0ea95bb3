"""Notifications that come faster than they are read: one incident that says how many, how fast and from whom.

What is turned away is counted by sender as it comes, and what never reached us by the kernel, so nothing is lost
silently. Links are looked at all the same: a flood hides nothing, and costs a bounded number of looks.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from network.incidents.keyed import close_one, open_one, say_of

__all__ = ["KEY", "MANY", "QUIET_SECONDS", "Course", "Unread", "settle"]

KEY: Final = "irisplane:notifications"
"""``alert_key`` of the incident: there is one at a time."""
MANY: Final = 1000
"""Unread within ``QUIET_SECONDS``: a cut that forty devices cry about is far below."""
QUIET_SECONDS: Final = 60.0
_NAME: Final = "flood of notifications"
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Unread:
    """Notifications that nobody read, since the last time.

    Attributes:
        by: device → how many of its.
        strangers: from addresses of no device we know.
        lost: dropped by the kernel, since nobody fetched them in time.
    """

    by: Mapping[str, int] = field(default_factory=dict)
    strangers: int = 0
    lost: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by.values()) + self.strangers + self.lost


@dataclass(slots=True)
class Course:
    """How the last minute went, and whether that is an incident now. One a process."""

    looks: deque[tuple[float, float, Unread]] = field(default_factory=deque)
    """Since when, until when, what."""
    began: float | None = None
    seen_at: float | None = None
    flooded: bool = True
    """Until it was quiet for a minute: a worker before this one may have left an incident open."""
    told_at: float | None = None
    named: bool = False
    """Whether its story says who sends: the kernel may have dropped all that came before the first look."""
    in_all: int = 0


def settle(tx: Connection, course: Course, unread: Unread, now: float) -> None:
    """Open, go on with, or close the incident.

    Args:
        unread: what came since this was called last.
        now: of a clock that never goes back, in seconds.
    """
    if course.began is None:
        course.began = now
    if unread.total:
        course.looks.append((now if course.seen_at is None else course.seen_at, now, unread))
    course.seen_at = now
    while course.looks and course.looks[0][1] < now - QUIET_SECONDS:
        course.looks.popleft()
    total = sum(one.total for *_, one in course.looks)
    if total >= MANY:
        course.in_all = course.in_all + unread.total if course.told_at is not None else total
        if course.told_at is None or now - course.told_at >= QUIET_SECONDS:
            first, *more = _told(course, total)
            if open_one(tx, KEY, _NAME, first):
                more.append("Links are looked at all the same.")
            else:
                more.insert(0, first)
            say_of(tx, KEY, more)
            course.flooded, course.told_at, course.named = True, now, bool(_senders(course))
        elif not course.named and _senders(course):
            say_of(tx, KEY, [_from(_senders(course))])
            course.named = True
    elif not total and course.flooded and now - course.began >= QUIET_SECONDS:
        unread_ones = f"; {course.in_all} were not" if course.in_all else ""
        close_one(tx, KEY, f"Notifications are read again{unread_ones}.")
        course.flooded, course.told_at, course.in_all = False, None, 0


def _told(course: Course, total: int) -> list[str]:
    every = [one for *_, one in course.looks]
    seconds = max(1, round(course.looks[-1][1] - course.looks[0][0]))
    by = _senders(course)
    strangers, lost = sum(one.strangers for one in every), sum(one.lost for one in every)
    said = [f"{total} notifications were not read within {seconds} s, {round(total / seconds)} a second."]
    if by:
        said.append(_from(by))
    if strangers:
        said.append(f"{strangers} came from addresses of no device.")
    if lost:
        said.append(f"{lost} were lost before they could be counted by sender.")
    return said


def _senders(course: Course) -> Counter[str]:
    by: Counter[str] = Counter()
    for *_, one in course.looks:
        by.update(one.by)
    return by


def _from(by: Counter[str]) -> str:
    most = ", ".join(f"{name} ({count})" for name, count in by.most_common(_NAMED))
    return f"They came from {most}{f' and {len(by) - _NAMED} more' if len(by) > _NAMED else ''}."
