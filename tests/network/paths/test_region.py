"""Two ways between any two sites of the designed region, against an oracle that finds them by other means."""

from __future__ import annotations

import os
from random import Random

import networkx as nx
import pytest

from network.paths.disjoint import disjoint_pair
from network.paths.diverse import diverse_pair
from network.paths.graph import Edge, Graph, Path
from network.paths.weak_points import weak_points
from tests.network.design.brussels import OPEN_DATA, network_of_brussels

PAIRS = 1000 if os.environ.get("IRISPLANE_LONG") else 8

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not OPEN_DATA.is_dir(), reason="the region's open data is not beside this clone"),
]


@pytest.fixture(scope="module")
def region() -> tuple[list[Edge], list[str]]:
    """Ducts as edges, and the codes of sites."""
    made = network_of_brussels()
    return [Edge(duct.code, duct.a, duct.b, duct.length_mm) for duct in made.ducts.values()], sorted(made.sites)


def least_of_two(edges: list[Edge], start: str, goal: str, *, nodes: bool) -> int | None:
    """Two units of flow for the least cost (network simplex); ``None``: only one can flow."""
    flow: nx.DiGraph[object] = nx.DiGraph()
    for edge in edges:
        for here, there in ((edge.a, edge.b), (edge.b, edge.a)):
            assert not flow.has_edge((here, "out"), (there, "in")), "ducts side by side: the oracle needs them apart"
            flow.add_edge((here, "out"), (there, "in"), capacity=1, weight=edge.weight)
    for node in {end for edge in edges for end in (edge.a, edge.b)}:
        once = nodes and node not in {start, goal}
        flow.add_edge((node, "in"), (node, "out"), capacity=1 if once else 2, weight=0)
    flow.nodes[start, "out"]["demand"] = -2
    flow.nodes[goal, "in"]["demand"] = 2
    try:
        return int(nx.min_cost_flow_cost(flow))
    except nx.NetworkXUnfeasible:
        return None


def _apart(pair: tuple[Path, Path], *, nodes: bool) -> bool:
    one, other = pair
    shared = set(one.edges) & set(other.edges)
    met = set(one.nodes[1:-1]) & set(other.nodes[1:-1])
    return not shared and not (nodes and met)


def test_the_pair_of_ways_between_any_two_sites_weighs_what_the_oracle_says(
    region: tuple[list[Edge], list[str]],
) -> None:
    edges, sites = region
    graph, random = Graph.of(edges), Random(2026)
    found = 0
    for number in range(PAIRS):
        start, goal = random.sample(sites, 2)
        nodes = number % 2 == 0
        pair = disjoint_pair(graph, start, goal, share="nothing" if nodes else "nodes")
        least = least_of_two(edges, start, goal, nodes=nodes)
        assert (pair is None) == (least is None), (start, goal)
        if pair is None:
            cut = weak_points(graph, [start], [goal], risks=False)
            assert any(point.kind == "edge" or (nodes and point.kind == "node") for point in cut), (start, goal)
            continue
        found += 1
        assert _apart(pair, nodes=nodes)
        assert pair[0].weight + pair[1].weight == least, (start, goal)
        told = diverse_pair(graph, start, goal)
        if told.pair is not None:
            assert _apart(told.pair, nodes=True)
    assert found > PAIRS // 2
