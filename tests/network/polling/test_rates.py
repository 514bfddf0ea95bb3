"""What happened between two looks: never a negative figure, never one that the line cannot carry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.polling.rates import Reading, rate, restarted

GIGABIT = 125_000_000.0  # octets per second
_MAX32 = 2**32


def _pair(
    before: int | None, now: int | None, *, seconds: float = 30.0, bits: int = 64, up: tuple[int, int] | None = None
) -> tuple[Reading, Reading]:
    first, second = up or (100_000, 100_000 + int(100 * seconds))
    return Reading(before, 1000.0, first, bits), Reading(now, 1000.0 + seconds, second, bits)


def test_a_plain_rate_is_the_difference_over_the_time() -> None:
    assert rate(*_pair(1000, 4000, seconds=30)) == 100.0


def test_a_counter_that_stands_still_is_zero_not_unknown() -> None:
    assert rate(*_pair(5, 5)) == 0.0


def test_a_64_bit_counter_that_fell_was_reset_and_is_unknown() -> None:
    assert rate(*_pair(4000, 10), ceiling=GIGABIT) is None


def test_a_restarted_agent_is_unknown_even_where_its_counter_rose() -> None:
    assert rate(*_pair(10, 4000, up=(500_000, 900)), ceiling=GIGABIT) is None
    assert rate(*_pair(_MAX32 - 10, 10, bits=32, up=(500_000, 900)), ceiling=GIGABIT / 10) is None


def test_a_32_bit_counter_that_went_round_once_goes_on() -> None:
    slow = GIGABIT / 10
    assert rate(*_pair(_MAX32 - 1000, 2000, seconds=30, bits=32), ceiling=slow) == 100.0


def test_a_32_bit_counter_on_a_fast_line_is_unknown_it_may_have_gone_round_twice() -> None:
    assert rate(*_pair(1000, 4000, seconds=60, bits=32), ceiling=GIGABIT) is None


def test_a_32_bit_counter_that_fell_on_a_line_of_unknown_speed_is_unknown() -> None:
    assert rate(*_pair(_MAX32 - 1000, 2000, bits=32)) is None


def test_more_than_the_line_carries_is_unknown() -> None:
    assert rate(*_pair(0, 10**12), ceiling=GIGABIT) is None


@pytest.mark.parametrize(("before", "now"), [(None, 5), (5, None), (None, None)])
def test_what_an_agent_does_not_tell_has_no_rate(before: int | None, now: int | None) -> None:
    assert rate(*_pair(before, now)) is None


def test_two_looks_at_the_same_moment_have_no_rate() -> None:
    assert rate(*_pair(1, 2, seconds=0)) is None


def test_counters_of_different_width_are_not_compared() -> None:
    assert rate(Reading(1, 0.0, 0, 32), Reading(2, 30.0, 3000, 64)) is None


def test_an_uptime_that_began_anew_after_497_days_is_no_restart() -> None:
    assert not restarted(Reading(1, 0.0, _MAX32 - 1000), Reading(2, 30.0, 2000))


def test_a_restart_between_two_looks_is_seen_by_the_uptime() -> None:
    assert restarted(Reading(1, 0.0, 10_000), Reading(2, 30.0, 500))
    assert not restarted(Reading(1, 0.0, 10_000), Reading(2, 30.0, 13_000))
    assert not restarted(Reading(1, 0.0, None), Reading(2, 30.0, 500))


@given(
    before=st.integers(0, 2**64 - 1), now=st.integers(0, 2**64 - 1), seconds=st.floats(0.5, 4000),
    bits=st.sampled_from((32, 64)), ceiling=st.one_of(st.none(), st.floats(1e3, 1e11)),
    up=st.one_of(st.none(), st.tuples(st.integers(0, _MAX32 - 1), st.integers(0, _MAX32 - 1))),
)  # fmt: skip
def test_a_rate_is_never_below_zero_and_never_above_what_the_line_carries(
    before: int, now: int, seconds: float, bits: int, ceiling: float | None, up: tuple[int, int] | None
) -> None:
    if bits == 32:
        before, now = before % _MAX32, now % _MAX32
    found = rate(*_pair(before, now, seconds=seconds, bits=bits, up=up), ceiling=ceiling)
    assert found is None or found >= 0
    assert found is None or ceiling is None or found <= ceiling * 1.2


@given(start=st.integers(0, _MAX32 - 1), more=st.integers(0, 10**8), seconds=st.floats(20, 40))
def test_a_32_bit_counter_gives_the_true_rate_wherever_it_began(start: int, more: int, seconds: float) -> None:
    found = rate(*_pair(start, (start + more) % _MAX32, seconds=seconds, bits=32), ceiling=GIGABIT / 10)
    if more / seconds <= GIGABIT / 10:
        assert found == pytest.approx(more / seconds)
