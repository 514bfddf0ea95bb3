"""What a cut of a cable touches, down to tenants, in plants of Brussels' size and ten times it, of web and database.

A cable of 288 strands of which every one is lit is lost in a plant of 100,000 strands and 20,000 circuits. There is
nothing to stand beside: no other tool answers the question end to end.
"""

from __future__ import annotations

import time
from random import Random
from statistics import median
from typing import Final

from sqlalchemy import create_engine, text

from benchmarks.inventory_api import SYSTEM, _cpu_of_children, _postmaster_of
from benchmarks.measuring import Figure, table
from benchmarks.plants import Circuit, Plant, write

__all__ = ["grown", "measured", "run"]

_BOUND_MS: Final = 50.0
_STRANDS: Final = 288


def run(*, quick: bool = False) -> list[Figure]:
    """Measure, print, and say how it compares with the bound."""
    figures, rows = list[Figure](), list[list[str]]()
    for cables in (35, 348) if not quick else (35,):
        figures.append(measured(cables, 20 if quick else 50, rows))
    print(f"\nimpact of a cable of {_STRANDS} strands that are all lit, down to tenants; processor milliseconds")
    print(table(("strands", "circuits", "devices", "ours", "of it here", "first time", "wall ms", "bound"), rows))
    return figures


def measured(cables: int, times: int = 20, rows: list[list[str]] | None = None) -> Figure:
    """One question in a plant of so many cables of 288 strands, asked ``times`` times; a line for the table of all."""
    from core.migrations import upgrade
    from core.postgres_temporary import TemporaryPostgres

    with TemporaryPostgres() as server:
        owner = server.dsn("owner")
        upgrade(owner)
        return _measured(owner, cables, times, [] if rows is None else rows)


def _measured(owner: str, cables: int, times: int, rows: list[list[str]]) -> Figure:
    from network.impact.answer import impact
    from network.impact.subjects import Question, Subject

    plant, devices = grown(cables)
    engine = create_engine(owner)
    question = Question(of=(Subject(kind="cable", key="C0"),))
    with engine.begin() as tx:
        tx.execute(text(SYSTEM))
        write(tx, plant)
    with engine.begin() as tx:
        tx.execute(text("analyze"))
    postmaster = _postmaster_of(owner)
    with engine.connect() as tx:
        tx.execute(text(SYSTEM))

        def once() -> tuple[float, float, float]:
            here, there, begun = time.process_time(), _cpu_of_children(postmaster), time.perf_counter()
            found = impact(tx, question)
            if found["lost"]["lit"] != _STRANDS or not found["circuits"]:
                raise RuntimeError(f"the cable does not carry what it should: {found['lost']}")
            spent = time.process_time() - here, _cpu_of_children(postmaster) - there, time.perf_counter() - begun
            return spent[0] * 1000, spent[1] * 1000, spent[2] * 1000

        first = once()
        measured = [once() for _ in range(times)]
    engine.dispose()
    mine, base, wall = (sum(part) / times for part in zip(*measured, strict=True))
    wall = median(one[2] for one in measured)
    strands = cables * _STRANDS
    rows.append(
        [f"{strands:,}", f"{len(plant.circuits):,}", f"{devices:,}", f"{mine + base:.1f}", f"{mine:.1f}",
         f"{first[0] + first[1]:.0f}", f"{wall:.1f}", f"{_BOUND_MS:.0f}"]
    )  # fmt: skip
    return Figure(
        f"impact of a 288-fibre cable among {strands:,} strands", mine + base, "CPU ms", _BOUND_MS,
        more={"first_ms": first[0] + first[1], "wall_ms": wall},
    )  # fmt: skip


def grown(cables: int) -> tuple[Plant, int]:
    """A plant of that many cables of 288 strands, the same every time: a ring of hubs with chords, circuits over one or
    two of them, each third one protected; every strand of the first cable is lit."""
    chance = Random(7)
    hubs = max(6, cables // 3)
    ducts = [(n, (n + 1) % hubs) for n in range(hubs)]
    while len(ducts) < cables:
        a, b = chance.sample(range(hubs), 2)
        ducts.append((a, b))
    wanted = cables * 57  # 20,000 circuits for 348 cables
    near: list[list[int]] = [[] for _ in range(hubs)]
    for number, (a, b) in enumerate(ducts):
        near[a].append(number)
        near[b].append(number)
    taken = [0] * cables
    circuits: list[Circuit] = []
    sites = hubs

    def strand(cable: int) -> tuple[int, int] | None:
        if taken[cable] >= _STRANDS:
            return None
        taken[cable] += 1
        return cable, taken[cable]

    def circuit(cable: int) -> None:
        nonlocal sites
        first = strand(cable)
        if first is None:
            return
        a, b = ducts[cable]
        other = None
        if len(circuits) % 3 == 0:
            beside = chance.choice(near[b])
            other = strand(beside) if beside != cable else None
        if len(circuits) % 2:
            circuits.append(Circuit(a, sites, (first,), (other,) if other else (), tenant=len(circuits) % 122))
            sites += 1  # a site of its own at the end of a spur
        else:
            circuits.append(Circuit(a, b, (first,), (other,) if other else (), tenant=len(circuits) % 122))

    while taken[0] < _STRANDS:
        circuit(0)
    while len(circuits) < wanted:
        circuit(chance.randrange(1, cables))
    roles = ["core" if n < 4 else "aggregation" if n < hubs else "access" for n in range(sites)]
    return Plant(roles, ducts, [((n,), _STRANDS) for n in range(cables)], circuits, tenants=122), sites
