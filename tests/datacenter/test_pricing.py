"""Prices are exact: quarter-hours, months with their real length, estimates in integers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacenter.energy.estimate import Load, Range, estimator
from datacenter.hosting.catalogue.offered import OfferingOffer, PlanOffer
from datacenter.hosting.pricing import (
    QUARTER,
    Cost,
    month_of,
    of_offering,
    of_plan,
    quarter_of,
    quarters_between,
    quarters_of_month,
)

NOBODY = UUID(int=0)


def _plan(amount: int, vcpus: int = 1) -> PlanOffer:
    return PlanOffer(NOBODY, NOBODY, "server", "small", "SCS-1V-2-10", vcpus, 2048, 10, amount)


@pytest.mark.parametrize(
    ("year", "month", "quarters"),
    [(2026, 2, 2688), (2028, 2, 2784), (2026, 3, 2972), (2026, 4, 2880), (2026, 10, 2980), (2026, 12, 2976)],
)
def test_a_month_has_its_real_quarter_hours(year: int, month: int, quarters: int) -> None:
    assert quarters_of_month(year, month) == quarters


def test_the_days_on_which_the_clock_alters_have_92_and_100_quarter_hours() -> None:
    assert month_of(2026, 3) == (datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC))
    spring = quarters_between(datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))
    autumn = quarters_between(datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC))
    assert (spring, autumn) == (92, 100)


@given(st.integers(2000, 2099))
def test_the_months_of_a_year_follow_each_other_without_hole(year: int) -> None:
    months = [month_of(year, month) for month in range(1, 13)] + [month_of(year + 1, 1)]
    assert all(left[1] == right[0] for left, right in pairwise(months))
    assert sum(quarters_of_month(year, month) for month in range(1, 13)) in {365 * 96, 366 * 96}


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds
def test_a_moment_lies_in_its_quarter_hour(moment: datetime) -> None:
    begins = quarter_of(moment)
    assert begins <= moment < begins + QUARTER
    assert begins.minute % 15 == 0
    assert quarter_of(begins) == begins
    assert quarter_of(begins - timedelta(microseconds=1)) == begins - QUARTER


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**9)), min_size=1, max_size=20))
def test_the_cost_of_an_order_is_the_sum_of_its_lines(parts: list[tuple[int, int]]) -> None:
    lines = [of_offering(OfferingOffer(NOBODY, "volume", "volume", "gib", each), units) for units, each in parts]
    cost = Cost(tuple(lines))
    shown = cost.as_json()["price"]
    assert cost.quarter == sum(units * each for units, each in parts)
    assert (
        int(shown["month_micro_eur"]) == 2920 * cost.quarter == sum(int(x["month_micro_eur"]) for x in shown["lines"])
    )
    assert int(shown["hour_micro_eur"]) == 4 * cost.quarter


def test_a_resize_costs_the_difference() -> None:
    cost = Cost((of_plan(_plan(2400, 1)),), vcpus=1, before=(of_plan(_plan(9600, 4)),), vcpus_before=4)
    assert cost.quarter == -7200
    energy = cost.as_json()["energy"]
    assert energy["kwh_month"]["mid"].startswith("-")
    assert energy["micro_wh_month"]["mid"] == str(
        estimator().estimate(Load(1, 2920)).micro_wh.mid - estimator().estimate(Load(4, 2920)).micro_wh.mid
    )


def test_what_has_no_processors_has_no_estimate() -> None:
    assert Cost((of_offering(OfferingOffer(NOBODY, "ip", "floating-ip", "address", 685)),)).as_json()["energy"] is None


@given(st.integers(0, 1024), st.integers(0, 100_000))
def test_an_estimate_has_a_range_and_says_that_it_is_one(vcpus: int, quarters: int) -> None:
    found = estimator().estimate(Load(vcpus, quarters))
    for one in (found.micro_wh, found.micro_gco2e):
        assert 0 <= one.low <= one.mid <= one.high
    assert found.status == "ESTIMATED"
    assert "not measured" in found.basis


def test_an_estimate_can_be_worked_out_by_hand() -> None:
    """One vCPU, 730 h: (653 + 12 % of 2,232) mW x 1.58 x 730 h = 1.0621... kWh, x 180 g."""
    found = estimator().estimate(Load(1, 2920))
    assert found.micro_wh.mid == round(920.84 * 1.58 * 730 * 1000)
    assert found.as_json()["kwh_month"]["mid"] == "1.062096856"
    assert found.micro_gco2e.mid == round(1.062096856 * 180 * 1_000_000)


@given(st.integers(-(10**18), 10**18), st.integers(0, 9))
def test_decimals_lose_nothing(value: int, scale: int) -> None:
    shown = Range(value, value, value).as_text(scale)["mid"]
    whole, _, rest = shown.lstrip("-").partition(".")
    again = int(whole) * 10**scale + int((rest or "0").ljust(scale, "0")[: max(scale, 1)] if scale else 0)
    assert again == abs(value)
    assert shown.startswith("-") == (value < 0)
