"""Rings: one through all cores, and others that leave one core and come to another, through sites between.

A ring is a way that meets no corner twice, so each site on it has two ways that share no duct. Sites join the nearest
ring while the detour is worth it: two ways from the site to one stretch of the ring, which lie beside everything else
of it, take that stretch's place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from network.design.ground import Ground, Route
from network.design.plan import MILLIMETRES_OF_A_DEGREE, Site, millimetres
from network.paths.shortest import NOWHERE

__all__ = ["Ring", "aggregation_rings", "core_ring"]

_LOOKED_AT: Final = 12
"""Sites nearest to a ring that are tried for it at a time."""
_STRETCHES: Final = 2
"""Stretches of a ring, the nearest ones, that a site is tried on."""
_STRETCHES_OF_CORES: Final = 4
"""The same for a core on the core ring: each is a search of the whole corridor, and a region has few cores."""


@dataclass(slots=True)
class Ring:
    """Buildings in order, and the route between each and the next."""

    sites: list[Site]
    legs: list[Route]

    def corners(self) -> list[str]:
        """Every node on the way, buildings too."""
        return [node for leg in self.legs for node in leg.nodes]


def core_ring(ground: Ground, cores: Sequence[Site]) -> Ring | None:
    """A way through every core and back to the first, which meets no corner twice; ``None``: there is none.

    A core that cannot be on it is left out.
    """
    if len(cores) < 2:
        return None
    ends = max(
        ((one, other) for one in cores for other in cores if one.code < other.code),
        key=lambda pair: (millimetres(pair[0].place, pair[1].place), pair[0].code),
    )
    pair = ground.pair(*ends)
    if pair is None:
        return None
    ring = Ring([ends[0], ends[1], ends[0]], [pair[0], pair[1].backwards()])
    for core in sorted(cores, key=lambda core: core.code):
        if core not in ends and (joined := _cheapest_detour(ground, ring, core, stretches=_STRETCHES_OF_CORES)):
            _insert(ring, core, joined)
    _dig(ground, ring)
    return ring


def aggregation_rings(
    ground: Ground, cores: Sequence[Site], wanted: Sequence[Site], *, most_sites: int, most_detour: int
) -> tuple[list[Ring], list[Site]]:
    """Rings that touch two cores each, through all wanted sites; and the sites that no ring can reach.

    Args:
        most_sites: on one ring, between its cores.
        most_detour: what one more site may cost a ring, in the ground's unit; dearer, it begins a ring of its own.
    """
    left = {site.code: site for site in wanted}
    rings, without = list[Ring](), list[Site]()
    while left:
        far = max(left.values(), key=lambda one: (min(millimetres(one.place, c.place) for c in cores), one.code))
        del left[far.code]
        pair = ground.fan(far, cores) if len(cores) > 1 else None
        if pair is None:
            without.append(far)
            continue
        by_code = {core.code: core for core in cores}
        first, second = sorted(pair, key=lambda route: route.nodes[-1])
        ring = Ring([by_code[first.nodes[-1]], far, by_code[second.nodes[-1]]], [first.backwards(), second])
        _fill(ground, ring, left, most_sites, most_detour)
        _dig(ground, ring)
        rings.append(ring)
    return rings, without


def _fill(ground: Ground, ring: Ring, left: dict[str, Site], most_sites: int, most_detour: int) -> None:
    """Take sites onto a ring, the one that costs least first."""
    known: dict[str, _Detour | None] = {}
    far = dict(zip(left, _nearest(ground, list(left.values()), ring.legs), strict=True))
    while left and len(ring.sites) - 2 < most_sites:
        best: tuple[int, str, _Detour] | None = None
        there = set(map(id, ring.legs))
        for code in sorted(left, key=lambda one: (far[one], one))[:_LOOKED_AT]:
            detour = known.get(code)
            if code not in known or (detour is not None and id(detour.leg) not in there):
                detour = known[code] = _cheapest_detour(
                    ground, ring, left[code], stretches=_STRETCHES, most_detour=most_detour
                )
            if detour is not None and detour.extra <= most_detour and (best is None or (detour.extra, code) < best[:2]):
                best = (detour.extra, code, detour)
        if best is None:
            return
        _insert(ring, left.pop(best[1]), best[2])
        legs = (best[2].before, best[2].after)
        for code, now in zip(left, _nearest(ground, list(left.values()), legs), strict=True):
            if now < far[code]:
                far[code] = now
                known.pop(code, None)


def _nearest(ground: Ground, sites: Sequence[Site], legs: Sequence[Route]) -> list[int]:
    """How far each site is from the nearest node of some legs, in millimetres."""
    nodes = np.array([ground.places[node] for leg in legs for node in leg.nodes])
    here = np.array([site.place for site in sites]).reshape(-1, 2)
    scale = np.array([np.cos(np.radians(nodes[0, 1])), 1.0]) * MILLIMETRES_OF_A_DEGREE
    away = np.sqrt((((here[:, None, :] - nodes[None, :, :]) * scale) ** 2).sum(axis=2))
    found: list[int] = np.rint(away.min(axis=1)).astype(int).tolist()
    return found


@dataclass(frozen=True, slots=True)
class _Detour:
    """Two legs in the place of one."""

    leg: Route
    before: Route
    after: Route
    extra: int


def _cheapest_detour(
    ground: Ground, ring: Ring, site: Site, *, stretches: int, most_detour: int = NOWHERE
) -> _Detour | None:
    """How a site joins a ring for the least, among its nearest stretches."""
    nearest = sorted(
        range(len(ring.legs)),
        key=lambda n: (min(millimetres(site.place, ground.places[node]) for node in ring.legs[n].nodes), n),
    )
    found = [one for n in nearest[:stretches] if (one := _detour(ground, ring, ring.legs[n], site, most_detour))]
    return min(found, key=lambda one: one.extra, default=None)


def _detour(ground: Ground, ring: Ring, leg: Route, site: Site, most_detour: int) -> _Detour | None:
    inside = leg.nodes[1:-1]
    closed = set(ring.corners()) - set(inside)
    pair = ground.fan(site, corners=inside, closed=closed, at_most=most_detour + ground.cost(leg.ducts))
    if pair is None:
        return None
    one, other = sorted(pair, key=lambda route: inside.index(route.nodes[-1]))
    begins, ends = leg.nodes.index(one.nodes[-1]), leg.nodes.index(other.nodes[-1])
    spared = ground.cost(leg.ducts[begins:ends])
    head, tail = (leg.nodes[:begins], leg.ducts[:begins]), (leg.nodes[ends + 1 :], leg.ducts[ends:])
    back = one.backwards()
    before = Route((*head[0], *back.nodes), (*head[1], *back.ducts), 0)
    after = Route((*other.nodes, *tail[0]), (*other.ducts, *tail[1]), 0)
    return _Detour(leg, before, after, one.cost + other.cost - spared)


def _insert(ring: Ring, site: Site, detour: _Detour) -> None:
    at = next(n for n, leg in enumerate(ring.legs) if leg is detour.leg)
    ring.legs[at : at + 1] = [detour.before, detour.after]
    ring.sites.insert(at + 1, site)


def _dig(ground: Ground, ring: Ring) -> None:
    for leg in ring.legs:
        ground.dig(leg.ducts)
