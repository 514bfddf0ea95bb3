"""How many people a loss touches, estimated: what a site says of itself, else what its kind is assumed to serve.

These are estimates and are shown with what they rest on: 145,000 sessions a day over 220 hotspots are known of
wifi.brussels as a whole; the rest are assumptions, written here so that they can be argued with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from orchestrator.plan import JsonObject

__all__ = ["ASSUMED", "estimated"]

ASSUMED: Final[Mapping[str, int]] = {
    "hotspot": 659,  # 145,000 sessions a day over 220 hotspots
    "school": 500,
    "university": 2000,
    "hospital": 1500,
    "town-hall": 200,
    "library": 150,
    "police": 80,
    "fire": 60,
    "court": 200,
    "post-office": 100,
    "community-centre": 100,
    "museum": 200,
    "theatre": 200,
}
"""People a day at a site of a kind."""


def estimated(sites: Iterable[Mapping[str, Any]]) -> JsonObject:
    """People a day by state of their site; ``known``: how many of the sites say it themselves (fact ``users``)."""
    people: dict[str, int] = {"down": 0, "protected": 0, "degraded": 0}
    known = assumed = 0
    for site in sites:
        own = site["facts"].get("users")
        if isinstance(own, int) and own >= 0:
            known += 1
            people[site["state"]] += own
        else:
            assumed += site["kind"] in ASSUMED
            people[site["state"]] += ASSUMED.get(site["kind"], 0)
    return {**people, "sites_known": known, "sites_assumed": assumed}
