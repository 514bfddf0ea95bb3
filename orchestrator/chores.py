"""What the orchestrator itself does again and again, beside the periodic jobs of the domains: reference → seconds.

Each is a callable ``(Database) -> object`` that claims its rows with ``skip locked``: however many workers run it at
once, nothing is done twice that need not be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["CHORES"]

CHORES: Final[Mapping[str, float]] = {
    "orchestrator.inline:run_due": 2.0,
    "orchestrator.webhooks:deliver_due": 1.0,
    "orchestrator.notices:write_due": 2.0,
    "orchestrator.mail:send_due": 2.0,
    "orchestrator.lapsing:lapse": 30.0,
    "orchestrator.figures:note": 3600.0,
}
