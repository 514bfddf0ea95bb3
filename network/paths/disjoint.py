"""Two ways that share no edge, or no node but their ends, for the least weight together (Suurballe and Tarjan 1984).

The first way is the cheapest. For the second, weights are reduced by how far each node is, which leaves the first way
at nothing, and its edges may be gone back along for nothing, which undoes them: what both use in opposite directions
drops out, and two ways remain. Exact, in two searches. Nodes are split into where they are entered and where they are
left when they may not be shared either.
"""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heappop, heappush
from typing import Final, Literal

from network.paths.graph import Graph, Path
from network.paths.shortest import NOWHERE

__all__ = ["disjoint_pair"]

_IN: Final = 0
_OUT: Final = 1


def disjoint_pair(
    graph: Graph,
    start: Hashable,
    goal: Hashable,
    *,
    share: Literal["nodes", "nothing"] = "nothing",
    at_most: int = NOWHERE,
) -> tuple[Path, Path] | None:
    """The cheapest two ways together, the cheaper one first; ``None`` where every two ways meet.

    Args:
        at_most: pairs that weigh more together are not looked for.
        share: ``nodes`` when both may pass through the same node, ``nothing`` when only their ends may be one.
    Raises:
        InvalidInput: the network has no such node, or both are one.
    """
    begin, end = graph.at(start), graph.at(goal)
    return _Search(graph, begin, end, split=share == "nothing", at_most=at_most).pair() if begin != end else None


class _Search:
    """A state is a node, twice its number; where nodes are split, one more is where it is left."""

    def __init__(self, graph: Graph, begin: int, end: int, *, split: bool, at_most: int) -> None:
        self.graph, self.begin, self.end, self.split = graph, begin, end, split
        self.at_most = at_most
        self.first: dict[int, int] = {}
        """The edge by which the first way leaves a node."""
        self.entered: dict[int, int] = {}
        """The edge by which the first way enters a node."""

    def pair(self) -> tuple[Path, Path] | None:
        """Both ways."""
        far, by = self._first()
        if self.end not in by or 2 * far[self.end] > self.at_most:
            return None
        here = self.end
        while here != self.begin:
            before, number = by[here]
            self.first[before], self.entered[here] = number, number
            here = before
        second = self._second(far)
        return None if second is None else self._taken_apart(second)

    def _first(self) -> tuple[list[int], dict[int, tuple[int, int]]]:
        """How far each node is, as far as was looked, and the edge by which it was reached."""
        graph, end = self.graph, self.end
        far, by = [NOWHERE] * len(graph.names), dict[int, tuple[int, int]]()
        far[self.begin] = 0
        queue = [(0, self.begin)]
        edges, near = graph.edges, graph.near
        while queue:
            gone, here = heappop(queue)
            if gone > far[here]:
                continue
            if here == end or 2 * gone > self.at_most:
                break
            for there, number in near[here]:
                further = gone + edges[number].weight
                if further < far[there]:
                    far[there] = further
                    by[there] = (here, number)
                    heappush(queue, (further, there))
        return far, by

    def _second(self, far: list[int]) -> list[tuple[int, int, bool]] | None:
        """The cheapest way once the first one may be undone: ``(from, edge, whether it undoes)``, in order.

        Only a node of the first way has two states; elsewhere what is entered is left. Nodes count as no farther than
        the goal: that keeps reduced weights from being negative, and is all that was looked at (Bhandari 1999).
        """
        split, entered, first, edges, near = self.split, self.entered, self.first, self.graph.edges, self.graph.near
        begin, end, goal, most = 2 * self.begin + _OUT, 2 * self.end + _IN, self.end, far[self.end]
        known, by = {begin: 0}, dict[int, tuple[int, int, bool]]()
        queue, done, left = [(0, begin)], set[int](), self.at_most - 2 * most
        while queue:
            gone, state = heappop(queue)
            if gone > left:
                return None
            if state == end:
                return self._back(by)
            if state in done:
                continue
            done.add(state)
            here, barred, into = state >> 1, first.get(state >> 1), entered.get(state >> 1)
            if into is not None:
                back = state - 1 if split and state & 1 else self._undone(here, into)
                if gone < known.get(back, NOWHERE):
                    known[back] = gone
                    by[back] = (state, -1 if back == state - 1 else into, True)
                    heappush(queue, (gone, back))
                if split and not state & 1:
                    continue
            gone += min(far[here], most)
            for there, number in near[here]:
                if number in (barred, into):
                    continue
                beyond = far[there]
                further = gone + edges[number].weight - (min(most, beyond))
                following = 2 * there if there == goal or (split and there in entered) else 2 * there + 1
                if further < known.get(following, NOWHERE):
                    known[following] = further
                    by[following] = (state, number, False)
                    heappush(queue, (further, following))
        return None

    def _undone(self, here: int, entered: int) -> int:
        """Where going back along the edge by which the first way came leads."""
        a, b = self.graph.ends[entered]
        return 2 * (a if b == here else b) + _OUT

    def _back(self, by: dict[int, tuple[int, int, bool]]) -> list[tuple[int, int, bool]]:
        found, state = [], 2 * self.end + _IN
        while state in by:
            before, number, undoes = by[state]
            if number >= 0:
                found.append((before // 2, number, undoes))
            state = before
        return found[::-1]

    def _taken_apart(self, second: list[tuple[int, int, bool]]) -> tuple[Path, Path]:
        undone = {number for _, number, undoes in second if undoes}
        leaving: dict[int, list[int]] = {}
        for node, number in self.first.items():
            if number not in undone:
                leaving.setdefault(node, []).append(number)
        for node, number, undoes in second:
            if not undoes:
                leaving.setdefault(node, []).append(number)
        one, other = (self.graph.path(self.begin, self._walked(leaving)) for _ in range(2))
        return (one, other) if one.weight <= other.weight else (other, one)

    def _walked(self, leaving: dict[int, list[int]]) -> list[int]:
        """One way to the goal along what is left; where it comes round to a node again, without the round."""
        here, taken, at = self.begin, list[int](), {self.begin: 0}
        while here != self.end:
            number = leaving[here].pop()
            a, b = self.graph.ends[number]
            here = b if a == here else a
            taken.append(number)
            if here in at:
                taken = taken[: at[here]]
                at = {node: steps for node, steps in at.items() if steps <= at[here]}
            else:
                at[here] = len(taken)
        return taken
