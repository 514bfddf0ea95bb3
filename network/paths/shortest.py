"""The cheapest way, and the cheapest ones in order (Yen 1971, with Lawler's rule that no way is looked for twice).

Distances to the goal are computed once and lead every later search straight to it (A*, Hart, Nilsson and Raphael 1968):
with some edges taken away they are still never too long.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator
from heapq import heappop, heappush
from itertools import islice
from typing import Final

from network.paths.graph import Graph, Path

__all__ = ["NOWHERE", "cheapest", "distances", "in_order", "k_cheapest", "led"]

NOWHERE: Final = 1 << 62
"""The distance of what cannot be reached."""
_NONE: Final[frozenset[int]] = frozenset()


def cheapest(graph: Graph, start: Hashable, goal: Hashable) -> Path | None:
    """The cheapest way, or ``None`` where there is none.

    Raises:
        InvalidInput: the network has no such node.
    """
    return next(in_order(graph, start, goal), None)


def k_cheapest(graph: Graph, start: Hashable, goal: Hashable, k: int) -> list[Path]:
    """The ``k`` cheapest ways that meet no node twice, the cheapest first; fewer where there are fewer."""
    return list(islice(in_order(graph, start, goal), k))


def in_order(graph: Graph, start: Hashable, goal: Hashable) -> Iterator[Path]:
    """Every way from the cheapest to the dearest; each is looked for when it is asked for."""
    begin, end = graph.at(start), graph.at(goal)
    left = distances(graph, end)
    first = led(graph, begin, end, left)
    if first is None:
        return
    waiting: list[tuple[int, tuple[int, ...], int]] = [(_weight(graph, first), first, 0)]
    seen = {first}
    while waiting:
        _, taken, split = heappop(waiting)
        yield graph.path(begin, taken)
        _spread(graph, begin, end, left, taken, split, waiting, seen)


def distances(graph: Graph, goal: int) -> list[int]:
    """From each node to one, by number; ``NOWHERE`` where no way leads (Dijkstra 1959)."""
    found = [NOWHERE] * len(graph.names)
    found[goal] = 0
    edges, near, queue = graph.edges, graph.near, [(0, goal)]
    while queue:
        far, here = heappop(queue)
        if far > found[here]:
            continue
        for there, number in near[here]:
            further = far + edges[number].weight
            if further < found[there]:
                found[there] = further
                heappush(queue, (further, there))
    return found


def led(
    graph: Graph,
    start: int,
    goal: int,
    left: list[int],
    *,
    edges: Collection[int] = _NONE,
    nodes: Collection[int] = _NONE,
) -> tuple[int, ...] | None:
    """The edges of the cheapest way that avoids some edges and nodes; ``None`` where there is none.

    Args:
        left: for each node no more than what is left to the goal, as :func:`distances` gives it.
    """
    if left[start] >= NOWHERE:
        return None
    known, by = {start: 0}, dict[int, tuple[int, int]]()
    queue, done = [(left[start], 0, start)], set[int]()
    while queue:
        _, gone, here = heappop(queue)
        if here == goal:
            return _back(start, goal, by)
        if here in done:
            continue
        done.add(here)
        for there, number in graph.near[here]:
            if number in edges or there in nodes or left[there] >= NOWHERE:
                continue
            further = gone + graph.edges[number].weight
            if further < known.get(there, NOWHERE):
                known[there] = further
                by[there] = (here, number)
                heappush(queue, (further + left[there], further, there))
    return None


def _spread(
    graph: Graph, begin: int, end: int, left: list[int], taken: tuple[int, ...], split: int,
    waiting: list[tuple[int, tuple[int, ...], int]], seen: set[tuple[int, ...]],
) -> None:  # fmt: skip
    """Ways that leave this one at a node from where it was found on; those before were looked for already."""
    nodes = [begin]
    for number in taken:
        nodes.append(_other(graph, number, nodes[-1]))
    for at in range(split, len(taken)):
        begun = taken[:at]
        barred = {way[at] for way in seen if len(way) > at and way[:at] == begun}
        rest = led(graph, nodes[at], end, left, edges=barred, nodes=set(nodes[:at]))
        if rest is not None and (way := begun + rest) not in seen:
            seen.add(way)
            heappush(waiting, (_weight(graph, way), way, at))


def _back(start: int, goal: int, by: dict[int, tuple[int, int]]) -> tuple[int, ...]:
    found, here = [], goal
    while here != start:
        here, number = by[here]
        found.append(number)
    return tuple(reversed(found))


def _other(graph: Graph, edge: int, node: int) -> int:
    a, b = graph.ends[edge]
    return b if a == node else a


def _weight(graph: Graph, edges: tuple[int, ...]) -> int:
    return sum(graph.edges[number].weight for number in edges)
