"""A small plant: two buildings, a manhole between them, ducts, two cables spliced in the manhole, panels at both ends.

::

    DC-A ──D1── MH1 ──D2── TH-B
    panel PA ═══ C1 ═══ K1 ═══ C2 ═══ panel PB
"""

from __future__ import annotations

from typing import Any

import pytest

from core.db import Database
from tests.inventory.conftest import Submit, create, device, engineer_of, region_operations, submitter

__all__ = ["A", "B", "M", "plant", "plant_operations", "planted"]

A, M, B = (4.350000, 50.840000), (4.356000, 50.843000), (4.362000, 50.846000)
"""Places: 537 m from A to M, and as much from M to B."""


def node(code: str, place: tuple[float, float], **more: Any) -> dict[str, Any]:
    """A node as it is created."""
    return {"code": code, "kind": "building" if "site" in more else "manhole", "lon": place[0], "lat": place[1], **more}


def duct(code: str, a: str, b: str, path: list[tuple[float, float]], **more: Any) -> dict[str, Any]:
    """A duct as it is created."""
    return {"code": code, "a_node": a, "b_node": b, "length_m": 560, "path": [list(one) for one in path], **more}


def cable(code: str, a: str, b: str, **more: Any) -> dict[str, Any]:
    """A cable of 24 strands in tubes of twelve, as it is created."""
    return {"code": code, "a_node": a, "b_node": b, "strands": 24, "length_m": 600, **more}


def splice(a: str, b: str, closure: str = "K1", **more: Any) -> dict[str, Any]:
    """A splice between ends written ``CABLE/NUMBER:side``."""
    (a_strand, a_side), (b_strand, b_side) = a.split(":"), b.split(":")
    ends = {"a_strand": a_strand, "a_side": a_side, "b_strand": b_strand, "b_side": b_side}
    return {"closure": closure, **ends, **more}


def plant_operations() -> list[dict[str, Any]]:
    """The small plant, in one edit."""
    middle = (4.353, 50.8415)
    return [
        create("device", *(device(name, site=site, interfaces=[{"name": "f1"}, {"name": "f2"}])
                           for name, site in (("ra", "DC-A"), ("rb", "TH-B")))),
        create("plant_node", node("A", A, site="DC-A"), node("M", M), node("B", B, site="TH-B")),
        create("duct", duct("D1", "A", "M", [A, middle, M]), duct("D2", "B", "M", [B, M])),
        create("cable", cable("C1", "A", "M"), cable("C2", "M", "B")),
        create("cable_duct", {"cable": "C1", "duct": "D1", "position": 1},
               {"cable": "C2", "duct": "D2", "position": 1, "reversed": True}),
        create("closure", {"code": "K1", "node": "M", "trays": 2}),
        create("splice", *(splice(f"C1/{n}:b", f"C2/{n}:a", tray=1, loss_db=0.05) for n in range(1, 13))),
        create("panel", {"code": "PA", "site": "DC-A", "ports": 24}, {"code": "PB", "site": "TH-B", "ports": 24}),
        create("panel_port", {"panel": "PA", "number": 1, "strand": "C1/1", "side": "a", "interface": "ra:f1"},
               {"panel": "PB", "number": 1, "strand": "C2/1", "side": "b", "interface": "rb:f1"},
               {"panel": "PA", "number": 2, "strand": "C1/2", "side": "a"},
               {"panel": "PB", "number": 2, "strand": "C2/2", "side": "b"}),
        create("transceiver", *({"interface": f"{name}:f1", "type": "1000BASE-LX", "wavelength_nm": 1310,
                                 "tx_power_dbm": -6, "rx_sensitivity_dbm": -20} for name in ("ra", "rb"))),
        create("circuit", {"code": "X1", "a_interface": "ra:f1", "b_interface": "rb:f1"}),
        create("circuit_strand", {"circuit": "X1", "strand": "C1/1", "position": 1},
               {"circuit": "X1", "strand": "C2/1", "position": 2}),
        create("power_feed", {"code": "SIB-1", "name": "Sibelga"}),
        create("site_feed", {"site": "DC-A", "feed": "SIB-1"}),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def plant(run: Submit, region: None) -> None:
    """The small plant, on this module's database."""
    run("inventory.edit", operations=plant_operations())


def planted(database: Database) -> Submit:
    """The region and the small plant on another database; gives what submits there."""
    do = submitter(database, engineer_of(database))
    do("inventory.edit", operations=region_operations())
    do("inventory.edit", operations=plant_operations())
    return do
