"""What happened between two looks at a counter: how many per second, or nothing where that cannot be known.

A counter that went down was set to zero (its device restarted, a line card was pulled) or began anew after its largest
value. Only a 32-bit one begins anew within a lifetime, and only if its agent did not restart meanwhile and the line is
slow enough that it cannot have gone round more than once. Everything else is ``None``: a gap, never a negative figure
and never a spike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["Reading", "rate", "restarted"]

_TICKS: Final = 2**32
"""sysUpTime counts hundredths of a second in 32 bits: 497 days."""
_SLACK: Final = 1.2
"""Bursts, and clocks that do not agree, let a line seem a little faster than it is."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A counter at a moment.

    Attributes:
        at: seconds on our clock.
        uptime: sysUpTime then, in hundredths of a second; ``None``: not told.
        bits: of the counter, 32 or 64.
    """

    value: int | None
    at: float
    uptime: int | None = None
    bits: int = 64


def restarted(before: Reading, now: Reading) -> bool:
    """Whether the agent began anew in between: its uptime is not what it should have become."""
    if before.uptime is None or now.uptime is None:
        return False
    told = (now.uptime - before.uptime) % _TICKS / 100
    passed = now.at - before.at
    # A restarted agent has run for less long than passed, or its uptime fell: modulo 497 days that is far too much.
    return abs(told - passed) > 5.0 + 0.1 * passed


def rate(before: Reading, now: Reading, *, ceiling: float | None = None) -> float | None:
    """Per second between two readings, zero or more.

    Args:
        ceiling: what the line can carry per second in the counter's unit; ``None``: not known.
    Returns:
        ``None`` where it cannot be known.
    """
    passed = now.at - before.at
    if before.value is None or now.value is None or passed <= 0 or before.bits != now.bits or restarted(before, now):
        return None
    more = now.value - before.value
    if now.bits == 32 and ceiling and ceiling * _SLACK * passed >= _TICKS:
        return None  # it may have gone round, more than once even
    if more < 0:
        if now.bits != 32 or ceiling is None:
            return None  # a reset; or a wrap that nothing tells from a reset
        more += 2**32
    found = more / passed
    return None if ceiling is not None and found > ceiling * _SLACK else found
