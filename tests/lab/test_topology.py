"""The lab's network on paper."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.instance import ROOT
from lab.network.topology import LARGEST, SMALLEST, Topology, plan

_SIZES = st.integers(SMALLEST, LARGEST)


def _reached(topology: Topology, without: str | None = None, cut: int | None = None) -> set[str]:
    """Who the first remaining router reaches, without a router or a fibre."""
    left = {router.name for router in topology.routers if router.name != without}
    fibres = [fibre for index, fibre in enumerate(topology.fibres) if index != cut]
    start = min(left)
    seen, todo = {start}, [start]
    while todo:
        here = todo.pop()
        for fibre in fibres:
            if here in (fibre.a, fibre.b):
                there = fibre.b if fibre.a == here else fibre.a
                if there in left and there not in seen:
                    seen.add(there)
                    todo.append(there)
    return seen


@given(_SIZES)
def test_names_numbers_sites_and_fibres_are_all_different(size: int) -> None:
    topology = plan(size)
    assert len(topology.routers) == size
    assert [router.number for router in topology.routers] == list(range(1, size + 1))
    assert len({router.name for router in topology.routers}) == size
    assert len({router.site for router in topology.routers}) == size
    assert len({frozenset((fibre.a, fibre.b)) for fibre in topology.fibres}) == len(topology.fibres)
    assert all(len(name) <= 15 for router in topology.routers for name in router.interfaces)


@given(_SIZES, st.data())
def test_no_single_router_or_fibre_cuts_anybody_else_off(size: int, data: st.DataObject) -> None:
    topology = plan(size)
    names = {router.name for router in topology.routers}
    lost = data.draw(st.sampled_from(sorted(names)))
    assert _reached(topology, without=lost) == names - {lost}
    assert _reached(topology, cut=data.draw(st.integers(0, len(topology.fibres) - 1))) == names


@given(_SIZES)
def test_access_routers_have_two_homes_in_the_rings(size: int) -> None:
    topology = plan(size)
    for router in topology.routers:
        if router.role == "access":
            assert len(router.interfaces) == 2
            assert all(name.startswith(("to-ag", "to-cr")) for name in router.interfaces)


def test_the_default_is_twelve_at_the_data_centres_stations_and_town_halls() -> None:
    topology = plan()
    assert len(topology.routers) == 12
    assert [router.site for router in topology.routers if router.role == "core"] == [
        "DC-ARTS", "DC-USINES", "DC-ULB", "DC-SIAMU",
    ]  # fmt: skip
    assert {fibre.ring for fibre in topology.fibres} == {"north", "south", "core", "access"}


def test_every_router_stands_at_a_site_of_the_region() -> None:
    sites = (ROOT / "inventory" / "regions" / "brussels" / "sites.json").read_text(encoding="utf-8")
    assert [router.site for router in plan(LARGEST).routers if f'"code": "{router.site}"' not in sites] == []


@pytest.mark.parametrize("size", [3, 61])
def test_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="4 to 60"):
        plan(size)
