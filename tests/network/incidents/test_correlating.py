"""One cut is one incident: by device, by the plant, by link; held against every set of elements on random plants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from network.incidents.correlating import Element, Fault, correlate
from network.incidents.seeing import LinkSight, Sight


def _sight(link: str, state: Sight, *ends: str) -> LinkSight:
    return LinkSight(link, state, (), ends or (f"{link}-a", f"{link}-b"))


def _cable(code: str) -> Element:
    return Element("cable", code)


def _duct(code: str) -> Element:
    return Element("duct", code)


def _strand(code: str) -> Element:
    return Element("strand", code)


def test_nothing_down_is_no_fault() -> None:
    assert correlate([_sight("l1", "up"), _sight("l2", "unknown")], [], {}) == []


def test_a_link_whose_way_is_not_known_is_its_own_fault() -> None:
    assert correlate([_sight("l1", "down"), _sight("l2", "down")], [], {}) == [
        Fault("link", "l1", ("l1",)), Fault("link", "l2", ("l2",)),
    ]  # fmt: skip


def test_links_of_one_cable_are_one_fault_that_names_the_cable() -> None:
    plant = {f"l{n}": [_strand(f"C1/{n}"), _cable("C1"), _duct("D1")] for n in range(1, 41)}
    (fault,) = correlate([_sight(link, "down") for link in plant], [], plant)
    assert (fault.kind, fault.name, len(fault.links)) == ("plant", "cable C1", 40)
    assert fault.suspects == (_cable("C1"), _duct("D1"))


def test_two_cables_of_one_duct_are_the_duct() -> None:
    plant = {
        "l1": [_cable("C1"), _duct("D1"), _duct("D2")],
        "l2": [_cable("C2"), _duct("D1"), _duct("D3")],
    }
    (fault,) = correlate([_sight("l1", "down"), _sight("l2", "down")], [], plant)
    assert fault.name == "duct D1"


def test_what_carries_light_is_not_accused() -> None:
    plant = {
        "l1": [_strand("C1/1"), _cable("C1"), _duct("D1")],
        "l2": [_strand("C1/2"), _cable("C1"), _duct("D1")],
    }
    (fault,) = correlate([_sight("l1", "down"), _sight("l2", "up")], [], plant)
    assert fault.name == "strand C1/1"
    assert fault.suspects == (_strand("C1/1"),)


def test_a_link_over_two_cables_names_both_until_another_tells_them_apart() -> None:
    plant = {"l1": [_cable("C1"), _cable("C2")], "l2": [_cable("C1")]}
    (fault,) = correlate([_sight("l1", "down"), _sight("l2", "unknown")], [], plant)
    assert fault.name == "cable C1 or C2"
    (fault,) = correlate([_sight("l1", "down"), _sight("l2", "up")], [], plant)
    assert fault.name == "cable C2"
    (fault,) = correlate([_sight("l1", "down"), _sight("l2", "down")], [], plant)
    assert (fault.name, fault.links) == ("cable C1", ("l1", "l2"))


def test_where_everything_of_its_way_carries_light_it_is_the_link_itself() -> None:
    plant = {"l1": [_cable("C1")], "l2": [_cable("C1")]}
    assert correlate([_sight("l1", "down"), _sight("l2", "up")], [], plant) == [Fault("link", "l1", ("l1",))]


def test_a_silent_device_that_is_dark_all_around_is_the_device_and_not_its_links() -> None:
    sights = [_sight("l1", "down", "r1", "r2"), _sight("l2", "down", "r1", "r3"), _sight("l3", "up", "r2", "r3")]
    assert correlate(sights, ["r1"], {}) == [Fault("device", "r1", ("l1", "l2"), ("r1",))]


def test_a_device_that_answers_is_not_the_fault_however_dark_it_is() -> None:
    sights = [_sight("l1", "down", "r1", "r2"), _sight("l2", "down", "r1", "r3")]
    assert [fault.kind for fault in correlate(sights, [], {})] == ["link", "link"]


def test_a_cut_that_takes_the_way_to_half_the_devices_is_the_cut() -> None:
    """r1 and r2 are beyond it and silent; what joins them nobody can judge."""
    sights = [_sight("l1", "down", "r0", "r1"), _sight("l2", "unknown", "r1", "r2"), _sight("l3", "up", "r0", "r9")]
    assert correlate(sights, ["r1", "r2"], {}) == [Fault("link", "l1", ("l1",))]


_LINKS = tuple(f"l{n}" for n in range(7))


@st.composite
def _worlds(draw: st.DrawFn) -> tuple[list[LinkSight], Mapping[str, Sequence[Element]]]:
    states: list[Sight] = draw(st.lists(st.sampled_from(("up", "down", "unknown")), min_size=7, max_size=7))
    elements = [_cable(f"C{n}") for n in range(4)] + [_duct(f"D{n}") for n in range(3)]
    plant = {link: draw(st.lists(st.sampled_from(elements), max_size=4, unique=True)) for link in _LINKS}
    return [_sight(link, state) for link, state in zip(_LINKS, states, strict=True)], plant


@given(_worlds())
def test_the_smallest_set_of_elements_explains_all_that_is_down_and_none_that_is_up(
    world: tuple[list[LinkSight], Mapping[str, Sequence[Element]]],
) -> None:
    sights, plant = world
    faults = correlate(sights, [], plant)
    down = {one.link for one in sights if one.state == "down"}
    up = {one.link for one in sights if one.state == "up"}
    assert sorted(link for fault in faults for link in fault.links) == sorted(down), "each is in exactly one"
    for fault in faults:
        for element in fault.suspects:
            assert not {link for link in up if element in plant[link]}
            assert all(element in plant[link] for link in fault.links)
    allowed = {e for way in plant.values() for e in way} - {e for link in up for e in plant[link]}
    coverable = {link for link in down if set(plant[link]) & allowed}
    fewest = next(
        size
        for size in range(len(allowed) + 1)
        for some in combinations(sorted(allowed), size)
        if all(set(plant[link]) & set(some) for link in coverable)
    )
    assert sum(fault.kind == "plant" for fault in faults) == fewest
    assert {link for fault in faults if fault.kind == "plant" for link in fault.links} == coverable
