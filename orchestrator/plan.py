"""The frozen Plan: what a person reads before saying yes, and exactly what runs afterwards.

A kind drafts (``Draft``); the engine orders the targets into batches, asks policy who must approve, and freezes the
whole as canonical JSON whose SHA-256 is the hash that people approve. Large texts (candidate configurations) stand in
the content-addressed ``blob`` table and are named by their digest, so the hash covers them too. No secret is ever in a
plan: texts hold placeholders, and values are filled in on the way to the device.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

__all__ = [
    "ApprovalNeed",
    "Draft",
    "Impact",
    "JsonObject",
    "Options",
    "Plan",
    "Target",
    "canonical_json",
    "digest_of",
]

JsonObject = Mapping[str, Any]


_ENCODER: Final = msgspec.json.Encoder(order="sorted", enc_hook=str)


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no white space: equal values give equal bytes (RFC 8785 in spirit, no floats used).

    Dataclasses are objects, tuples and sets are lists. Written by a C encoder, because a plan may hold thousands of
    rows.
    """
    return _ENCODER.encode(value).decode()


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that a Change alters: a device, a server, a link.

    Attributes:
        id: ``"<type>:<uuid>"``; the lock key. Locks are taken in the order of ids.
        name: for people.
        base: fingerprint of what the plan read on this target or block; another value at run time means *stale*.
        diff: the exact difference, redacted, for people.
        data: what the step needs, frozen with the plan (ids, digests; never secrets).
        facts: what grouping, policy and impact look at (role, site, tenant codes).
    """

    id: str
    name: str
    base: str
    diff: str
    data: JsonObject = field(default_factory=dict)
    facts: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Impact:
    """Who is affected if it goes wrong."""

    sites: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """How a Change runs.

    Attributes:
        atomic: one transaction over all targets: all commit or none.
        canary: targets in the first batch (0: no canary).
        share: percent of the rest in the second batch; what remains is the third.
        on_failure: ``rollback`` undoes every batch in reverse order; ``keep`` stops and leaves confirmed batches.
        timer: seconds until a device takes an unconfirmed commit back by itself; ``None``: the engine computes it.
        concurrency: targets spoken to at the same time.
    """

    atomic: bool = False
    canary: int = 1
    share: int = 25
    on_failure: Literal["rollback", "keep"] = "rollback"
    timer: int | None = None
    concurrency: int = 24


@dataclass(frozen=True, slots=True)
class ApprovalNeed:
    """An approval that policy asks for, with the rule that asks.

    Attributes:
        role: whose approval.
        rule: ``@id`` of the rule that asks.
        text: why, for the people who read the plan.
        due: ``before`` it runs, or ``after`` (the second look at an emergency).
    """

    role: str
    rule: str
    text: str
    due: Literal["before", "after"] = "before"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a kind says it would do; the engine makes a Plan of it.

    Attributes:
        summary: one sentence for lists.
        targets: what is altered; may be empty: then there is nothing to do.
        commands: inventory writes (ids, times, allocations already chosen), see ``orchestrator.commands``.
        blobs: large texts the targets refer to, by SHA-256 hex digest.
        facts: what policy may look at besides targets (``lines``, ``roles``, ``undo_within_hours``; of an order
            ``bounded`` (by a quota), ``vcpus``, ``money`` in micro-euros a month that it adds, ``data_class``); and
            ``timed``: false where no timer on the target takes an unconfirmed commit back.
        undo_note: how this is taken back.
    """

    summary: str
    targets: tuple[Target, ...] = ()
    commands: tuple[JsonObject, ...] = ()
    blobs: Mapping[str, str] = field(default_factory=dict)
    impact: Impact = Impact()
    facts: JsonObject = field(default_factory=dict)
    cost: JsonObject = field(default_factory=dict)
    undo_note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A frozen plan. ``batches`` hold target ids in the order of running."""

    kind: str
    intent: JsonObject
    summary: str
    targets: tuple[Target, ...]
    batches: tuple[tuple[str, ...], ...]
    commands: tuple[JsonObject, ...]
    impact: Impact
    options: Options
    approvals: tuple[ApprovalNeed, ...]
    timer: int
    cost: JsonObject
    facts: JsonObject
    undo_note: str
    undo_of: UUID | None = None

    def as_json(self) -> str:
        """The plan as canonical JSON: what is stored, and what the hash is taken over."""
        return canonical_json(self)

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON-able data."""
        data = msgspec.json.decode(self.as_json())
        assert isinstance(data, dict)
        return data

    @property
    def hash(self) -> str:
        """SHA-256 (hex) over the canonical JSON."""
        return digest_of(self.as_json())

    @classmethod
    def from_dict(cls, data: JsonObject) -> Plan:
        """A stored plan again: ``Plan.from_dict(plan.as_dict()).hash == plan.hash``."""
        return msgspec.convert(dict(data), cls)


def digest_of(text: str) -> str:
    """SHA-256 (hex) of a text: the hash of a plan, the name of a blob."""
    return hashlib.sha256(text.encode()).hexdigest()
