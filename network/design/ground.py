"""The corridor as ducts are laid in it: what a metre costs where, what is dug already, and ways between buildings.

A building is joined to the nearest corners of the street, and is on nobody else's way. What a stretch costs is the
cable in it, and the digging where there is no duct yet: so ways gather in the same trenches.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import cos, floor, radians
from typing import Final

from core.errors import InvalidInput
from network.design.plan import Corridor, Duct, Place, Site, code_of, millimetres
from network.paths.disjoint import disjoint_pair
from network.paths.graph import Edge, Graph, Path
from network.paths.shortest import NOWHERE

__all__ = ["ENTRIES", "Ground", "Route"]

ENTRIES: Final = 4
"""Corners of the street that a building may be joined to."""
FARTHEST_MM: Final = 1_000_000
"""A corner that is farther from a building is not joined to it."""
_CELL: Final = 300.0
"""Metres; corners are looked for in squares of this size."""
_SINK: Final = "(any of several)"
_METRES_OF_A_DEGREE: Final = 111_195.0


@dataclass(frozen=True, slots=True)
class Route:
    """Ducts from one node to another, in order."""

    nodes: tuple[str, ...]
    ducts: tuple[str, ...]
    cost: int

    def backwards(self) -> Route:
        """The same, from its end."""
        return Route(self.nodes[::-1], self.ducts[::-1], self.cost)


class Ground:
    """Corridor and buildings.

    Attributes:
        graph: the corridor's edges, weighed with what they cost now; buildings are in it only while looked from.
        known: every duct that can be, by code.
        dug: codes of those that are.
    """

    def __init__(
        self, corridor: Corridor, *, digging: int, cabling: int, dug: Mapping[str, Duct] | None = None
    ) -> None:
        """Weigh a corridor.

        Args:
            digging, cabling: what a metre costs, in the same small unit.
            dug: ducts that are there.
        Raises:
            InvalidInput: the corridor is empty.
        """
        if not corridor.edges:
            raise InvalidInput("There is no corridor to lay a network in.", hint="Import its nodes and edges first.")
        self.digging, self.cabling = digging, cabling
        self.places = dict(corridor.places)
        self.known = {edge.code: Duct(edge.code, edge.a, edge.b, edge.length_mm, edge.path, source=edge.source)
                      for edge in corridor.edges}  # fmt: skip
        self.dug = set[str]()
        self.graph = Graph.of(Edge(duct.code, duct.a, duct.b, self._cost(duct)) for duct in self.known.values())
        self.entries: dict[str, tuple[Duct, ...]] = {}
        self._index = {code: number for number, code in enumerate(self.known)}
        self._corners = _Corners(self.places)
        for duct in (dug or {}).values():
            self.known.setdefault(duct.code, duct)
            self.dig([duct.code])

    def join(self, site: Site) -> tuple[Duct, ...]:
        """The ways into a building, the shortest first, those that are dug among them; none where no street is near."""
        found = self.entries.get(site.code)
        if found is None:
            near = self._corners.near(site.place, ENTRIES)
            self.places[site.code] = site.place
            ducts = {duct.code: duct for duct in (self._lead_in(site, corner) for corner in near)}
            ducts |= {code: self.known[code] for code in self.dug if self.known[code].a == site.code}
            self.known |= {code: duct for code, duct in ducts.items() if code not in self.known}
            found = self.entries[site.code] = tuple(self.known[code] for code in ducts)
        return found

    def dig(self, ducts: Iterable[str]) -> int:
        """Lay ducts; gives how many millimetres were not there yet."""
        new = 0
        for code in ducts:
            if code in self.dug:
                continue
            self.dug.add(code)
            duct = self.known[code]
            new += duct.length_mm
            number = self._index.get(code)
            if number is not None:
                self.graph.edges[number] = replace(self.graph.edges[number], weight=self._cost(duct))
        return new

    def undug_mm(self, ducts: Iterable[str]) -> int:
        """Millimetres that would have to be dug."""
        return sum(self.known[code].length_mm for code in set(ducts) - self.dug)

    def length_mm(self, ducts: Iterable[str]) -> int:
        """Millimetres of cable through ducts."""
        return sum(self.known[code].length_mm for code in ducts)

    def cost(self, ducts: Iterable[str]) -> int:
        """What a cable through ducts costs now, with the digging."""
        return sum(self._cost(self.known[code]) for code in ducts)

    def fan(
        self,
        site: Site,
        targets: Sequence[Site] = (),
        corners: Collection[str] = (),
        closed: Iterable[str] = (),
        at_most: int = NOWHERE,
    ) -> tuple[Route, Route] | None:
        """The cheapest two ways from a building to two different ones of some buildings and corners; they meet nowhere.

        Args:
            closed: corners that neither may pass.
            at_most: dearer ways are not looked for.
        """
        if not targets and not corners:
            return None
        edges = [*self._edges_into([site, *targets])]
        edges += [Edge((_SINK, code), code, _SINK, 0) for code in (*(target.code for target in targets), *corners)]
        with self._with(edges), self._without(closed):
            pair = disjoint_pair(self.graph, site.code, _SINK, at_most=at_most)
        return None if pair is None else (_route(pair[0], to_sink=True), _route(pair[1], to_sink=True))

    def pair(self, one: Site, other: Site) -> tuple[Route, Route] | None:
        """The cheapest two ways between two buildings that meet nowhere between."""
        with self._with(self._edges_into([one, other])):
            pair = disjoint_pair(self.graph, one.code, other.code)
        return None if pair is None else (_route(pair[0]), _route(pair[1]))

    def _edges_into(self, sites: Iterable[Site]) -> list[Edge]:
        return [
            Edge(duct.code, duct.a, duct.b, self._cost(duct))
            for site in sites for duct in self.join(site) if duct.b in self.graph.number
        ]  # fmt: skip

    @contextmanager
    def _with(self, edges: Sequence[Edge]) -> Iterator[None]:
        """Edges that are there for one search."""
        graph, nodes = self.graph, len(self.graph.names)
        for edge in edges:
            graph.add(edge)
        try:
            yield
        finally:
            graph.drop(len(edges), nodes)

    @contextmanager
    def _without(self, nodes: Iterable[str]) -> Iterator[None]:
        """Corners that nothing leads away from, for one search."""
        graph = self.graph
        closed = {number: graph.near[number] for code in nodes if (number := graph.number.get(code)) is not None}
        for number in closed:
            graph.near[number] = []
        try:
            yield
        finally:
            for number, near in closed.items():
                graph.near[number] = near

    def _lead_in(self, site: Site, corner: str) -> Duct:
        place = self.places[corner]
        path = (site.place, place)
        return Duct(code_of((site.code, corner)), site.code, corner, max(1000, millimetres(*path)), path, lead_in=True)

    def _cost(self, duct: Duct) -> int:
        each = self.cabling if duct.code in self.dug else self.cabling + self.digging
        return max(1, duct.length_mm * each // 1000)


class _Corners:
    """Corners of the street by square, so that the nearest are found without looking at all."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self.places, self.squares = places, dict[tuple[int, int], list[str]]()
        self.scale = cos(radians(next(iter(places.values()))[1])) if places else 1.0
        for code in sorted(places):
            self.squares.setdefault(self._square(places[code]), []).append(code)

    def near(self, place: Place, count: int) -> list[str]:
        """The nearest corners, nearest first."""
        x, y = self._square(place)
        found: list[tuple[int, str]] = []
        for ring in range(1, round(FARTHEST_MM / 1000 / _CELL) + 2):
            if len(found) >= count and ring > 2:
                break
            found = sorted(
                (millimetres(place, self.places[code]), code)
                for dx in range(-ring, ring + 1) for dy in range(-ring, ring + 1)
                for code in self.squares.get((x + dx, y + dy), ())
            )  # fmt: skip
        return [code for away, code in found[:count] if away <= FARTHEST_MM]

    def _square(self, place: Place) -> tuple[int, int]:
        lon, lat = place
        return floor(lon * self.scale * _METRES_OF_A_DEGREE / _CELL), floor(lat * _METRES_OF_A_DEGREE / _CELL)


def _route(path: Path, *, to_sink: bool = False) -> Route:
    nodes, edges = (path.nodes[:-1], path.edges[:-1]) if to_sink else (path.nodes, path.edges)
    return Route(tuple(map(str, nodes)), tuple(map(str, edges)), path.weight)
