"""Which announced works of the region concern who looks: what is ahead or goes on, the nearest first."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection

from dashboards.visit import Visit
from datacenter.hosting.support import maintenance

__all__ = ["works_ahead"]

_TOLD: Final = frozenset({"scheduled", "in-progress"})
"""States of a notice that people should know of."""
_MOST: Final = 50


def works_ahead(visit: Visit, tx: Connection, *, touching: str | None = None) -> list[dict[str, Any]]:
    """Notices with ``title``, ``text``, ``begins``, ``ends``, ``impact``, ``state`` and the ``resources`` of who looks;
    none for who may not read them.

    Args:
        touching: only those that name the thing with this id.
    """
    if not visit.may("hosting:read"):
        return []
    found = [json.loads(row) for row, _key in maintenance.listed(tx, None, datetime.now(UTC), None, _MOST)]
    return sorted(
        (
            one
            for one in found
            if one["state"] in _TOLD and (touching is None or touching in {what["id"] for what in one["resources"]})
        ),
        key=lambda one: str(one["begins"]),
    )
