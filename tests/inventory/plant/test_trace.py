"""The way of light: one answer at every step, the same as an oracle finds that knows only what was joined to what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.db import Database
from inventory.errors import NothingToTrace, ObjectNotFound
from inventory.plant.trace import Start, trace
from tests.inventory.conftest import SYSTEM, Submit, create, device
from tests.inventory.plant.conftest import cable, planted, splice

pytestmark = pytest.mark.usefixtures("plant")


def _trace(database: Database, start: Start, ref: str, **more: Any) -> dict[str, Any]:
    with database.transaction("api", SYSTEM) as tx:
        return trace(tx, start, ref, **more)


def _names(found: Mapping[str, Any]) -> list[str]:
    return [hop["name"] for hop in found["hops"]]


WHOLE: Final = ["ra:f1", "PA/1", "C1/1", "K1/1", "C2/1", "PB/1", "rb:f1"]


@pytest.mark.parametrize(
    ("start", "ref", "turned"),
    [
        ("strand", "C1/1", False),
        ("strand", "C2/1", False),
        ("interface", "ra:f1", False),
        ("interface", "rb:f1", True),
        ("panel_port", "PA/1", False),
        ("panel_port", "PB/1", True),
        ("circuit", "X1", False),
    ],
)
def test_the_whole_way_is_found_from_anywhere_on_it(database: Database, start: Start, ref: str, turned: bool) -> None:
    found = _trace(database, start, ref)
    assert _names(found) == (WHOLE[::-1] if turned else WHOLE)
    assert found["lit"]
    assert (found["length_m"], found["strands"]) == (1200, 2)


def test_hops_say_where_they_are_and_what_they_add(database: Database) -> None:
    hops = _trace(database, "strand", "C1/1")["hops"]
    strand, joint = hops[2], hops[3]
    assert (strand["from"], strand["to"], strand["colour"], strand["circuit"]) == ("A", "M", "blue", "X1")
    assert (joint["node"], joint["closure"], joint["tray"], joint["loss_db"], joint["measured"]) == (
        "M",
        "K1",
        1,
        0.05,
        True,
    )
    # 2 × 600 m of G.652.D at 1310 nm, a measured splice, two mated pairs
    assert hops[-1]["total_db"] == pytest.approx(2 * 0.6 * 0.40 + 0.05 + 2 * 0.50)
    assert [hop["n"] for hop in hops] == [1, 2, 3, 4, 5, 6, 7]


def test_a_dark_strand_ends_where_nothing_is(database: Database) -> None:
    found = _trace(database, "strand", "C2/3")
    assert _names(found) == ["C1/3", "K1/1", "C2/3"]
    assert not found["lit"]
    assert _names(_trace(database, "strand", "C1/24")) == ["C1/24"]


def test_losses_follow_the_wavelength_and_are_not_guessed(run: Submit, database: Database) -> None:
    run("inventory.edit", operations=[create("cable", cable("SHIFTED", "A", "M", type="G.653"))])
    short, long = (_trace(database, "strand", "SHIFTED/1", wavelength_nm=nm) for nm in (1310, 1550))
    assert (short["unknown"], short["hops"][0]["loss_db"]) == (1, None)
    assert (long["unknown"], long["loss_db"]) == (0, 0.21)


def test_what_has_no_strand_has_no_way(run: Submit, database: Database) -> None:
    run("inventory.edit", operations=[create("panel_port", {"panel": "PA", "number": 20})])
    for start, ref in (("panel_port", "PA/20"), ("interface", "ra:f2")):
        with pytest.raises(NothingToTrace, match="No strand hangs"):
            _trace(database, start, ref)  # type: ignore[arg-type]  # of the literals
    with pytest.raises(ObjectNotFound):
        _trace(database, "strand", "C1/99")


def test_patch_cords_lead_on_and_the_ways_of_a_circuit_are_apart(fresh_database: Database) -> None:
    do = planted(fresh_database)
    do(
        "inventory.edit",
        operations=[
            create("cable", cable("C3", "B", "M"), cable("C4", "A", "M")),
            create("splice", splice("C3/1:b", "C4/1:b", tray=2)),
            create("panel_port", {"panel": "PB", "number": 10, "strand": "C3/1", "side": "a"},
                   {"panel": "PB", "number": 11}, {"panel": "PA", "number": 10, "strand": "C4/1", "side": "a"}),
            create("patch_cord", {"code": "PC", "a_port": "PB/2", "b_port": "PB/10", "length_m": 3}),
            create("circuit_strand", *({"circuit": "X1", "role": "protecting", "strand": strand, "position": n}
                                       for n, strand in ((1, "C4/1"), (2, "C3/1")))),
        ],
    )  # fmt: skip
    found = _trace(fresh_database, "panel_port", "PA/2")
    assert _names(found) == ["PA/2", "C1/2", "K1/1", "C2/2", "PB/2", "PC", "PB/10", "C3/1", "K1/2", "C4/1", "PA/10"]
    assert _names(_trace(fresh_database, "circuit", "X1", role="working")) == WHOLE
    other = _trace(fresh_database, "circuit", "X1", role="protecting")
    assert _names(other) == _names(found)[::-1]


# ------------------------------------------------------------------------------------------------- random plants
_RUN: Final = count()


@dataclass
class Plant:
    """What is joined to what, as a person would note it: ends and ports by name, each with its one other."""

    joined: dict[str, str] = field(default_factory=dict)
    metres: dict[str, float] = field(default_factory=dict)
    operations: list[dict[str, Any]] = field(default_factory=list)

    def join(self, one: str, other: str) -> None:
        """Say that two things are at each other."""
        self.joined[one], self.joined[other] = other, one

    def way(self, strand: str) -> list[str]:
        """The names of strands and ports from the side a to the side b of a strand, walked by hand."""
        ahead = self._walk(f"{strand}:b")
        back = self._walk(f"{strand}:a")
        return [*reversed(back), strand, *ahead]

    def _walk(self, end: str) -> list[str]:
        found = []
        here: str | None = self.joined.get(end)
        while here is not None:
            name, _, side = here.partition(":")
            if side in {"a", "b"}:
                found.append(name)
                here = self.joined.get(f"{name}:{'b' if side == 'a' else 'a'}")
            elif side in {"back", "front"}:
                found.append(name)
                here = self.joined.get(f"{name}:{'front' if side == 'back' else 'back'}")
            else:  # a device's interface
                found.append(here)
                here = None
        return found


def _random_plant(seed: int) -> Plant:
    """Cables all in one manhole (so that any two ends may be spliced), some ends at panels, some ports patched."""
    random, mark, made = Random(seed), f"R{next(_RUN)}", Plant()
    cables = [f"{mark}-{n}" for n in range(random.randint(2, 6))]
    strands = random.randint(1, 4)
    values = []
    for code in cables:
        made.metres[code] = float(random.randint(10, 900))
        values.append(cable(code, "A", "A", strands=strands, length_m=made.metres[code], strands_per_tube=2))
    ends = [f"{code}/{n}:{side}" for code in cables for n in range(1, strands + 1) for side in "ab"]
    random.shuffle(ends)
    splices, ports, cords = list[dict[str, Any]](), list[dict[str, Any]](), list[dict[str, Any]]()
    while len(ends) > 1 and random.random() < 0.8:
        one, other = ends.pop(), ends.pop()
        if one.partition(":")[0] in _reached(made, other):
            continue  # it would close a loop, or splice a strand with itself
        made.join(one, other)
        splices.append(splice(one, other, f"{mark}-K", loss_db=0.1))
    free = []
    for number, end in enumerate(ends[: random.randint(0, 6)], start=1):
        strand, side = end.split(":")
        made.join(end, f"{mark}-P/{number}:back")
        port = {"panel": f"{mark}-P", "number": number, "strand": strand, "side": side}
        if number == 1:
            port["interface"] = f"{mark}:x"
            made.join(f"{mark}-P/1:front", f"{mark}:x0")
        else:
            free.append(number)
        ports.append(port)
    while len(free) > 1 and random.random() < 0.7:
        one, other = (f"{mark}-P/{free.pop()}" for _ in range(2))
        if made.joined[f"{one}:back"].partition(":")[0] in _reached(made, made.joined[f"{other}:back"]):
            continue
        made.join(f"{one}:front", f"{other}:front")
        cords.append({"code": f"{mark}-{len(cords)}C", "a_port": one, "b_port": other})
    wanted = {
        "device": [device(mark, site="DC-A", interfaces=[{"name": "x"}])],
        "cable": values,
        "closure": [{"code": f"{mark}-K", "node": "A"}],
        "splice": splices,
        "panel": [{"code": f"{mark}-P", "site": "DC-A", "ports": 12}],
        "panel_port": ports,
        "patch_cord": cords,
    }
    made.operations = [create(kind, *objects) for kind, objects in wanted.items() if objects]
    return made


def _reached(made: Plant, end: str) -> set[str]:
    """The strands on the way of an end, its own among them."""
    strand = end.partition(":")[0]
    return set(made.way(strand))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_every_way_of_a_random_plant_is_the_one_that_was_joined(database: Database, run: Submit, seed: int) -> None:
    made = _random_plant(seed)
    run("inventory.edit", operations=made.operations)
    for code, metres in made.metres.items():
        found = _trace(database, "strand", f"{code}/1")
        told = [hop["name"] for hop in found["hops"] if hop["kind"] in {"strand", "port"}]
        wanted = [name for name in made.way(f"{code}/1") if "/" in name]
        assert told == wanted
        strands = [name for name in wanted if name.partition("/")[0] in made.metres]
        assert found["length_m"] == pytest.approx(sum(made.metres[name.partition("/")[0]] for name in strands))
        assert found["hops"][-1]["total_m"] >= metres
        sums = [hop["total_db"] for hop in found["hops"]]
        assert sums == sorted(sums)
    for port in (
        one for operation in made.operations if operation["type"] == "panel_port" for one in operation["values"]
    ):
        there = _trace(database, "panel_port", f"{port['panel']}/{port['number']}")
        wanted = [name for name in made.way(port["strand"]) if "/" in name]
        told = [hop["name"] for hop in there["hops"] if hop["kind"] in {"strand", "port"}]
        assert told in (wanted, wanted[::-1])
