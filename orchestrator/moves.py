"""Every move of a Change from one state to another: one guarded UPDATE, with its audit and event entries beside it.

Nobody else writes ``change.state``. The engine moves Changes for people, the runner for runs; both in the transaction
of whatever the move is about, so state, effect and audit are all there or none is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, text

from core.journal.record import Kind, record
from orchestrator.errors import ChangeEnded, ChangeNotFound, MoveRefused
from orchestrator.states import ENDED, TRANSITIONS, State

__all__ = ["APPROVED_CHANNEL", "Moved", "announce", "move"]


@dataclass(frozen=True, slots=True)
class Moved:
    """A Change after a move."""

    change_id: UUID
    tenant_id: UUID
    kind: str
    title: str
    before: State
    state: State
    waiting_for: tuple[str, ...]
    plan_hash: str
    version: int


APPROVED_CHANNEL: Final = "irisplane_approved"
"""Where the database tells workers, at the commit, that a Change may run."""

_COLUMNS: Final[frozenset[str]] = frozenset(
    {
        "batch", "decision", "emergency_due", "epoch", "executor", "expires_at", "not_before", "plan", "plan_hash",
        "title",
    }
)  # fmt: skip
"""What a caller may set beside the state."""

_JSON: Final = frozenset({"plan"})


def move(
    tx: Connection,
    change_id: UUID,
    to: State,
    *,
    action: str | None = None,
    waiting_for: Collection[str] = (),
    columns: Mapping[str, Any] | None = None,
    outcome: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
    expected_version: int | None = None,
    expected_epoch: int | None = None,
) -> Moved:
    """Move a Change to a state, if the table of transitions and the expectations allow it.

    ``started_at`` is set by the first move to ``running``, ``finished_at`` by a move that ends the Change. Moving to
    the state it is in already is refused, except ``waiting`` (its list of people gets shorter, or its plan is new).

    Args:
        action: journal action; ``change.<state>`` when absent.
        waiting_for: roles that are still asked, or ``schedule``, ``window``, ``locks``.
        columns: further columns of ``change`` to set (``epoch``, ``executor``, ``batch``, ``decision`` …).
        outcome: keys merged into ``change.outcome``; JSON values, never a secret.
        body: further facts for the journal; JSON values, never a secret.
        expected_version: refuse when the row has another version.
        expected_epoch: refuse when another run owns the Change by now.
    Raises:
        ChangeNotFound: no such Change in this scope.
        ChangeEnded: it has ended.
        MoveRefused: no such move from where it is, or an expectation does not hold.
    """
    extra = dict(columns or {})
    unknown = extra.keys() - _COLUMNS
    if unknown:
        raise ValueError(f"move() does not set {sorted(unknown)}")
    sets = [f"{name} = cast(:{name} as jsonb)" if name in _JSON else f"{name} = :{name}" for name in sorted(extra)]
    values = {
        name: _json(value) if name in _JSON and not isinstance(value, str) else value for name, value in extra.items()
    }
    if to is State.RUNNING:
        sets.append("started_at = coalesce(started_at, now())")
    if to in ENDED:
        sets.append("finished_at = now()")
    if outcome:
        sets.append("outcome = outcome || cast(:outcome as jsonb)")
        values["outcome"] = _json(outcome)
    sources = [state for state, targets in TRANSITIONS.items() if to in targets]
    if to is State.WAITING:
        sources.append(State.WAITING)
    guards = ""
    if expected_version is not None:
        guards += " and version = :expected_version"
        values["expected_version"] = expected_version
    if expected_epoch is not None:
        guards += " and epoch = :expected_epoch"
        values["expected_epoch"] = expected_epoch
    row = tx.execute(
        text(
            "update change set state = :state, waiting_for = :waiting_for, version = version + 1"  # noqa: S608 - names come from _COLUMNS
            + "".join(f", {part}" for part in sets)
            + f" where id = :id and state = any(:sources){guards}"
            " returning tenant_id, kind, title, old.state as before, state, waiting_for, plan_hash, version"
        ),
        {
            **values,
            "id": change_id,
            "state": to.value,
            "waiting_for": list(waiting_for),
            "sources": [s.value for s in sources],
        },
    ).one_or_none()
    if row is None:
        raise _refusal(tx, change_id, to, expected_version, expected_epoch)
    moved = Moved(
        change_id=change_id,
        tenant_id=row.tenant_id,
        kind=row.kind,
        title=row.title,
        before=State(row.before),
        state=to,
        waiting_for=tuple(row.waiting_for),
        plan_hash=row.plan_hash,
        version=row.version,
    )
    if to is State.APPROVED:
        tx.execute(text("select pg_notify(:channel, '')"), {"channel": APPROVED_CHANNEL})
    announce(tx, moved, action or f"change.{to.value}", body=body)
    return moved


def announce(tx: Connection, moved: Moved, action: str, *, body: Mapping[str, Any] | None = None) -> None:
    """Write the audit and event entries of a move; the sequencer numbers them after the commit."""
    facts = {
        "kind": moved.kind,
        "title": moved.title,
        **({"before": moved.before.value} if moved.before is not moved.state else {}),
        "state": moved.state.value,
        "waiting_for": list(moved.waiting_for),
        "plan_hash": moved.plan_hash,
        **{key: value for key, value in (body or {}).items() if value is not None},
    }
    kinds: tuple[Kind, ...] = ("audit", "event")
    for kind in kinds:
        record(tx, kind, action, "change", str(moved.change_id), body=facts, tenant_id=moved.tenant_id)


def _refusal(
    tx: Connection, change_id: UUID, to: State, expected_version: int | None, expected_epoch: int | None
) -> ChangeNotFound | ChangeEnded | MoveRefused:
    row = tx.execute(text("select state, version, epoch from change where id = :id"), {"id": change_id}).one_or_none()
    if row is None:
        return ChangeNotFound(f"There is no change {change_id}.", change_id=str(change_id))
    state = State(row.state)
    if state in ENDED:
        return ChangeEnded(f"The change has ended: {state}.", change_id=str(change_id), state=state.value)
    if expected_epoch is not None and row.epoch != expected_epoch:
        sentence = f"Another run (epoch {row.epoch}) owns the change; this one had epoch {expected_epoch}."
    elif expected_version is not None and row.version != expected_version:
        sentence = f"The change has version {row.version}, not {expected_version}."
    else:
        sentence = f"A change that is {state} cannot become {to}."
    return MoveRefused(sentence, change_id=str(change_id), state=state.value, to=to.value)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
