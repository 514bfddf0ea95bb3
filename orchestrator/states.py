"""The state machine of a Change: one table. The picture in docs/ is drawn from it.

People wait in rows, not in workflows: every state here is a value of ``change.state``, moved by one guarded UPDATE.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Final

__all__ = ["ENDED", "MEANING", "TRANSITIONS", "State", "may_move", "picture"]


class State(StrEnum):
    """Where a Change is in its life."""

    WAITING = "waiting"
    APPROVED = "approved"
    RUNNING = "running"
    ROLLING_BACK = "rolling_back"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    STALE = "stale"


MEANING: Final[dict[State, str]] = {
    State.WAITING: "Planned and frozen; waits for the people named in waiting_for.",
    State.APPROVED: "Every approval is there; runs as soon as its schedule, windows and freezes allow.",
    State.RUNNING: "A worker carries it out, batch by batch.",
    State.ROLLING_BACK: "Something failed or it was cancelled while running; what was done is being taken back.",
    State.SUCCEEDED: "Done, verified and confirmed everywhere.",
    State.FAILED: "It did not go through, and nothing was altered, or what was altered was kept as its options say.",
    State.ROLLED_BACK: "It did not go through, and every target is as it was before.",
    State.UNKNOWN: "At least one target cannot be seen; its step says which and why. Never shown as good.",
    State.REJECTED: "A person whose approval was needed said no.",
    State.CANCELLED: "Taken back before it ran.",
    State.EXPIRED: "Nobody approved it in time, or its approvals lapsed.",
    State.STALE: "What the plan read has changed since; plan again.",
}

TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.WAITING: frozenset({State.APPROVED, State.REJECTED, State.CANCELLED, State.EXPIRED, State.STALE}),
    State.APPROVED: frozenset(
        {State.RUNNING, State.WAITING, State.REJECTED, State.CANCELLED, State.EXPIRED, State.STALE, State.FAILED}
    ),
    State.RUNNING: frozenset(
        {State.SUCCEEDED, State.FAILED, State.ROLLED_BACK, State.UNKNOWN, State.ROLLING_BACK, State.STALE}
    ),
    State.ROLLING_BACK: frozenset({State.ROLLED_BACK, State.UNKNOWN, State.FAILED}),
}
"""From where one may move where. A state that is not a key has ended."""

ENDED: Final[frozenset[State]] = frozenset(State) - TRANSITIONS.keys()


def may_move(current: State, to: State) -> bool:
    """Whether the table allows this move."""
    return to in TRANSITIONS.get(current, frozenset())


def picture() -> str:
    """The table as a Mermaid state diagram, with the meaning of each state: what ``docs/changes.md`` shows."""
    lines = ["stateDiagram-v2", "    [*] --> waiting: submit", "    [*] --> approved: submit, nobody is asked"]
    lines.append("    [*] --> succeeded: submit, carried out inline")
    lines += [f"    {state} --> {to}" for state, targets in TRANSITIONS.items() for to in State if to in targets]
    lines += [f"    {state} --> [*]" for state in State if state in ENDED]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(picture())
