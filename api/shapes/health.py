"""Whether it is alive, how it fares, when it may be altered, and what its errors mean."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.shapes import ABSENT, Shape, Time
from orchestrator.states import State

__all__ = ["CalendarEntry", "ErrorCode", "Health", "Status"]


class Part(Shape):
    """How one part is."""

    status: Literal["ok", "down"]
    uptime_seconds: Annotated[int, ABSENT, Field(description="Seconds. Of the API.")]
    version: Annotated[str, ABSENT, Field(description="Of the database.")]
    alive: Annotated[int, ABSENT, Field(description="Workers that are.")]


class Parts(Shape):
    """The parts, by name."""

    api: Part
    database: Part
    worker: Annotated[Part, ABSENT]


class Health(Shape):
    """Whether all is up."""

    status: Literal["ok", "degraded", "down"]
    parts: Parts


class Status(Shape):
    """How the region fares."""

    workers: int
    sequencer_lag_seconds: Annotated[float, Field(ge=0, description="Seconds.")]
    changes: Annotated[dict[State, int], Field(description="Changes that are under way, by state.")]


class ErrorCode(Shape):
    """What an error code means."""

    code: str
    type: str
    title: str
    status: int
    meaning: str
    hint: str


class CalendarEntry(Shape):
    """A window in which something may run, or a freeze in which it may not."""

    id: UUID
    kind: Literal["window", "freeze"]
    name: str
    begins: Time
    ends: Time
    selector: Annotated[
        dict[str, str | list[str]], Field(description="Facts a target must have to be concerned; none: all.")
    ]
