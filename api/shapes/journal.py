"""The journal and what is sent of it: entries, verification, webhooks and their deliveries."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from api.shapes import ABSENT, Code, JsonObject, Shape, Time, Version
from api.shapes.changes import EntryKind
from core.journal.verify import Finding
from orchestrator.commands import Op

__all__ = ["AuditEntry", "Delivery", "EntryWithRows", "Redelivered", "Verification", "Webhook", "WebhookAdded"]


class AuditEntry(Shape):
    """An entry of the journal."""

    seq: Annotated[int, Field(description="Its number in the chain.")]
    id: UUID
    kind: EntryKind
    at: Time
    actor: Annotated[str | None, Field(description="Handle.")]
    actor_id: UUID | None
    action: str
    subject_type: str
    subject_id: str
    change_id: UUID | None
    request_id: str
    reason: str
    body: Annotated[Any, Field(description="What happened; which fields there are depends on `action`.")]
    tenant: Annotated[str | None, Field(description="Code.")]


class RowAltered(Shape):
    """A row before and after."""

    table: str
    id: UUID
    op: Op
    before: Annotated[JsonObject | None, Field(description="Its columns, as far as they were altered.")]
    after: Annotated[JsonObject | None, Field(description="The same columns.")]


class EntryWithRows(Shape):
    """An entry, its hash and the rows that it altered."""

    entry: AuditEntry
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    rows: list[RowAltered]


class Verification(Shape):
    """What came of recomputing the chain."""

    intact: bool
    entries: int
    last: Annotated[int, Field(description="Number of the last entry.")]
    hash: str
    checkpoints: Annotated[int, Field(description="Signed checkpoints that were compared.")]
    findings: Annotated[list[Finding], Field(description="In order; the first is the first broken link.")]
    notes: list[str]


class Webhook(Shape):
    """Where events are sent; never its secret."""

    id: UUID
    tenant: Code
    url: str
    actions: Annotated[list[str], Field(description="Prefixes of actions; none: all.")]
    active: bool
    created_at: Time
    version: Version
    delivered: int
    waiting: int
    dead: Annotated[int, Field(description="Deliveries that were given up.")]
    last_answer: str | None


class WebhookAdded(Shape):
    """A webhook that was added."""

    id: UUID
    url: str
    actions: list[str]
    secret: Annotated[str, ABSENT, Field(description="Signs what is sent. Here and nowhere again.")]


class Delivery(Shape):
    """An event that was sent or is to be sent."""

    id: UUID
    seq: int
    attempts: int
    due_at: Time
    done_at: Time | None
    dead_at: Time | None
    answer: Annotated[str | None, Field(description="What the receiver said last.")]


class Redelivered(Shape):
    """What is sent again."""

    deliveries: int
