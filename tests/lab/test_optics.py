"""What the lab's transceivers read, asked of a real agent over the wire."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from lab.network import Cut, plan
from lab.network.light import LOSS_DB, SENT_DBM, agent_lines, received_dbm
from lab.network.optics import SENSOR, answer, rows
from network.drivers.snmp import SnmpTarget, open_reader
from network.drivers.snmp.reference import PysnmpReader
from network.polling.light import Power, light
from network.polling.looking import look_at_many
from network.polling.tables import SENSOR as COLUMNS
from tests.network.polling.agents import agent

_TABLE = ".".join(map(str, SENSOR))
_PROGRAM = Path(__file__).parents[2] / "lab" / "network" / "optics.py"


def _lines(file: Path, *interfaces: str) -> list[str]:
    names = [
        f'override .{COLUMNS["entPhysicalName"]}.{10 * index + way} octet_str "{interface} {said} Power"'
        for index, interface in enumerate(interfaces, 1)
        for way, said in ((1, "Transmit"), (2, "Receive"))
    ]
    return [*names, f"pass_persist .{_TABLE} {sys.executable} -E -s -S {_PROGRAM} {file}"]


def test_an_agent_tells_light_and_at_once_when_it_is_another(tmp_path: Path) -> None:
    file = tmp_path / "optics"
    file.write_text("1 lo -1 -2.5\n2 dark0 -1.5 -2.5\n")
    with agent(tmp_path / "agent", *_lines(file, "lo", "dark0")) as target:
        (look,) = look_at_many([target], patience=20, budget=120)
        assert look.complaints == ()
        assert light(look) == {"lo": Power(-2.5, -1.0)}
        assert {(one.name, one.value) for one in look.sensors} >= {("dark0 Transmit Power", -1.5)}
        assert not [one for one in look.sensors if one.name == "dark0 Receive Power"], "no carrier, so no light"
        file.write_text("1 lo -1 -30.25\n2 dark0 -1.5 -2.5\n")
        (look,) = look_at_many([target], patience=20, budget=120)
        assert light(look)["lo"].received == pytest.approx(-30.25, abs=0.05)


def test_both_readers_read_the_same_table(tmp_path: Path) -> None:
    file = tmp_path / "optics"
    file.write_text("1 lo -1 -2.5\n")

    async def both(target: SnmpTarget) -> None:
        async with open_reader(target, patience=20) as quick, PysnmpReader(target, patience=20) as reference:
            found = await quick.walk(_TABLE)
            assert len(found) == 10
            assert found == await reference.walk(_TABLE)

    with agent(tmp_path / "agent", *_lines(file, "lo")) as target:
        asyncio.run(both(target))


def test_the_table_is_walked_in_order_and_ends() -> None:
    table = rows("2 b -1 -40\n1 a -1 -2\n", lambda interface: interface == "a")
    oid, seen = ".1.3.6.1.2.1.99", []
    while (told := answer("getnext", oid, table)) != ["NONE"]:
        oid = told[0]
        seen.append((*(int(part) for part in oid.split(".")[-2:]), int(told[2])))
    assert seen == sorted(seen, key=lambda one: one[:2])
    values = {sensor: value for column, sensor, value in seen if column == 4}
    assert values == {11: 79433, 12: 63096, 21: 79433, 22: 0}, "what has no carrier receives nothing"
    assert answer("get", oid + ".7", table) == ["NONE"]


def test_a_bend_dims_one_fibre_at_both_ends_and_no_other() -> None:
    topology = plan(4)
    fibre, other = topology.fibres[:2]
    bent = [Cut(fibre.a, fibre.b, "bent", 6.0)]
    for router, interface in ((fibre.a, fibre.a_interface), (fibre.b, fibre.b_interface)):
        assert received_dbm(topology, router, interface, bent) == SENT_DBM - LOSS_DB - 6
        assert f'"{interface} Receive Power"' in "".join(agent_lines(topology.router(router)))
    assert received_dbm(topology, other.a, other.a_interface, bent) == SENT_DBM - LOSS_DB
