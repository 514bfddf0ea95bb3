"""Changes as they are answered: in lists, one with its plan and steps, and as the answer to who asked for one."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field

from api.shapes import ABSENT, Code, Handle, JsonObject, Responses, Shape, Time, Version, answers
from orchestrator.commands import Op
from orchestrator.plan import ApprovalNeed, Impact, Options, Target
from orchestrator.states import State

__all__ = [
    "Asked",
    "Change",
    "ChangeInList",
    "Entry",
    "EntryKind",
    "ErrorTold",
    "FrozenPlan",
    "Kind",
    "Ordered",
    "Outcome",
    "PlanHash",
    "PlanPreview",
    "StateMeaning",
    "Step",
    "WaitingFor",
    "done",
    "goes_on",
]

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
PlanHash = Annotated[Sha256, Field(description="Of the plan; an approval names it.")]
WaitingFor = Annotated[
    list[str], Field(description="Roles that are asked, one entry for each person; or `schedule`, `window`, `locks`.")
]
Outcome = Annotated[JsonObject, Field(description="How it went; which fields there are depends on the kind.")]
EmergencyDue = Annotated[Time | None, Field(description="Until when the second look at an emergency is due.")]
EntryKind = Literal["log", "audit", "event"]
StepState = Literal[
    "pending", "preparing", "prepared", "applying", "applied", "verifying", "verified", "confirming", "confirmed",
    "undoing", "undone", "failed", "skipped", "unknown",
]  # fmt: skip


class ErrorTold(Shape):
    """An error that is kept with what it stopped."""

    code: str
    title: str
    message: str
    hint: str
    pointer: Annotated[str, ABSENT]
    fields: Annotated[JsonObject, ABSENT]


class _Asked(Shape):
    """What lists and answers to requests have in common."""

    id: UUID
    kind: str
    title: str
    state: State
    waiting_for: WaitingFor
    plan_hash: PlanHash
    reason: str
    emergency: bool
    emergency_due: EmergencyDue
    not_before: Time | None
    expires_at: Time
    undo_of: Annotated[UUID | None, Field(description="The change that this one takes back.")]
    finished_at: Time | None
    cancel_asked: bool
    outcome: Outcome
    version: Version


class Asked(_Asked):
    """A change, as who asked for it or decided on it gets it."""


class ChangeInList(_Asked):
    """A change, without its plan."""

    tenant: Code
    requested_by: Handle
    requested_at: Time
    batch: Annotated[int, Field(ge=0, description="The batch that runs, or ran last; 0 before the first.")]
    started_at: Time | None


class _Plan(Shape):
    kind: str
    intent: Annotated[JsonObject, Field(description="What was asked for, in the shape that `/api/v1/kinds` gives.")]
    summary: str
    targets: list[Target]
    batches: Annotated[list[list[str]], Field(description="Ids of targets, in the order of running.")]
    impact: Impact
    options: Options
    approvals: list[ApprovalNeed]
    timer: Annotated[int, Field(description="Seconds until a device takes back what nobody confirmed.")]
    cost: Annotated[JsonObject, Field(description="`price` and `energy` of an order; empty for what costs nothing.")]
    facts: Annotated[JsonObject, Field(description="What policy looked at; which there are depends on the kind.")]
    undo_note: Annotated[str, Field(description="How this is taken back.")]
    undo_of: UUID | None


class FrozenPlan(_Plan):
    """A plan, whole: its canonical form has the hash that people approve."""

    commands: Annotated[list[JsonObject], Field(description="Writes, with ids and times already chosen.")]


class CommandCount(Shape):
    """A write of a plan, its rows counted."""

    op: Op
    table: str
    rows: int


class OutlinedPlan(_Plan):
    """A plan whose commands are counted: `/api/v1/changes/{change_id}/plan` has them whole."""

    commands: list[CommandCount]


class Step(Shape):
    """What was done on one target."""

    ordinal: int
    batch: int
    target_id: str
    target: str
    state: StepState
    error: ErrorTold | None
    notes: Annotated[JsonObject | None, Field(description="A sentence for each phase that has something to say.")]
    started_at: Time | None
    finished_at: Time | None


class Approval(Shape):
    """A person's yes or no to a plan."""

    id: UUID
    role: str
    decision: Literal["approve", "reject"]
    decided_by: Handle
    on_behalf_of: Annotated[str | None, Field(description="Handle of who was away.")]
    reason: str
    plan_hash: PlanHash
    decided_at: Time
    lapses_at: Time
    lapsed: bool
    of_old_plan: bool


class Undoing(Shape):
    """A change that takes another back."""

    id: UUID
    state: State


class Change(ChangeInList):
    """A change with its plan, steps and approvals."""

    plan: OutlinedPlan
    steps: list[Step]
    approvals: list[Approval]
    cancel_by: Annotated[str | None, Field(description="Handle of who asked to stop it.")]
    cancel_reason: str | None
    decision: Annotated[Literal["confirm", "rollback"] | None, Field(description="What is to become of a running one.")]
    executor: Annotated[str | None, Field(description="The worker that carries it out, or did.")]
    undone_by: list[Undoing]


class PlanPreview(Shape):
    """The plan that a request would get, and its hash."""

    plan: FrozenPlan
    hash: Sha256


class StateMeaning(Shape):
    """A state of a change."""

    state: State
    meaning: str
    ended: bool


class Kind(Shape):
    """A kind of change."""

    name: str
    title: str
    intent: Annotated[JsonObject, Field(description="JSON schema of its `intent`.")]


class Entry(Shape):
    """An entry of the journal, as it stands in a change's story."""

    id: UUID
    seq: Annotated[int | None, Field(description="Its number in the chain; null for a moment after it was written.")]
    at: Time
    kind: EntryKind
    actor: Annotated[str | None, Field(description="Handle.")]
    action: str
    subject_type: str
    subject_id: str
    reason: str
    request_id: str
    body: Annotated[Any, Field(description="What happened; which fields there are depends on `action`.")]


_AGAIN: Final = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
_GOES_ON: Final = "A change that goes on: follow `Location`."


def goes_on(shape: type[Shape] = Asked, status: int = 202, description: str = _GOES_ON) -> Responses:
    """Of an endpoint whose change may need approval: 202, or what it is read with, telling when to look again."""
    return {status: {**answers(shape, status, description)[status], "headers": _AGAIN}}


def done(shape: type[Shape] = Asked, status: int = 201) -> Responses:
    """Of an endpoint whose change may be carried out on the spot, or go on."""
    return answers(shape, status, "A change that was carried out on the spot.") | goes_on(shape)


class Resource(Shape):
    """What an order is about, and where that is read."""

    type: str
    id: UUID
    href: str
    name: Annotated[str, ABSENT]


class Ordered(Asked):
    """A change of hosting, with what it is about."""

    resource: Annotated[Resource, ABSENT]
