"""Ids that a plan chooses before the database sees them: UUID version 7, as PostgreSQL's ``uuidv7()`` makes them.

They sort by time, so new rows land at the end of an index. Within one process they grow strictly.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Final
from uuid import UUID

__all__ = ["uuid7"]

_LOCK: Final = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """A new id (RFC 9562: 48 bits of milliseconds, 12 bits of their fraction, 62 random bits)."""
    global _last  # noqa: PLW0603 - what makes ids grow strictly is one number per process
    nanoseconds = time.time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    stamp = (milliseconds << 12) | (rest * 4096 // 1_000_000)
    with _LOCK:
        _last = stamp = max(stamp, _last + 1)
    random = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    return UUID(int=((stamp >> 12) << 80) | (0x7 << 76) | ((stamp & 0xFFF) << 64) | (0b10 << 62) | random)
