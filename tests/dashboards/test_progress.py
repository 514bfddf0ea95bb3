"""Batches of a run in a few lines, however many there are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboards.progress import Line, in_order, lines
from dashboards.terms import STEPS

_STATES = ("pending", "preparing", "applying", "confirmed", "failed", "undone", "skipped", "unknown")


def _batches(*counts: dict[str, int]) -> list[dict[str, object]]:
    return [{"batch": number, "counts": one} for number, one in enumerate(counts)]


def test_what_ended_and_what_is_to_come_stand_together_and_what_runs_alone() -> None:
    ended, now, later = {"confirmed": 19, "failed": 1}, {"applying": 20}, {"pending": 20}
    assert lines(_batches(ended, ended, now, {"confirmed": 1, "pending": 19}, later, later, later)) == [
        Line(0, 1, {"confirmed": 38, "failed": 2}, "ended"),
        Line(2, 2, {"applying": 20}, "now"),
        Line(3, 3, {"confirmed": 1, "pending": 19}, "now"),
        Line(4, 6, {"pending": 60}, "pending"),
    ]
    assert lines([]) == []


def test_every_state_of_a_step_has_its_place() -> None:
    assert in_order(dict.fromkeys((*STEPS, "failed", "unknown"), 1)).keys() == {*STEPS, "failed", "unknown"}


@given(
    st.lists(st.dictionaries(st.sampled_from(_STATES), st.integers(min_value=1, max_value=50), min_size=1), max_size=60)
)
def test_no_step_is_lost_and_none_counted_twice(counts: list[dict[str, int]]) -> None:
    found = lines(_batches(*counts))
    assert [number for line in found for number in range(line.first, line.last + 1)] == list(range(len(counts)))
    for state in _STATES:
        assert sum(line.counts.get(state, 0) for line in found) == sum(one.get(state, 0) for one in counts)
    assert all(list(line.counts) == list(in_order(line.counts)) for line in found)
    assert all(0 <= line.done <= line.all for line in found)
