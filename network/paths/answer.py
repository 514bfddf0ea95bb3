"""Ways between two places of the plant, for people: the cheapest few, or two that share nothing; if not, why not."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import Any, Literal

from core.errors import InvalidInput
from network.paths.disjoint import disjoint_pair
from network.paths.diverse import diverse_pair
from network.paths.graph import Graph, Path
from network.paths.plant import WAVELENGTH_NM, Plant, Weight
from network.paths.shortest import k_cheapest
from network.paths.weak_points import WeakPoint, weak_points

__all__ = ["Avoided", "Pair", "diverse", "several", "single_points"]

Avoided = Literal["duct", "building", "feed"]
Pair = Literal["edge", "node"]

JsonObject = dict[str, Any]


def several(plant: Plant, a: str, b: str, *, by: Weight, k: int) -> JsonObject:
    """The ``k`` cheapest ways, the cheapest first; fewer where there are fewer.

    Raises:
        ObjectNotFound, InvalidInput: a place is not in the plant, or both are one.
    """
    begin, end = _ends(plant, a, b)
    graph = plant.graph(by, feeds=False)
    found = k_cheapest(graph, begin, end, k) if _joined(graph, begin, end) else []
    return _told(plant, begin, end, by, found)


def diverse(plant: Plant, a: str, b: str, *, by: Weight, avoid: Collection[Avoided]) -> JsonObject:
    """The two ways that cost least together and share nothing of what is to be avoided; ducts always are.

    With ``building`` no node is shared either, with ``feed`` no power feed; what both ends themselves hang on is not
    counted. ``exact`` says whether the pair is the best there is, or that there is none; ``bound`` what no pair is
    below; ``because``, where there is none, what every way passes.

    Raises:
        ObjectNotFound, InvalidInput: a place is not in the plant, or both are one.
    """
    begin, end = _ends(plant, a, b)
    feeds = "feed" in avoid
    graph = plant.graph(by, feeds=feeds)
    pair: tuple[Path, Path] | None = None
    bound, exact = None, True
    if _joined(graph, begin, end):
        if feeds:
            known = diverse_pair(graph, begin, end)
            pair, bound, exact = known.pair, known.bound, known.exact
        else:
            pair = disjoint_pair(graph, begin, end, share="nothing" if "building" in avoid else "nodes")
            bound = None if pair is None else pair[0].weight + pair[1].weight
    told = _told(plant, begin, end, by, list(pair or ()))
    because = [] if pair is not None or not exact else _because(plant, graph, begin, end, avoid)
    return told | {
        "avoid": [name for name in ("duct", "building", "feed") if name == "duct" or name in avoid],
        "found": pair is not None,
        "exact": exact,
        "bound": None if bound is None else _in_units(bound, by),
        "because": because,
    }


def single_points(plant: Plant, *, feeds: bool = True) -> JsonObject:
    """Every duct, node and power feed whose loss cuts a site's building off every data centre, and whom it cuts off."""
    cores = sorted(code for code, node in plant.nodes.items() if node.site_kind == "datacentre")
    graph = plant.graph("length", feeds=feeds)
    inside = [code for code in cores if code in graph.number]
    if not inside:
        raise InvalidInput("No data centre is in the plant.", hint="Add its building, and ducts that lead to it.")
    sites = [code for code, node in sorted(plant.nodes.items()) if node.site is not None and code in graph.number]
    found = weak_points(graph, inside, sites)
    return {
        "cores": sorted(_sites(plant, inside)),
        "sites": len(_sites(plant, sites)),
        "points": [_point(plant, point) | {"cut": sorted(_sites(plant, point.cut))} for point in found],
        "unreached": sorted(_sites(plant, found.unreached)),
    }


def _ends(plant: Plant, a: str, b: str) -> tuple[str, str]:
    begin, end = plant.node(a, pointer="/a"), plant.node(b, pointer="/b")
    if begin == end:
        raise InvalidInput(f"Both ends are the node {begin!r}.", pointer="/b", hint="Name two different places.")
    return begin, end


def _joined(graph: Graph, *nodes: str) -> bool:
    """A node without ducts is in the plant, and no way leads to it."""
    return all(node in graph.number for node in nodes)


def _told(plant: Plant, begin: str, end: str, by: Weight, paths: list[Path]) -> JsonObject:
    return {
        "a": _place(plant, begin),
        "b": _place(plant, end),
        "by": by,
        "wavelength_nm": WAVELENGTH_NM,
        "paths": [_way(plant, path) for path in paths],
    }


def _way(plant: Plant, path: Path) -> JsonObject:
    ducts = [plant.ducts[str(code)] for code in path.edges]
    return {
        "length_m": round(sum(duct.length_mm for duct in ducts) / 1000, 1),
        "loss_db": round(sum(duct.loss_udb for duct in ducts) / 1_000_000, 3),
        "nodes": [str(node) for node in path.nodes],
        "ducts": [
            {"code": duct.code, "from": str(node), "length_m": round(duct.length_mm / 1000, 1)}
            for duct, node in zip(ducts, path.nodes, strict=False)
        ],
    }


def _because(plant: Plant, graph: Graph, begin: str, end: str, avoid: Collection[Avoided]) -> list[JsonObject]:
    """What every way passes: without any one of these, none is left."""
    if not _joined(graph, begin, end):
        return [{"kind": "no ducts", "key": node} for node in (begin, end) if node not in graph.number]
    found = weak_points(graph, [begin], [end], risks="feed" in avoid)
    if found.unreached:
        return [{"kind": "no way", "key": end}]
    wanted = {"edge"} | ({"node", "risk"} if set(avoid) & {"building", "feed"} else set())
    return [_point(plant, point) for point in found if point.kind in wanted and point.id not in {begin, end}]


def _point(plant: Plant, point: WeakPoint) -> JsonObject:
    if point.kind == "edge":
        return {"kind": "duct", "key": str(point.id)}
    if point.kind == "node":
        return {"kind": plant.nodes[str(point.id)].kind, "key": str(point.id)}
    return {"kind": "feed", "key": str(point.id[1]) if isinstance(point.id, tuple) else str(point.id)}


def _sites(plant: Plant, nodes: Collection[Hashable]) -> set[str]:
    """Sites of nodes; several nodes may stand at one."""
    return {site for node in nodes if (site := plant.nodes[str(node)].site) is not None}


def _place(plant: Plant, node: str) -> JsonObject:
    return {"node": node, "site": plant.nodes[node].site}


def _in_units(weight: int, by: Weight) -> float:
    return round(weight / 1000, 1) if by == "length" else round(weight / 1_000_000, 3)
