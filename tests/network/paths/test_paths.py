"""Ways against an oracle: networkx finds the same weights on random networks, by other means."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import islice, pairwise
from random import Random
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from network.paths.disjoint import disjoint_pair
from network.paths.graph import Edge, Graph, Path
from network.paths.shortest import cheapest, k_cheapest

NODES = st.integers(2, 9)


@st.composite
def networks(draw: st.DrawFn) -> list[Edge]:
    """Up to nine nodes, several edges between two of them, and edges that cost nothing."""
    nodes = draw(NODES)
    ends = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)).filter(lambda pair: pair[0] != pair[1])
    drawn = draw(st.lists(st.tuples(ends, st.integers(0, 12)), min_size=1, max_size=24))
    return [Edge(f"e{number}", a, b, weight) for number, ((a, b), weight) in enumerate(drawn)]


def _oracle(edges: Iterable[Edge]) -> nx.Graph[Hashable]:
    """Between two nodes the cheapest edge alone."""
    made: nx.Graph[Hashable] = nx.Graph()
    for edge in edges:
        if not made.has_edge(edge.a, edge.b) or made[edge.a][edge.b]["weight"] > edge.weight:
            made.add_edge(edge.a, edge.b, weight=edge.weight)
    return made


def _sound(path: Path, edges: list[Edge]) -> None:
    """It is a way: each edge joins its two nodes, none is met twice, and the weights are the edges'."""
    of = {edge.id: edge for edge in edges}
    assert len(set(path.nodes)) == len(path.nodes) == len(path.edges) + 1
    for (here, there), edge in zip(pairwise(path.nodes), path.edges, strict=True):
        assert {here, there} == {of[edge].a, of[edge].b}
    assert path.weight == sum(of[edge].weight for edge in path.edges)


def _least_of_two(edges: list[Edge], start: object, goal: object, *, nodes: bool) -> int | None:
    """Two units of flow for the least cost: each edge carries one, each node too if it may not be shared."""
    flow: nx.DiGraph[Hashable] = nx.DiGraph()
    for node in {edge.a for edge in edges} | {edge.b for edge in edges}:
        once = nodes and node not in {start, goal}
        flow.add_edge((node, "in"), (node, "out"), capacity=1 if once else 2, weight=0)
    for edge in edges:
        for here, there in ((edge.a, edge.b), (edge.b, edge.a)):
            middle = (edge.id, here)  # so that parallel edges stay apart
            flow.add_edge((here, "out"), middle, capacity=1, weight=edge.weight)
            flow.add_edge(middle, (there, "in"), capacity=1, weight=0)
    flow.add_node((start, "out"), demand=-2)
    flow.add_node((goal, "in"), demand=2)
    try:
        return int(nx.min_cost_flow_cost(flow))
    except nx.NetworkXUnfeasible:
        return None


@given(networks())
def test_the_cheapest_way_is_as_cheap_as_the_oracles(edges: list[Edge]) -> None:
    graph, oracle = Graph.of(edges), _oracle(edges)
    start, goal = edges[0].a, edges[-1].b
    found = cheapest(graph, start, goal)
    if found is None:
        assert not nx.has_path(oracle, start, goal)
    else:
        _sound(found, edges)
        assert found.weight == nx.shortest_path_length(oracle, start, goal, "weight")


@given(networks())
def test_the_k_cheapest_are_all_different_in_order_and_none_is_missed(edges: list[Edge]) -> None:
    start, goal = edges[0].a, edges[0].b
    found = k_cheapest(Graph.of(edges), start, goal, 12)
    for path in found:
        _sound(path, edges)
    assert len({path.edges for path in found}) == len(found)
    multi: nx.MultiGraph[Hashable] = nx.MultiGraph()
    for edge in edges:
        multi.add_edge(edge.a, edge.b, edge.id, weight=edge.weight)
    weights = {edge.id: edge.weight for edge in edges}
    ways: Any = nx.all_simple_edge_paths(multi, start, goal)  # the stubs know them without keys
    every = sorted(sum(weights[step[2]] for step in way) for way in islice(ways, 50_000))
    assert [path.weight for path in found] == every[:12]


@pytest.mark.parametrize("share", ["nodes", "nothing"])
@given(edges=networks())
def test_a_disjoint_pair_costs_what_two_units_of_flow_cost(share: str, edges: list[Edge]) -> None:
    start, goal = edges[0].a, edges[-1].b
    if start == goal:
        return
    found = disjoint_pair(Graph.of(edges), start, goal, share=share)  # type: ignore[arg-type]
    least = _least_of_two(edges, start, goal, nodes=share == "nothing")
    assert (found is None) == (least is None)
    if found is not None:
        for path in found:
            _sound(path, edges)
            assert (path.nodes[0], path.nodes[-1]) == (start, goal)
        assert set(found[0].edges).isdisjoint(found[1].edges)
        if share == "nothing":
            assert set(found[0].nodes[1:-1]).isdisjoint(found[1].nodes[1:-1])
        assert found[0].weight <= found[1].weight
        assert found[0].weight + found[1].weight == least


@given(edges=networks(), at_most=st.integers(0, 40))
def test_a_pair_that_weighs_more_than_it_may_is_none(edges: list[Edge], at_most: int) -> None:
    start, goal = edges[0].a, edges[-1].b
    if start == goal:
        return
    graph = Graph.of(edges)
    whole, found = disjoint_pair(graph, start, goal), disjoint_pair(graph, start, goal, at_most=at_most)
    fits = whole is not None and whole[0].weight + whole[1].weight <= at_most
    assert found == (whole if fits else None)


def test_a_greedy_second_way_is_not_the_answer() -> None:
    """The cheapest way uses the middle; two ways that are disjoint leave it aside."""
    edges = [
        Edge("sa", "s", "a", 1), Edge("ab", "a", "b", 1), Edge("bt", "b", "t", 1), Edge("at", "a", "t", 5),
        Edge("sb", "s", "b", 5),
    ]  # fmt: skip
    found = disjoint_pair(Graph.of(edges), "s", "t")
    assert found is not None
    assert {path.edges for path in found} == {("sa", "at"), ("sb", "bt")}


def test_a_large_grid_has_the_weight_that_the_oracle_finds() -> None:
    random = Random(7)
    grid = nx.grid_2d_graph(30, 30)
    edges = [Edge(number, a, b, random.randint(1, 1000)) for number, (a, b) in enumerate(grid.edges)]
    found = disjoint_pair(Graph.of(edges), (0, 0), (29, 29), share="nodes")
    assert found is not None
    assert found[0].weight + found[1].weight == _least_of_two(edges, (0, 0), (29, 29), nodes=False)


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(InvalidInput, match="negative weight -1"):
        Graph.of([Edge("x", 1, 2, -1)])
    with pytest.raises(InvalidInput, match="from 1 to itself"):
        Graph.of([Edge("x", 1, 1, 1)])
    with pytest.raises(InvalidInput, match="9 is not in this network"):
        cheapest(Graph.of([Edge("x", 1, 2, 1)]), 1, 9)
