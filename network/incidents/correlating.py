"""Which faults explain what is down: by device, by the plant, by link. Pure.

By the plant: the smallest set of its elements such that every dark link lies on one of them, and no link that is up
does. Among elements that explain the same links the cable comes first: a strand rarely breaks alone, and a duct that
holds one cable is cut with it. Exact while few elements matter, greedy beyond; both never accuse what carries light.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal

from network.incidents.seeing import LinkSight

__all__ = ["Element", "Fault", "correlate"]

ElementKind = Literal["cable", "duct", "strand"]
_RANK: Final[Mapping[str, int]] = {"cable": 0, "duct": 1, "strand": 2}
_EXACT: Final = 18
"""So many candidates are tried in every combination; 2^18 sets of bits take a tenth of a second."""


@dataclass(frozen=True, slots=True, order=True)
class Element:
    """A piece of the plant, by its code; a strand as ``CABLE/NUMBER``."""

    kind: ElementKind
    code: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that went wrong.

    Attributes:
        name: what it is called by: the cable (or cables, where they cannot be told apart), the device, the link.
        links: that are down by it.
        suspects: elements that explain all of them, the likeliest first; none known for kinds ``device`` and ``link``.
    """

    kind: Literal["plant", "device", "link"]
    name: str
    links: tuple[str, ...]
    devices: tuple[str, ...] = ()
    suspects: tuple[Element, ...] = ()


def correlate(
    sights: Iterable[LinkSight], silent: Collection[str], plant: Mapping[str, Sequence[Element]]
) -> list[Fault]:
    """The faults that explain the links that are down.

    Args:
        silent: devices that do not answer.
        plant: link → what it runs over; a link that is not there has no known way.
    """
    every = list(sights)
    faults, left = _devices(every, frozenset(silent))
    known = sorted(link for link in left if plant.get(link))
    up = {one.link for one in every if one.state == "up"}
    faults += _plant(known, up, plant)
    faults += [Fault("link", link, (link,)) for link in sorted(left) if link not in known]
    return faults


def _devices(every: Sequence[LinkSight], silent: frozenset[str]) -> tuple[list[Fault], set[str]]:
    """Devices that are dark all around; a silent one with a link that nobody can judge may as well be cut off."""
    left = {one.link for one in every if one.state == "down"}
    faults: list[Fault] = []
    for device in sorted(silent):
        mine = [one for one in every if device in one.ends]
        if len(mine) >= 2 and all(one.state == "down" for one in mine):
            links = tuple(sorted({one.link for one in mine} & left))
            if links:
                faults.append(Fault("device", device, links, (device,)))
                left -= set(links)
    return faults, left


def _plant(down: Sequence[str], up: Collection[str], plant: Mapping[str, Sequence[Element]]) -> list[Fault]:
    on: dict[Element, set[str]] = {}
    for link in (*down, *up):
        for element in plant.get(link, ()):
            on.setdefault(element, set()).add(link)
    explained: dict[frozenset[str], list[Element]] = {}
    for element, links in on.items():
        if not links & set(up):
            explained.setdefault(frozenset(links), []).append(element)
    chosen = _smallest(frozenset(down), list(explained))
    covered: set[str] = set()
    faults: list[Fault] = []
    for together in sorted(chosen, key=lambda one: (-len(one), sorted(one))):
        mine = tuple(sorted(together - covered))
        covered |= together
        suspects = tuple(sorted(explained[together], key=lambda one: (_RANK[one.kind], one.code)))
        faults.append(Fault("plant", _name(suspects), mine, (), suspects))
    # Every element of its way also carries something that is up: what broke is at an end, or the records are wrong.
    faults += [Fault("link", link, (link,)) for link in down if link not in covered]
    return faults


def _smallest(wanted: frozenset[str], sets: list[frozenset[str]]) -> list[frozenset[str]]:
    reachable = wanted & frozenset().union(*sets) if sets else frozenset()
    best = [one for one in sets if not any(one < other for other in sets)]
    best.sort(key=lambda one: (-len(one), sorted(one)))
    if len(best) <= _EXACT:
        for size in range(1, len(best) + 1):
            for some in combinations(best, size):
                if frozenset().union(*some) >= reachable:
                    return list(some) if reachable else []
    chosen: list[frozenset[str]] = []
    missing = set(reachable)
    while missing:
        most = max(best, key=lambda one: len(one & missing))
        chosen.append(most)
        missing -= most
    return chosen


def _name(suspects: Sequence[Element]) -> str:
    """The likeliest; several of one kind cannot be told apart from here."""
    first = [one.code for one in suspects if one.kind == suspects[0].kind]
    shown = " or ".join(first[:3]) + (f" or {len(first) - 3} more" if len(first) > 3 else "")
    return f"{suspects[0].kind} {shown}"
