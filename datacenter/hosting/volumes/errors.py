"""What volumes, snapshots and schedules refuse beside what networks refuse too.

::

    InvalidInput
    ├── SizeRefused          HST-147  a volume does not become smaller, nor smaller than what it is a copy of
    └── ScheduleRefused      HST-149  this schedule says too little or too much
    Conflict
    └── NotTheNewest         HST-150  a volume goes back to its newest snapshot only
"""

from __future__ import annotations

from core.errors import Conflict, InvalidInput

__all__ = ["NotTheNewest", "ScheduleRefused", "SizeRefused"]


class SizeRefused(InvalidInput):
    """A volume does not become smaller, nor smaller than what it is a copy of."""

    code = "HST-147"
    title = "Size refused"
    hint = "Ask for more GiB; to have fewer, order another volume and copy what is on it."


class ScheduleRefused(InvalidInput):
    """This schedule says too little or too much."""

    code = "HST-149"
    title = "Schedule refused"
    hint = "Every day at an hour, or every week at an hour of a weekday (1 is Monday); keep from 1 to 365."


class NotTheNewest(Conflict):
    """A volume goes back to its newest snapshot only."""

    code = "HST-150"
    title = "Not the newest snapshot"
    hint = "Order a volume of that snapshot instead; nothing newer is lost then."
