"""Single points of failure against brute force: each thing is taken away, and who reaches a core is counted."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import TypeAlias

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from network.paths.graph import Edge, Graph
from network.paths.weak_points import weak_points

Drawn: TypeAlias = tuple[list[Edge], dict[Hashable, frozenset[Hashable]], list[Hashable], list[Hashable]]


@st.composite
def regions(draw: st.DrawFn) -> Drawn:
    """Up to ten nodes, parallel edges among them; risks that edges and nodes share; cores, and sites to be served."""
    nodes = draw(st.integers(2, 10))
    ends = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)).filter(lambda pair: pair[0] != pair[1])
    shared = st.frozensets(st.sampled_from("abc"), max_size=2)
    drawn = draw(st.lists(st.tuples(ends, shared), min_size=1, max_size=16))
    edges = [Edge(f"e{n}", a, b, 1, frozenset[Hashable](risks)) for n, ((a, b), risks) in enumerate(drawn)]
    there = sorted({node for (a, b), _ in drawn for node in (a, b)})
    building = st.frozensets(st.sampled_from("abxy"), max_size=1)
    buildings: dict[Hashable, frozenset[Hashable]] = {node: frozenset[Hashable](draw(building)) for node in there}
    cores = draw(st.lists(st.sampled_from(there), min_size=1, max_size=3, unique=True))
    sites = draw(st.lists(st.sampled_from(there), unique=True))
    return edges, buildings, list(cores), list(sites)


def _served(drawn: Drawn, edges: Collection[Hashable] = (), nodes: Collection[Hashable] = ()) -> set[Hashable]:
    """The sites that reach a core when something is gone."""
    every, _, cores, sites = drawn
    left: nx.Graph[Hashable] = nx.Graph()
    left.add_nodes_from({node for edge in every for node in (edge.a, edge.b)} - set(nodes))
    left.add_edges_from(
        (edge.a, edge.b) for edge in every
        if edge.id not in edges and edge.a not in nodes and edge.b not in nodes
    )  # fmt: skip
    reached = set().union(*(nx.node_connected_component(left, core) for core in cores if core not in nodes), set())
    return reached & set(sites)


def _expected(drawn: Drawn) -> dict[tuple[str, Hashable], set[Hashable]]:
    every, buildings, _, _ = drawn
    before = _served(drawn)
    found: dict[tuple[str, Hashable], set[Hashable]] = {}
    for edge in every:
        found["edge", edge.id] = before - _served(drawn, edges={edge.id})
    for node in buildings:
        found["node", node] = before - _served(drawn, nodes={node}) - {node}
    for risk in "abcxy":
        inside = {node for node, own in buildings.items() if risk in own}
        found["risk", risk] = (
            before - _served(drawn, {edge.id for edge in every if risk in edge.risks}, inside) - inside
        )
    return {key: cut for key, cut in found.items() if cut}


@given(regions())
def test_every_single_point_of_failure_is_found_with_whom_it_cuts_off_and_no_other(drawn: Drawn) -> None:
    edges, buildings, cores, sites = drawn
    found = weak_points(Graph.of(edges, buildings), cores, sites)
    assert {(point.kind, point.id): set(point.cut) for point in found} == _expected(drawn)
    assert set(found.unreached) == set(sites) - _served(drawn)
    assert all(len(set(point.cut)) == len(point.cut) for point in found)
    sizes = [len(point.cut) for point in found]
    assert sizes == sorted(sizes, reverse=True)


def test_a_trench_that_two_cables_share_is_a_weak_point_and_neither_cable_is() -> None:
    trench = frozenset({"trench"})
    edges = [Edge("east", "one core", "hall", 1, trench), Edge("west", "other core", "hall", 1, trench)]
    cores = ["one core", "other core"]
    assert weak_points(Graph.of(edges), cores, ["hall"], risks=False).points == ()
    (found,) = weak_points(Graph.of(edges), cores, ["hall"])
    assert (found.kind, found.id, found.cut) == ("risk", "trench", ("hall",))


def test_a_region_without_a_core_is_refused() -> None:
    graph = Graph.of([Edge("x", 1, 2, 1)])
    with pytest.raises(InvalidInput, match="No core is named"):
        weak_points(graph, [])
    with pytest.raises(InvalidInput, match="9 is not in this network"):
        weak_points(graph, [9])
