"""Laying the network: rings, spurs, second ways; then cables in the ducts and circuits on the strands.

What is there stays as it is: a design over an existing network adds what the new sites need, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.errors import InvalidInput
from network.design.access import grow, second_ways, ways_to_hubs
from network.design.circuits import Wiring
from network.design.costs import UnitCosts
from network.design.ground import Ground, Route
from network.design.plan import Corridor, Design, Site
from network.design.rings import aggregation_rings, core_ring

__all__ = ["Wishes", "lay"]

NO_STREET: Final = "no street leads to it"
ONE_ENTRY: Final = "no second way into or out of its part of the street network"
DEAR: Final = "a second way would cost more than it may"


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a network is to be laid.

    Attributes:
        ring_sites: at most so many aggregation sites on a ring.
        detour_mm: a site joins a ring for at most the cost of so much digging; farther off it begins another.
        second_way_mm: at most so much digging for the second way of a site that need not have one.
    """

    ring_sites: int = 6
    detour_mm: int = 1_500_000
    second_way_mm: int = 2_000_000


def lay(
    corridor: Corridor,
    sites: Sequence[Site],
    costs: UnitCosts,
    wishes: Wishes | None = None,
    there: Design | None = None,
) -> Design:
    """What has to be added for all sites to be in the network.

    Args:
        there: what was laid before; it stays.
    Raises:
        InvalidInput: no site is a core, or there is no corridor.
    """
    wishes, before = wishes or Wishes(), there or Design()
    ground = Ground(corridor, digging=costs["digging"], cabling=costs["cable"] + 12 * costs["strand"], dug=before.ducts)
    new = [site for site in sorted(sites, key=lambda one: one.code) if site.code not in before.sites]
    made = Design(sites={site.code: site for site in new})
    for site in new:
        if not ground.join(site):
            made.single[site.code] = NO_STREET
            del made.sites[site.code]
    new = list(made.sites.values())
    cores = [site for site in [*before.with_role("core"), *new] if site.role == "core"]
    if not cores:
        raise InvalidInput("No site is a core, so there is nothing to lay a network to.", hint="Add a data centre.")
    wiring = Wiring(ground, before, made)
    known_cores = before.with_role("core")
    if not known_cores:
        ring = core_ring(ground, cores)
        known_cores = [site for site in cores if ring is None or site in ring.sites]
        if ring is not None:
            wiring.core_ring(ring)
        else:
            ground.dig([ground.join(cores[0])[0].code])
            known_cores = cores[:1]
    ringed = {core.code for core in known_cores}
    around = [site for site in new if site.role != "access" and site.code not in ringed]
    detour = wishes.detour_mm * (costs["digging"] + ground.cabling) // 1000
    rings, without = aggregation_rings(ground, known_cores, around, most_sites=wishes.ring_sites, most_detour=detour)
    for ring in rings:
        wiring.ring(ring)
    hubs = [
        *before.with_role("core", "aggregation"),
        *known_cores,
        *(site for ring in rings for site in ring.sites[1:-1]),
    ]
    spurs = [site for site in new if site.role == "access"] + without
    _spurs(ground, wiring, made, list({hub.code: hub for hub in hubs}.values()), spurs, wishes)
    made.single |= {site.code: ONE_ENTRY for site in without}
    filled = {
        duct for cable in made.cables.values() for duct, _ in cable.ducts
    }  # a first way may have found better ones
    made.ducts = {code: ground.known[code] for code in sorted(filled - before.ducts.keys())}
    wiring.finish()
    return made


def _spurs(
    ground: Ground, wiring: Wiring, made: Design, hubs: Sequence[Site], spurs: Sequence[Site], wishes: Wishes
) -> None:
    for lost in grow(ground, spurs):
        made.single[lost.code] = NO_STREET
        del made.sites[lost.code]
    reached = [site for site in spurs if site.code in made.sites]
    ways = ways_to_hubs(ground, hubs, reached)
    pairs = second_ways(ground, hubs, reached, ways, most_digging_mm=wishes.second_way_mm)
    for site in reached:
        pair: tuple[Route, Route] | tuple[Route] = pairs.get(site.code) or (ways[site.code],)
        wiring.spur(site, pair)
        if len(pair) == 1:
            made.single[site.code] = ONE_ENTRY if site.wants_two_ways else DEAR
