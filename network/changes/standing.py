"""Standing orders: what a role's drift policy decided beforehand, so that nobody is asked each time.

Only the system's own account may act on one, and only on devices whose policy says so; the rule in
``orchestrator/policies`` looks at the fact that is frozen into the plan here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from core.bootstrap import SYSTEM
from core.errors import Denied
from network.intent import intended
from orchestrator.kinds import World

__all__ = ["standing_order"]


def standing_order(world: World, device_ids: Sequence[UUID], policy: str) -> dict[str, Any]:
    """The fact that policy looks at, if every device's drift policy is ``policy``.

    Raises:
        Denied: somebody else than the system asks, or a device's policy says otherwise.
    """
    handle = world.tx.execute(
        text("select handle from principal where id = :id and kind = 'service'"), {"id": world.scope.actor}
    ).scalar()
    others = [one.name for one in intended(world.tx, device_ids).values() if one.facts["drift_policy"] != policy]
    if handle != SYSTEM or others:
        raise Denied(
            "A standing order is carried out by the system alone, where a device's drift policy says so.",
            hint="Leave 'drift' out: the change then asks for the approvals that it needs.",
            devices=others,
        )
    return {"standing": policy}
