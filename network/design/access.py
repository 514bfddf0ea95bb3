"""Spurs: every other site is joined to what is there by the cheapest digging, and to the nearest hub by a cable.

Sites are joined one after the other, the cheapest first, each to the network as it then is (Takahashi and Matsuyama
1980: never twice the best tree). A second way that meets the first one nowhere is dug where it costs little, or where
the site must have one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from itertools import count
from typing import TypeAlias

from network.design.ground import Ground, Route
from network.design.plan import Site

__all__ = ["grow", "second_ways", "ways_to_hubs"]

Found: TypeAlias = tuple[int, int, str, str]


def grow(ground: Ground, sites: Iterable[Site]) -> list[Site]:
    """Dig what joins every site to the network; gives the sites that no street leads to."""
    growth = _Growth(ground, sites)
    growth.run()
    return [growth.wanted[code] for code in sorted(growth.wanted)]


class _Growth:
    """One search from the whole network outwards; what is joined becomes a part of what is searched from."""

    def __init__(self, ground: Ground, sites: Iterable[Site]) -> None:
        self.ground = ground
        self.wanted = {site.code: site for site in sites}
        self.doors: dict[str, list[tuple[str, str]]] = {}
        for code in sorted(self.wanted):
            for duct in ground.join(self.wanted[code]):
                self.doors.setdefault(duct.b, []).append((code, duct.code))
        self.order = count()
        self.cost: dict[str, int] = {}
        self.came: dict[str, tuple[str, str]] = {}
        self.queue: list[Found] = []
        for node in sorted({end for code in ground.dug for end in (ground.known[code].a, ground.known[code].b)}):
            if node in ground.graph.number:
                self.begin(node)

    def begin(self, node: str) -> None:
        """A node belongs to the network now."""
        if self.cost.get(node) != 0:
            self.cost[node] = 0
            self.came.pop(node, None)
            heappush(self.queue, (0, next(self.order), node, ""))

    def run(self) -> None:
        """Join the site that is cheapest to join, as long as there is one."""
        while self.queue and self.wanted:
            gone, _, node, door = heappop(self.queue)
            if not door:
                if gone <= self.cost[node]:
                    self.spread(gone, node)
            elif node in self.wanted:
                del self.wanted[node]
                for corner in _dig_back(self.ground, self.came, door):
                    self.begin(corner)

    def spread(self, gone: int, node: str) -> None:
        """To the doors at a corner, and to the corners next to it."""
        graph = self.ground.graph
        for code, duct in self.doors.get(node, ()):
            if code in self.wanted:
                heappush(self.queue, (gone + self.ground.cost([duct]), next(self.order), code, duct))
        for number, edge in graph.near[graph.number[node]]:
            there, further = str(graph.names[number]), gone + graph.edges[edge].weight
            if further < self.cost.get(there, further + 1):
                self.cost[there] = further
                self.came[there] = (node, str(graph.edges[edge].id))
                heappush(self.queue, (further, next(self.order), there, ""))


def _dig_back(ground: Ground, came: dict[str, tuple[str, str]], door: str) -> list[str]:
    """Dig from a door back to the network; gives the corners that belong to it now."""
    here, ducts, corners = ground.known[door].b, [door], [ground.known[door].b]
    while here in came:
        here, duct = came[here]
        ducts.append(duct)
        corners.append(here)
    ground.dig(ducts)
    return corners


def ways_to_hubs(ground: Ground, hubs: Sequence[Site], sites: Sequence[Site]) -> dict[str, Route]:
    """The shortest way of each site to the nearest hub, in ducts that are dug; it begins at the site."""
    near: dict[str, list[tuple[str, str, int]]] = {}
    for code in sorted(ground.dug):
        duct = ground.known[code]
        near.setdefault(duct.a, []).append((duct.b, code, duct.length_mm))
        near.setdefault(duct.b, []).append((duct.a, code, duct.length_mm))
    buildings = {site.code for site in sites} | {duct.a for code in ground.dug if (duct := ground.known[code]).lead_in}
    far = {hub.code: 0 for hub in hubs}
    came: dict[str, tuple[str, str]] = {}
    queue = [(0, hub.code) for hub in sorted(hubs, key=lambda one: one.code)]
    heapify(queue)
    while queue:
        gone, node = heappop(queue)
        if gone > far[node] or (gone and node in buildings):  # buildings are ends, no way leads through them
            continue
        for there, through, length in near.get(node, ()):
            if gone + length < far.get(there, gone + length + 1):
                far[there] = gone + length
                came[there] = (node, through)
                heappush(queue, (gone + length, there))
    return {site.code: _walked(site.code, came) for site in sites if site.code in came}


def _walked(code: str, came: dict[str, tuple[str, str]]) -> Route:
    nodes, ducts = [code], list[str]()
    while nodes[-1] in came:
        node, duct = came[nodes[-1]]
        nodes.append(node)
        ducts.append(duct)
    return Route(tuple(nodes), tuple(ducts), 0)


def second_ways(
    ground: Ground, hubs: Sequence[Site], sites: Sequence[Site], ways: dict[str, Route], *, most_digging_mm: int
) -> dict[str, tuple[Route, Route]]:
    """Two ways to its hub for each site that gets them; those that must have them come first.

    Args:
        ways: the one way that each has.
        most_digging_mm: what may be dug for a second way that a site need not have.
    """
    of = {hub.code: hub for hub in hubs}
    found: dict[str, tuple[Route, Route]] = {}
    for site in sorted(sites, key=lambda one: (not one.wants_two_ways, one.code)):
        if site.code not in ways:
            continue
        hub = of[ways[site.code].nodes[-1]]
        pair = ground.pair(site, hub)
        if pair is None:
            continue
        ducts = [*pair[0].ducts, *pair[1].ducts]
        if site.wants_two_ways or ground.undug_mm(ducts) <= most_digging_mm:
            ground.dig(ducts)
            found[site.code] = pair
    return found
