"""What was held becomes usage by the quarter-hour and lines by the day: exact, once, whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from datacenter.hosting.metering.held import Held
from datacenter.hosting.pricing import QUARTER
from tests.datacenter.metering.conftest import (
    ADDRESS,
    SMALL,
    SMALL_OFF,
    VOLUME,
    Meters,
    Rolled,
    at,
    local_day,
)
from tests.inventory.conftest import SYSTEM

LAWS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_a_server_of_a_whole_day_is_one_line(meters: Meters) -> None:
    begins, ends = local_day(2026, 6, 2)
    assert meters.store([meters.server(begins - timedelta(days=3))], begins, ends) == 96
    (line,) = meters.charges()
    assert (line.quantity, line.seconds, line.quarter_micro_eur) == (96, 86400, SMALL)
    assert line.amount_micro_eur == 96 * SMALL
    assert str(line.booked) == "2026-06-01"
    assert line.tenant_id == meters.tenants["ixelles"]


def test_a_quarter_hour_counts_when_it_was_there_in_part_and_the_seconds_are_told(meters: Meters) -> None:
    meters.store([meters.server(at(10) + timedelta(minutes=14), at(10) + timedelta(minutes=31))], at(8), at(12))
    found = meters.sql("select quarter, quantity, seconds from usage order by quarter")
    assert [(row.quarter, row.quantity, row.seconds) for row in found] == [
        (at(10), 1, 60), (at(10.25), 1, 900), (at(10.5), 1, 60),
    ]  # fmt: skip


def test_what_ends_at_a_quarter_hour_does_not_count_in_the_next(meters: Meters) -> None:
    meters.store([meters.server(at(10), at(10.25))], at(8), at(12))
    assert [row.quarter for row in meters.sql("select quarter from usage")] == [at(10)]


def test_a_price_that_begins_within_a_day_splits_it_at_the_quarter(meters: Meters) -> None:
    change = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=3)
    meters.submit(
        "hosting.catalogue.import",
        offerings=[{"code": "volume", "kind": "volume", "name": {"fr": "V", "nl": "V", "en": "V"},
                    "prices": [{"component": "gib", "quarter_micro_eur": 1000, "from": str(change)}]}],
    )  # fmt: skip
    held = Held("volume", "v1", "cloud-uccle", "data", change - timedelta(days=9), quantity=7)
    begins, ends = change - 4 * QUARTER, change + 6 * QUARTER
    meters.store([held], begins, ends, "cinder")
    by_price: dict[int, int] = {}
    for line in meters.charges():
        by_price[line.quarter_micro_eur] = by_price.get(line.quarter_micro_eur, 0) + line.quantity
    assert by_price == {VOLUME: 4 * 7, 1000: 6 * 7}
    assert meters.amount() == 4 * 7 * VOLUME + 6 * 7 * 1000


@pytest.mark.parametrize(("month", "day", "quarters"), [(3, 29, 92), (10, 25, 100), (6, 2, 96)])
def test_days_have_the_quarter_hours_that_they_really_have(meters: Meters, month: int, day: int, quarters: int) -> None:
    begins, ends = local_day(2026, month, day)
    meters.store([meters.server(begins - timedelta(days=2))], begins - timedelta(days=1), ends + timedelta(hours=6))
    (line,) = [line for line in meters.charges() if (line.day.month, line.day.day) == (month, day)]
    assert (line.quantity, line.seconds) == (quarters, quarters * 900)


def test_a_month_of_brussels_ends_at_its_own_midnight(meters: Meters) -> None:
    midnight, _ = local_day(2026, 7, 1)
    meters.store([meters.server(midnight - timedelta(days=1))], midnight - 2 * QUARTER, midnight + 3 * QUARTER)
    assert [(str(line.booked), line.quantity) for line in meters.charges()] == [("2026-06-01", 2), ("2026-07-01", 3)]


def test_a_server_that_is_off_for_a_whole_quarter_hour_costs_less(meters: Meters) -> None:
    off = ((at(10) + timedelta(minutes=5), at(11) + timedelta(minutes=10)),)
    meters.store([meters.server(at(9), at(12), off=off)], at(8), at(12))
    found = {line.quarter_micro_eur: (line.quantity, line.seconds) for line in meters.charges()}
    assert found == {SMALL: (9, 8100), SMALL_OFF: (3, 2700)}


def test_what_no_administration_owns_is_unassigned_and_still_counted(meters: Meters) -> None:
    meters.store([meters.server(at(9), tenant="nobody"), meters.server(at(9))], at(10), at(11))
    assert {(line.tenant_id, line.quantity) for line in meters.charges()} == {
        (None, 4), (meters.tenants["ixelles"], 4),
    }  # fmt: skip


def test_a_size_that_the_catalogue_does_not_have_is_counted_without_a_price(meters: Meters) -> None:
    meters.store([meters.server(at(9), flavor="m1.huge")], at(10), at(11))
    (line,) = meters.charges()
    assert (line.price_id, line.quarter_micro_eur, line.quantity, line.amount_micro_eur) == (None, None, 4, 0)


def test_volumes_count_gib_and_addresses_pieces(meters: Meters) -> None:
    volume = Held("volume", "v", "cloud-ixelles", "data", at(1), quantity=50)
    address = Held("floating-ip", "a", "cloud-ixelles", "198.51.100.7", at(1))
    meters.store([volume], at(10), at(11), "cinder")
    meters.store([address], at(10), at(11), "neutron")
    assert {line.amount_micro_eur for line in meters.charges()} == {4 * 50 * VOLUME, 4 * ADDRESS}


def test_metered_again_nothing_is_added_and_what_comes_late_is(meters: Meters) -> None:
    first, late = meters.server(at(9)), meters.server(at(9))
    assert meters.store([first], at(10), at(11)) == 4
    before = meters.charges()
    assert meters.store([first], at(10), at(11)) == 0
    assert meters.charges() == before
    assert meters.store([first, late], at(9.5), at(11)) == 2 + 6
    assert meters.amount() == 12 * SMALL


def test_what_a_later_look_no_longer_tells_stays_metered(meters: Meters) -> None:
    meters.store([meters.server(at(9))], at(10), at(11))
    assert meters.store([], at(10), at(11)) == 0
    assert meters.amount() == 4 * SMALL


@pytest.mark.parametrize("statement", ["update usage set quantity = 2", "delete from usage", "truncate usage"])
def test_what_was_metered_is_only_ever_added_to(meters: Meters, statement: str) -> None:
    meters.store([meters.server(at(9))], at(10), at(11))
    with pytest.raises(DBAPIError, match="only ever added"), meters.database.transaction("owner", SYSTEM) as tx:
        tx.execute(text(statement))


def test_usage_of_no_meter_is_refused(meters: Meters) -> None:
    with pytest.raises(DBAPIError, match="usage of no meter"):
        meters.sql(
            "insert into usage (quarter, meter_id, quantity, seconds, booked)"
            " values ('2026-06-02', 9, 1, 900, '2026-06-01')"
        )


# --------------------------------------------------------------------------------------------------------------- laws
MINUTES = st.integers(0, 12 * 60)
SPANS = st.lists(st.tuples(MINUTES, MINUTES, st.sampled_from(["ixelles", "uccle", "nobody"])), min_size=1, max_size=8)


def _held(meters: Meters, spans: list[tuple[int, int, str]]) -> list[Held]:
    return [
        Held("server", f"law-{number}", f"cloud-{tenant}", f"s{number}", at(0) + timedelta(minutes=min(a, b)),
             at(0) + timedelta(minutes=max(a, b) + 1), flavor="SCS-1V-2-10")
        for number, (a, b, tenant) in enumerate(spans)
    ]  # fmt: skip


def _rolled(
    kept: Meters, spans: list[tuple[int, int, str]], windows: list[tuple[float, float]], *, turned: bool
) -> tuple[list[tuple[Any, ...]], tuple[int, int]]:
    with kept.database.transaction("platform", SYSTEM, preview=True) as tx:
        rolled = Rolled(kept, tx)
        found = _held(kept, spans)
        for begins, ends in windows:
            rolled.store(found[::-1] if turned else found, at(begins), at(ends))
        lines = rolled.sql(
            "select m.cloud_id, c.day, c.tenant_id, c.quantity, c.seconds, c.amount_micro_eur"
            " from charge c join meter m on m.id = c.meter_id order by 1, 2"
        )
        sums = rolled.sql("select sum(quantity) as q, sum(seconds) as s from usage")[0]
    return [tuple(line) for line in lines], (sums.q, sums.s)


@LAWS
@given(spans=SPANS)
def test_the_sum_of_all_lines_is_what_was_there(kept: Meters, spans: list[tuple[int, int, str]]) -> None:
    """Seconds exactly; quarter-hours each that was begun; micro-euros each quarter-hour times its price."""
    lines, (quantity, seconds) = _rolled(kept, spans, [(0, 13)], turned=False)
    begun = 0
    for one in _held(kept, spans):
        first, last = one.begins, (one.ends or at(13)) - timedelta(seconds=1)
        begun += int(last.timestamp()) // 900 - int(first.timestamp()) // 900 + 1
    assert seconds == sum((max(a, b) + 1 - min(a, b)) * 60 for a, b, _ in spans)
    assert quantity == begun == sum(line[3] for line in lines)
    assert sum(line[5] for line in lines) == begun * SMALL
    assert sum(line[4] for line in lines) == seconds


@LAWS
@given(spans=SPANS, cut=st.integers(1, 51), again=st.booleans())
def test_neither_the_order_nor_the_number_of_looks_matters(
    kept: Meters, spans: list[tuple[int, int, str]], cut: int, again: bool
) -> None:
    whole = _rolled(kept, spans, [(0, 13)], turned=False)
    parts = [(0.0, cut / 4), (cut / 4, 13.0), *([(0.0, 13.0)] if again else [])]
    assert _rolled(kept, spans, parts, turned=True) == whole
