"""What the database itself never lets in, and what time allows."""

from __future__ import annotations

import pytest

from inventory.errors import RuleBroken, Taken
from tests.inventory.conftest import Submit, create, device, update

pytestmark = pytest.mark.usefixtures("region")

LAST_YEAR, NEXT_YEAR = "[2025-01-01T00:00:00Z,2026-01-01T00:00:00Z)", "[2026-01-01T00:00:00Z,2027-01-01T00:00:00Z)"


@pytest.fixture(scope="module", autouse=True)
def devices(run: Submit, region: None) -> None:
    run(
        "inventory.edit",
        operations=[create("device", *(device(f"r{n}", interfaces=[{"name": "a"}]) for n in range(4)))],
    )


def test_a_rack_unit_is_held_once_per_face_and_time(run: Submit) -> None:
    def place(name: str, units: str, face: str, held: str) -> None:
        values = {"rack": "DC-A/K1", "device": name, "units": units, "face": face, "held": held}
        run("inventory.edit", operations=[create("rack_placement", values)])

    place("r0", "10-12", "front", LAST_YEAR)
    place("r1", "10-12", "rear", LAST_YEAR)
    place("r2", "12", "both", NEXT_YEAR)
    with pytest.raises(Taken, match="rack units"):
        place("r3", "12-13", "both", LAST_YEAR)
    with pytest.raises(Taken, match="has a place"):
        place("r2", "40", "front", NEXT_YEAR)


def test_an_address_and_a_vlan_come_back_after_their_time(run: Submit) -> None:
    prefix = "global 10.255.0.0/24"
    for held in (LAST_YEAR, NEXT_YEAR):
        run(
            "inventory.edit",
            operations=[
                create("address", {"prefix": prefix, "address": "10.255.0.9/32", "held": held}),
                create("vlan", {"group": "lan", "vid": 110, "name": "ten", "held": held}),
            ],
        )
    with pytest.raises(Taken, match="address is held"):
        run(
            "inventory.edit",
            operations=[create("address", {"prefix": prefix, "address": "10.255.0.9/24", "held": NEXT_YEAR})],
        )
    with pytest.raises(Taken, match="VLAN id is held"):
        run("inventory.edit", operations=[create("vlan", {"group": "lan", "vid": 110, "name": "x", "held": LAST_YEAR})])


@pytest.mark.parametrize(
    ("cidr", "kind", "fits"),
    [
        ("10.77.0.0/24", "assigned", False),
        ("10.77.0.0/25", "assigned", False),
        ("10.77.0.0/25", "container", False),
        ("10.77.0.0/23", "assigned", False),
        ("10.77.0.0/23", "container", True),
        ("10.77.1.0/24", "assigned", True),
        ("10.77.0.0/16", "container", False),
        ("10.77.0.0/16", "pool", False),
        ("fd77::/64", "assigned", True),
    ],
)
def test_containers_nest_and_assigned_prefixes_stand_apart(run: Submit, cidr: str, kind: str, fits: bool) -> None:
    vrf = f"t{abs(hash((cidr, kind))) % 10**9}"
    run(
        "inventory.edit",
        operations=[
            create("vrf", {"name": vrf}),
            create(
                "prefix",
                *(
                    {"vrf": vrf, "cidr": c, "kind": k}
                    for c, k in (("10.77.0.0/16", "container"), ("10.77.0.0/24", "assigned"))
                ),
            ),
        ],
    )
    wanted = [create("prefix", {"vrf": vrf, "cidr": cidr, "kind": kind})]
    if fits:
        run("inventory.edit", operations=wanted)
    else:
        with pytest.raises(Taken, match="overlaps a prefix"):
            run("inventory.edit", operations=wanted)


def test_a_prefix_cannot_shrink_away_from_its_addresses_nor_a_rack_from_its_devices(run: Submit) -> None:
    run(
        "inventory.edit",
        operations=[
            create("prefix", {"cidr": "10.78.0.0/24", "kind": "assigned"}),
            create("address", {"prefix": "global 10.78.0.0/24", "address": "10.78.0.200/24"}),
            create("rack", {"site": "DC-A", "name": "short", "units": 20}),
            create("rack_placement", {"rack": "DC-A/short", "device": "r3", "units": "20"}),
        ],
    )
    with pytest.raises(RuleBroken, match="does not lie inside"):
        run("inventory.edit", operations=[update("prefix", "global 10.78.0.0/24", cidr="10.78.0.0/25")])
    with pytest.raises(RuleBroken, match="within the rack"):
        run("inventory.edit", operations=[update("rack", "DC-A/short", units=19)])
    run("inventory.edit", operations=[update("prefix", "global 10.78.0.0/24", cidr="10.78.0.0/23")])


def test_a_room_of_another_site_is_refused(run: Submit) -> None:
    with pytest.raises(RuleBroken, match="room is at another site"):
        run("inventory.edit", operations=[create("rack", {"site": "TH-B", "room": "DC-A/R1", "name": "x"})])
