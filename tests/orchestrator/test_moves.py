"""The state machine: what the table allows happens, everything else is refused, and the picture shows the table."""

from __future__ import annotations

import threading
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from core.errors import IrisplaneError
from orchestrator import moves
from orchestrator.errors import ChangeEnded, ChangeNotFound, MoveRefused
from orchestrator.states import ENDED, MEANING, TRANSITIONS, State, may_move, picture
from tests.orchestrator.conftest import SYSTEM, Stage

DOCS = Path(__file__).parents[2] / "docs" / "changes.md"


def test_every_state_has_a_meaning_and_every_end_is_an_end() -> None:
    assert set(MEANING) == set(State)
    assert (
        frozenset({"succeeded", "failed", "rolled_back", "unknown", "rejected", "cancelled", "expired", "stale"})
        == ENDED
    )
    assert all(to in State for targets in TRANSITIONS.values() for to in targets)


def test_the_picture_in_the_docs_is_drawn_from_the_table() -> None:
    assert f"```mermaid\n{picture()}```" in DOCS.read_text(encoding="utf-8"), "run: python -m orchestrator.states"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wishes=st.lists(st.sampled_from(sorted(State)), max_size=8))
def test_any_walk_of_moves_follows_the_table(stage: Stage, wishes: list[State]) -> None:
    change = stage.push()
    state, version = State.WAITING, 1
    for wish in wishes:
        allowed = may_move(state, wish) or (state is wish is State.WAITING)
        with stage.database.transaction("worker", SYSTEM) as tx:
            if allowed:
                moved = moves.move(tx, change.id, wish)
                assert (moved.before, moved.state, moved.version) == (state, wish, version + 1)
                state, version = wish, version + 1
            else:
                with pytest.raises(ChangeEnded if state in ENDED else MoveRefused):
                    moves.move(tx, change.id, wish)
    [row] = stage.sql("select state, version, finished_at is not null as over from change where id = :id", id=change.id)
    assert (row.state, row.version, row.over) == (state, version, state in ENDED)
    written = stage.sql(
        "select kind, count(*) as n from journal where subject_id = :id group by kind", id=str(change.id)
    )
    assert {r.kind: r.n for r in written} == {"audit": version, "event": version}


def test_a_move_expects_the_version_and_the_epoch_it_was_told(stage: Stage) -> None:
    change = stage.approve("lea", stage.push())
    with stage.database.transaction("worker", SYSTEM) as tx:
        with pytest.raises(MoveRefused, match="version"):
            moves.move(tx, change.id, State.RUNNING, expected_version=change.version - 1)
        moves.move(tx, change.id, State.RUNNING, expected_version=change.version, columns={"epoch": 7, "executor": "a"})
        with pytest.raises(MoveRefused, match="epoch 7"):
            moves.move(tx, change.id, State.SUCCEEDED, expected_epoch=6)
        moves.move(tx, change.id, State.SUCCEEDED, expected_epoch=7, outcome={"note": "fine"})
    [row] = stage.sql("select outcome, started_at, finished_at from change")
    assert row.outcome == {"note": "fine"}
    assert row.started_at is not None


def test_a_change_that_is_not_there_is_not_moved(stage: Stage) -> None:
    with stage.database.transaction("worker", SYSTEM) as tx, pytest.raises(ChangeNotFound):
        moves.move(tx, uuid4(), State.RUNNING)


def test_of_two_that_move_at_once_one_wins(stage: Stage) -> None:
    change = stage.approve("lea", stage.push())
    won: list[State] = []
    start = threading.Barrier(8)

    def move(to: State) -> None:
        start.wait()
        try:
            with stage.database.transaction("worker", SYSTEM) as tx:
                moves.move(tx, change.id, to)
        except IrisplaneError:
            return
        won.append(to)

    wishes = [State.RUNNING, State.CANCELLED] * 4
    threads = [threading.Thread(target=move, args=(wish,)) for wish in wishes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert stage.sql("select state from change")[0].state == won[0]


def test_a_move_that_fails_leaves_neither_state_nor_audit(stage: Stage) -> None:
    change = stage.push()

    def attempt(tx: Connection) -> None:
        moves.move(tx, change.id, State.CANCELLED)
        raise RuntimeError

    with pytest.raises(RuntimeError), stage.database.transaction("worker", SYSTEM) as tx:
        attempt(tx)
    assert stage.sql("select state from change")[0].state == "waiting"
    assert stage.sql("select count(*) from journal where action = 'change.cancelled'")[0][0] == 0
