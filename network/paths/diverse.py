"""Two ways that share no risk: no duct, no building, no power feed. Exact where time allows, and bounded where not.

Whether there are two is NP-complete (Hu 2003), so ways are taken from the cheapest on, each with the cheapest one that
shares nothing with it. A pair's cheaper way is met before twice its weight is dearer than the best pair found: then
that one is the best. Where the search is given up before, what is known is told: no pair costs less than the bound.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from network.paths.disjoint import disjoint_pair
from network.paths.graph import NO_RISKS, Graph, Path
from network.paths.shortest import NOWHERE, distances, in_order, led

__all__ = ["MOST_TRIED", "Diverse", "beside", "diverse_pair", "shared"]

MOST_TRIED: Final = 200
"""Ways that are tried as the first of a pair, unless the caller has more patience."""


@dataclass(frozen=True, slots=True)
class Diverse:
    """What is known of two ways that share no risk.

    Attributes:
        pair: the best one found, the cheaper way first; ``None``: none was found.
        bound: no pair weighs less; ``None``: there is none at all.
        exact: the pair is the best there is, or there is none.
        tried: ways that were tried as the first.
    """

    pair: tuple[Path, Path] | None
    bound: int | None
    exact: bool
    tried: int


def diverse_pair(
    graph: Graph, start: Hashable, goal: Hashable, *, except_for: frozenset[Hashable] = NO_RISKS, most: int = MOST_TRIED
) -> Diverse:
    """The cheapest two ways together that share no node, no edge and no risk, besides what is at both ends.

    Args:
        except_for: risks that may be shared: the only duct into a building, for instance.
        most: ways that are tried as the first of a pair.
    Raises:
        InvalidInput: the network has no such node.
    """
    begin, end = graph.at(start), graph.at(goal)
    free = except_for | graph.node_risks[begin] | graph.node_risks[end]
    apart = disjoint_pair(graph, start, goal)
    if apart is None:
        return Diverse(None, None, exact=True, tried=0)
    least = apart[0].weight + apart[1].weight
    if not _shared(graph, apart, free):
        return Diverse(apart, least, exact=True, tried=0)
    left = distances(graph, end)
    best: tuple[Path, Path] | None = None
    weight, tried = NOWHERE, 0
    for path in in_order(graph, start, goal):
        if 2 * path.weight >= weight or tried >= most:
            done = 2 * path.weight >= weight
            return Diverse(best, weight if done else max(least, min(2 * path.weight, weight)), exact=done, tried=tried)
        tried += 1
        other = _beside(graph, path, begin, end, left, free)
        if other is not None and path.weight + other.weight < weight:
            best, weight = _ordered(path, other), path.weight + other.weight
    return Diverse(best, weight if best else None, exact=True, tried=tried)


def beside(graph: Graph, path: Path) -> Path | None:
    """The cheapest way that shares no node, no edge and no risk with a given one, besides what is at both ends."""
    begin, end = graph.at(path.nodes[0]), graph.at(path.nodes[-1])
    free = graph.node_risks[begin] | graph.node_risks[end]
    return _beside(graph, path, begin, end, distances(graph, end), free)


def shared(graph: Graph, one: Path, other: Path) -> frozenset[Hashable]:
    """The risks that two ways between the same ends share, besides those of the ends themselves."""
    ends = (graph.node_risks[graph.at(node)] for node in (one.nodes[0], one.nodes[-1]))
    return (_risks(graph, one) & _risks(graph, other)).difference(*ends)


def _beside(graph: Graph, path: Path, begin: int, end: int, left: list[int], free: frozenset[Hashable]) -> Path | None:
    """The cheapest way that shares nothing with another one."""
    risks = _risks(graph, path) - free
    inside = {graph.number[node] for node in path.nodes[1:-1]}
    taken = set(path.edges)
    edges = {number for number, edge in enumerate(graph.edges) if edge.id in taken or not risks.isdisjoint(edge.risks)}
    nodes = inside | {
        number for number, own in enumerate(graph.node_risks)
        if own and number not in {begin, end} and not risks.isdisjoint(own)
    }  # fmt: skip
    found = led(graph, begin, end, left, edges=edges, nodes=nodes)
    return None if found is None else graph.path(begin, found)


def _shared(graph: Graph, pair: tuple[Path, Path], free: frozenset[Hashable]) -> bool:
    one, other = (_risks(graph, path) for path in pair)
    return not (one & other) <= free


def _risks(graph: Graph, path: Path) -> frozenset[Hashable]:
    taken = set(path.edges)
    of_edges = (edge.risks for edge in graph.edges if edge.id in taken)
    of_nodes = (graph.node_risks[graph.number[node]] for node in path.nodes)
    return frozenset().union(*of_edges, *of_nodes)


def _ordered(one: Path, other: Path) -> tuple[Path, Path]:
    return (one, other) if one.weight <= other.weight else (other, one)
