"""``network.config``: bring routers to their intent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from network.changes.overlays import rows_of
from network.changes.planning import Planned, draft_push, selected
from network.changes.push import PushKind
from network.changes.restore import plan_back
from network.changes.standing import standing_order
from network.intent import Intended, intended, only_routers, relaid
from orchestrator.kinds import Step, World
from orchestrator.plan import Draft

__all__ = ["ConfigIntent", "ConfigPush"]


class ConfigIntent(BaseModel):
    """Which routers. ``drift``: asked for by drift policy, so the policy's rule applies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    select: str = Field("all", max_length=2000)
    drift: bool = False


class ConfigPush(PushKind[ConfigIntent]):
    """Bring the selected routers to what the inventory and their overlays say; a held version is let go."""

    name: ClassVar[str] = "network.config"
    title: ClassVar[str] = "Bring routers to their intent"
    intent = ConfigIntent

    def plan(self, intent: ConfigIntent, world: World) -> Draft:
        """Every selected router, compared with its intent."""
        devices = only_routers(intended(world.tx, selected(world, intent.select)))
        draft = draft_push(
            world,
            [_let_go(world, one) for one in devices.values()],
            summary=f"Bring {{n}} routers to their intent ({intent.select})",
            undo_note="The text before is pushed again and held until the next push of the intent.",
        )
        if intent.drift:
            return replace(draft, facts={**draft.facts, **standing_order(world, list(devices), "restore")})
        return draft

    def plan_undo(self, done: Sequence[Step], world: World) -> Draft:
        """The texts before, held."""
        return plan_back(done, world)


def _let_go(world: World, one: Intended) -> Planned:
    """Without the versions that a restore made it hold."""
    held = [overlay.id for overlay in one.overlays if overlay.kind == "whole"]
    if not held:
        return Planned(one)
    free = relaid(one, [overlay for overlay in one.overlays if overlay.kind != "whole"])
    ids: list[UUID] = [overlay for overlay in held if overlay is not None]
    return Planned(free, drop=rows_of(world.tx, ids), notes=("a restored version is no longer held",))
