"""Ways through a plant of 10,000 and 100,000 nodes: disjoint pairs and single points of failure, in processor seconds.

Beside networkx (edge-disjoint ways without weights: it has none with, but minimum-cost flow, which takes minutes) and
rustworkx (bridges and articulation points alone: it does not say who is cut off), in the same run on the same plant.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from typing import Any, Final

import networkx as nx
import rustworkx as rx

from benchmarks.measuring import Figure, table
from network.paths.disjoint import disjoint_pair
from network.paths.graph import Edge, Graph
from network.paths.weak_points import WeakPoints, weak_points

__all__ = ["alone", "run"]

_KEPT: Final = 0.8
"""Share of a grid's edges that a plant has: streets meet four by four, and some end."""


def run(*, quick: bool = False) -> list[Figure]:
    """Measure, print, and say how it compares."""
    figures, rows = list[Figure](), list[list[str]]()
    for side, pair_bound, weak_bound in ((100, 50.0, None), (316, 1000.0, 200.0)):
        if quick and side > 100:
            continue
        figures += _measured(side, pair_bound, weak_bound, rows)
    print("\nways through a plant, corner to corner; processor milliseconds, the best of three")
    print(table(("", "nodes", "edges", "ours", "beside", ""), rows))
    return figures


def _measured(side: int, pair_bound: float, weak_bound: float | None, rows: list[list[str]]) -> list[Figure]:
    edges = _plant(side)
    graph, count = Graph.of(edges), side * side
    theirs: nx.Graph[Any] = nx.Graph((edge.a, edge.b, {"weight": edge.weight}) for edge in edges)
    parts: Any = nx.biconnected_components(theirs)  # the stubs think they are lists of sets
    whole = max(parts, key=len)
    start, goal = min(whole, key=sum), max(whole, key=sum)
    pair_ms, pair = _best(lambda: disjoint_pair(graph, start, goal, share="nodes"))
    if pair is None:
        raise RuntimeError("the plant has no two ways from corner to corner")
    flow_ms, ways = _best(lambda: list(nx.edge_disjoint_paths(theirs, start, goal)), times=1)
    if len(ways) < 2:
        raise RuntimeError("networkx finds no two ways")
    present = _cores(graph, side)
    weak_ms, found = _best(lambda: weak_points(graph, present, risks=False))
    nx_ms, _ = _best(lambda: (list(nx.bridges(theirs)), list(nx.articulation_points(theirs))), times=1)
    rx_ms, rust = _best(lambda: _by_rustworkx(graph, present))
    _agree(found, rust)
    shape = [f"{count:,}", f"{len(edges):,}"]
    rows += [
        ["disjoint pair of least weight", *shape, f"{pair_ms:.0f}", f"{flow_ms:,.0f}", "networkx, without weights"],
        ["weak points, and who is cut off", *shape, f"{weak_ms:.0f}", f"{nx_ms:,.0f}", "networkx, weak points alone"],
        ["", "", "", "", f"{rx_ms:,.0f}", "rustworkx, weak points alone"],
    ]
    name = f"{count // 1000 * 1000:,} nodes"
    return [
        Figure(f"disjoint pair, {name}", pair_ms, "CPU ms", pair_bound, flow_ms, "networkx"),
        Figure(f"single points of failure, {name}", weak_ms, "CPU ms", weak_bound, nx_ms, "networkx",
               more={"rustworkx_ms": rx_ms, "points": len(found.points)}),
    ]  # fmt: skip


def alone(side: int) -> tuple[float, float]:
    """Processor milliseconds of ours alone: the disjoint pair, the weak points."""
    edges = _plant(side)
    graph = Graph.of(edges)
    parts: Any = nx.biconnected_components(nx.Graph((edge.a, edge.b) for edge in edges))
    whole = max(parts, key=len)
    start, goal = min(whole, key=sum), max(whole, key=sum)
    pair_ms, pair = _best(lambda: disjoint_pair(graph, start, goal, share="nodes"))
    if pair is None:
        raise RuntimeError("the plant has no two ways from corner to corner")
    weak_ms, _ = _best(lambda: weak_points(graph, _cores(graph, side), risks=False))
    return pair_ms, weak_ms


def _cores(graph: Graph, side: int) -> list[tuple[int, int]]:
    cores = [(side // 4 * a, side // 4 * b) for a in (1, 3) for b in (1, 3)]
    return [core for core in cores if core in graph.number]


def _plant(side: int) -> list[Edge]:
    """A grid of streets, a fifth of them missing, each of its own length."""
    random, edges = Random(2026), list[Edge]()
    for x in range(side):
        for y in range(side):
            for there in ((x + 1, y), (x, y + 1)):
                if max(there) < side and random.random() < _KEPT:
                    edges.append(Edge(len(edges), (x, y), there, random.randint(10_000, 200_000)))
    return edges


def _by_rustworkx(graph: Graph, cores: list[tuple[int, int]]) -> tuple[int, int]:
    """How many bridges and articulation points there are, all cores as one."""
    mirror: rx.PyGraph[int, None] = rx.PyGraph()
    mirror.add_nodes_from(range(len(graph.names) + 1))
    root = len(graph.names)
    mirror.add_edges_from_no_data(graph.ends + [(root, graph.number[core]) for core in cores])
    return len(rx.bridges(mirror)), len(rx.articulation_points(mirror))


def _agree(found: WeakPoints, rust: tuple[int, int]) -> None:
    """Ours are those that cut somebody off a core; theirs count parts without a core too."""
    kinds = [point.kind for point in found]
    if not 0 < kinds.count("edge") <= rust[0] or not 0 < kinds.count("node") <= rust[1]:
        raise RuntimeError(f"{kinds.count('edge')} and {kinds.count('node')} weak points, rustworkx has {rust}")


def _best(work: Callable[[], Any], *, times: int = 3) -> tuple[float, Any]:
    """Milliseconds of processor time, and what came out."""
    least, out = float("inf"), None
    for _ in range(times):
        begun = time.process_time()
        out = work()
        least = min(least, (time.process_time() - begun) * 1000)
    return least, out
