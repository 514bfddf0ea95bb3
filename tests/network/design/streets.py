"""A small town to lay networks in: a grid of streets with gaps, and sites of every kind in it."""

from __future__ import annotations

from random import Random

import networkx as nx

from network.design.choosing import Candidate
from network.design.plan import Corridor, CorridorEdge, Place, millimetres

LON, LAT, STEP = 4.35, 50.85, 0.002


def town(seed: int, side: int = 16) -> Corridor:
    """Streets some 150 m long; every tenth is missing, and what that leaves apart too."""
    random = Random(seed)
    grid: nx.Graph[tuple[int, int]] = nx.grid_2d_graph(side, side)
    grid.remove_edges_from([edge for edge in sorted(grid.edges) if random.random() < 0.1])
    whole = max(nx.connected_components(grid), key=len)
    places: dict[str, Place] = {_corner(x, y): (round(LON + x * STEP, 6), round(LAT + y * STEP, 6)) for x, y in whole}
    edges = []
    for one, other in sorted(grid.subgraph(whole).edges):
        a, b = _corner(*one), _corner(*other)
        path = (places[a], places[b])
        edges.append(CorridorEdge(f"{a}-{b}", a, b, millimetres(*path) + random.randint(0, 20_000), path, "a map"))
    return Corridor(places, tuple(edges))


def candidates(seed: int, side: int = 16) -> list[Candidate]:
    """Four data centres, a dozen stations, some town halls, schools and a police station."""
    random = Random(seed + 1000)

    def somewhere() -> Place:
        return (
            round(LON + random.uniform(0, side - 1) * STEP, 6),
            round(LAT + random.uniform(0, side - 1) * STEP, 6),
        )

    kinds = {"datacentre": 4, "station": 12, "town-hall": 3, "police": 3, "school": 25}
    return [
        Candidate(f"{kind[:2].upper()}-{number}", kind, somewhere(), {"level_guess": "secondary"})
        for kind, count in kinds.items()
        for number in range(count)
    ]


def _corner(x: int, y: int) -> str:
    return f"K{x:02}{y:02}"
