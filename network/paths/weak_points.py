"""Single points of failure: every edge, node or shared risk whose loss cuts a site off every core, and which sites.

One depth-first walk from a root above all cores puts nodes in an order where whatever hangs on a node is one slice
(Tarjan 1972). A slice that nothing but its own edge leaves is lost with that edge; one that nothing leads past its node
is lost with that node. A risk that several edges share cuts only if some of them sum to a cut: each edge gets a random
word, such that those of every cut sum to nothing (Pritchard and Thurimella 2011); who sums to nothing is looked at.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import rustworkx as rx

from core.errors import InvalidInput
from network.paths.graph import Graph

__all__ = ["WeakPoint", "WeakPoints", "weak_points"]

Numbers: TypeAlias = npt.NDArray[np.int64]

_NO_EDGE: Final = -1


@dataclass(frozen=True, slots=True)
class WeakPoint:
    """What cuts sites off when it fails.

    Attributes:
        kind: ``edge``, ``node``, or ``risk``: what its edges and nodes share.
        id: as the network names it.
        cut: the sites that reach no core without it; a site that stands in what failed is not counted.
    """

    kind: Literal["edge", "node", "risk"]
    id: Hashable
    cut: tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class WeakPoints:
    """Every single point of failure, the one that cuts most first; and the sites that reach no core as it is."""

    points: tuple[WeakPoint, ...]
    unreached: tuple[Hashable, ...]

    def __iter__(self) -> Iterator[WeakPoint]:
        return iter(self.points)


def weak_points(
    graph: Graph, cores: Iterable[Hashable], sites: Iterable[Hashable] | None = None, *, risks: bool = True
) -> WeakPoints:
    """Every edge, node and shared risk whose loss cuts a site off all cores.

    Args:
        cores: what must be reached, any one of them.
        sites: who must reach it; every node when absent.
        risks: whether what edges and nodes share is looked at too.
    Raises:
        InvalidInput: no core is named, or the network has no such node.
    """
    roots = sorted({graph.at(core) for core in cores})
    if not roots:
        raise InvalidInput("No core is named, so nothing can be cut off from one.")
    asked = np.zeros(len(graph.names) + 1, dtype=bool)
    asked[[graph.at(site) for site in sites] if sites is not None else slice(0, len(graph.names))] = True
    walk = _Walk(graph, roots, asked)
    found = [*walk.edges(), *walk.nodes(), *(walk.risks() if risks else ())]
    found.sort(key=lambda point: -len(point.cut))
    lost = np.flatnonzero(asked & ~walk.reached)
    return WeakPoints(tuple(found), tuple(graph.names[number] for number in lost.tolist()))


class _Walk:
    """Nodes by their place in a depth-first walk; the root above all cores is at place 0.

    Attributes:
        place: of each node by number; nodes that no core reaches have none (``-1``).
        above: of each place, the place it was entered from.
        last: of each place, one beyond the last one that hangs on it.
        low, high, edge: of each reached edge its two places and its number, edges from the root included.
        climbs: of each edge, whether it is the one by which the walk entered its higher place.
    """

    def __init__(self, graph: Graph, roots: Sequence[int], asked: npt.NDArray[np.bool_]) -> None:
        self.graph, count = graph, len(graph.names)
        ends = graph.ends + [(count, root) for root in roots]
        mirror: rx.PyGraph[int, None] = rx.PyGraph()
        mirror.add_nodes_from(range(count + 1))
        mirror.add_edges_from_no_data(ends)
        tree = np.asarray(rx.dfs_edges(mirror, count)).astype(np.int64).reshape(-1, 2)
        self.order = np.concatenate([np.array([count]), tree[:, 1]])
        self.place = np.full(count + 1, -1, dtype=np.int64)
        self.place[self.order] = np.arange(len(self.order))
        self.reached = self.place >= 0
        self.above = np.concatenate([np.zeros(1, dtype=np.int64), self.place[tree[:, 0]]])
        self.last = _last(self.above)
        places = self.place[np.fromiter(chain.from_iterable(ends), np.int64, 2 * len(ends)).reshape(-1, 2)]
        kept = np.flatnonzero(places[:, 0] >= 0)
        self.low, self.high = places[kept].min(axis=1), places[kept].max(axis=1)
        self.edge = np.where(kept < len(graph.edges), kept, _NO_EDGE)
        self.climbs = self._climbing()
        self.asked = asked[self.order]
        self.before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(self.asked)])
        self.names = [graph.names[number] for number in self.order[self.asked].tolist()]
        self.entering = np.full(len(self.order), _NO_EDGE, dtype=np.int64)
        """Of each place, which of the edges here entered it."""
        self.entering[self.high[self.climbs]] = np.flatnonzero(self.climbs)

    def edges(self) -> Iterator[WeakPoint]:
        """An edge that alone leads to a slice with sites in it."""
        nearest = self._highest_reach(~self.climbs)
        places = np.arange(1, len(self.order))
        alone = places[(nearest[1:] >= places) & self._counts(places)]
        for place, edge in zip(alone.tolist(), self.edge[self.entering[alone]].tolist(), strict=True):
            if edge != _NO_EDGE:  # what leads to a core is no edge of the network
                yield WeakPoint("edge", self.graph.edges[edge].id, self._cut(place))

    def nodes(self) -> Iterator[WeakPoint]:
        """A node past which nothing leads to what hangs on it."""
        nearest = self._highest_reach(np.ones(len(self.edge), dtype=bool))
        places = np.arange(1, len(self.order))
        hung = places[(self.above[1:] > 0) & (nearest[1:] >= self.above[1:]) & self._counts(places)]
        cut: dict[int, list[Hashable]] = {}
        for place, above in zip(hung.tolist(), self.above[hung].tolist(), strict=True):
            cut.setdefault(above, []).extend(self._cut(place))
        for above, members in cut.items():
            yield WeakPoint("node", self.graph.names[int(self.order[above])], tuple(members))

    def risks(self) -> Iterator[WeakPoint]:
        """What edges and nodes share, where losing all of them cuts."""
        edges, nodes = dict[Hashable, list[int]](), dict[Hashable, list[int]]()
        at = {number: here for here, number in enumerate(self.edge.tolist()) if number != _NO_EDGE}
        for number, edge in enumerate(self.graph.edges):
            for risk in edge.risks:
                edges.setdefault(risk, []).append(number)
        for number, own in enumerate(self.graph.node_risks):
            for risk in own:
                nodes.setdefault(risk, []).append(number)
        words: list[int] | None = None
        for risk in {**edges, **nodes}:
            here = [at[number] for number in edges.get(risk, ()) if number in at]
            if risk not in nodes:
                words = self._words() if words is None else words
                if _independent(words[one] for one in here):
                    continue
            cut = self._cut_by(here, [place for n in nodes.get(risk, ()) if (place := int(self.place[n])) >= 0])
            if cut:
                yield WeakPoint("risk", risk, cut)

    def _climbing(self) -> npt.NDArray[np.bool_]:
        """One edge into each place from above; where several lie side by side, the first."""
        keys = self.low * len(self.order) + self.high
        tree = np.flatnonzero(self.low == self.above[self.high])
        _, first = np.unique(keys[tree], return_index=True)
        climbs = np.zeros(len(keys), dtype=bool)
        climbs[tree[first]] = True
        return climbs

    def _highest_reach(self, counted: npt.NDArray[np.bool_]) -> Numbers:
        """Of each place, the smallest place that an edge from its slice leads to."""
        nearest = np.arange(len(self.order))
        np.minimum.at(nearest, self.high[counted], self.low[counted])
        level, doubled = [nearest], 1
        while 2 * doubled <= len(nearest):
            level.append(np.minimum(level[-1][:-doubled], level[-1][doubled:]))
            doubled *= 2
        sizes = self.last - np.arange(len(self.order))
        floor = np.frexp(sizes)[1] - 1
        out = np.empty(len(nearest), dtype=np.int64)
        for step, table in enumerate(level):
            these = np.flatnonzero(floor == step)
            out[these] = np.minimum(table[these], table[self.last[these] - (1 << step)])
        return out

    def _counts(self, places: Numbers) -> npt.NDArray[np.bool_]:
        return self.before[self.last[places]] > self.before[places]

    def _cut(self, place: int) -> tuple[Hashable, ...]:
        return tuple(self.names[self.before[place] : self.before[self.last[place]]])

    def _words(self) -> list[int]:
        """A word for each edge: chance for those beside the tree, for those of the tree the sum of what goes round."""
        chance = np.random.default_rng(0).integers(1, 1 << 62, len(self.edge))
        chance[self.climbs] = 0
        sums = np.zeros(len(self.order) + 1, dtype=np.int64)
        np.bitwise_xor.at(sums, self.low, chance)
        np.bitwise_xor.at(sums, self.high, chance)
        upto = np.concatenate([np.zeros(1, dtype=np.int64), np.bitwise_xor.accumulate(sums)])
        below = self.high[self.climbs]
        chance[self.climbs] = upto[self.last[below]] ^ upto[below]
        words: list[int] = chance.tolist()
        return words

    def _cut_by(self, edges: Sequence[int], places: Sequence[int]) -> tuple[Hashable, ...]:
        """The sites that reach the root no more: the walk falls into pieces, and what is left joins some of them."""
        gone = np.zeros(len(self.edge), dtype=bool)
        gone[list(edges)] = True
        for place in places:
            gone |= (self.low == place) | (self.high == place)
        fallen = np.sort(self.high[gone & self.climbs])
        piece = np.zeros(len(self.order), dtype=np.int64)
        for number, place in enumerate(fallen.tolist(), start=1):  # deeper ones later: they overwrite
            piece[place : self.last[place]] = number
        left = ~gone & ~self.climbs
        pairs = np.stack([piece[self.low[left]], piece[self.high[left]]], axis=1)
        joined: rx.PyGraph[int, None] = rx.PyGraph()
        joined.add_nodes_from(range(len(fallen) + 1))
        joined.add_edges_from_no_data(
            [(a, b) for a, b in np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0).tolist()]
        )
        whole: Any = rx.node_connected_component(joined, 0)
        lost = ~np.isin(piece, list(whole)) & self.asked
        lost[list(places)] = False
        return tuple(self.graph.names[number] for number in self.order[lost].tolist())


def _last(above: Numbers) -> Numbers:
    """One beyond the last place that hangs on each, from the place that each hangs on."""
    sizes, up = [1] * len(above), above.tolist()
    for place in range(len(up) - 1, 0, -1):
        sizes[up[place]] += sizes[place]
    ends: Numbers = np.arange(len(up)) + np.array(sizes)
    return ends


def _independent(words: Iterable[int]) -> bool:
    """Whether no selection of words sums to nothing (Gauss, in the field of two elements)."""
    leading: dict[int, int] = {}
    for given in words:
        word = given
        while word:
            top = word.bit_length()
            if top not in leading:
                leading[top] = word
                break
            word ^= leading[top]
        else:
            return False
    return True
