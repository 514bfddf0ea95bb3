"""A network laid over a corridor as large as that of Brussels, and one ten times as large: processor seconds.

The corridor is a grid of streets with a quarter of them missing; cores, stations and other sites lie in it at random,
as many as Brussels has, and ten times as many. Reading and writing the inventory is not in it.
"""

from __future__ import annotations

import time
from random import Random
from typing import Final

import networkx as nx

from benchmarks.measuring import Figure, table
from network.design.costs import unit_costs
from network.design.laying import lay
from network.design.plan import Corridor, CorridorEdge, Place, Role, Site, millimetres
from network.design.report import Report, report

__all__ = ["measured", "run"]

_SIDE: Final = 71
_STEP: Final = 0.0016
_KEPT: Final = 0.75
_SITES: Final[tuple[tuple[Role, int], ...]] = (("core", 4), ("aggregation", 91), ("access", 310))


def run(*, quick: bool = False) -> list[Figure]:
    """Measure, print, and say how cost grows."""
    figures, rows = list[Figure](), list[list[str]]()
    for times in (1,) if quick else (1, 10):
        spent, corners, told = measured(times)
        sites = told.counts["sites"]
        rows.append([f"{times}x", f"{corners:,}", f"{sites:,}", f"{told.duct_m / 1000:,.0f}",
                     f"{told.two_ways / sites:.0%}", f"{spent:.1f}"])  # fmt: skip
        figures.append(Figure(f"a network designed, {times}x Brussels", spent, "CPU s", 10.0 if times == 1 else None))
    print("\na network over a corridor")
    print(table(("", "corners", "sites", "km of duct", "two ways", "CPU s"), rows))
    return figures


def measured(times: int) -> tuple[float, int, Report]:
    """Processor seconds of a design that many times as large as Brussels, the corners of its corridor, what it is."""
    corridor, sites = _region(times)
    begun = time.process_time()
    made = lay(corridor, sites, unit_costs())
    spent = time.process_time() - begun
    if len(made.sites) != len(sites):
        raise RuntimeError(f"{len(sites) - len(made.sites)} sites stayed out")
    return spent, len(corridor.places), report(made, unit_costs())


def _region(times: int) -> tuple[Corridor, list[Site]]:
    random, side = Random(2026), round(_SIDE * times**0.5)
    grid: nx.Graph[tuple[int, int]] = nx.grid_2d_graph(side, side)
    grid.remove_edges_from([edge for edge in sorted(grid.edges) if random.random() > _KEPT])
    whole = grid.subgraph(max(nx.connected_components(grid), key=len))
    names = {corner: f"C{corner[0]:04}{corner[1]:04}" for corner in sorted(whole)}
    places: dict[str, Place] = {name: (4.3 + x * _STEP, 50.8 + y * _STEP) for (x, y), name in names.items()}
    edges = []
    for one, other in sorted(whole.edges):
        a, b = names[one], names[other]
        path = (places[a], places[b])
        edges.append(CorridorEdge(f"{a}-{b}", a, b, millimetres(*path) + random.randint(0, 20_000), path))
    corners = list(places.values())
    sites = []
    for role, count in _SITES:
        for number in range(count * times):
            lon, lat = random.choice(corners)
            place = (lon + random.uniform(-0.3, 0.3) * _STEP, lat + random.uniform(-0.3, 0.3) * _STEP)
            sites.append(Site(f"{role[:2].upper()}-{number}", role, place, role, role == "access" and number % 4 == 0))
    return Corridor(places, tuple(edges)), sites
