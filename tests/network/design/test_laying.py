"""A network that is laid: ways that share nothing, cables that follow their ducts, strands lit once; and it stays."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

import networkx as nx
import pytest

from core.errors import InvalidInput
from network.design.choosing import Candidate, choose
from network.design.costs import unit_costs
from network.design.kept import laid as laid_before
from network.design.laying import Wishes, lay
from network.design.plan import Cable, Corridor, Design, Lit
from network.design.report import report
from network.paths.graph import Edge, Graph
from network.paths.weak_points import weak_points
from tests.network.design.streets import LAT, LON, STEP, candidates, town

SEEDS = (1, 2, 3)


@pytest.fixture(scope="module", params=SEEDS)
def laid(request: pytest.FixtureRequest) -> Design:
    seed: int = request.param
    return lay(town(seed), choose(candidates(seed)).sites, unit_costs())


def _ducts(design: Design, way: tuple[Lit, ...]) -> set[str]:
    return {duct for lit in way for duct, _ in design.cables[lit.cable].ducts}


def _ends(design: Design, way: tuple[Lit, ...]) -> list[tuple[str, str]]:
    def turned(cable: Cable, lit: Lit) -> tuple[str, str]:
        return (cable.b, cable.a) if lit.reversed else (cable.a, cable.b)

    return [turned(design.cables[lit.cable], lit) for lit in way]


def test_every_site_is_in_and_reaches_a_core_over_circuits(laid: Design) -> None:
    circuits: nx.Graph[str] = nx.Graph()
    circuits.add_edges_from((circuit.a, circuit.b) for circuit in laid.circuits.values())
    assert len(laid.sites) == 47
    assert nx.is_connected(circuits)
    assert set(circuits) == set(laid.sites)


def test_protecting_shares_no_duct_with_working_and_both_lead_from_end_to_end(laid: Design) -> None:
    protected = 0
    for circuit in laid.circuits.values():
        for way in filter(None, (circuit.working, circuit.protecting)):
            ends = _ends(laid, way)
            assert (ends[0][0], ends[-1][1]) == (circuit.a, circuit.b)
            assert all(one[1] == other[0] for one, other in pairwise(ends))
        assert _ducts(laid, circuit.working).isdisjoint(_ducts(laid, circuit.protecting))
        protected += bool(circuit.protecting)
    assert protected > len(laid.circuits) // 2


def test_aggregation_reaches_two_cores_on_ways_that_share_no_duct(laid: Design) -> None:
    for site in laid.with_role("aggregation"):
        if site.code in laid.single:
            continue
        one, other = (circuit for circuit in laid.circuits.values() if circuit.a == site.code)
        assert one.b != other.b
        assert _ducts(laid, one.working).isdisjoint(_ducts(laid, other.working))


def test_a_cable_follows_its_ducts_and_is_as_long_as_they_are(laid: Design) -> None:
    for cable in laid.cables.values():
        here = cable.a
        for code, backwards in cable.ducts:
            duct = laid.ducts[code]
            assert here == (duct.b if backwards else duct.a)
            here = duct.a if backwards else duct.b
        assert here == cable.b
        assert cable.length_mm == sum(laid.ducts[code].length_mm for code, _ in cable.ducts)


def test_no_duct_is_dug_that_no_cable_lies_in(laid: Design) -> None:
    assert {duct for cable in laid.cables.values() for duct, _ in cable.ducts} == laid.ducts.keys()


def test_no_strand_is_lit_twice_and_each_is_one_of_its_cable(laid: Design) -> None:
    lit = [(one.cable, one.number) for c in laid.circuits.values() for one in (*c.working, *c.protecting)]
    assert len(set(lit)) == len(lit)
    assert all(1 <= number <= laid.cables[cable].strands for cable, number in lit)


def test_no_duct_alone_cuts_a_site_off_that_has_two_ways(laid: Design) -> None:
    graph = Graph.of(Edge(duct.code, duct.a, duct.b, duct.length_mm) for duct in laid.ducts.values())
    safe = laid.sites.keys() - laid.single.keys()
    cores = [site.code for site in laid.with_role("core")]
    found = weak_points(graph, cores, sorted(safe))
    assert not found.unreached
    assert [point for point in found if point.kind == "edge" and safe.intersection(map(str, point.cut))] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_sites_in_another_order_give_the_same_network(seed: int) -> None:
    corridor, sites = town(seed), candidates(seed)
    first = lay(corridor, choose(sites).sites, unit_costs())
    Random(seed).shuffle(sites)
    assert lay(corridor, choose(sites).sites, unit_costs()) == first


@pytest.mark.parametrize("seed", SEEDS)
def test_one_more_school_adds_its_own_way_and_nothing_else(seed: int) -> None:
    corridor, before = town(seed), candidates(seed)
    there = lay(corridor, choose(before).sites, unit_costs())
    school = Candidate("SC-NEW", "school", (LON + 7.3 * STEP, LAT + 8.6 * STEP), {"level_guess": "secondary"})
    chosen = choose([*before, school], keep=list(there.sites)).sites
    added = lay(corridor, chosen, unit_costs(), there=there)
    assert set(added.sites) == {"SC-NEW"}
    assert set(added.circuits) == {"AC.SC-NEW"}
    assert {cable.a for cable in added.cables.values()} == {"SC-NEW"}
    assert added.ducts.keys().isdisjoint(there.ducts)
    assert sum(duct.lead_in for duct in added.ducts.values() if duct.a == "SC-NEW") >= 1
    assert sum(duct.length_mm for duct in added.ducts.values()) < 5_000_000
    whole = there.with_more(added)
    assert lay(corridor, chosen, unit_costs(), there=whole) == Design()


def test_one_more_station_gets_a_ring_of_its_own_and_no_ring_alters() -> None:
    corridor, before = town(1), candidates(1)
    there = lay(corridor, choose(before).sites, unit_costs())
    station = Candidate("ST-NEW", "station", (LON + 3.3 * STEP, LAT + 11.6 * STEP))
    added = lay(corridor, choose([*before, station]).sites, unit_costs(), there=there)
    (ring,) = added.rings
    assert ring[1:-1] == ("ST-NEW",)
    assert {circuit.b for circuit in added.circuits.values()} == {ring[0], ring[-1]}
    assert added.cables.keys().isdisjoint(there.cables)
    lit = [
        (one.cable, one.number)
        for c in (there.with_more(added)).circuits.values()
        for one in (*c.working, *c.protecting)
    ]
    assert len(set(lit)) == len(lit)


def test_the_bill_is_the_sum_of_its_lines_and_follows_the_prices(laid: Design) -> None:
    told = report(laid, unit_costs())
    assert told.cost_micro_eur == sum(line.amount_micro_eur for line in told.costs) > 0
    assert told.duct_m == sum(duct.length_mm for duct in laid.ducts.values()) // 1000
    assert told.counts["splices"] > 0
    dearer = report(laid, unit_costs({"digging": 2 * unit_costs()["digging"]}))
    (line,) = (line for line in told.costs if line.name == "digging")
    assert abs(dearer.cost_micro_eur - told.cost_micro_eur - line.amount_micro_eur) <= 1


def test_digging_that_costs_nothing_more_for_a_second_way_is_all_that_a_thrifty_region_does() -> None:
    corridor, sites = town(2), choose(candidates(2)).sites
    thrifty = lay(corridor, sites, unit_costs(), Wishes(second_way_mm=0))
    generous = lay(corridor, sites, unit_costs(), Wishes(second_way_mm=5_000_000))
    assert len(thrifty.single) > len(generous.single)
    assert report(thrifty, unit_costs()).duct_m < report(generous, unit_costs()).duct_m
    police = {site.code for site in thrifty.sites.values() if site.wants_two_ways}
    assert police
    assert police.isdisjoint(thrifty.single)


def test_without_a_core_or_a_street_nothing_is_laid() -> None:
    corridor, sites = town(1), choose(candidates(1)).sites
    with pytest.raises(InvalidInput, match="No site is a core"):
        lay(corridor, [site for site in sites if site.role != "core"], unit_costs())
    with pytest.raises(InvalidInput, match="no corridor"):
        lay(Corridor({}, ()), sites, unit_costs())


def test_a_region_with_one_data_centre_has_spurs_and_says_who_has_one_way() -> None:
    sites = [site for site in choose(candidates(1)).sites if site.code not in {"DA-1", "DA-2", "DA-3"}]
    made = lay(town(1), sites, unit_costs())
    assert made.rings == []
    assert made.sites.keys() == {site.code for site in sites}
    assert {circuit.b for circuit in made.circuits.values()} == {"DA-0"}
    stations = {site.code for site in sites if site.role == "aggregation"}
    assert stations <= made.single.keys()


def test_a_site_beside_a_chosen_one_is_served_there() -> None:
    station = Candidate("ST-1", "station", (LON, LAT))
    hotspot = Candidate("HS-1", "hotspot", (LON + 0.00001, LAT))
    other = replace(hotspot, code="HS-2", place=(LON + STEP, LAT))
    choice = choose([other, hotspot, station])
    assert [site.code for site in choice.sites] == ["HS-2", "ST-1"]
    assert choice.beside == {"HS-1": "ST-1"}
    assert choose([Candidate("SC-1", "school", (LON, LAT), {"level_guess": "primary"})]).sites == ()


def test_a_price_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="no unit price 'gold'"):
        unit_costs({"gold": 1})
    with pytest.raises(InvalidInput, match="'digging' is -1"):
        unit_costs({"digging": -1})


def test_a_site_far_from_every_street_stays_out_and_is_told() -> None:
    far = Candidate("SC-FAR", "school", (LON - 0.05, LAT), {"level_guess": "secondary"})
    made = lay(town(1), choose([*candidates(1), far]).sites, unit_costs())
    assert "SC-FAR" not in made.sites
    assert made.single["SC-FAR"] == "no street leads to it"
    assert report(made, unit_costs()).counts["sites"] == 47


def test_the_same_asked_for_again_is_not_computed_again_and_anything_else_is() -> None:
    def asked(seed: int, **wishes: int) -> Design:
        return laid_before(town(seed), choose(candidates(seed)).sites, unit_costs(), Wishes(**wishes), Design())

    first = asked(1)
    assert asked(1) is first
    other = asked(1, ring_sites=2)
    assert other is not first
    assert other == lay(town(1), choose(candidates(1)).sites, unit_costs(), Wishes(ring_sites=2))
    assert asked(2) == lay(town(2), choose(candidates(2)).sites, unit_costs())
    assert asked(1) == first
