"""A network as paths are looked for in it: nodes, edges with whole weights, and the risks that each shares.

Weights are whole numbers (millimetres of trench, thousandths of a dB), so that sums are exact and the same everywhere.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from core.errors import InvalidInput

__all__ = ["NO_RISKS", "Edge", "Graph", "Path"]

NO_RISKS: frozenset[Hashable] = frozenset()


@dataclass(frozen=True, slots=True)
class Edge:
    """What joins two nodes, both ways at the same cost.

    Attributes:
        id: its own; two edges between the same nodes are two.
        weight: whole, not negative.
        risks: what fails together with it: its duct, its trench, the feed of its amplifier (a shared-risk group each).
    """

    id: Hashable
    a: Hashable
    b: Hashable
    weight: int
    risks: frozenset[Hashable] = NO_RISKS


@dataclass(frozen=True, slots=True)
class Path:
    """A way from the first of its nodes to the last, without meeting one twice."""

    nodes: tuple[Hashable, ...]
    edges: tuple[Hashable, ...]
    weight: int


@dataclass(slots=True)
class Graph:
    """Nodes and edges by number, so that looking for ways does not hash names.

    Attributes:
        names: node by number.
        number: number by node.
        edges: edge by number.
        ends: of each edge its two nodes by number.
        near: of each node, ``(neighbour, edge)`` by number.
        node_risks: of each node by number; what a building or a manhole shares.
    """

    names: list[Hashable] = field(default_factory=list)
    number: dict[Hashable, int] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    ends: list[tuple[int, int]] = field(default_factory=list)
    near: list[list[tuple[int, int]]] = field(default_factory=list)
    node_risks: list[frozenset[Hashable]] = field(default_factory=list)

    @classmethod
    def of(cls, edges: Iterable[Edge], risks_of_nodes: Mapping[Hashable, frozenset[Hashable]] | None = None) -> Graph:
        """A graph of these edges and their ends.

        Raises:
            InvalidInput: a weight is negative, or an edge leads from a node to itself.
        """
        made, risks = cls(), risks_of_nodes or {}
        for edge in edges:
            made.add(edge, risks)
        return made

    def add(self, edge: Edge, risks_of_nodes: Mapping[Hashable, frozenset[Hashable]] | None = None) -> None:
        """One edge more, and its ends where they are new.

        Raises:
            InvalidInput: its weight is negative, or it leads from a node to itself.
        """
        if edge.weight < 0:
            raise InvalidInput(f"The edge {edge.id!r} has the negative weight {edge.weight}.")
        if edge.a == edge.b:
            raise InvalidInput(f"The edge {edge.id!r} leads from {edge.a!r} to itself.")
        risks = risks_of_nodes or {}
        a, b = self._numbered(edge.a, risks), self._numbered(edge.b, risks)
        self.near[a].append((b, len(self.edges)))
        self.near[b].append((a, len(self.edges)))
        self.ends.append((a, b))
        self.edges.append(edge)

    def drop(self, edges: int, nodes: int) -> None:
        """Take the last edges back; ``nodes`` is how many nodes stay, the first ones."""
        for _ in range(edges):
            self.edges.pop()
            a, b = self.ends.pop()
            self.near[b].pop()
            self.near[a].pop()
        for name in self.names[nodes:]:
            del self.number[name]
        del self.names[nodes:], self.near[nodes:], self.node_risks[nodes:]

    def at(self, node: Hashable) -> int:
        """The number of a node.

        Raises:
            InvalidInput: no edge leads to it.
        """
        found = self.number.get(node)
        if found is None:
            raise InvalidInput(f"{node!r} is not in this network.", hint="No edge leads to it.")
        return found

    def path(self, start: int, edges: Iterable[int]) -> Path:
        """The way along edges, by number, from a node."""
        here, nodes, weight, taken = start, [self.names[start]], 0, []
        for number in edges:
            edge, (a, b) = self.edges[number], self.ends[number]
            here = b if a == here else a
            nodes.append(self.names[here])
            taken.append(edge.id)
            weight += edge.weight
        return Path(tuple(nodes), tuple(taken), weight)

    def _numbered(self, node: Hashable, risks: Mapping[Hashable, frozenset[Hashable]]) -> int:
        number = self.number.get(node)
        if number is None:
            number = self.number[node] = len(self.names)
            self.names.append(node)
            self.near.append([])
            self.node_risks.append(risks.get(node, NO_RISKS))
        return number
