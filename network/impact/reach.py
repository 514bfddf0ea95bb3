"""How devices fare when links and devices are lost: who is out, who goes another way, who has no second way left.

A device is served while it reaches a core; cores count as one place, for they are joined by diverse ways of their own
and what lies beyond them is not the plant's. Two links are two ways here even if they share a duct: what shares a duct
is lost together and therefore stands in the same question.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

import rustworkx as rx

__all__ = ["CORE_ROLES", "Line", "State", "Topology"]

State = Literal["down", "protected", "degraded"]
"""*down*: out of service. *protected*: its way is cut and another one carries it. *degraded*: its way still stands, but
the next single cut may take it, which it could not before."""

CORE_ROLES: Final = frozenset({"core", "spine"})
_ROOT: Final = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A link as reachability sees it: its id, the devices at its ends, and its length (metres, or one per hop)."""

    id: Hashable
    a: Hashable
    b: Hashable
    length: float = 1.0


class Topology:
    """Devices and the links between them, read once and asked many times.

    Args:
        devices: id → role. Cores are those of :data:`CORE_ROLES`; where there is none, the device with most links.
        lines: links; one whose end is no device here is left out.
    """

    def __init__(self, devices: Mapping[Hashable, str], lines: Iterable[Line]) -> None:
        self.lines = [line for line in lines if line.a in devices and line.b in devices]
        self.cores = _cores(devices, self.lines)
        self._number = {line.id: number for number, line in enumerate(self.lines)}
        self._at: dict[Hashable, list[int]] = {device: [] for device in devices}
        for number, line in enumerate(self.lines):
            self._at[line.a].append(number)
            self._at[line.b].append(number)
        self._devices = list(devices)
        own = {device: number for number, device in enumerate(devices)}
        self._apart: rx.PyGraph[None, None] = rx.PyGraph()
        self._apart.add_nodes_from([None] * len(own))
        self._apart.add_edges_from([(own[line.a], own[line.b], None) for line in self.lines])
        # the same with the cores as one node, and without what joins them to themselves: _edge is by line
        others = (device for device in devices if device not in self.cores)
        self._node = dict.fromkeys(self.cores, _ROOT) | {device: node for node, device in enumerate(others, 1)}
        self._graph: rx.PyGraph[None, float] = rx.PyGraph()
        self._graph.add_nodes_from([None] * (len(devices) - len(self.cores) + 1))
        ends = [(self._node[line.a], self._node[line.b]) for line in self.lines]
        drawn = [number for number, (a, b) in enumerate(ends) if a != b]
        added = self._graph.add_edges_from([(*ends[number], self.lines[number].length) for number in drawn])
        self._edge = dict(zip(drawn, added, strict=True))
        self._distance = _distances(self._graph)
        # Who has two ways after a cut had two before, and both lie among those who had: the rest need not be looked at.
        self._safe = _safe(self._graph)
        firm = [number for number in drawn if ends[number][0] in self._safe and ends[number][1] in self._safe]
        self._firm: rx.PyGraph[None, float] = rx.PyGraph()
        self._firm.add_nodes_from([None] * len(self._graph))
        added = self._firm.add_edges_from([(*ends[number], 0.0) for number in firm])
        self._firm_edge = dict(zip(firm, added, strict=True))

    def without(self, links: Collection[Hashable], devices: Collection[Hashable] = ()) -> Mapping[Hashable, State]:
        """The state of each device that losing some links, and some devices with all their links, touches.

        Links and devices that are not here are passed over; a device that nothing touches is absent.
        """
        cut, gone = self._cut(links, devices)
        if gone and self.cores <= gone:
            return dict.fromkeys(self._node, "down")
        graph = _less(self._graph, (self._edge[number] for number in cut & self._edge.keys()))
        firm = _less(self._firm, (self._firm_edge[number] for number in cut & self._firm_edge.keys()))
        return self._compared(_distances(graph), _safe(firm), cut, gone)

    def parts(self, links: Collection[Hashable], devices: Collection[Hashable] = ()) -> Mapping[Hashable, int]:
        """What the network falls into: by device that is left and outside the largest part, the number of its part,
        from one; all which share a number still reach each other, as do all that are absent.

        Cores are devices like others here: a cut may part them.
        """
        cut, gone = self._cut(links, devices)
        parts = sorted(rx.connected_components(_less(self._apart, cut)), key=len, reverse=True)
        return {
            self._devices[node]: number
            for number, nodes in enumerate(parts[1:], 1)
            for node in nodes
            if self._devices[node] not in gone
        }

    def _cut(self, links: Collection[Hashable], devices: Collection[Hashable]) -> tuple[set[int], set[Hashable]]:
        gone = {device for device in devices if device in self._node}
        cut = {self._number[link] for link in links if link in self._number}
        cut.update(number for device in gone for number in self._at[device])
        return cut, gone

    def _compared(
        self, distance: Mapping[int, float], safe: frozenset[int], cut: set[int], gone: set[Hashable]
    ) -> dict[Hashable, State]:
        before, lost_safety = self._distance, self._safe - safe
        beside = {device for number in cut for device in (self.lines[number].a, self.lines[number].b)}
        states: dict[Hashable, State] = {}
        for device, node in self._node.items():
            if device in gone:
                states[device] = "down"
            elif node == _ROOT:
                if device in beside:
                    states[device] = "protected"
            elif node not in distance:
                if node in before:
                    states[device] = "down"
            elif distance[node] > before[node] or device in beside:
                states[device] = "protected"
            elif node in lost_safety:
                states[device] = "degraded"
        return states


def _less(graph: rx.PyGraph[None, Any], edges: Iterable[int]) -> rx.PyGraph[None, Any]:
    left = graph.copy()
    for edge in edges:
        left.remove_edge_from_index(edge)
    return left


def _distances(graph: rx.PyGraph[None, float]) -> dict[int, float]:
    return {**rx.dijkstra_shortest_path_lengths(graph, _ROOT, float), _ROOT: 0.0}


def _safe(graph: rx.PyGraph[None, float]) -> frozenset[int]:
    """Nodes that no single edge parts from the root. rustworkx tells a bridge by its nodes, as if one edge joined them:
    two side by side are none."""
    firm = graph.copy()
    for a, b in cast("set[tuple[int, int]]", rx.bridges(graph)):
        if len(graph.edge_indices_from_endpoints(a, b)) == 1:
            firm.remove_edge(a, b)
    return frozenset(rx.node_connected_component(firm, _ROOT))


def _cores(devices: Mapping[Hashable, str], lines: Iterable[Line]) -> frozenset[Hashable]:
    cores = frozenset(device for device, role in devices.items() if role in CORE_ROLES)
    if cores or not devices:
        return cores
    degree = dict.fromkeys(devices, 0)
    for line in lines:
        degree[line.a] += 1
        degree[line.b] += 1
    return frozenset({max(degree, key=lambda device: degree[device])})
