"""Both readers against real agents: what they agree on, and agents that are slow, lie, or are not there."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from network.drivers.snmp import SnmpTarget, User, open_reader
from network.drivers.snmp.reading import Credentials
from network.drivers.snmp.reference import PysnmpReader
from network.errors import SnmpRefused, SnmpSilent
from network.polling.looking import EVERYTHING, STATES, look_at_many
from tests.network.polling.agents import COMMUNITY, USER, agent, free_port

_SYS_NAME = "1.3.6.1.2.1.1.5.0"
_SYS_CONTACT = "1.3.6.1.2.1.1.4.0"
_ABSENT = "1.3.6.1.2.1.1.99.0"
_TABLE = (
    "override 1.3.6.1.4.1.8072.9999.1.1 integer -7",
    "override 1.3.6.1.4.1.8072.9999.1.2 counter 4294967295",
    "override 1.3.6.1.4.1.8072.9999.1.3 uinteger 4294967295",
    'override 1.3.6.1.4.1.8072.9999.1.4 octet_str "between-Arts-and-Loi"',
)
"""Values of an agent's own; this machine's interfaces come and go with other tests."""


@pytest.mark.parametrize("credentials", [COMMUNITY, USER], ids=["v2c", "v3"])
def test_the_quick_reader_reads_what_the_reference_reads(tmp_path: Path, credentials: Credentials) -> None:
    async def both(target: SnmpTarget) -> None:
        async with open_reader(target, patience=20) as quick, PysnmpReader(target, patience=20) as reference:
            assert await quick.get([_SYS_NAME, _ABSENT]) == {_SYS_NAME: b"agent"}
            assert await reference.get([_SYS_NAME, _ABSENT]) == {_SYS_NAME: b"agent"}
            for oid in ("1.3.6.1.4.1.8072.9999.1", "1.3.6.1.2.1.1.9.1.3", "1.3.6.1.2.1.1.9.1.4"):
                rows = await quick.walk(oid)
                assert len(rows) >= 4
                assert rows == await reference.walk(oid)
            assert await quick.walk("1.3.6.1.2.1.99") == await reference.walk("1.3.6.1.2.1.99") == []

    with agent(tmp_path, *_TABLE, credentials=credentials) as target:
        asyncio.run(both(target))


@pytest.mark.parametrize("credentials", [COMMUNITY, USER], ids=["v2c", "v3"])
def test_a_value_is_written_and_a_value_that_may_not_be_is_refused(tmp_path: Path, credentials: Credentials) -> None:
    async def write(target: SnmpTarget) -> None:
        async with PysnmpReader(target, patience=20) as reference:
            await reference.set({_SYS_CONTACT: b"noc@example.org"})
            assert await reference.get([_SYS_CONTACT]) == {_SYS_CONTACT: b"noc@example.org"}
            with pytest.raises(SnmpRefused):
                await reference.set({"1.3.6.1.2.1.1.3.0": 1})

    with agent(tmp_path, credentials=credentials) as target:
        asyncio.run(write(target))


@pytest.mark.parametrize(
    "wrong",
    [User("nobody", USER.auth, USER.privacy), User(USER.name, "another-one", USER.privacy)],
    ids=["no such user", "wrong passphrase"],
)
def test_wrong_credentials_are_refused_by_both(tmp_path: Path, wrong: User) -> None:
    async def ask(target: SnmpTarget) -> None:
        for made in (open_reader(target, patience=20), PysnmpReader(target, patience=20)):
            with pytest.raises(SnmpRefused):
                async with made as reader:
                    await reader.get([_SYS_NAME])

    with agent(tmp_path, credentials=wrong) as target:
        asyncio.run(ask(target))


def test_nobody_there_is_silence_for_both() -> None:
    async def ask(target: SnmpTarget) -> None:
        for made in (open_reader(target, patience=0.2), PysnmpReader(target, patience=0.2)):
            with pytest.raises(SnmpSilent):
                async with made as reader:
                    await reader.get([_SYS_NAME])

    asyncio.run(ask(SnmpTarget("nobody", "127.0.0.1", COMMUNITY, free_port())))


def test_a_sensor_of_light_is_read_in_dbm(tmp_path: Path) -> None:
    lines = (
        'override 1.3.6.1.2.1.47.1.1.1.1.7.101 octet_str "et-0/0/1 receive power"',
        *(f"override 1.3.6.1.2.1.99.1.1.1.{column}.101 integer {value}"
          for column, value in enumerate((14, 9, 2, -712, 1), 1)),
    )  # fmt: skip
    with agent(tmp_path, *lines) as target:
        (look,) = look_at_many([target], patience=20, budget=120)
    assert [(one.name, one.unit, one.value) for one in look.sensors] == [("et-0/0/1 receive power", "dBm", -7.12)]


def test_an_agent_that_lies_is_believed_in_nothing_it_says_wrongly(tmp_path: Path) -> None:
    lines = (
        'override 1.3.6.1.2.1.2.2.1.8.1 octet_str "up"',  # a text where a number should be
        "override 1.3.6.1.2.1.2.2.1.8.77 integer 1",  # a row that no other column has
        "override 1.3.6.1.2.1.15.3.1.2.10.0.0.9 integer 42",  # a state that does not exist
    )
    with agent(tmp_path, *lines) as target:
        (look,) = look_at_many([target], STATES, patience=20, budget=120)
    lo = next(one for one in look.interfaces if one.index == 1)
    assert lo.up is None
    assert not any(one.index == 77 for one in look.interfaces)
    assert [one.established for one in look.bgp or ()] == [None]
    assert {"ifOperStatus.1 is no number", "interface 77 has no name", "bgpPeerState.10.0.0.9 is 42"} <= set(
        look.complaints
    )


def test_a_slow_agent_tells_what_it_can_and_holds_up_nobody(tmp_path: Path) -> None:
    slow = tmp_path / "slow.sh"
    slow.write_text("#!/bin/sh\nsleep 30\necho NONE\n")
    slow.chmod(0o755)
    with (
        agent(tmp_path / "one", f"pass .1.3.6.1.2.1.14.10 {slow}", name="slow") as behind,
        agent(tmp_path / "two", name="quick") as ahead,
    ):
        began = time.monotonic()
        looks = {one.name: one for one in look_at_many([behind, ahead], STATES, patience=100, budget=5)}
        assert time.monotonic() - began < 25  # not the half minute for which it sleeps
    late = looks["slow"]
    assert looks["quick"].error is None
    assert looks["quick"].missing == ()
    assert late.error is None
    assert {"ospfNbrState", "bgpPeerState"} <= set(late.missing)
    assert late.ospf is None, "not asked to the end is not the same as none"
    assert any(one.up for one in late.interfaces)


def test_one_that_is_not_there_is_said_to_be_with_a_code(tmp_path: Path) -> None:
    with agent(tmp_path) as target:
        gone = replace(target, name="gone", port=free_port())
        looks = {one.name: one for one in look_at_many([target, gone], EVERYTHING, patience=20, budget=120)}
    assert looks["agent"].error is None
    assert (looks["gone"].error or {})["code"] == "NET-040"


@contextmanager
def _lossy(target: SnmpTarget) -> Iterator[SnmpTarget]:
    """The way to an agent, on which every third datagram is lost."""
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.bind(("127.0.0.1", 0))
    there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    there.connect((target.host, target.port))
    here.settimeout(0.2)
    there.settimeout(0.2)
    ended = threading.Event()
    caller: list[tuple[str, int]] = []

    def forth() -> None:
        count = 0
        while not ended.is_set():
            try:
                data, where = here.recvfrom(65535)
            except TimeoutError:
                continue
            caller[:] = [where]
            count += 1
            if count % 3:
                there.send(data)

    def back() -> None:
        while not ended.is_set():
            try:
                data = there.recv(65535)
            except TimeoutError:
                continue
            here.sendto(data, caller[0])

    threads = [threading.Thread(target=one, daemon=True) for one in (forth, back)]
    for thread in threads:
        thread.start()
    try:
        yield replace(target, port=here.getsockname()[1])
    finally:
        ended.set()
        for thread in threads:
            thread.join()
        here.close()
        there.close()


def test_datagrams_get_lost_and_are_asked_for_again(tmp_path: Path) -> None:
    async def ask(target: SnmpTarget) -> None:
        async with open_reader(target, patience=2, tries=5) as reader:
            for _ in range(6):
                assert await reader.get([_SYS_NAME]) == {_SYS_NAME: b"agent"}

    with agent(tmp_path, credentials=USER) as target, _lossy(target) as way:
        asyncio.run(ask(way))
