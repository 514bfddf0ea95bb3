"""Selectors: what they mean, and that what does not exist is an error that names what does."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.db import Database
from inventory.errors import UnknownSelector
from inventory.selector import Condition, Selector, parse_selector, select_devices
from tests.inventory.conftest import SYSTEM, Submit, create, device


@pytest.fixture(scope="module", autouse=True)
def devices(run: Submit, region: None) -> None:
    run(
        "inventory.edit",
        operations=[
            create(
                "device",
                device("ac01"),
                device("ac02", status="active"),
                device("ac10", site="DC-A"),
                device("cr01", role="core", site="DC-A", status="active"),
                device("old_1", status="retired"),
            )
        ],
    )


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("all", ["ac01", "ac02", "ac10", "cr01", "old_1"]),
        ("role=access,site=TH-B,!status=retired", ["ac01", "ac02"]),
        ("name~ac0*", ["ac01", "ac02"]),
        ("name~ac?0", ["ac10"]),
        ("name~_", ["old_1"]),
        ("role=core|access,status=active", ["ac02", "cr01"]),
        ("role!=core,site-kind=datacentre", ["ac10"]),
        ("commune=21009,tenant=paradigm,type=FRRouting/FRR,platform=frr,name=cr01", ["cr01"]),
        ("!name~ac*, !name=old_1", ["cr01"]),
    ],
)
def test_what_a_selector_means(database: Database, selector: str, expected: list[str]) -> None:
    from sqlalchemy import text

    with database.transaction("api", SYSTEM) as tx:
        ids = select_devices(tx, parse_selector(selector))
        names = (
            tx.execute(text("select name from device where id = any(:ids) order by name"), {"ids": ids}).scalars().all()
        )
    assert names == expected


@pytest.mark.parametrize(
    ("selector", "message", "hint"),
    [
        ("rolle=access", "Did you mean 'role'", "Keys are"),
        ("role=acces", "no role 'acces'", "access"),
        ("site=DC-B", "no site 'DC-B'", "DC-A"),
        ("name=ac1", "no name 'ac1'", "ac10"),
        ("name~zz*", "No device matches", "device list"),
        ("", "empty", "all"),
        ("role", "no condition", "role=access"),
        ("role=", "empty value", "role=access"),
        ("x" * 3000, "too long", "all"),
    ],
)
def test_what_does_not_exist_is_named(database: Database, selector: str, message: str, hint: str) -> None:
    with pytest.raises(UnknownSelector) as caught, database.transaction("api", SYSTEM) as tx:
        select_devices(tx, parse_selector(selector))
    assert message in caught.value.message
    assert hint in caught.value.hint


_VALUES = st.text("abc-*01", min_size=1, max_size=5)


@given(
    st.lists(
        st.builds(
            Condition,
            key=st.just("name"),
            operator=st.sampled_from(["=", "~"]),
            values=st.lists(_VALUES, min_size=1, max_size=3).map(tuple),
            negated=st.booleans(),
        ),
        max_size=4,
    ).map(tuple)
)
def test_a_selector_written_and_read_is_itself(conditions: tuple[Condition, ...]) -> None:
    selector = Selector(conditions)
    assert parse_selector(str(selector)) == selector


@given(st.text(max_size=60))
def test_any_text_is_a_selector_or_a_clear_error(text: str) -> None:
    with suppress(UnknownSelector):
        assert parse_selector(text).where()[0]
