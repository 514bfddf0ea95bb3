"""Which routers stand where, and which fibres join them: a pure function of the number of routers.

A small IRISnet. Core routers stand in the regional data centres, aggregation routers in the big stations; together
they make a northern and a southern ring, joined between the data centres. Access routers stand in town halls and
smaller stations, each with one fibre to either of two aggregation routers, where possible one in each ring::

         ag01                    ag02
        /    \\                  /    \\
    cr01 ---- cr02          cr03 ---- cr04        cr01 == cr03, cr02 == cr04 join the rings;
        \\    /                  \\    /            cr01-cr02 is there only where an arc is empty
         ag03                    ag04
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["DEFAULT_SIZE", "LARGEST", "SMALLEST", "Fibre", "Role", "Router", "Topology", "plan"]

Role = Literal["core", "aggregation", "access"]

SMALLEST: Final = 4
LARGEST: Final = 60
DEFAULT_SIZE: Final = 12
_PORTS: Final = 2

_CORE_SITES: Final = ("DC-ARTS", "DC-USINES", "DC-ULB", "DC-SIAMU")
_BIG_STATIONS: Final = (
    "ST-GARE-DU-MIDI", "ST-GARE-DU-NORD", "ST-GARE-CENTRALE", "ST-SCHUMAN", "ST-GARE-DE-L-OUEST", "ST-ROGIER",
    "ST-SIMONIS", "ST-ARTS-LOI", "ST-DELTA", "ST-BEEKKANT", "ST-MERODE", "ST-BOCKSTAEL", "ST-MONTGOMERY",
    "ST-PORTE-DE-NAMUR", "ST-HEYSEL", "ST-HERRMANN-DEBROUX",
)  # fmt: skip
_TOWN_HALLS: Final = tuple(f"TH-{nis}" for nis in range(21001, 21020))
_STATIONS: Final = (
    "ST-ALMA", "ST-AUMALE", "ST-BEAULIEU", "ST-BELGICA", "ST-BIZET", "ST-BOTANIQUE", "ST-CERIA", "ST-CLEMENCEAU",
    "ST-COMTE-DE-FLANDRE", "ST-CRAINHEM", "ST-DE-BROUCKERE", "ST-DELACROIX", "ST-DEMEY", "ST-EDDY-MERCKX",
    "ST-ERASME", "ST-GRIBAUMONT", "ST-HANKAR", "ST-JACQUES-BREL", "ST-LA-ROUE", "ST-MADOU", "ST-ROODEBEEK",
    "ST-STOCKEL",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fibre:
    """One fibre between two routers; ``a`` is the one named first.

    ``ring`` says what it is part of: ``north``, ``south``, ``core`` (joins the rings) or ``access``.
    """

    a: str
    b: str
    ring: Literal["north", "south", "core", "access"]

    @property
    def name(self) -> str:
        """How people call it, ``cr01-ag01``."""
        return f"{self.a}-{self.b}"

    @property
    def a_interface(self) -> str:
        """The interface at the ``a`` end."""
        return f"to-{self.b}"

    @property
    def b_interface(self) -> str:
        """The interface at the ``b`` end."""
        return f"to-{self.a}"

    def joins(self, one: str, other: str) -> bool:
        """Whether this is the fibre between these two, in either order."""
        return {self.a, self.b} == {one, other}


@dataclass(frozen=True, slots=True)
class Router:
    """One router: its number (which fixes its addresses), role, site, and fibres' interfaces."""

    name: str
    number: int
    role: Role
    site: str
    interfaces: tuple[str, ...]

    @property
    def ports(self) -> tuple[str, ...]:
        """Where customers are attached: each goes to a host of the lab."""
        return tuple(f"port{number}" for number in range(1, _PORTS + 1))


@dataclass(frozen=True, slots=True)
class Topology:
    """Routers in the order of their numbers, fibres in the order they were laid."""

    routers: tuple[Router, ...]
    fibres: tuple[Fibre, ...]

    def router(self, name: str) -> Router:
        """The router of that name.

        Raises:
            KeyError: there is none.
        """
        for router in self.routers:
            if router.name == name:
                return router
        raise KeyError(name)

    def fibre(self, one: str, other: str) -> Fibre:
        """The fibre between two routers, in either order.

        Raises:
            KeyError: there is none.
        """
        for fibre in self.fibres:
            if fibre.joins(one, other):
                return fibre
        raise KeyError(f"{one}-{other}")

    def fibres_of(self, router: str) -> tuple[Fibre, ...]:
        """Every fibre that ends at a router."""
        return tuple(fibre for fibre in self.fibres if router in (fibre.a, fibre.b))


def plan(n: int = DEFAULT_SIZE) -> Topology:
    """The network of ``n`` routers.

    Every router is reached over two disjoint ways, so one cut fibre or one lost router isolates nobody else.

    Raises:
        ValueError: ``n`` is outside 4 to 60.
    """
    if not SMALLEST <= n <= LARGEST:
        raise ValueError(f"a lab has {SMALLEST} to {LARGEST} routers, not {n}")
    cores, aggregations, accesses = _share(n)
    core = [f"cr{k:02d}" for k in range(1, cores + 1)]
    aggregation = [f"ag{k:02d}" for k in range(1, aggregations + 1)]
    access = [f"ac{k:02d}" for k in range(1, accesses + 1)]
    fibres = _rings(core, aggregation) + _homes(core, aggregation, access)

    sites = (*_CORE_SITES[:cores], *_BIG_STATIONS[:aggregations], *(_TOWN_HALLS + _STATIONS)[:accesses])
    counted: tuple[tuple[Role, int], ...] = (("core", cores), ("aggregation", aggregations), ("access", accesses))
    roles = [role for role, count in counted for _ in range(count)]
    routers = tuple(
        Router(
            name,
            number,
            role,
            site,
            tuple(f"to-{f.b if f.a == name else f.a}" for f in fibres if name in (f.a, f.b)),
        )
        for number, (name, role, site) in enumerate(
            zip([*core, *aggregation, *access], roles, sites, strict=True), start=1
        )
    )
    return Topology(routers, tuple(fibres))


def _share(n: int) -> tuple[int, int, int]:
    """How many routers of each role."""
    cores = 2 if n < 8 else 4
    rest = n - cores
    aggregations = (rest + 1) // 2 if rest <= 8 else min(len(_BIG_STATIONS), 4 + (rest - 8) // 4)
    return cores, aggregations, rest - aggregations


def _rings(core: list[str], aggregation: list[str]) -> list[Fibre]:
    """Two rings, each over two core routers with aggregation routers on both arcs between them."""
    fibres: list[Fibre] = []

    def lay(a: str, b: str, ring: Literal["north", "south", "core"]) -> None:
        if not any(fibre.joins(a, b) for fibre in fibres):
            fibres.append(Fibre(a, b, ring))

    north, south = aggregation[0::2], aggregation[1::2]
    anchors = {"north": (core[0], core[1]), "south": (core[-2], core[-1])}
    rings: tuple[tuple[Literal["north", "south"], list[str]], ...] = (("north", north), ("south", south))
    for ring, members in rings:
        first, second = anchors[ring]
        half = (len(members) + 1) // 2
        cycle = [first, *members[:half], second, *members[half:]]
        for a, b in zip(cycle, [*cycle[1:], first], strict=True):
            lay(a, b, ring)
    if len(core) > 2:
        lay(core[0], core[2], "core")
        lay(core[1], core[3], "core")
    return fibres


def _homes(core: list[str], aggregation: list[str], access: list[str]) -> list[Fibre]:
    """Two fibres for each access router, to neighbours in the list of aggregation routers: one in either ring."""
    fibres: list[Fibre] = []
    for k, name in enumerate(access):
        first = aggregation[k % len(aggregation)]
        second = aggregation[(k + 1) % len(aggregation)] if len(aggregation) > 1 else core[1]
        fibres += [Fibre(name, first, "access"), Fibre(name, second, "access")]
    return fibres
