"""What every link may lose, in one statement: the same as each link's own budget, whatever lies on its way."""

from __future__ import annotations

import pytest

from core.db import Database
from inventory.plant.link_losses import receivers
from inventory.plant.loss import budget
from tests.inventory.conftest import SYSTEM, Submit, create, delete, update
from tests.inventory.plant.conftest import cable, splice

pytestmark = pytest.mark.usefixtures("plant", "links")


@pytest.fixture(scope="module")
def links(run: Submit, plant: None) -> None:
    """A link over the plant; a second one goes there, back and there again, by two patch cords."""
    ports = [("PA", 13, "C1/13", "a"), ("PB", 13, "C2/13", "b"), ("PB", 14, "C3/1", "a"), ("PA", 14, "C3/1", "b"),
             ("PA", 15, "C1/14", "a"), ("PB", 15, "C2/14", "b")]  # fmt: skip
    plugged = {("PA", 13): "ra:f2", ("PB", 15): "rb:f2"}
    run(
        "inventory.edit",
        operations=[
            create("cable", cable("C3", "B", "A", length_m=1300, type="G.655")),
            create("splice", splice("C1/13:b", "C2/13:a", kind="mechanical"), splice("C1/14:b", "C2/14:a")),
            create("panel_port", *({"panel": panel, "number": number, "strand": strand, "side": side,
                                    "interface": plugged.get((panel, number))}
                                   for panel, number, strand, side in ports)),
            create("patch_cord", {"code": "PC-B", "a_port": "PB/13", "b_port": "PB/14"},
                   {"code": "PC-A", "a_port": "PA/14", "b_port": "PA/15"}),
            create("link", {"name": "straight", "a": "ra:f1", "b": "rb:f1"},
                   {"name": "around", "a": "rb:f2", "b": "ra:f2"}),
            create("transceiver", {"interface": "ra:f2", "type": "ER", "wavelength_nm": 1550}),
        ],
    )  # fmt: skip


def test_both_ends_of_a_link_are_held_to_its_budget(database: Database) -> None:
    with database.transaction("api", SYSTEM) as tx:
        found = receivers(tx)
        own = budget(tx, "interface", "ra:f1")
    there, back = found["rb", "f1"], found["ra", "f1"]
    assert there.loss_db == back.loss_db == own["loss_db"] == 1.53
    assert (there.far_device, there.far_interface, there.sent_dbm, there.least_dbm) == ("ra", "f1", -6, -20)
    assert there.cables == back.cables == ("C1", "C2")
    assert there.link == "straight"


def test_every_splice_connector_and_cord_of_a_long_way_counts(database: Database) -> None:
    with database.transaction("api", SYSTEM) as tx:
        found = receivers(tx)["rb", "f2"]
        own = budget(tx, "interface", "ra:f2")
    assert own["b"] == "rb:f2"
    assert found.loss_db == pytest.approx(own["loss_db"])
    assert found.cables == ("C2", "C1", "C3", "C2", "C1"), "from its end a, which is rb"
    assert (found.sent_dbm, found.least_dbm) == (None, None)


def test_each_way_has_the_losses_of_its_senders_wavelength(run: Submit, database: Database) -> None:
    run("inventory.edit", operations=[update("transceiver", "ra:f1", wavelength_nm=1550)])
    try:
        with database.transaction("api", SYSTEM) as tx:
            found = receivers(tx)
            for receiver, sent_nm in ((("rb", "f1"), 1550), (("ra", "f1"), 1310)):
                assert found[receiver].loss_db == budget(tx, "interface", "ra:f1", wavelength_nm=sent_nm)["loss_db"]
        assert found["rb", "f1"].loss_db != found["ra", "f1"].loss_db
        run("inventory.edit", operations=[update("transceiver", "ra:f1", wavelength_nm=850)])
        with database.transaction("api", SYSTEM) as tx:
            found = receivers(tx)
        assert found["rb", "f1"].loss_db is None, "nobody gives a figure there"
        assert found["ra", "f1"].loss_db == 1.53
    finally:
        run("inventory.edit", operations=[update("transceiver", "ra:f1", wavelength_nm=1310)])


def test_a_way_that_does_not_lead_to_the_links_other_end_has_no_loss(run: Submit, database: Database) -> None:
    run("inventory.edit", operations=[delete("patch_cord", "PC-B")])
    with database.transaction("api", SYSTEM) as tx:
        found = receivers(tx)
    assert (found["ra", "f2"].loss_db, found["ra", "f2"].cables) == (None, ())
    assert found["ra", "f1"].loss_db == 1.53
