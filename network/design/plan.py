"""What a design is made of: sites and streets going in; ducts, cables and circuits coming out. Data alone.

Lengths are whole millimetres, places ``(longitude, latitude)`` in WGS84, and things go by their codes.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

__all__ = [
    "MILLIMETRES_OF_A_DEGREE",
    "Cable",
    "Circuit",
    "Corridor",
    "CorridorEdge",
    "Design",
    "Duct",
    "Lit",
    "Place",
    "Role",
    "Site",
    "code_of",
    "millimetres",
]

Place: TypeAlias = tuple[float, float]
Role: TypeAlias = Literal["core", "aggregation", "access"]

_LONGEST: Final = 63
_EARTH_MM: Final = 6_371_008_800
MILLIMETRES_OF_A_DEGREE: Final = _EARTH_MM * math.pi / 180
"""Along a meridian, on a sphere of the Earth's mean radius."""


@dataclass(frozen=True, slots=True)
class Site:
    """A site as the inventory has it, and what it is in the network.

    Attributes:
        wants_two_ways: it gets two ways whatever they cost.
    """

    code: str
    kind: str
    place: Place
    role: Role
    wants_two_ways: bool = False


@dataclass(frozen=True, slots=True)
class CorridorEdge:
    """A stretch of street, canal or tunnel where a duct can lie."""

    code: str
    a: str
    b: str
    length_mm: int
    path: tuple[Place, ...]
    source: str = ""


@dataclass(frozen=True, slots=True)
class Corridor:
    """Where ducts can lie."""

    places: Mapping[str, Place]
    edges: tuple[CorridorEdge, ...]


@dataclass(frozen=True, slots=True)
class Duct:
    """A duct along one edge of the corridor, or from a building to the street.

    Attributes:
        lead_in: leads into a building, which stands at ``a``.
    """

    code: str
    a: str
    b: str
    length_mm: int
    path: tuple[Place, ...]
    lead_in: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Cable:
    """A cable between two buildings, through ducts in order; ``True`` beside a duct that is walked from its ``b``."""

    code: str
    role: Role
    a: str
    b: str
    ducts: tuple[tuple[str, bool], ...]
    length_mm: int
    strands: int


@dataclass(frozen=True, slots=True)
class Lit:
    """A strand that a circuit lights: its cable, and its number in it; ``reversed``: walked from the cable's ``b``."""

    cable: str
    number: int
    reversed: bool = False


@dataclass(frozen=True, slots=True)
class Circuit:
    """A way of light between two sites, and another one that shares no duct with it where it is protected."""

    code: str
    role: Role
    a: str
    b: str
    working: tuple[Lit, ...]
    protecting: tuple[Lit, ...] = ()


@dataclass(slots=True)
class Design:
    """Everything that was laid, by code.

    Attributes:
        sites: those that are in the network.
        rings: of each ring, its sites in order from core to core; the core ring comes back to where it began.
        single: sites with one way only, and why.
        taken: of cables that are there, the highest number of a strand in use.
    """

    sites: dict[str, Site] = field(default_factory=dict)
    ducts: dict[str, Duct] = field(default_factory=dict)
    cables: dict[str, Cable] = field(default_factory=dict)
    circuits: dict[str, Circuit] = field(default_factory=dict)
    rings: list[tuple[str, ...]] = field(default_factory=list)
    single: dict[str, str] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)

    def with_more(self, made: Design) -> Design:
        """This and what was added to it."""
        return Design(
            sites=self.sites | made.sites,
            ducts=self.ducts | made.ducts,
            cables=self.cables | made.cables,
            circuits=self.circuits | made.circuits,
            rings=[*self.rings, *made.rings],
            single=self.single | made.single,
            taken=self.taken,
        )

    def with_role(self, *roles: Role) -> list[Site]:
        """Sites of some roles, by code."""
        return [self.sites[code] for code in sorted(self.sites) if self.sites[code].role in roles]


def millimetres(one: Place, other: Place) -> int:
    """How far two places are from each other, on a sphere of the Earth's mean radius."""
    (lon1, lat1), (lon2, lat2) = one, other
    across = math.radians(lon2 - lon1) * math.cos(math.radians((lat1 + lat2) / 2))
    return round(_EARTH_MM * math.hypot(across, math.radians(lat2 - lat1)))


def code_of(parts: Iterable[str]) -> str:
    """One code of several; where it grows too long, its end becomes a fingerprint of the whole."""
    whole = ".".join(parts)
    if len(whole) <= _LONGEST:
        return whole
    return f"{whole[: _LONGEST - 11]}.{hashlib.sha256(whole.encode()).hexdigest()[:10]}"
