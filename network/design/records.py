"""A design as objects of the inventory, in the form that files and edits have, in the order in which they can be made.

Strands are named ``CABLE/NUMBER``, as everywhere. What was derived says so, and from what.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final, TypeAlias

from network.design.plan import Cable, Circuit, Design, Duct, Lit, Place, code_of
from network.design.standing import Standing

__all__ = ["Records", "records_of"]

Records: TypeAlias = dict[str, list[dict[str, Any]]]

_BY: Final = "laid by a network design"
_TRAYS: Final = 12
_LONGEST_SOURCE: Final = 500


def records_of(made: Design, before: Standing, *, status: str) -> Records:
    """Everything that a design adds, by type."""
    return _Writer(made, before, status).written()


class _Writer:
    def __init__(self, made: Design, before: Standing, status: str) -> None:
        self.made, self.before, self.status = made, before, status
        ducts = before.there.ducts | made.ducts
        used = {code for cable in made.cables.values() for code, _ in cable.ducts}
        sources = sorted({ducts[code].source for code in used if ducts[code].source})
        own = [source.removeprefix(f"{_BY}; ") for source in sources]
        self.source = "; ".join(dict.fromkeys([_BY, *own]))[:_LONGEST_SOURCE]
        self.panels: dict[str, dict[str, Any]] = {}
        self.ports: list[dict[str, Any]] = []

    def written(self) -> Records:
        circuits = [self._circuit(circuit) for circuit in self.made.circuits.values()]
        splices = list(self._splices())
        return {
            "plant_node": list(self._nodes()),
            "duct": [self._duct(duct) for duct in self.made.ducts.values()],
            "cable": [self._cable(cable) for cable in self.made.cables.values()],
            "cable_duct": [
                {"cable": cable.code, "duct": duct, "position": position, "reversed": backwards}
                for cable in self.made.cables.values()
                for position, (duct, backwards) in enumerate(cable.ducts, start=1)
            ],
            "closure": list(self._closures()),
            "splice": splices,
            "panel": list(self.panels.values()),
            "panel_port": self.ports,
            "circuit": circuits,
            "circuit_strand": [
                {"circuit": circuit.code, "strand": _strand(lit), "role": role, "position": position}
                for circuit in self.made.circuits.values()
                for role, way in (("working", circuit.working), ("protecting", circuit.protecting))
                for position, lit in enumerate(way, start=1)
            ],
        }

    def _node(self, code: str) -> str:
        return self.before.buildings.get(code, code)

    def _nodes(self) -> Iterable[dict[str, Any]]:
        """Nodes that new ducts end at and that are not there yet."""
        places: dict[str, tuple[Place, bool]] = {}
        for duct in self.made.ducts.values():
            places.setdefault(duct.a, (duct.path[0], duct.lead_in))
            places.setdefault(duct.b, (duct.path[-1], False))
        for code in sorted(places):
            (lon, lat), building = places[code]
            if self._node(code) not in self.before.nodes:
                node = {"code": code, "kind": "building" if building else "manhole", "lon": lon, "lat": lat}
                yield node | ({"site": code} if building else {}) | self._origin()

    def _duct(self, duct: Duct) -> dict[str, Any]:
        return {
            "code": duct.code,
            "kind": "duct",
            "a_node": self._node(duct.a),
            "b_node": self._node(duct.b),
            "length_m": duct.length_mm / 1000,
            "path": [list(place) for place in duct.path],
            **self._origin(),
        }

    def _cable(self, cable: Cable) -> dict[str, Any]:
        return {
            "code": cable.code,
            "type": "G.652.D",
            "strands": cable.strands,
            "a_node": self._node(cable.a),
            "b_node": self._node(cable.b),
            "length_m": cable.length_mm / 1000,
            "status": self.status,
            **self._origin(),
        }

    def _closures(self) -> Iterable[dict[str, Any]]:
        sites = {self._left(one) for one, _ in self._joints()}
        for site in sorted(sites):
            if (code := _closure(site)) not in self.before.closures:
                yield {"code": code, "node": self._node(site), "trays": _TRAYS}

    def _splices(self) -> Iterable[dict[str, Any]]:
        for one, other in self._joints():
            yield {
                "closure": _closure(self._left(one)),
                "a_strand": _strand(one),
                "a_side": "a" if one.reversed else "b",
                "b_strand": _strand(other),
                "b_side": "b" if other.reversed else "a",
            }

    def _joints(self) -> Iterable[tuple[Lit, Lit]]:
        """Where a circuit goes on from one strand into the next."""
        for circuit in self.made.circuits.values():
            for way in (circuit.working, circuit.protecting):
                yield from pairwise(way)

    def _circuit(self, circuit: Circuit) -> dict[str, Any]:
        """A circuit from port to port; its protecting way ends at ports of its own."""
        ports = [(self._port(way[0], first=True), self._port(way[-1], first=False))
                 for way in (circuit.working, circuit.protecting) if way]  # fmt: skip
        return {
            "code": circuit.code,
            "status": self.status,
            "protection": "diverse" if circuit.protecting else "none",
            "a_port": ports[0][0],
            "b_port": ports[0][1],
        }

    def _port(self, lit: Lit, *, first: bool) -> str:
        """The port where a way begins or ends: each end of a cable has a panel, and a strand its number there."""
        cable, side = self._of(lit.cable), "b" if lit.reversed is first else "a"
        panel = code_of(("PA", cable.code, side))
        if cable.code in self.made.cables:
            site = cable.a if side == "a" else cable.b
            self.panels.setdefault(panel, {"code": panel, "site": site, "ports": cable.strands})
        self.ports.append({"panel": panel, "number": lit.number, "strand": _strand(lit), "side": side})
        return f"{panel}/{lit.number}"

    def _left(self, lit: Lit) -> str:
        """The site where a lit strand is left for the next."""
        cable = self._of(lit.cable)
        return cable.a if lit.reversed else cable.b

    def _of(self, code: str) -> Cable:
        return self.made.cables.get(code) or self.before.there.cables[code]

    def _origin(self) -> dict[str, str]:
        return {"provenance": "derived", "source": self.source}


def _closure(site: str) -> str:
    return code_of(("CL", site))


def _strand(lit: Lit) -> str:
    return f"{lit.cable}/{lit.number}"
