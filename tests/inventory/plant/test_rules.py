"""The plant's tables: made and read back as objects, taken back whole, and what they never let in."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid3

import pytest
from sqlalchemy import text

from core.db import Database
from inventory.errors import FieldRefused, RuleBroken, StillUsed, Taken, UnknownReference
from inventory.plant.objects import PLANT
from inventory.queries import list_objects, one_object
from orchestrator.submitting import undo
from tests.inventory.conftest import SYSTEM, Submit, create, delete, engineer_of, submitter, update
from tests.inventory.plant.conftest import A, B, M, cable, duct, node, planted, splice

PLANT_NAMES = [made.name for made in PLANT]

pytestmark = pytest.mark.usefixtures("plant")


def _read(database: Database, kind: str, ref: str) -> dict[str, Any]:
    with database.transaction("api", SYSTEM) as tx:
        found: dict[str, Any] = json.loads(one_object(tx, kind, ref)[0])
    return found


def _all(database: Database) -> dict[str, list[str]]:
    """Every row of the plant, as it looks outside."""
    with database.transaction("api", SYSTEM) as tx:
        return {kind: [body for body, _ in list_objects(tx, kind, {}, limit=1000)] for kind in PLANT_NAMES}


def test_strands_come_with_their_cable_and_their_colours_follow_from_their_number(database: Database) -> None:
    first, last = _read(database, "strand", "C1/1"), _read(database, "strand", "C1/24")
    assert (first["tube"], first["position"], first["tube_colour"], first["colour"]) == (1, 1, "blue", "blue")
    assert (last["tube"], last["position"], last["tube_colour"], last["colour"]) == (2, 12, "orange", "turquoise")
    cable_id = UUID(_read(database, "cable", "C1")["id"])
    assert UUID(last["id"]) == uuid3(cable_id, "24")


def test_beyond_the_twelfth_colours_wear_ring_marks(run: Submit, database: Database) -> None:
    run("inventory.edit", operations=[create("cable", cable("RING", "A", "M", strands=48, strands_per_tube=24))])
    told = [_read(database, "strand", f"RING/{n}")["colour"] for n in (12, 13, 24, 25)]
    assert told == ["turquoise", "blue+1", "turquoise+1", "blue"]


def test_strands_are_nobodys_to_write(run: Submit) -> None:
    for operation in (
        create("strand", {"cable": "C1", "number": 25}),
        update("strand", "C1/1", number=2),
        delete("strand", "C1/1"),
    ):
        with pytest.raises(FieldRefused, match="comes and goes with its cable"):
            run("inventory.edit", operations=[operation])


def test_a_cable_grows_and_shrinks_by_its_last_strands(run: Submit, database: Database) -> None:
    run("inventory.edit", operations=[create("cable", cable("GROW", "A", "M", strands=12))])
    run("inventory.edit", operations=[update("cable", "GROW", strands=36)])
    assert _read(database, "strand", "GROW/36")["tube_colour"] == "green"
    run("inventory.edit", operations=[update("cable", "GROW", strands=6)])
    with database.transaction("api", SYSTEM) as tx:
        left = list_objects(tx, "strand", {"cable": "GROW"}, limit=100)
    assert len(left) == 6
    with pytest.raises(StillUsed, match=r"^A splice refers to .* still referred to \(rule splice_a_strand_id_fkey\)"):
        run("inventory.edit", operations=[update("cable", "C1", strands=4)])


def test_a_plant_is_taken_back_and_comes_back_with_the_same_strands(fresh_database: Database) -> None:
    do = planted(fresh_database)
    before = _all(fresh_database)
    person = engineer_of(fresh_database)
    record = do(
        "inventory.edit",
        operations=[
            delete("circuit", "X1"),
            delete("panel", "PA", "PB"),
            delete("closure", "K1"),
            delete("cable", "C1", "C2"),
        ],
    )
    gone = _all(fresh_database)
    assert not any(gone[kind] for kind in ("cable", "strand", "splice", "panel_port", "circuit_strand"))
    undo(fresh_database, person, record.id, "it was a mistake")
    assert _all(fresh_database) == before


def test_a_strand_end_is_spliced_or_terminated_once(run: Submit) -> None:
    with pytest.raises(Taken, match="spliced or terminated"):
        run("inventory.edit", operations=[create("splice", splice("C1/13:b", "C2/1:a"))])
    port = {"panel": "PA", "number": 9, "strand": "C1/1", "side": "a"}
    with pytest.raises(Taken, match="spliced or terminated"):
        run("inventory.edit", operations=[create("panel_port", port)])


def test_two_crews_do_not_splice_the_same_end(fresh_database: Database) -> None:
    planted(fresh_database)
    person = engineer_of(fresh_database)

    def crew(number: int) -> str:
        try:
            operations = [create("splice", splice("C1/20:b", f"C2/{number}:a"))]
            submitter(fresh_database, person)("inventory.edit", operations=operations)
        except Taken:
            return "taken"
        return "spliced"

    with ThreadPoolExecutor(4) as crews:
        assert sorted(crews.map(crew, range(20, 24))) == ["spliced", "taken", "taken", "taken"]


def test_two_halves_of_a_loop_are_not_closed_at_once(fresh_database: Database) -> None:
    do = planted(fresh_database)
    do(
        "inventory.edit",
        operations=[
            create("cable", cable("L1", "A", "M"), cable("L2", "A", "M")),
            create("closure", {"code": "KA", "node": "A"}),
        ],
    )
    person = engineer_of(fresh_database)

    def crew(where: tuple[str, str, str]) -> str:
        closure, one, other = where
        try:
            submitter(fresh_database, person)(
                "inventory.edit", operations=[create("splice", splice(one, other, closure))]
            )
        except RuleBroken as refused:
            return str(refused.fields["rule"])
        return "spliced"

    with ThreadPoolExecutor(2) as crews:
        found = list(crews.map(crew, [("KA", "L1/1:a", "L2/1:a"), ("K1", "L1/1:b", "L2/1:b")]))
    assert sorted(found) == ["splice_chain_ends", "spliced"]


@pytest.mark.parametrize(
    ("operation", "error", "rule", "told"),
    [
        (create("splice", splice("C1/13:a", "C1/13:b")), RuleBroken, "splice_two_strands", "two different"),
        (create("splice", splice("C1/13:a", "C2/13:a")), RuleBroken, "splice_at_its_closure", "end a at A"),
        (create("splice", splice("C1/13:b", "C2/13:a", tray=3)), RuleBroken, "splice_tray_exists", "tray"),
        (create("cable", cable("S", "A", "B", length_m=900)), RuleBroken, "cable_long_enough", "1075 m apart"),
        (create("duct", duct("S", "A", "B", [A, B], length_m=300)), RuleBroken, "duct_long_enough", "1075 m apart"),
        (create("duct", duct("S", "A", "M", [M, A])), RuleBroken, "duct_reaches_its_nodes", "begins 537 m from A"),
        (create("duct", duct("S", "A", "A", [A, M])), RuleBroken, "duct_two_nodes", "different"),
        (
            create("cable_duct", {"cable": "C1", "duct": "D2", "position": 2}),
            RuleBroken,
            "cable_ducts_follow",
            "position 2",
        ),
        (
            create("panel_port", {"panel": "PB", "number": 7, "strand": "C1/7", "side": "a"}),
            RuleBroken,
            "panel_port_at_its_strand",
            "not the site TH-B",
        ),
        (create("panel_port", {"panel": "PB", "number": 25}), RuleBroken, "panel_port_exists", "no such port"),
        (
            create("panel_port", {"panel": "PB", "number": 7, "strand": "C2/7"}),
            RuleBroken,
            "panel_port_side_of_strand",
            "",
        ),
        (
            create("panel_port", {"panel": "PA", "number": 8, "interface": "ra:f1"}),
            Taken,
            "panel_port_interface_once",
            "",
        ),
        (
            create("patch_cord", {"code": "P", "a_port": "PA/1", "b_port": "PB/2"}),
            Taken,
            "port_front_once",
            "front",
        ),
        (update("plant_node", "M", lon=4.36), RuleBroken, "duct_reaches_its_nodes", "from M"),
        (update("closure", "K1", node="A"), RuleBroken, "splice_at_its_closure", "closure K1 is at A"),
        (update("panel", "PA", site="TH-B"), RuleBroken, "panel_port_at_its_strand", "panel PA"),
        (update("cable", "C1", b_node="B", length_m=2000), RuleBroken, "cable_ducts_follow", ""),
        (create("splice", splice("C1/25:b", "C2/13:a")), UnknownReference, None, "no strand"),
        (create("circuit_strand", {"circuit": "X1", "strand": "C2/1", "position": 9}), Taken, "strand_lit_once", ""),
        (create("circuit", {"code": "Y", "a_interface": "ra:f1", "a_port": "PA/1"}), RuleBroken, "circuit_ends", ""),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    run: Submit, operation: dict[str, Any], error: type[Exception], rule: str, told: str
) -> None:
    with pytest.raises(error) as caught:
        run("inventory.edit", operations=[operation])
    assert getattr(caught.value, "fields", {}).get("rule") == rule
    assert told in str(caught.value)
    assert getattr(caught.value, "hint", "")


def test_where_a_cable_lies_may_be_unknown(fresh_database: Database) -> None:
    do = planted(fresh_database)
    assert do("inventory.edit", operations=[delete("cable_duct", "C2/1")]).state == "succeeded"


def test_a_chain_over_patch_cords_does_not_come_back_to_itself(fresh_database: Database) -> None:
    do = planted(fresh_database)
    do(
        "inventory.edit",
        operations=[
            create("cable", cable("L1", "A", "M"), cable("L2", "A", "M")),
            create("splice", splice("L1/1:b", "L2/1:b")),
            create("panel_port", {"panel": "PA", "number": 20, "strand": "L1/1", "side": "a"},
                   {"panel": "PA", "number": 21, "strand": "L2/1", "side": "a"}),
        ],
    )  # fmt: skip
    with pytest.raises(RuleBroken, match="closes on itself"):
        do("inventory.edit", operations=[create("patch_cord", {"code": "P", "a_port": "PA/20", "b_port": "PA/21"})])


def test_things_move_together(run: Submit, database: Database) -> None:
    run(
        "inventory.edit",
        operations=[
            create("plant_node", node("T1", A), node("T2", M)),
            create("duct", duct("TD", "T1", "T2", [A, M])),
        ],
    )
    run(
        "inventory.edit",
        operations=[
            update("plant_node", "T2", lon=4.361),
            update("duct", "TD", path=[A, (4.361, 50.843)], length_m=900),
        ],
    )
    assert _read(database, "duct", "TD")["path"] == [[4.35, 50.84], [4.361, 50.843]]


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ((50.84, 4.35), "wrong order"),
        ((149_000.0, 170_500.0), "EPSG:31370"),
        ((170_500.0, 149_000.0), "EPSG:31370"),
        ((649_000.0, 670_500.0), "EPSG:3812"),
        ((484_000.0, 6_594_000.0), "EPSG:3857"),
        ((593_000.0, 5_633_000.0), "EPSG:32631"),
        ((2.35, 48.85), "outside Belgium"),
        ((1e9, 1e9), "no degrees"),
    ],
)
def test_places_in_another_order_or_datum_are_recognised(run: Submit, place: tuple[float, float], told: str) -> None:
    with pytest.raises(FieldRefused, match=told) as caught:
        run("inventory.edit", operations=[create("plant_node", node("W", place))])
    assert caught.value.pointer == "/intent/operations/0/values/0/lon"
    with pytest.raises(FieldRefused, match=told) as caught:
        run("inventory.edit", operations=[create("duct", duct("W", "A", "B", [A, place]))])
    assert caught.value.pointer == "/intent/operations/0/values/0/path"
    with pytest.raises(FieldRefused, match=told):
        run("inventory.edit", operations=[update("plant_node", "A", lon=place[0], lat=place[1])])


@pytest.mark.parametrize(
    "path", [[], [[4.35, 50.84]], [[4.35], [4.36]], [[4.35, 50.84, 1], [4.36, 50.84, 2]], "x", [1, 2]]
)
def test_a_path_that_is_none_is_refused(run: Submit, path: Any) -> None:
    wrong = {"code": "W", "a_node": "A", "b_node": "B", "length_m": 2000, "path": path}
    with pytest.raises(FieldRefused):
        run("inventory.edit", operations=[create("duct", wrong)])


def test_a_strand_held_for_one_is_not_lit_for_another(fresh_database: Database) -> None:
    do = planted(fresh_database)
    engineer_of(fresh_database, "ixelles")
    do(
        "inventory.edit",
        operations=[create("strand_hold", {"strand": "C1/5", "tenant": "ixelles", "purpose": "school"})],
    )
    with pytest.raises(Taken, match="held for another"):
        do("inventory.edit", operations=[create("circuit_strand", {"circuit": "X1", "strand": "C1/5", "position": 7})])
    with pytest.raises(Taken, match="held by somebody"):
        do("inventory.edit", operations=[create("strand_hold", {"strand": "C1/5"})])
    with pytest.raises(Taken, match="held for another"):
        do("inventory.edit", operations=[create("strand_hold", {"strand": "C1/1", "tenant": "ixelles"})])
    own = [
        create("circuit", {"code": "IX1", "tenant": "ixelles"}),
        create("circuit_strand", {"circuit": "IX1", "strand": "C1/5", "position": 1}),
    ]
    assert do("inventory.edit", operations=own).state == "succeeded"


def test_an_agency_sees_its_circuits_and_its_strands_and_nothing_else(fresh_database: Database) -> None:
    do = planted(fresh_database)
    agency = engineer_of(fresh_database, "ixelles", "agency-user")
    do(
        "inventory.edit",
        operations=[
            create("circuit", {"code": "IX1", "tenant": "ixelles"}),
            create("strand_hold", {"strand": "C1/5", "tenant": "ixelles", "purpose": "school"}),
        ],
    )
    with fresh_database.transaction("api", agency.scope("t", "look")) as tx:
        seen = {kind: [json.loads(one) for one, _ in list_objects(tx, kind, {}, limit=100)] for kind in PLANT_NAMES}
    assert [one["code"] for one in seen.pop("circuit")] == ["IX1"]
    assert [one["strand"] for one in seen.pop("strand_hold")] == ["C1/5"]
    assert [one["key"] for one in seen.pop("strand")] == ["C1/5"]
    assert not any(seen.values())


def test_a_hundred_thousand_strands_are_one_insert(fresh_database: Database) -> None:
    do = planted(fresh_database)
    cables = [cable(f"BIG{n}", "A", "M", strands=2000, strands_per_tube=100) for n in range(50)]
    do("inventory.edit", operations=[create("cable", *cables)])
    with fresh_database.transaction("api", SYSTEM) as tx:
        assert tx.execute(text("select count(*) from strand")).scalar_one() == 100_048
        inserts = tx.execute(text("select count(*) from change_log where table_name = 'strand'")).scalar_one()
    assert inserts == 0
