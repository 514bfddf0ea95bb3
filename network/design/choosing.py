"""Which sites are in the network, and what each is in it: rules in order, the first that fits decides.

A site that stands where a chosen one stands already (a hotspot in its station) is served there and gets no way of its
own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from network.design.plan import Place, Role, Site, millimetres

__all__ = ["RULES", "Candidate", "Choice", "Rule", "choose"]

SAME_PLACE_MM: Final = 10_000
"""Sites that are nearer to each other stand in one place."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What sites of a kind are in the network.

    Attributes:
        facts: what a site's facts must say, one of these for each name; empty: nothing.
        two_ways: they get two ways whatever they cost.
        why: for people.
    """

    kind: str
    role: Role
    why: str
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    two_ways: bool = False


RULES: Final[tuple[Rule, ...]] = (
    Rule("datacentre", "core", "every data centre is a core"),
    Rule("station", "aggregation", "stations stand over tunnels and are spread over the region"),
    Rule("town-hall", "aggregation", "every municipality has one, and it belongs to the public"),
    Rule("fire", "access", "emergency service", two_ways=True),
    Rule("police", "access", "emergency service", two_ways=True),
    Rule("hospital", "access", "emergency service", two_ways=True),
    Rule("court", "access", "public administration"),
    Rule("university", "access", "public research and teaching"),
    Rule("school", "access", "secondary schools come first", {"level_guess": ("secondary", "primary+secondary")}),
    Rule("library", "access", "the public goes online there", {"internet_access": ("yes", "wlan", "wired")}),
    Rule("hotspot", "access", "outdoor hotspots; those of stations stand in them"),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A site of the inventory."""

    code: str
    kind: str
    place: Place
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is in, by code; and who is served at another's place: site → that one."""

    sites: tuple[Site, ...]
    beside: Mapping[str, str]


def choose(candidates: Sequence[Candidate], rules: Sequence[Rule] = RULES, *, keep: Sequence[str] = ()) -> Choice:
    """The sites of the network, the same ones for the same candidates in whatever order.

    Args:
        keep: sites that are in the network already, and stay in it whatever newer ones stand beside them.
    """
    kept, chosen, beside = frozenset(keep), dict[str, Site](), dict[str, str]()
    squares: dict[tuple[int, int], list[Site]] = {}
    fitting = [(n, one) for one in candidates if (n := _rule(one, rules)) is not None]
    for number, one in sorted(fitting, key=lambda pair: (pair[1].code not in kept, pair[0], pair[1].code)):
        x, y = round(one.place[0] * 5000), round(one.place[1] * 5000)  # squares of some 14 by 22 m
        around = (site for dx in (-1, 0, 1) for dy in (-1, 0, 1) for site in squares.get((x + dx, y + dy), ()))
        host = next((site for site in around if millimetres(site.place, one.place) < SAME_PLACE_MM), None)
        if host is not None and one.code not in kept:
            beside[one.code] = host.code
            continue
        rule = rules[number]
        site = chosen[one.code] = Site(one.code, one.kind, one.place, rule.role, rule.two_ways)
        squares.setdefault((x, y), []).append(site)
    return Choice(tuple(chosen[code] for code in sorted(chosen)), beside)


def _rule(one: Candidate, rules: Sequence[Rule]) -> int | None:
    return next((
        number for number, rule in enumerate(rules)
        if rule.kind == one.kind and all(str(one.facts.get(name, "")) in said for name, said in rule.facts.items())
    ), None)  # fmt: skip
