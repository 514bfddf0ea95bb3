"""A catalogue document: what it makes of the tables, what it leaves, and what history it may not touch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.db import Database
from core.errors import Denied
from core.identity import Principal
from datacenter.hosting.catalogue.errors import HistoryRewritten
from datacenter.hosting.catalogue.offered import image_named, offering_of, plan_named
from datacenter.hosting.errors import NotOffered
from datacenter.hosting.pricing import QUARTER, quarter_of
from orchestrator.errors import IntentRefused
from orchestrator.submitting import undo
from tests.datacenter.catalogue.conftest import offering, plan, price, servers, texts
from tests.inventory.conftest import SYSTEM, Submit, engineer_of, submitter

KIND = "hosting.catalogue.import"


def _prices(database: Database, code: str = "volume") -> list[tuple[int, datetime, datetime | None]]:
    with database.transaction("api", SYSTEM) as tx:
        rows = tx.execute(
            text(
                "select p.quarter_micro_eur, lower(p.valid), upper(p.valid) from price p"
                " join offering o on o.id = p.offering_id where o.code = :code order by lower(p.valid)"
            ),
            {"code": code},
        )
        return [(row[0], row[1], row[2]) for row in rows]


def test_the_same_document_twice_alters_nothing(submit: Submit, fresh_database: Database) -> None:
    document = [servers(plan()), offering(prices=[price(27)])]
    first = submit(KIND, offerings=document)
    assert first.state == "succeeded"
    assert first.title == "Import the catalogue: 2 new offerings, 1 new plans, 2 new prices"
    second = submit(KIND, offerings=document)
    assert second.outcome == {"nothing_to_do": True}
    with fresh_database.transaction("api", SYSTEM) as tx:
        now = datetime.now(UTC)
        found = plan_named(tx, "small", now)
        assert (found.flavor, found.vcpus, found.quarter_micro_eur) == ("SCS-1V-2-10", 1, 100)
        assert offering_of(tx, "volume", now).quarter_micro_eur == 27


def test_a_new_price_ends_the_old_one_where_it_begins(submit: Submit, fresh_database: Database) -> None:
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    change = quarter_of(datetime.now(UTC)) + timedelta(days=10)
    submit(KIND, offerings=[offering(prices=[price(27, begun)])])
    submit(KIND, offerings=[offering(prices=[price(30, change)])])
    assert _prices(fresh_database) == [(27, begun, change), (30, change, None)]
    again = submit(KIND, offerings=[offering(prices=[price(27, begun), price(30, change)])])
    assert again.outcome == {"nothing_to_do": True}


def test_a_price_without_a_beginning_holds_from_the_next_quarter_hour(submit: Submit, fresh_database: Database) -> None:
    submit(KIND, offerings=[offering(prices=[price(27, "2026-01-01T00:00:00Z")])])
    before = quarter_of(datetime.now(UTC))
    submit(KIND, offerings=[offering(prices=[price(31)])])
    (_, _, ended), (amount, begins, _) = _prices(fresh_database)
    assert amount == 31
    assert ended == begins
    assert begins in {before + QUARTER, before + 2 * QUARTER}


def test_several_prices_of_a_first_document_follow_each_other(submit: Submit, fresh_database: Database) -> None:
    a, b = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
    submit(KIND, offerings=[offering(prices=[price(1, a), price(2, b)])])
    assert _prices(fresh_database) == [(1, a, b), (2, b, None)]


@pytest.mark.parametrize("begins", ["2026-02-01T00:00:00Z", "2025-02-01T00:00:00Z"])
def test_what_held_is_not_rewritten(submit: Submit, fresh_database: Database, begins: str) -> None:
    submit(KIND, offerings=[offering(prices=[price(27, "2026-01-01T00:00:00Z")])])
    with pytest.raises(HistoryRewritten) as caught:
        submit(KIND, offerings=[offering(prices=[price(5, begins)])])
    assert caught.value.pointer == "/intent/offerings/0/prices/0/from"
    assert [row[0] for row in _prices(fresh_database)] == [27]


def test_what_is_announced_cannot_be_ordered_today(submit: Submit, fresh_database: Database) -> None:
    tomorrow = quarter_of(datetime.now(UTC)) + timedelta(days=1)
    soon = plan("later", prices=[price(9, tomorrow, "server")])
    submit(KIND, offerings=[servers(plan(), soon), offering(prices=[price(27, tomorrow)])])
    with fresh_database.transaction("api", SYSTEM) as tx:
        with pytest.raises(NotOffered, match="there is small") as caught:
            plan_named(tx, "later", datetime.now(UTC))
        assert caught.value.fields["offered"] == ["small"]
        with pytest.raises(NotOffered, match="nothing of this kind is offered"):
            offering_of(tx, "volume", datetime.now(UTC))
        assert plan_named(tx, "later", tomorrow).quarter_micro_eur == 9


def test_a_plan_of_another_size_is_another_plan_and_the_old_one_keeps_its_price(
    submit: Submit, fresh_database: Database
) -> None:
    submit(KIND, offerings=[servers(plan(amount=100))])
    with fresh_database.transaction("api", SYSTEM) as tx:
        old = plan_named(tx, "small", datetime.now(UTC))
    submit(KIND, offerings=[servers(plan(vcpus=2, amount=180))])
    later = datetime.now(UTC) + 2 * QUARTER
    with fresh_database.transaction("api", SYSTEM) as tx:
        new = plan_named(tx, "small", later)
        still = tx.execute(
            text("select quarter_micro_eur from price where plan_id = :id and valid @> cast(:at as timestamptz)"),
            {"id": old.id, "at": later},
        ).scalar_one()
    assert (new.vcpus, new.quarter_micro_eur) == (2, 180)
    assert new.id != old.id
    assert still == 100
    assert submit(KIND, offerings=[servers(plan(vcpus=2, amount=180))]).outcome == {"nothing_to_do": True}


def test_an_offering_ends_and_says_what_there_is(submit: Submit, fresh_database: Database) -> None:
    image = {"kind": "image", "details": {"select": {"irisplane_offering": "debian"}, "os": "debian"}}
    ends = quarter_of(datetime.now(UTC)) + QUARTER
    submit(KIND, offerings=[offering("debian", **image), offering("old", **image)])
    submit(KIND, offerings=[offering("old", until=str(ends), **image)])
    with fresh_database.transaction("api", SYSTEM) as tx:
        assert image_named(tx, "old", datetime.now(UTC)).select == {"irisplane_offering": "debian"}
        with pytest.raises(NotOffered, match="there is debian"):
            image_named(tx, "old", ends)


def test_names_alter_and_the_undo_gives_them_back(
    submit: Submit, fresh_database: Database, platform: Principal
) -> None:
    submit(KIND, offerings=[offering(prices=[price(27)])])
    record = submit(KIND, offerings=[offering(name=texts("disk"))])
    assert record.title == "Import the catalogue: 1 altered"
    undo(fresh_database, platform, record.id, "a mistake")
    with fresh_database.transaction("api", SYSTEM) as tx:
        assert tx.execute(text("select name_en from offering")).scalar_one() == "volume en"


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"offerings": [offering(prices=[price(1, "2027-01-01T00:07:00Z")])]}, "/intent/offerings/0/prices/0/from"),
        ({"offerings": [offering(prices=[price(1, "2027-01-01T00:00:00")])]}, "/intent/offerings/0/prices/0/from"),
        ({"offerings": [offering(prices=[price(1, "9999-12-31T23:45:00-05:00")])]},
         "/intent/offerings/0/prices/0/from"),
        ({"offerings": [offering(prices=[price(1, "0001-01-01T00:00:00+14:00")])]},
         "/intent/offerings/0/prices/0/from"),
        ({"offerings": [offering(prices=[price(-1)])]}, "/intent/offerings/0/prices/0/quarter_micro_eur"),
        ({"offerings": [offering(prices=[{"component": "gib", "quarter_micro_eur": 1.5}])]},
         "/intent/offerings/0/prices/0/quarter_micro_eur"),
        ({"offerings": [offering(prices=[price(1, component="server")])]}, "/intent/offerings/0"),
        ({"offerings": [offering(), offering()]}, "/intent"),
        ({"offerings": [offering("x", kind="image")]}, "/intent/offerings/0"),
        ({"offerings": [{**offering(), "name": {"fr": "x", "nl": "y"}}]}, "/intent/offerings/0/name/en"),
        ({"offerings": [offering("Big Volume")]}, "/intent/offerings/0/code"),
        ({"offerings": []}, "/intent/offerings"),
    ],
)  # fmt: skip
def test_a_wrong_document_is_refused_at_its_place(submit: Submit, document: dict[str, Any], pointer: str) -> None:
    with pytest.raises(IntentRefused) as caught:
        submit(KIND, **document)
    assert caught.value.pointer == pointer


@pytest.mark.parametrize("role", ["engineer", "network-lead"])
def test_only_platform_managers_keep_the_catalogue(fresh_database: Database, role: str) -> None:
    with pytest.raises(Denied, match="platform managers"):
        submitter(fresh_database, engineer_of(fresh_database, role=role))(KIND, offerings=[offering()])


def test_an_agency_keeps_no_catalogue_of_its_own(fresh_database: Database) -> None:
    agency = engineer_of(fresh_database, "ixelles", "agency-admin")
    with pytest.raises(Denied):
        submitter(fresh_database, agency)(KIND, offerings=[offering()])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(1, 200), st.integers(1, 50)), min_size=1, max_size=6))
def test_prices_never_overlap_and_leave_no_hole(
    fresh_database: Database, platform: Principal, steps: list[tuple[int, int]]
) -> None:
    """Whatever is announced in whatever order, or refused: at each time there is exactly one price."""
    submit, code = submitter(fresh_database, platform), f"volume-{uuid4().hex[:12]}"
    base = quarter_of(datetime.now(UTC)) + QUARTER
    submit(KIND, offerings=[offering(code, prices=[price(10, "2026-01-01T00:00:00Z")])])
    for day, amount in steps:
        try:
            submit(KIND, offerings=[offering(code, prices=[price(amount, base + timedelta(days=day))])])
        except HistoryRewritten as refused:
            assert "another price is announced" in refused.message  # noqa: PT017 - the only way to refuse
    found = _prices(fresh_database, code)
    assert all(left[2] == right[1] for left, right in pairwise(found))
    assert found[-1][2] is None
