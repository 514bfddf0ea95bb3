"""What becomes of an approved Change that the gate does not let run: it ends, or goes back to the people."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection

from orchestrator import moves
from orchestrator.policy import Decision
from orchestrator.states import State

__all__ = ["ask_again", "turn_away"]


def turn_away(tx: Connection, change_id: UUID, decision: Decision) -> State:
    """Move the Change to where the gate's answer leaves it; gives that state.

    What no approval can lift ends it; whoever's approval is missing (any more) is asked again.
    """
    body = {"rules": list(decision.rules), "why": list(decision.texts)}
    if "cancelled" in decision.rules:
        return moves.move(tx, change_id, State.CANCELLED, body=body).state
    if decision.final:
        outcome = {"summary": " ".join(decision.texts)}
        return moves.move(tx, change_id, State.REJECTED, body=body, outcome=outcome).state
    return ask_again(tx, change_id, decision)


def ask_again(tx: Connection, change_id: UUID, decision: Decision) -> State:
    """Back to the people: approvals are asked for that are not there (any more)."""
    roles = [need.role for need in decision.needs]
    body = {"rules": list(decision.rules)}
    return moves.move(
        tx, change_id, State.WAITING, action="change.approvals_missing", waiting_for=roles, body=body
    ).state
