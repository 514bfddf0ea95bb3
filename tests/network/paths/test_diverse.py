"""Two ways without a common risk, against every pair of ways there is; and what is told when patience ends."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from network.paths.diverse import diverse_pair
from network.paths.graph import Edge, Graph, Path

Risky: TypeAlias = tuple[list[Edge], dict[Hashable, frozenset[Hashable]]]


@st.composite
def risky(draw: st.DrawFn) -> Risky:
    """Up to seven nodes; an edge lies in up to two of six ducts, and a node in a building or in none."""
    nodes = draw(st.integers(2, 7))
    ends = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)).filter(lambda pair: pair[0] != pair[1])
    ducts = st.frozensets(st.sampled_from("abcdef"), max_size=2)
    drawn = draw(st.lists(st.tuples(ends, st.integers(0, 9), ducts), min_size=1, max_size=14))
    in_one = st.frozensets(st.sampled_from("xyz"), max_size=1)
    buildings: dict[Hashable, frozenset[Hashable]] = {n: frozenset[Hashable](draw(in_one)) for n in range(nodes)}
    edges = [Edge(n, a, b, weight, frozenset[Hashable](risks)) for n, ((a, b), weight, risks) in enumerate(drawn)]
    return edges, buildings


@dataclass(frozen=True)
class _Way:
    edges: frozenset[Hashable]
    inside: frozenset[Hashable]
    risks: frozenset[Hashable]
    weight: int

    def apart(self, other: _Way) -> bool:
        return not (self.edges & other.edges or self.inside & other.inside or self.risks & other.risks)


def _every_pair(drawn: Risky, start: Hashable, goal: Hashable) -> int | None:
    """The least weight of two ways that share nothing, by trying all."""
    edges, buildings = drawn
    multi: nx.MultiGraph[Hashable] = nx.MultiGraph()
    for edge in edges:
        multi.add_edge(edge.a, edge.b, edge.id)
    of = {edge.id: edge for edge in edges}
    free = buildings[start] | buildings[goal]
    ways = []
    every: Any = nx.all_simple_edge_paths(multi, start, goal)  # the stubs know them without keys
    for steps in every:
        taken = [of[step[-1]] for step in steps]
        inside = frozenset(step[1] for step in steps) - {goal}
        risks = frozenset().union(*(edge.risks for edge in taken), *(buildings[node] for node in inside)) - free
        ways.append(_Way(frozenset(edge.id for edge in taken), inside, risks, sum(edge.weight for edge in taken)))
    return min((one.weight + other.weight for one, other in product(ways, ways) if one.apart(other)), default=None)


@given(risky())
def test_the_pair_is_the_best_of_all_pairs(drawn: Risky) -> None:
    edges, buildings = drawn
    start, goal = edges[0].a, edges[0].b
    found = diverse_pair(Graph.of(edges, buildings), start, goal, most=100_000)
    least = _every_pair(drawn, start, goal)
    assert found.exact
    assert (found.pair is None) == (least is None)
    if found.pair is not None:
        assert sum(path.weight for path in found.pair) == found.bound == least


@given(risky(), st.integers(0, 3))
def test_what_is_told_when_patience_ends_is_true(drawn: Risky, most: int) -> None:
    edges, buildings = drawn
    start, goal = edges[0].a, edges[0].b
    found = diverse_pair(Graph.of(edges, buildings), start, goal, most=most)
    least = _every_pair(drawn, start, goal)
    if found.exact:
        assert (found.pair is None) == (least is None)
    if least is not None:
        assert found.bound is not None
        assert found.bound <= least
        assert found.pair is None or sum(path.weight for path in found.pair) >= least


def test_a_duct_that_two_cables_share_is_one_risk() -> None:
    """Two cables in one trench look disjoint and are not; the way round is dearer and safe."""
    trench = frozenset({"trench"})
    edges = [
        Edge("cable 1", "site", "core", 10, trench),
        Edge("cable 2", "site", "core", 11, trench),
        Edge("round 1", "site", "other", 20),
        Edge("round 2", "other", "core", 20),
    ]
    found = diverse_pair(Graph.of(edges), "site", "core")
    assert found.exact
    assert found.pair == (
        Path(("site", "core"), ("cable 1",), 10),
        Path(("site", "other", "core"), ("round 1", "round 2"), 40),
    )
    shared = diverse_pair(Graph.of(edges), "site", "core", except_for=trench)
    assert shared.pair is not None
    assert sum(path.weight for path in shared.pair) == 21
