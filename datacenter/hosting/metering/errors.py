"""What metering and showback refuse.

::

    Conflict
    ├── MonthClosed        HST-165  lines of a month that was closed are not altered
    └── MonthNotReady      HST-166  the month is not over, not wholly metered, or not rated as it was read
    InvalidInput
    ├── NoSuchMonth        HST-167  a month is written YYYY-MM
    └── WindowTooLong      HST-168  usage by the quarter-hour is read two days at a time
    Conflict
    ├── SpendLimitReached  HST-169  the administration's own limit for a month would be passed
    └── PriceHeld         HST-170  a price that held cannot be altered, nor one put into a closed month
"""

from __future__ import annotations

from core.errors import Conflict, InvalidInput

__all__ = ["MonthClosed", "MonthNotReady", "NoSuchMonth", "PriceHeld", "SpendLimitReached", "WindowTooLong"]


class MonthClosed(Conflict):
    """Lines of a month that was closed are not altered."""

    code = "HST-165"
    title = "Month closed"
    hint = "Correct it by a line of an open month: the kind hosting.charge.correct."


class MonthNotReady(Conflict):
    """The month is not over, not wholly metered, or has altered since it was read."""

    code = "HST-166"
    title = "Month cannot be closed yet"
    hint = "Wait until it is over and metered; gaps that will never be filled are accepted with 'accept_gaps'."


class NoSuchMonth(InvalidInput):
    """A month is written YYYY-MM."""

    code = "HST-167"
    title = "No such month"
    hint = "Write it as 2026-11."


class WindowTooLong(InvalidInput):
    """Usage by the quarter-hour is read two days at a time."""

    code = "HST-168"
    title = "Window too long"
    hint = "Ask for less at once, or for days: grain=day."


class SpendLimitReached(Conflict):
    """The administration's own limit for a month would be passed."""

    code = "HST-169"
    title = "Spend limit reached"
    hint = "Give something back, or have the limit raised: the kind hosting.spend-limit.set."


class PriceHeld(Conflict):
    """A price that held cannot be altered, nor one put into a closed month."""

    code = "HST-170"
    title = "The price held"
    hint = "Import a catalogue in which the new price begins at a time to come."
