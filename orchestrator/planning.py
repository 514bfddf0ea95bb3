"""From an intent to a frozen Plan: the kind drafts, the engine orders batches, freezes and hashes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator
from sqlalchemy import Connection

from core.db import Database
from core.scope import Scope
from orchestrator import blobs
from orchestrator.errors import IntentRefused
from orchestrator.kinds import AnyKind, Surroundings
from orchestrator.plan import Draft, JsonObject, Options, Plan, Target
from orchestrator.policy import ChangeFacts, Policy, Requester

if TYPE_CHECKING:
    from core.identity import Principal

__all__ = ["ChangeRequest", "TransactionWorld", "batches_of", "freeze", "intent_of", "timer_for"]

_LIMITS: Final = (("canary", 0, 1000), ("share", 0, 100), ("timer", 10, 3600), ("concurrency", 1, 256))
"""What ``Options`` may say: name, least, most."""

_VERIFY_SECONDS: Final = 30
_SECONDS_PER_WAVE: Final = 10


class ChangeRequest(BaseModel):
    """What somebody asks for.

    Attributes:
        kind: name of a registered kind.
        intent: what the kind's own model takes.
        reason: why; never blank.
        options: how it runs; what is absent has the default of ``Options``.
        not_before: earliest start; ``None``: as soon as it may.
        emergency: a lead goes first; the second approval follows.
        tenant: whose change it is; ``None``: the requester's own tenant.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    intent: dict[str, Any] = Field(default_factory=dict)
    reason: str
    options: Options = Options()
    not_before: AwareDatetime | None = None
    emergency: bool = False
    tenant: UUID | None = None

    @field_validator("options")
    @classmethod
    def _sensible(cls, options: Options) -> Options:
        for name, low, high in _LIMITS:
            value = getattr(options, name)
            if value is not None and not low <= value <= high:
                raise ValueError(f"{name} lies between {low} and {high}")
        return options


@dataclass(frozen=True, slots=True)
class TransactionWorld:
    """What a plan reads: the transaction it will be stored in."""

    tx: Connection
    scope: Scope
    database: Database

    def read_blob(self, digest: str) -> str:
        """A text by its digest."""
        return blobs.read(self.tx, digest)

    def surroundings(self) -> Surroundings:
        """For kinds that look at equipment while they plan."""
        return Surroundings(self.database, self.scope)


def intent_of(kind: AnyKind, intent: Mapping[str, Any]) -> BaseModel:
    """The intent as the kind's model.

    Raises:
        IntentRefused: names the first wrong field by its pointer, and lists all.
    """
    try:
        model: BaseModel = kind.intent.model_validate(dict(intent))
    except ValidationError as error:
        problems = [
            {"pointer": "/intent" + "".join(f"/{part}" for part in problem["loc"]), "message": problem["msg"]}
            for problem in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        first = problems[0]
        raise IntentRefused(
            f"{first['pointer']}: {first['message']}", pointer=str(first["pointer"]), errors=problems
        ) from None
    return model


def freeze(
    kind: AnyKind,
    request: ChangeRequest,
    draft: Draft,
    person: Principal,
    rules: Policy,
    *,
    undo_of: UUID | None = None,
    recent_undo: bool = False,
) -> Plan:
    """The draft as a frozen plan, with the approvals that policy asks for."""
    options = request.options
    facts = facts_for(kind, request, draft, person, recent_undo=recent_undo)
    batches = tuple(tuple(wave) for wave in kind.waves(draft.targets, options)) or batches_of(draft.targets, options)
    idle = not draft.targets and not draft.commands
    return Plan(
        kind=kind.name,
        intent=request.intent,
        summary=draft.summary,
        targets=draft.targets,
        batches=batches,
        commands=draft.commands,
        impact=draft.impact,
        options=options,
        approvals=() if idle else rules.approvals_needed(facts, person),
        timer=options.timer or timer_for(options, batches, draft.facts),
        cost=draft.cost,
        facts={
            **draft.facts,
            "policy": msgspec.to_builtins(facts),
            "requester": msgspec.to_builtins(Requester.of(person)),
        },
        undo_note=draft.undo_note,
        undo_of=undo_of,
    )


def facts_for(
    kind: AnyKind, request: ChangeRequest, draft: Draft, person: Principal, *, recent_undo: bool = False
) -> ChangeFacts:
    """What policy may look at in this draft."""
    return ChangeFacts(
        kind=kind.name,
        tenant=str(request.tenant or person.tenant_id),
        requester=str(person.id),
        targets=len(draft.targets),
        roles=_gathered(draft.targets, "role"),
        sites=tuple(sorted({*draft.impact.sites, *_gathered(draft.targets, "site")})),
        tenants=tuple(sorted({*draft.impact.tenants, *_gathered(draft.targets, "tenant")})),
        tables=tuple(sorted({str(command["table"]) for command in draft.commands})),
        lines=int(draft.facts.get("lines", 0)),
        emergency=request.emergency,
        recent_undo=recent_undo,
        standing=str(draft.facts.get("standing", "")),
        bounded=bool(draft.facts.get("bounded", False)),
        vcpus=int(draft.facts.get("vcpus", 0)),
        money=int(draft.facts.get("money", 0)),
        data_class=str(draft.facts.get("data_class", "")),
    )


def batches_of(targets: tuple[Target, ...], options: Options) -> tuple[tuple[str, ...], ...]:
    """Target ids in the order of running: canary, a share of the rest, the rest. Atomic: all at once.

    The order within is the kind's own.
    """
    ids = [target.id for target in targets]
    if options.atomic or not ids:
        return (tuple(ids),) if ids else ()
    canary = min(max(options.canary, 0), len(ids))
    rest = len(ids) - canary
    share = math.ceil(rest * min(max(options.share, 0), 100) / 100)
    cuts = (ids[:canary], ids[canary : canary + share], ids[canary + share :])
    return tuple(tuple(part) for part in cuts if part)


def timer_for(options: Options, batches: tuple[tuple[str, ...], ...], facts: JsonObject) -> int:
    """Seconds of the dead-man timer: it covers commit, verify and confirm of the largest batch, and two leases.

    A kind that needs longer to verify says so in its draft's ``facts.verify_seconds``.
    """
    from core.settings import get_settings

    waves = math.ceil(max(map(len, batches), default=0) / max(options.concurrency, 1))
    verify = int(facts.get("verify_seconds", _VERIFY_SECONDS))
    return verify + 2 * _SECONDS_PER_WAVE * waves + math.ceil(2 * get_settings().lease_seconds)


def with_commands(draft: Draft, commands: tuple[JsonObject, ...]) -> Draft:
    """The draft with these commands after its own."""
    return replace(draft, commands=(*draft.commands, *commands))


def _gathered(targets: tuple[Target, ...], fact: str) -> tuple[str, ...]:
    """The distinct values of one fact; a target may hold one value or a list."""
    found: set[str] = set()
    for target in targets:
        value = target.facts.get(fact, target.facts.get(f"{fact}s", ()))
        found.update([str(value)] if isinstance(value, str) else map(str, value or ()))
    return tuple(sorted(found))
