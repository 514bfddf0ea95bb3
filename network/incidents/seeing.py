"""Does a link stand? From what both its ends tell, and what the intent lets one expect. Pure.

An interface that is down says so at once. A cut that leaves the light on shows in the adjacency alone: it is lost when
its dead interval is over. An end that does not answer says nothing, and a link of which no end says anything is
*unknown*: not up, and not down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from network.alerting.rules import End, PlannedLink
from network.polling.looking import Look

__all__ = ["LinkSight", "Sight", "see"]

Sight = Literal["up", "down", "unknown"]


@dataclass(frozen=True, slots=True)
class LinkSight:
    """How a link is seen, and by what.

    Attributes:
        evidence: sentences, in the order of the ends; of what speaks against it where it is down.
        ends: devices at its ends.
    """

    link: str
    state: Sight
    evidence: tuple[str, ...]
    ends: tuple[str, ...]


def see(links: Iterable[PlannedLink], looks: Mapping[str, Look], busy: frozenset[str] = frozenset()) -> list[LinkSight]:
    """How each link is seen.

    Args:
        busy: devices that a change is being carried out on: what their adjacencies do is the change's business.
    """
    return [_see(link, looks, busy) for link in links]


def _see(link: PlannedLink, looks: Mapping[str, Look], busy: frozenset[str]) -> LinkSight:
    told = [_end(end, looks.get(end.device), busy) for end in link.ends]
    against = tuple(sentence for _, sentences in told for sentence in sentences)
    ends = tuple(end.device for end in link.ends)
    if any(state == "down" for state, _ in told):
        return LinkSight(link.name, "down", against, ends)
    if any(state == "up" for state, _ in told):
        return LinkSight(link.name, "up", (), ends)
    return LinkSight(link.name, "unknown", (), ends)


def _end(end: End, look: Look | None, busy: frozenset[str]) -> tuple[Sight, list[str]]:
    if look is None or look.error:
        return "unknown", []
    port = next((port for port in look.interfaces if port.name == end.interface), None)
    if port is not None and port.up is False:
        how = "is shut" if port.admin_up is False else "sees no light" if port.status == "down" else f"is {port.status}"
        return "down", [f"{end.device}:{end.interface} {how}"]
    if end.device not in busy and (lost := _lost(end, look)):
        return "down", lost
    return ("unknown" if port is None or port.up is None else "up"), []


def _lost(end: End, look: Look) -> list[str]:
    """What of the routing that the intent expects over this end is gone."""
    if look.ospf is None:
        return []
    full = {(one.version, one.address) for one in look.ospf if one.full} | {
        (one.version, one.interface) for one in look.ospf if one.full
    }
    gone = []
    if end.neighbor and (2, end.neighbor) not in full:
        gone.append(f"{end.device} lost its OSPF neighbour {end.neighbor} on {end.interface}")
    # Where both run, the older one decides: OSPFv3 comes back later after a mend.
    if end.ospfv3 and not end.neighbor and (3, end.interface) not in full:
        gone.append(f"{end.device} lost its OSPFv3 neighbour on {end.interface}")
    return gone
