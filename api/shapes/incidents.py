"""Incidents, as they are answered."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.shapes import Code, Handle, JsonObject, Shape, Time
from network.incidents.last_look import Sees
from network.incidents.queries import Severity
from network.incidents.silences import SilencedKind

__all__ = ["AlertsTaken", "Incident", "IncidentInList", "IncidentNotice", "LastLook", "Silence"]


class Suspect(Shape):
    """A piece of the plant that explains all of it."""

    kind: Literal["cable", "duct", "strand"]
    code: str


class LinkDown(Shape):
    """A link of an incident."""

    link: str
    down_at: Time
    up_at: Annotated[Time | None, Field(description="null while it is down.")]
    evidence: list[str]


class IncidentInList(Shape):
    """What went wrong."""

    number: int
    kind: Annotated[
        Literal["plant", "device", "link", "alert"],
        Field(
            description="`link`: what it runs over is not known; `alert`: told by an Alertmanager, or a flood of"
            " notifications."
        ),
    ]
    name: Annotated[str, Field(description="What most likely broke.")]
    state: Literal["open", "acknowledged", "closed"]
    severity: Annotated[
        Severity, Field(description="Of the worst of what it touches; `unknown` where nobody can say what that is.")
    ]
    falls: Annotated[int, Field(description="How often it came; a flapping link is one incident.")]
    silenced: Annotated[bool, Field(description="It was expected: nobody was told.")]
    opened_at: Time
    last_fall_at: Time
    acknowledged_at: Time | None
    acknowledged_by: Handle | None
    closed_at: Time | None
    suspects: Annotated[list[Suspect], Field(description="The likeliest first.")]
    links: list[LinkDown]
    told: Annotated[list[Code], Field(description="Administrations that it touches and that were told.")]


class Line(Shape):
    """A line of the story."""

    at: Time
    kind: Literal[
        "opened", "evidence", "fell", "rose", "acknowledged", "note", "silenced", "told", "closed", "reopened"
    ]
    said: str
    by: Handle | None


class Incident(IncidentInList):
    """An incident with its story and its impact."""

    impact: Annotated[JsonObject | None, Field(description="As `POST /api/v1/fibre/impact` answers.")]
    story: list[Line]


class IncidentNotice(Shape):
    """What an administration is told."""

    number: int
    state: Annotated[Literal["down", "protected", "degraded"], Field(description="Of the worst of what is yours.")]
    since: Time
    over: Time | None


class Silence(Shape):
    """What is expected to be down."""

    id: UUID
    kind: SilencedKind
    name: str
    begins: Time
    ends: Time
    reason: str
    by: Handle


class LastLook(Shape):
    """How the links were seen last; counts are null where nobody looked ever."""

    looked_at: Time | None
    up: int | None
    down: int | None
    unknown: Annotated[int | None, Field(description="Links that could not be judged.")]
    planned: Annotated[int | None, Field(description="Links that never stood.")]
    sees: Annotated[
        Sees,
        Field(
            description="What may be said of now: with `everything` no open incident means that all is well, with"
            " `part` or `nothing` that nobody knows."
        ),
    ]


class AlertsTaken(Shape):
    """What became of alerts; those that were told before count nowhere."""

    opened: int
    joined: Annotated[int, Field(description="Became a line of an incident that there was.")]
    closed: int
