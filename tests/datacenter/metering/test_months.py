"""A closed month stays what it was: in usage, in lines, in prices; and is put right by lines of a later one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.errors import Denied, NotFound
from datacenter.hosting.metering import rating
from datacenter.hosting.metering.errors import MonthClosed, MonthNotReady
from datacenter.hosting.pricing import REGION_TIME, month_of
from orchestrator.errors import IntentRefused
from orchestrator.submitting import undo
from tests.datacenter.metering.conftest import SMALL, Meters, at, catalogue
from tests.inventory.conftest import SYSTEM, engineer_of, submitter

JUNE = "2026-06"


@pytest.fixture
def june(meters: Meters) -> Meters:
    """Two servers in June, metered to its end."""
    meters.store([meters.server(at(9)), meters.server(at(9), tenant="uccle")], at(10), at(11))
    meters.mark(month_of(2026, 6)[1])
    return meters


def _close(meters: Meters, month: str = JUNE, **more: Any) -> Any:
    return meters.submit("hosting.month.close", month=month, **more)


def test_a_month_is_closed_with_the_digest_of_its_lines(june: Meters) -> None:
    record = _close(june)
    assert record.state == "succeeded"
    (closed,) = june.sql("select * from closed_month")
    assert (closed.lines, closed.amount_micro_eur) == (2, 8 * SMALL)
    assert closed.sha256 == june.sql("select sha256 from month_digest('2026-06-01')")[0].sha256
    (logged,) = june.sql(
        "select l.post from change_log l join journal j on j.id = l.journal_id"
        " where l.table_name = 'closed_month' and j.change_id = :id",
        id=record.id,
    )
    assert logged.post["sha256"] == closed.sha256


@pytest.mark.parametrize(
    "statement",
    [
        "update charge set quantity = 1",
        "delete from charge",
        (
            "insert into charge (booked, day, meter_id, quantity, seconds)"
            " select booked, day + 1, meter_id, 1, 1 from charge"
        ),
        "insert into usage select quarter + interval '1 hour', meter_id, tenant_id, 1, 900, booked from usage",
        "truncate charge",
        "delete from closed_month",
        "update closed_month set amount_micro_eur = 0",
        "update price set quarter_micro_eur = 1",
        "update price set valid = tstzrange('2026-06-15', null)",
        "delete from price where component = 'server-off'",
        (
            "insert into correction (tenant_id, booked, corrects, amount_micro_eur, reason)"
            " select id, '2026-06-01', '2026-05-01', 5, 'x' from tenant where code = 'uccle'"
        ),
    ],
)
def test_nothing_of_a_closed_month_alters(june: Meters, statement: str) -> None:
    _close(june)
    with (
        pytest.raises(DBAPIError, match=r"closed|only ever added|price that held"),
        june.database.transaction("owner", SYSTEM) as tx,
    ):
        tx.execute(text(statement))
    assert june.amount() == 8 * SMALL


def test_rating_a_closed_month_again_leaves_it_alone(june: Meters) -> None:
    _close(june)
    before = june.charges()
    with june.database.transaction("platform", SYSTEM) as tx:
        assert rating.rate_days(tx, before[0].day, before[0].day) == 0
    assert june.charges() == before


def test_what_comes_late_is_a_line_of_a_later_month_that_names_the_one_it_corrects(june: Meters) -> None:
    _close(june)
    digest = june.sql("select sha256 from month_digest('2026-06-01')")
    assert june.store([june.server(at(9))], at(10), at(11)) == 4
    late = [line for line in june.charges() if str(line.booked) != "2026-06-01"]
    assert [(str(line.booked), str(line.day), line.quantity) for line in late] == [("2026-07-01", "2026-06-02", 4)]
    assert june.sql("select sha256 from month_digest('2026-06-01')") == digest


def test_a_closed_month_cannot_be_opened_again(june: Meters) -> None:
    record = _close(june)
    with pytest.raises(MonthClosed):
        _close(june)
    with pytest.raises(MonthNotReady, match="stays closed"):
        undo(june.database, june.platform, record.id, "I want it back")
    assert len(june.sql("select from closed_month")) == 1


def test_a_month_that_is_not_over_or_not_metered_stays_open(june: Meters) -> None:
    now = datetime.now(UTC)
    with pytest.raises(MonthNotReady, match="not over"):
        _close(june, f"{now:%Y-%m}")
    june.mark(month_of(2026, 6)[1] - timedelta(minutes=15))
    with pytest.raises(MonthNotReady, match="cinder, neutron, nova"):
        _close(june)


def test_months_are_closed_in_order(june: Meters) -> None:
    june.store([june.server(at(9, month=7))], at(10, month=7), at(11, month=7))
    june.mark(month_of(2026, 7)[1])
    with pytest.raises(MonthNotReady, match="2026-06 is open"):
        _close(june, "2026-07")


def test_gaps_are_named_and_have_to_be_accepted(june: Meters) -> None:
    june.sql(
        "insert into metering_gap (source, held, reason)"
        " values ('cinder', '[2026-06-03 10:00Z, 2026-06-03 11:00Z)', 'x')"
    )
    with pytest.raises(MonthNotReady, match="cinder 2026-06-03 10:00 to 2026-06-03 11:00") as caught:
        _close(june)
    assert caught.value.pointer == "/intent/accept_gaps"
    assert _close(june, accept_gaps=True).state == "succeeded"
    assert june.sql("select gaps from closed_month")[0].gaps == 1


def test_a_month_that_altered_since_it_was_read_is_not_closed(june: Meters) -> None:
    row = june.sql("select * from month_digest('2026-06-01')")[0]
    june.store([june.server(at(9))], at(10), at(11))
    with pytest.raises(DBAPIError, match="altered since it was read"), june.database.transaction("owner", SYSTEM) as tx:
        tx.execute(
            text(
                "insert into closed_month (tenant_id, month, sha256, lines, amount_micro_eur)"
                " select id, '2026-06-01', :sha256, :lines, :amount from tenant where kind = 'region'"
            ),
            {"sha256": row.sha256, "lines": row.lines, "amount": int(row.amount_micro_eur)},
        )


def test_a_correction_is_a_line_of_the_open_month(june: Meters) -> None:
    _close(june)
    asked = {"tenant": "uccle", "corrects": JUNE, "amount_micro_eur": -SMALL, "reason": "out for a quarter"}
    assert june.submit("hosting.charge.correct", **asked).state == "succeeded"
    (line,) = june.sql("select * from correction")
    this_month = datetime.now(REGION_TIME).date().replace(day=1)
    assert (line.booked, str(line.corrects), line.amount_micro_eur) == (this_month, "2026-06-01", -SMALL)
    with pytest.raises(MonthNotReady, match="is not closed"):
        june.submit("hosting.charge.correct", **{**asked, "corrects": "2026-07"})
    with pytest.raises(NotFound):
        june.submit("hosting.charge.correct", **{**asked, "tenant": "nowhere"})
    with pytest.raises(IntentRefused):
        june.submit("hosting.charge.correct", **{**asked, "amount_micro_eur": 1.5})


@pytest.mark.parametrize("role", ["engineer", "management", "agency-admin"])
def test_only_platform_managers_close_and_correct(june: Meters, role: str) -> None:
    who = engineer_of(june.database, "ixelles" if role == "agency-admin" else "paradigm", role)
    with pytest.raises(Denied):
        submitter(june.database, who)("hosting.month.close", month=JUNE)


def test_the_catalogue_goes_on_after_a_month_was_closed(june: Meters) -> None:
    _close(june)
    assert june.submit("hosting.catalogue.import", offerings=catalogue()).outcome == {"nothing_to_do": True}
    new = [{"code": "volume", "kind": "volume", "name": {"fr": "V", "nl": "V", "en": "V"},
            "prices": [{"component": "gib", "quarter_micro_eur": 30}]}]  # fmt: skip
    assert june.submit("hosting.catalogue.import", offerings=new).state == "succeeded"
