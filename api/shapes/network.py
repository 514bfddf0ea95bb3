"""What routers run and should run, as it is answered."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.shapes import JsonObject, Shape, Time
from inventory.schema import DeviceRole, DeviceStatus, Platform
from orchestrator.states import State

__all__ = ["Comparison", "DeviceSeen", "Difference", "Drift", "KeptVersion"]


class DeviceSeen(Shape):
    """A device, and what was last seen of it."""

    id: UUID
    name: str
    role: DeviceRole
    platform: Platform
    status: DeviceStatus
    site: str
    management_address: str | None
    reachable: Annotated[bool, Field(description="True only for what was seen within two minutes.")]
    state: Literal["unknown", "reachable", "unreachable"]
    seen_at: Time | None
    tried_at: Time | None
    configured: bool | None
    drifted_since: Time | None
    problem: Annotated[str | None, Field(description="Why it could not be seen.")]
    enrolled: bool


class Difference(Shape):
    """What a push of the intent would do on a device now."""

    device: str
    in_sync: Annotated[bool | None, Field(description="null where it cannot be told: `error` says why.")]
    diff: Annotated[str, Field(description="Redacted.")]
    error: Annotated[JsonObject | None, Field(description="`message`; `code`, `title` and `hint` where there are.")]


class Drift(Shape):
    """A device that runs something else than its intent."""

    device: str
    role: DeviceRole
    site: str
    drifted_since: Time
    diff: Annotated[str | None, Field(description="Redacted.")]
    change: Annotated[UUID | None, Field(description="The change that restores or adopts it.")]
    change_state: State | None


class KeptVersion(Shape):
    """A configuration that was kept of a device."""

    id: UUID
    digest: str
    source: Literal["backup", "before", "after", "drift", "adopted"]
    taken_at: Time
    change: UUID | None
    lines: int


class Comparison(Shape):
    """What turns one version into another."""

    device: str
    a: str
    b: str
    diff: Annotated[str, Field(description="Redacted.")]
