"""Edits of the inventory: planned in names, written as sets, undone by their inverse, refused in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from core.db import Database
from core.identity import Principal
from inventory.errors import FieldRefused, ObjectChanged, ObjectNotFound, RuleBroken, StillUsed, Taken, UnknownReference
from inventory.queries import device_detail, list_objects, one_object
from orchestrator.submitting import undo
from tests.inventory.conftest import SYSTEM, Submit, create, delete, device, update

pytestmark = pytest.mark.usefixtures("region")


def _read(database: Database, kind: str, ref: str) -> dict[str, Any]:
    with database.transaction("api", SYSTEM) as tx:
        body, _ = one_object(tx, kind, ref)
    found: dict[str, Any] = json.loads(body)
    return found


def test_a_device_is_created_with_its_interfaces_and_read_back(run: Submit, database: Database) -> None:
    record = run(
        "inventory.edit",
        operations=[
            create(
                "device",
                device(
                    "ac01",
                    management_address="172.30.0.1",
                    interfaces=[{"name": "lo", "kind": "loopback"}, {"name": "to-ac02"}],
                ),
                device("ac02", interfaces=[{"name": "to-ac01"}]),
            ),
            create("link", {"name": "ac01-ac02", "a": "ac01:to-ac02", "b": "ac02:to-ac01", "length_m": 900}),
            create("prefix", {"cidr": "10.2.0.0/31", "kind": "assigned", "purpose": "link"}),
            create("address", {"prefix": "global 10.2.0.0/31", "address": "10.2.0.0/31", "interface": "ac01:to-ac02"}),
        ],
    )
    assert record.state == "succeeded"
    with database.transaction("api", SYSTEM) as tx:
        body, version = device_detail(tx, "ac01")
    found = json.loads(body)
    assert version == 1
    assert (found["site"], found["platform"], found["tenant"], found["commune"]) == ("TH-B", "frr", "paradigm", "21009")
    assert found["management_address"] == "172.30.0.1"
    port = found["interfaces"][1]
    assert port["addresses"] == ["10.2.0.0/31"]
    assert (port["link"]["device"], port["link"]["interface"], port["link"]["length_m"]) == ("ac02", "to-ac01", 900)


def test_an_update_writes_what_differs_and_bumps_the_version(run: Submit, database: Database) -> None:
    run("inventory.edit", operations=[create("device", device("up01"))])
    record = run(
        "inventory.edit", operations=[update("device", "up01", 1, status="active", site="DC-A", role="access")]
    )
    assert record.title == "Update device up01"
    found = _read(database, "device", "up01")
    assert (found["status"], found["site"], found["version"]) == ("active", "DC-A", 2)
    again = run("inventory.edit", operations=[update("device", "up01", status="active")])
    assert again.outcome == {"nothing_to_do": True}
    assert _read(database, "device", "up01")["version"] == 2


def test_an_old_version_is_refused(run: Submit) -> None:
    run("inventory.edit", operations=[create("device", device("old01"))])
    run("inventory.edit", operations=[update("device", "old01", status="active")])
    with pytest.raises(ObjectChanged) as caught:
        run("inventory.edit", operations=[update("device", "old01", 1, status="retired")])
    assert caught.value.fields["version"] == 2


def test_a_device_goes_with_its_parts_and_comes_back_by_undo(
    run: Submit, database: Database, engineer: Principal
) -> None:
    run(
        "inventory.edit",
        operations=[
            create(
                "device",
                device("go01", interfaces=[{"name": "a"}, {"name": "lo", "kind": "loopback"}]),
                device("go02", interfaces=[{"name": "a"}]),
            ),
            create("link", {"name": "go", "a": "go01:a", "b": "go02:a"}),
            create("device_access", {"device": "go01", "username": "irisplane", "secret_name": "lab"}),
            create("rack_placement", {"rack": "DC-A/K1", "device": "go01", "units": "30"}),
            create("config_context", {"name": "go01", "scope": "device", "device": "go01", "data": {"a": 1}}),
            create("address", {"prefix": "global 10.255.0.0/24", "address": "10.255.0.200/32", "interface": "go01:lo"}),
        ],
    )
    with database.transaction("api", SYSTEM) as tx:
        before = json.loads(device_detail(tx, "go01")[0])
    record = run("inventory.edit", operations=[delete("device", "go01")])
    with pytest.raises(ObjectNotFound):
        _read(database, "device", "go01")
    undo(database, engineer, record.id, "it was a mistake")
    with database.transaction("api", SYSTEM) as tx:
        after = json.loads(device_detail(tx, "go01")[0])
    assert after == before


@pytest.mark.parametrize(
    ("operation", "error", "pointer"),
    [
        (create("device", device("x1", site="NOWHERE")), UnknownReference, "/intent/operations/0/values/0/site"),
        (create("device", device("-bad")), FieldRefused, "/intent/operations/0/values/0/name"),
        (create("device", device("x1", role="router")), FieldRefused, "/intent/operations/0/values/0/role"),
        (create("device", {**device("x1"), "colour": "red"}), FieldRefused, "/intent/operations/0/values/0/colour"),
        (
            create("prefix", {"cidr": "10.9.0.1/24", "kind": "assigned"}),
            FieldRefused,
            "/intent/operations/0/values/0/cidr",
        ),
        (update("device", "nobody", status="active"), ObjectNotFound, "/intent/operations/0/items/0"),
        (create("vlan", {"group": "lan", "vid": 5, "name": "x"}), RuleBroken, "/vid"),
        (create("config_context", {"name": "c", "scope": "role", "data": {}}), RuleBroken, "/scope"),
        (
            create("config_context", {"name": "c", "scope": "region", "data": {"+a": 1}}),
            FieldRefused,
            "/intent/operations/0/values/0/data",
        ),
        (create("address", {"prefix": "global 10.255.0.0/24", "address": "10.254.0.1/32"}), RuleBroken, "/address"),
        (delete("site", "TH-B"), StillUsed, None),
        (create("site", {"code": "DC-A", "kind": "other", "name_fr": "A", "name_nl": "A"}), Taken, "/code"),
        (create("prefix", {"cidr": "10.1.0.0/16", "kind": "container"}), Taken, "/cidr"),
        (create("rack_placement", {"rack": "DC-A/K1", "device": "keep", "units": "42-43"}), RuleBroken, "/units"),
    ],
)
def test_bad_input_says_where_and_what(
    run: Submit, database: Database, operation: dict[str, Any], error: type[Exception], pointer: str | None
) -> None:
    with database.transaction("api", SYSTEM) as tx:
        if not list_objects(tx, "device", {"name": "keep"}):
            run("inventory.edit", operations=[create("device", device("keep"))])
    with pytest.raises(error) as caught:
        run("inventory.edit", operations=[operation])
    assert getattr(caught.value, "pointer", None) == pointer
    assert getattr(caught.value, "hint", "")


def test_one_link_per_interface_at_either_end(run: Submit) -> None:
    run(
        "inventory.edit",
        operations=[
            create("device", *(device(f"li{n}", interfaces=[{"name": "a"}]) for n in range(3))),
            create("link", {"name": "l1", "a": "li0:a", "b": "li1:a"}),
        ],
    )
    with pytest.raises(Taken, match="has a link"):
        run("inventory.edit", operations=[create("link", {"name": "l2", "a": "li2:a", "b": "li0:a"})])


def test_nothing_of_a_refused_edit_is_kept(run: Submit, database: Database) -> None:
    with pytest.raises(Taken):
        run("inventory.edit", operations=[create("device", device("half1")), create("vrf", {"name": "global"})])
    with pytest.raises(ObjectNotFound):
        _read(database, "device", "half1")


def test_every_write_is_in_the_change_log_with_its_reason(run: Submit, database: Database) -> None:
    record = run("inventory.edit", operations=[create("device", device("log1"))])
    with database.transaction("api", SYSTEM) as tx:
        rows = tx.execute(
            text(
                "select j.reason, l.post ->> 'name' from journal j join change_log l on l.journal_id = j.id"
                " where change_id = :id"
            ),
            {"id": record.id},
        ).all()
    assert rows == [("a test", "log1")]


def test_pages_hold_everything_once_and_in_order(run: Submit, database: Database) -> None:
    run("inventory.edit", operations=[create("device", *(device(f"page{n:02}") for n in range(25)))])
    seen: list[str] = []
    cursor: tuple[str, ...] | None = None
    with database.transaction("api", SYSTEM) as tx:
        while True:
            rows = list_objects(tx, "device", {"select": "name~page*"}, cursor=cursor, limit=10)
            seen += [json.loads(body)["name"] for body, _ in rows[:10]]
            if len(rows) <= 10:
                break
            cursor = rows[9][1]
    assert seen == [f"page{n:02}" for n in range(25)]


def test_every_type_can_be_listed(database: Database) -> None:
    from inventory.objects import ALL

    with database.transaction("api", SYSTEM) as tx:
        for kind in ALL:
            for body, position in list_objects(tx, kind, {}, limit=1000):
                again, _ = one_object(
                    tx, kind, json.loads(body)["key"] if kind != "rack_placement" else json.loads(body)["id"]
                )
                assert json.loads(again) == json.loads(body)
                list_objects(tx, kind, {}, cursor=position)
