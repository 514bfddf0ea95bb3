"""Cables in the ducts, and circuits on their strands: core to core, aggregation to its two cores, access to its hub.

A circuit lights one strand of each cable on its way (both directions on one fibre, by wavelength). On a ring a site's
way to either core runs through the cables of its neighbours, spliced through in their buildings; the way round the
other side protects it, and goes on along the core ring, where no duct of the first way is met.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from network.design.ground import Ground, Route
from network.design.plan import Cable, Circuit, Design, Lit, Role, Site, code_of
from network.design.rings import Ring
from network.paths.graph import Edge, Graph
from network.paths.shortest import k_cheapest

__all__ = ["SIZES", "Wiring"]

SIZES: Final = (12, 24, 48, 96, 144, 288, 432, 864, 1728, 3456, 6912)
"""Strands that cables are made with."""
_SPARE: Final = (3, 2)
"""A new cable has half as many strands again as are lit."""
_ARCS: Final = 6
"""Ways along the core ring that are tried to go round with."""

Walk: TypeAlias = list[tuple[str, bool]]


class Wiring:
    """Puts cables and circuits into a design."""

    def __init__(self, ground: Ground, before: Design, made: Design) -> None:
        self.ground, self.before, self.made = ground, before, made
        self.lit = dict(before.taken)
        for circuit in before.circuits.values():
            for one in (*circuit.working, *circuit.protecting):
                self.lit[one.cable] = max(self.lit.get(one.cable, 0), one.number)

    def core_ring(self, ring: Ring) -> None:
        """A cable for each stretch, and a circuit for each two cores, the shorter way round working."""
        walk = self._cables("core", "CR", ring)
        self.made.rings.append(tuple(site.code for site in ring.sites))
        around = [site.code for site in ring.sites[:-1]]
        for begins, one in enumerate(around):
            for ends in range(begins + 1, len(around)):
                arcs = [walk[begins:ends], _backwards(walk[ends:] + walk[:begins])]
                arcs.sort(key=self._length)
                self._circuit("core", ("CO", one, around[ends]), one, around[ends], arcs[0], arcs[1])

    def ring(self, ring: Ring) -> None:
        """A cable for each stretch, and for each site a circuit to either core."""
        walk = self._cables("aggregation", "RI", ring)
        self.made.rings.append(tuple(site.code for site in ring.sites))
        first, last = ring.sites[0].code, ring.sites[-1].code
        for at, site in enumerate(ring.sites[1:-1], start=1):
            back, on = _backwards(walk[:at]), walk[at:]
            for core, way, other, end in ((first, back, on, last), (last, on, back, first)):
                self._circuit(
                    "aggregation", ("AG", site.code, core), site.code, core, way, self._round(way, other, end, core)
                )

    def spur(self, site: Site, routes: Sequence[Route]) -> None:
        """A cable for each way to the hub, and the circuit on them."""
        hub = routes[0].nodes[-1]
        walks = [
            [(self._cable("access", code_of(("SP", site.code, name)), route).code, False)]
            for name, route in zip(("w", "p"), routes, strict=False)
        ]
        self._circuit("access", ("AC", site.code), site.code, hub, walks[0], walks[1] if len(walks) > 1 else [])

    def finish(self) -> None:
        """Give new cables as many strands as they need, and some."""
        for code, cable in self.made.cables.items():
            if cable.strands == 0:
                wanted = self.lit.get(code, 1) * _SPARE[0] // _SPARE[1]
                self.made.cables[code] = replace(cable, strands=next(size for size in SIZES if size >= wanted))

    def _cables(self, role: Role, prefix: str, ring: Ring) -> Walk:
        walk: Walk = []
        for leg in ring.legs:
            walk.append((self._cable(role, code_of((prefix, leg.nodes[0], leg.nodes[-1])), leg).code, False))
        return walk

    def _cable(self, role: Role, code: str, route: Route) -> Cable:
        known = self.ground.known
        ducts = tuple((duct, known[duct].a != node) for node, duct in zip(route.nodes, route.ducts, strict=False))
        length = self.ground.length_mm(route.ducts)
        free = next(name for name in _names(code) if name not in self.made.cables and name not in self.before.cables)
        cable = self.made.cables[free] = Cable(free, role, route.nodes[0], route.nodes[-1], ducts, length, 0)
        return cable

    def _round(self, way: Walk, other: Walk, end: str, core: str) -> Walk:
        """The other way round the ring and on along the core ring to the same core; empty: none is apart."""
        taken = self._ducts(way)
        if not taken.isdisjoint(self._ducts(other)):
            return []
        edges = [
            Edge(cable.code, cable.a, cable.b, cable.length_mm)
            for cable in (*self.before.cables.values(), *self.made.cables.values())
            if cable.role == "core" and taken.isdisjoint(duct for duct, _ in cable.ducts)
        ]
        graph = Graph.of(edges)
        if end not in graph.number or core not in graph.number:
            return []
        for path in k_cheapest(graph, end, core, _ARCS):
            arc = [
                (str(code), self._of(str(code)).a != node) for node, code in zip(path.nodes, path.edges, strict=False)
            ]
            if self._free(code for code, _ in arc):
                return [*other, *arc]
        return []

    def _circuit(self, role: Role, name: tuple[str, ...], a: str, b: str, working: Walk, protecting: Walk) -> None:
        code = code_of(name)
        if code not in self.before.circuits:
            self.made.circuits[code] = Circuit(code, role, a, b, self._light(working), self._light(protecting))

    def _light(self, walk: Walk) -> tuple[Lit, ...]:
        out = []
        for code, backwards in walk:
            number = self.lit[code] = self.lit.get(code, 0) + 1
            out.append(Lit(code, number, backwards))
        return tuple(out)

    def _free(self, cables: Iterable[str]) -> bool:
        """Whether each has a strand left; those that are laid now get as many as they need."""
        return all(not (size := self._of(code).strands) or self.lit.get(code, 0) < size for code in cables)

    def _of(self, code: str) -> Cable:
        return self.made.cables.get(code) or self.before.cables[code]

    def _ducts(self, walk: Walk) -> set[str]:
        return {duct for code, _ in walk for duct, _ in self._of(code).ducts}

    def _length(self, walk: Walk) -> int:
        return sum(self._of(code).length_mm for code, _ in walk)


def _backwards(walk: Walk) -> Walk:
    return [(code, not backwards) for code, backwards in reversed(walk)]


def _names(code: str) -> Iterable[str]:
    """A code, and others for a cable beside it between the same buildings."""
    yield code
    for number in range(2, 10_000):
        yield code_of((code, str(number)))
