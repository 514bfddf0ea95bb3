"""When a figure reaches its capacity, and when nothing can be said of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.figures import LEAST_DAYS, Point, course

TODAY = date(2026, 11, 30)


def past(*values: float) -> list[Point]:
    """A value a day, the last one today's."""
    return [Point(TODAY - timedelta(days=len(values) - 1 - place), value) for place, value in enumerate(values)]


def test_a_steady_rise_gives_the_day_on_which_it_is_full() -> None:
    found = course(past(*range(10, 31)), 40, TODAY)  # 30 today, one more a day
    assert (found.outlook, found.on) == ("dated", TODAY + timedelta(days=10))
    assert found.per_day == pytest.approx(1)
    assert found.fit == pytest.approx(1)
    assert (found.days, found.points) == (20, 21)


def test_a_short_past_gives_no_date() -> None:
    found = course(past(*range(LEAST_DAYS)), 1000, TODAY)
    assert (found.outlook, found.on, found.per_day) == ("too-little-history", None, None)
    assert found.days == LEAST_DAYS - 1


def test_two_days_far_apart_are_no_past() -> None:
    far = [Point(TODAY - timedelta(days=60), 1), Point(TODAY, 9)]
    assert course(far, 10, TODAY).outlook == "too-little-history"


@pytest.mark.parametrize(
    ("values", "capacity", "outlook"),
    [
        ([5.0] * 30, 10, "steady"),
        (list(range(30, 0, -1)), 100, "steady"),
        ([1.0, 9.0] * 10, 10, "unsteady"),
        ([100 + n / 100 for n in range(30)], 1e6, "far"),
        (list(range(30)), None, "no-capacity"),
        (list(range(30)), 29, "full"),
        ([], 10, "too-little-history"),
        ([3.0], 2, "full"),
    ],
)
def test_what_has_no_date_says_why(values: list[float], capacity: float | None, outlook: str) -> None:
    assert course(past(*values), capacity, TODAY).outlook == outlook


@given(
    st.lists(st.floats(0, 1e12, allow_nan=False), max_size=100),
    st.none() | st.floats(0, 1e12, allow_nan=False),
)
def test_every_past_has_an_outlook_and_a_date_only_ahead(values: list[float], capacity: float | None) -> None:
    found = course(past(*values), capacity, TODAY)
    assert (found.on is not None) == (found.outlook in {"dated", "full"})
    assert found.on is None or TODAY <= found.on <= TODAY + timedelta(days=3650)
