"""Impact down to tenants against counting by hand: random plants, and the cases that people ask about."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from benchmarks.plants import Circuit, Plant, write
from core.db import Database
from core.scope import EVERY_TENANT, Scope
from inventory.errors import FieldRefused, ObjectNotFound
from network.impact.answer import impact
from network.impact.reach import Line
from network.impact.subjects import Question, Subject, SubjectKind
from tests.network.impact.test_reach import safe, served

SYSTEM = Scope(EVERY_TENANT, None, "test", "a plant for a test")

RING = Plant(
    roles=["core", "aggregation", "access", "access"],
    kinds=["datacentre", "station", "school", "hotspot"],
    ducts=[(0, 1), (1, 2), (2, 0), (2, 3)],
    cables=[((0,), 12), ((1, 2), 12), ((2,), 12), ((3,), 12)],
    circuits=[
        Circuit(0, 1, working=((0, 1),), protecting=((1, 1),)),
        Circuit(0, 2, working=((2, 1),), tenant=1),
        Circuit(1, 2, working=((0, 2), (2, 2)), tenant=1),
        Circuit(2, 3, working=((3, 1), (3, 2)), tenant=2),
        Circuit(0, 2, working=((2, 5),), link=False, tenant=2),
    ],
    tenants=3,
)


@pytest.fixture(scope="module")
def plants(database: Database) -> Database:
    return database


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    """A transaction with the ring in it, taken back after."""
    with database.transaction("owner", SYSTEM) as made:
        write(made, RING)
        yield made
        made.rollback()


def asked(tx: Connection, kind: SubjectKind, *keys: str) -> dict[str, Any]:
    return dict(impact(tx, Question(of=tuple(Subject(kind=kind, key=key) for key in keys))))


def states(rows: list[dict[str, Any]], key: str = "code") -> dict[str, str]:
    return {row[key]: row["state"] for row in rows}


def test_a_cable_tells_what_is_down_and_what_its_protection_carries(tx: Connection) -> None:
    found = asked(tx, "cable", "C0")
    assert found["lost"]["strands"] == 12
    assert found["lost"]["lit"] == 2
    assert states(found["circuits"]) == {"K0": "protected", "K2": "down"}
    assert states(found["links"], "name") == {"K2": "down"}
    assert states(found["tenants"])["t1"] == "down"


def test_a_duct_takes_every_cable_in_it(tx: Connection) -> None:
    found = asked(tx, "duct", "D2")
    assert [cable["code"] for cable in found["lost"]["cables"]] == ["C1", "C2"]
    assert states(found["circuits"]) == {"K0": "degraded", "K1": "down", "K2": "down", "K4": "down"}
    assert states(found["sites"]) == {"N2": "down", "N3": "down"} | {"N0": "protected", "N1": "protected"}
    assert found["users"]["down"] == 500 + 659
    assert found["users"]["sites_assumed"] == 2


def test_a_strand_is_lost_alone(tx: Connection) -> None:
    found = asked(tx, "strand", "C3/2")
    assert found["lost"]["strands"] == 1
    assert states(found["circuits"]) == {"K3": "down"}
    assert states(found["devices"], "name") == {"R3": "down", "R2": "protected"}
    assert found["circuits"][0]["strands"] == ["C3/2"]


def test_a_site_takes_its_devices_and_every_cable_that_passes(tx: Connection) -> None:
    found = asked(tx, "site", "N2")
    assert [cable["code"] for cable in found["lost"]["cables"]] == ["C1", "C2", "C3"]
    assert states(found["sites"])["N3"] == "down"
    assert states(found["devices"], "name")["R2"] == "down"


def _service(tx: Connection, code: str, *devices: str) -> None:
    """A line between ports of these devices, of the administration t1."""
    tx.execute(
        text(
            "with made as (insert into service (tenant_id, code, kind, protection, tunnel_number)"
            " select id, :code, 'e-line', 'none', 100 + length(:code) from tenant where code = 't1'"
            " returning id, tenant_id), ports as (insert into interface (tenant_id, device_id, name)"
            " select tenant_id, id, :code from device where name = any(:devices) returning id, device_id)"
            " insert into service_end (service_id, tenant_id, device_id, interface_id)"
            " select made.id, made.tenant_id, ports.device_id, ports.id from made, ports"
        ),
        {"code": code, "devices": list(devices)},
    )


def test_services_tell_which_of_their_ends_are_out_of_reach(tx: Connection) -> None:
    _service(tx, "aa", "R1", "R3")
    _service(tx, "bbb", "R0", "R1", "R3")
    _service(tx, "cccc", "R0", "R1")
    spur = asked(tx, "strand", "C3/2")["services"]
    assert states(spur) == {"aa": "down", "bbb": "degraded"}
    assert {end["site"]: end["state"] for end in spur[1]["ends"]} == {"N0": "up", "N1": "up", "N3": "down"}
    assert {row["tenant"] for row in spur} == {"t1"}
    ring = asked(tx, "cable", "C1")["services"]
    assert states(ring) == {}, "it carried the protecting way of K0 alone"
    assert states(asked(tx, "device", "R1")["services"]) == {"aa": "down", "bbb": "degraded", "cccc": "down"}


def test_internet_access_is_down_where_no_end_reaches_an_exit(tx: Connection) -> None:
    _service(tx, "aa", "R0", "R3")
    _service(tx, "bbb", "R0", "R1", "R3")
    exits = "update service_end e set exit = true from device d where d.id = e.device_id and d.name = 'R0'"
    tx.execute(text(exits))
    spur = asked(tx, "strand", "C3/2")["services"]
    assert states(spur) == {"aa": "down", "bbb": "degraded"}
    assert {end["site"]: end["state"] for end in spur[1]["ends"]} == {"N0": "up", "N1": "up", "N3": "down"}
    exit_lost = asked(tx, "device", "R0")["services"]
    assert states(exit_lost) == {"aa": "down", "bbb": "down"}, "what reaches no exit helps nobody"


def test_a_polygon_takes_the_ducts_that_cross_it(tx: Connection) -> None:
    # N2 is at 4.302, N3 at 4.303: a square around the middle of their duct meets it and nothing else
    ring = [[4.3024, 50.7999], [4.3026, 50.7999], [4.3026, 50.8001], [4.3024, 50.8001], [4.3024, 50.7999]]
    found = impact(tx, Question(polygon={"type": "Polygon", "coordinates": [ring]}))
    assert found["lost"]["ducts"] == ["D3"]
    assert states(found["circuits"]) == {"K3": "down"}


def _square(lon: float, lat: float, half: float = 0.0001) -> dict[str, Any]:
    west, east, south, north = lon - half, lon + half, lat - half, lat + half
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def test_polygons_come_as_features_and_collections_too_and_several_are_one_loss(tx: Connection) -> None:
    one, other = _square(4.3025, 50.8), _square(4.3005, 50.8)
    drawn = {"type": "Feature", "properties": {"name": "works"}, "geometry": one}
    found = impact(tx, Question(polygon=one))
    assert found["lost"]["ducts"] == ["D3"]
    assert impact(tx, Question(polygon=drawn)) == found
    assert impact(tx, Question(polygon={"type": "FeatureCollection", "features": [drawn]})) == found
    assert impact(tx, Question(polygon={"type": "GeometryCollection", "geometries": [one]})) == found
    height = [[[*place, 12.5] for place in ring] for ring in one["coordinates"]]
    assert impact(tx, Question(polygon={"type": "Polygon", "coordinates": height})) == found
    both = impact(
        tx, Question(polygon={"type": "FeatureCollection", "features": [drawn, {**drawn, "geometry": other}]})
    )
    alone = impact(tx, Question(polygon=other))
    assert alone["lost"]["ducts"]
    assert both["lost"]["ducts"] == sorted(found["lost"]["ducts"] + alone["lost"]["ducts"])
    again = {"type": "MultiPolygon", "coordinates": [one["coordinates"], _square(4.30255, 50.8)["coordinates"]]}
    assert impact(tx, Question(polygon=again)) == found, "two that overlap are what both cover"


def _ring(*places: tuple[float, float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[list(place) for place in places]]}


@pytest.mark.parametrize(
    ("polygon", "told"),
    [
        ({"type": "Point", "coordinates": [4, 50]}, "no Polygon"),
        (_ring((50.8, 4.3), (50.9, 4.3), (50.9, 4.4), (50.8, 4.3)), "order: longitude comes first, write 4.3, 50.8"),
        (_ring((149e3, 17e4), (15e4, 17e4), (15e4, 171e3), (149e3, 17e4)), r"of Belgian Lambert 72 \(EPSG:31370\)"),
        (_ring((649e3, 67e4), (65e4, 67e4), (65e4, 671e3), (649e3, 67e4)), "of Belgian Lambert 2008"),
        (_ring((485e3, 659e4), (486e3, 659e4), (486e3, 6591e3), (485e3, 659e4)), "metres of Web Mercator"),
        (_ring((2.35, 48.85), (2.36, 48.85), (2.36, 48.86), (2.35, 48.85)), "outside Belgium"),
        (_ring((4.3, 50.8), (4.4, 50.8), (4.4, 50.9), (4.3, 50.9)), "not closed"),
        (_ring((4, 50), (5, 51), (5, 50), (4, 51), (4, 50)), "crosses itself"),
        (_ring((4, 50), (5, 51)), "not closed"),
        ({"type": "Polygon", "coordinates": [[[4, "north"], [5, 51]]]}, "cannot be read"),
        ({"type": "Polygon", "coordinates": [[{"lon": 4}]]}, "cannot be read"),
        ({"type": "Polygon", "coordinates": [7]}, "cannot be read"),
        ({"type": "Polygon", "coordinates": "all"}, "cannot be read"),
        ({"type": "Polygon", "coordinates": []}, "There is no polygon in it"),
        ({"type": "FeatureCollection", "features": []}, "There is no polygon in it"),
        ({"type": "FeatureCollection", "features": ["D3"]}, "no Polygon"),
        ({"type": "FeatureCollection"}, "no Polygon"),
        ({"type": "Feature", "geometry": None}, "no Polygon"),
    ],
)
def test_a_polygon_that_means_nothing_is_refused_with_the_reason(polygon: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Question(polygon=polygon)


def test_what_does_not_exist_is_named(tx: Connection) -> None:
    with pytest.raises(ObjectNotFound, match="no cable 'C9'"):
        asked(tx, "cable", "C0", "C9")
    with pytest.raises(ObjectNotFound, match="no strand 'C0/13'"):
        asked(tx, "strand", "C0/13")
    with pytest.raises(FieldRefused, match="what is lost"):
        impact(tx, Question())


@st.composite
def plants_and_losses(draw: st.DrawFn) -> tuple[Plant, set[int]]:
    """A small plant, and cables that are cut."""
    sites = draw(st.integers(2, 6))
    pairs = [(a, b) for a in range(sites) for b in range(a + 1, sites)]
    ducts = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=8))
    cables = [((n,), 4) for n in range(len(ducts))]
    free = {(cable, number) for cable in range(len(cables)) for number in range(1, 5)}
    circuits = []
    for _ in range(draw(st.integers(0, 8))):
        ways = []
        for least in (1, 0):
            count = draw(st.integers(least, 2))
            way = draw(st.lists(st.sampled_from(sorted(free)), min_size=0, max_size=count, unique=True)) if free else []
            free -= set(way)
            ways.append(tuple(way))
        if ways[0]:
            a, b = draw(st.sampled_from(pairs))
            circuits.append(Circuit(a, b, ways[0], ways[1], link=draw(st.booleans()), tenant=draw(st.integers(0, 2))))
    roles = ["core", *(draw(st.sampled_from(["core", "access", "access"])) for _ in range(sites - 1))]
    return Plant(roles, ducts, cables, circuits, tenants=3), draw(st.sets(st.integers(0, len(cables) - 1), max_size=3))


@settings(max_examples=60)
@given(plants_and_losses())
def test_impact_is_what_counting_by_hand_gives(plants: Database, case: tuple[Plant, set[int]]) -> None:
    plant, cut = case
    with plants.transaction("owner", SYSTEM) as tx:
        write(tx, plant, "X")
        found = asked(tx, "cable", *(f"XC{n}" for n in sorted(cut))) if cut else None
        tx.rollback()
    if found is None:
        return
    expected = {}
    for n, circuit in enumerate(plant.circuits):
        working = any(cable in cut for cable, _ in circuit.working)
        protecting = any(cable in cut for cable, _ in circuit.protecting)
        if working and circuit.protecting and not protecting:
            expected[f"XK{n}"] = "protected"
        elif working or protecting:
            expected[f"XK{n}"] = "down" if working else "degraded"
    assert states(found["circuits"]) == expected
    roles: dict[Hashable, str] = dict(enumerate(plant.roles))
    lines = [Line(n, circuit.a, circuit.b) for n, circuit in enumerate(plant.circuits)]
    left = [line for line in lines if expected.get(f"XK{line.id}") != "down"]
    beside = {end for line in lines if line not in left for end in (line.a, line.b)}
    before, after = served(roles, lines), served(roles, left)
    was_safe, is_safe = safe(roles, lines), safe(roles, left)
    devices = {}
    for site in roles:
        if site in before and site not in after:
            devices[f"XR{site}"] = "down"
        elif site in after and (after[site] > before[site] or site in beside):
            devices[f"XR{site}"] = "protected"
        elif site in was_safe - is_safe:
            devices[f"XR{site}"] = "degraded"
    assert states(found["devices"], "name") == devices
    assert states(found["sites"]) == {name.replace("XR", "XN"): state for name, state in devices.items()}
    tenants: dict[str, set[str]] = {}
    for n, circuit in enumerate(plant.circuits):
        if f"XK{n}" in expected:
            tenants.setdefault(f"xt{circuit.tenant}", set()).add(expected[f"XK{n}"])
    for state in devices.values():
        tenants.setdefault("xt0", set()).add(state)
    order = ["down", "degraded", "protected"]
    assert states(found["tenants"]) == {code: min(known, key=order.index) for code, known in tenants.items()}
