"""Support requests and maintenance notices, as they are answered."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.shapes import ABSENT, Code, Shape, Time, Version
from datacenter.hosting.support.maintenance import Impact, State

__all__ = ["MessageSaid", "Notice", "SupportRequest", "SupportRequestInList"]


class ThingNamed(Shape):
    """A thing of the administration, as it was called then."""

    type: str
    id: UUID
    name: str


class _Request(Shape):
    id: UUID
    tenant: Code
    subject: str
    state: Literal["open", "answered", "solved", "closed"]
    resource: ThingNamed | None
    opened_by: Annotated[str | None, Field(description="Handle.")]
    created_at: Time
    updated_at: Time
    version: Version


class SupportRequestInList(_Request):
    """A support request, its messages counted."""

    messages: int


class Message(Shape):
    """What somebody said."""

    id: UUID
    author: Annotated[str | None, Field(description="Handle.")]
    of_staff: Annotated[bool, Field(description="Whether the region's staff said it.")]
    body: str
    created_at: Time


class SupportRequest(_Request):
    """A support request with everything that was said."""

    messages: list[Message]


class MessageSaid(Shape):
    """A message that was added."""

    id: UUID
    request: UUID


class InThreeLanguages(Shape):
    """A text."""

    fr: str
    nl: str
    en: str


class Touched(Shape):
    """A resource that the work touches."""

    type: str
    id: UUID
    name: str
    tenant: Code


class Selector(Shape):
    """Some resources: by their ids, or all of a type in a zone, on a host or of a tenant."""

    type: str
    ids: Annotated[list[UUID], ABSENT]
    zone: Annotated[str, ABSENT]
    host: Annotated[str, ABSENT]
    tenant: Annotated[str, ABSENT]


class Notice(Shape):
    """What the region works on, or will."""

    id: UUID
    title: InThreeLanguages
    text: InThreeLanguages
    impact: Impact
    state: State
    begins: Time
    ends: Time
    resources: Annotated[list[Touched], Field(description="Of an administration: its own.")]
    touches: Annotated[list[Selector] | None, Field(description="As the notice was written; for the region's staff.")]
    version: Version
