"""``network.restore``: push an earlier version of a router's configuration, and hold it.

The restored text becomes the router's intent (a ``whole`` overlay) until the intent is pushed again with
``network.config``: otherwise the drift check would undo the restore.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text

from core.errors import InvalidInput
from network import store
from network.changes.overlays import rows_of
from network.changes.planning import Planned, draft_push, selected
from network.changes.push import PushKind
from network.fleet import fleet_of
from network.intent import Intended, Overlay, intended, relaid
from network.parse.secrets_out import without_secrets
from network.render import normalise
from orchestrator.kinds import Step, World
from orchestrator.plan import Draft

__all__ = ["ConfigRestore", "RestoreIntent", "plan_back"]


class RestoreIntent(BaseModel):
    """Which router, and which of its versions: the beginning of a digest, or ``@1`` for the one before the newest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str = Field(min_length=1, max_length=63)
    version: str = Field(min_length=1, max_length=64)


class ConfigRestore(PushKind[RestoreIntent]):
    """Give a router an earlier configuration."""

    name: ClassVar[str] = "network.restore"
    title: ClassVar[str] = "Restore an earlier configuration"
    intent = RestoreIntent

    def plan(self, intent: RestoreIntent, world: World) -> Draft:
        """The router with that version held."""
        (device_id,) = selected(world, f"name={intent.device}", pointer="/intent/device")
        wanted = store.version(world.tx, device_id, intent.version)
        one = intended(world.tx, [device_id])[device_id]
        return draft_push(
            world,
            [_held(world, one, wanted.digest)],
            summary=f"Restore {intent.device} to {wanted.digest[:12]} of {wanted.taken_at:%Y-%m-%d %H:%M} UTC",
            undo_note="The text before is pushed again.",
        )

    def plan_undo(self, done: Sequence[Step], world: World) -> Draft:
        """The text before, held."""
        return plan_back(done, world)


def plan_back(done: Sequence[Step], world: World) -> Draft:
    """Push what each router ran before a change, and give back the overlays that it took away."""
    planned: list[Planned] = []
    ids = [UUID(step.target.id.removeprefix("device:")) for step in done]
    now = intended(world.tx, ids)
    for step, device_id in zip(done, ids, strict=True):
        prepared = step.record.get("prepare")
        if not prepared or device_id not in now:
            continue
        planned.append(_held(world, now[device_id], str(prepared["before"])))
    return draft_push(
        world,
        planned,
        summary="Give {n} routers back what they ran before",
        undo_note="The change that is taken back here is pushed again.",
    )


def _held(world: World, one: Intended, digest: str) -> Planned:
    raw = store.raw(world.tx, fleet_of(world.surroundings().database).keyring, one.tenant_id, digest)
    bare, found = without_secrets(raw, one.platform, one.name)
    _must_be_stored(world, one, found)
    held = [overlay.id for overlay in one.overlays if overlay.kind == "whole" and overlay.id is not None]
    kept = [overlay for overlay in one.overlays if overlay.kind != "whole"]
    if normalise(relaid(one, kept).text, one.platform) == normalise(bare, one.platform):
        return Planned(relaid(one, kept), drop=rows_of(world.tx, held))
    new = Overlay("whole", f"version {digest[:12]}", normalise(bare, one.platform))
    # On top of everything: what was laid before it no longer shows, and shows again when it is let go.
    return Planned(relaid(one, [*kept, new]), add=(new,), drop=rows_of(world.tx, held))


def _must_be_stored(world: World, one: Intended, found: object) -> None:
    names = sorted(found) if isinstance(found, dict) else []
    known = set(
        world.tx.execute(
            text("select name from secret where tenant_id = :tenant and name = any(:names)"),
            {"tenant": one.tenant_id, "names": names},
        ).scalars()
    )
    missing = [name for name in names if name not in known]
    if missing:
        raise InvalidInput(
            f"That version of {one.name} holds a secret that is not in the store: {missing[0]}.",
            hint="Put it there with 'irisplane secret put', then restore again.",
            pointer="/intent/version",
        )
