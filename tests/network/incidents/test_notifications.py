"""Traps and informs of Net-SNMP's own senders; and a flood of them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from network.drivers.snmp import Community, SnmpTarget, User
from network.drivers.snmp.notifications import Heard, NotificationReceiver

_COMMUNITY = Community("a-test")
_USER = User("tester", "authentication", "encryption")
_LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin"


class _Ears:
    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self._more = threading.Condition()

    def __call__(self, heard: Heard) -> None:
        with self._more:
            self.heard.append(heard)
            self._more.notify_all()

    def wait(self, count: int, seconds: float = 60) -> None:
        with self._more:
            assert self._more.wait_for(lambda: len(self.heard) >= count, seconds), self.heard


@contextmanager
def _listening(*targets: SnmpTarget) -> Iterator[tuple[NotificationReceiver, _Ears]]:
    ears = _Ears()
    receiver = NotificationReceiver(targets, 0, ears)
    try:
        yield receiver, ears
    finally:
        receiver.close()


def _send(port: int, program: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    found = shutil.which(program, path=_PATH)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return subprocess.run(
        [found, *words, f"127.0.0.1:{port}", "", f".{_LINK_DOWN}", ".1.3.6.1.2.1.2.2.1.1.3", "i", "3"],
        env={"PATH": _PATH, "MIBS": "", "SNMP_PERSISTENT_DIR": "/nonexistent"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


_V2C = ("-v2c", "-c", _COMMUNITY.community)
_V3 = ("-v3", "-u", _USER.name, "-l", "authPriv", "-a", "SHA-256", "-A", _USER.auth, "-x", "AES", "-X", _USER.privacy)


def test_a_trap_with_the_community_is_taken_and_one_with_another_is_not() -> None:
    with _listening(SnmpTarget("one", "127.0.0.1", _COMMUNITY)) as (receiver, ears):
        _send(receiver.port, "snmptrap", ("-v2c", "-c", "another"))
        assert _send(receiver.port, "snmptrap", _V2C).returncode == 0
        ears.wait(1)
        assert ears.heard == [Heard("taken", "127.0.0.1", _LINK_DOWN)]


@pytest.mark.parametrize("how", [_V2C, _V3], ids=["v2c", "v3"])
def test_an_inform_is_taken_and_acknowledged(how: Sequence[str]) -> None:
    known = (SnmpTarget("one", "127.0.0.1", _COMMUNITY), SnmpTarget("two", "127.0.0.1", _USER))
    with _listening(*known) as (receiver, ears):
        done = _send(receiver.port, "snmpinform", ("-r", "5", "-t", "10", *how))
        assert done.returncode == 0, done.stderr
        ears.wait(1)
        assert {one.kind for one in ears.heard} >= {_LINK_DOWN}


def test_an_inform_with_a_wrong_passphrase_is_not_taken() -> None:
    with _listening(SnmpTarget("two", "127.0.0.1", _USER)) as (receiver, ears):
        wrong = [word if word != _USER.privacy else "another-one" for word in _V3]
        assert _send(receiver.port, "snmpinform", ("-r", "0", "-t", "2", *wrong)).returncode != 0
        assert [one for one in ears.heard if one.kind] == []


def test_a_stranger_is_counted_and_not_read() -> None:
    with _listening(SnmpTarget("one", "127.0.0.9", _COMMUNITY)) as (receiver, ears):
        _send(receiver.port, "snmptrap", _V2C)
        ears.wait(1)
        assert ears.heard == [Heard("stranger", "127.0.0.1")]


def test_of_a_flood_of_ten_thousand_each_is_counted_few_are_read_and_memory_stands_still() -> None:
    """Sent as fast as they go: more come than anybody could fetch, and the kernel's drops are told too."""
    counted: Counter[str] = Counter()
    receiver = NotificationReceiver(
        (SnmpTarget("one", "127.0.0.1", _COMMUNITY),), 0, lambda heard: counted.update((heard.outcome,))
    )
    try:
        trap = _captured()
        _flood(receiver.port, trap, 100)
        _until(lambda: counted.total() + receiver.lost() == 100)
        before, begun = _resident(), time.monotonic()
        _flood(receiver.port, trap, 10_000)
        _until(lambda: counted.total() + receiver.lost() == 10_100)
        lasted = time.monotonic() - begun
        assert counted["flood"] + receiver.lost() > 9_000
        assert 0 < counted["taken"] <= 50 + 20 * (lasted + 60)
        assert _resident() - before < 20 * 2**20, "what is not read is a number, not a thing"
        taken = counted["taken"]
        _until(lambda: _send(receiver.port, "snmptrap", _V2C).returncode == 0 and counted["taken"] > taken)
    finally:
        receiver.close()


def _flood(port: int, trap: bytes, many: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(many):
            sender.sendto(trap, ("127.0.0.1", port))


def _resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _until(so: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end
        time.sleep(0.1)


def _captured() -> bytes:
    """A trap as Net-SNMP sends it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as catcher:
        catcher.bind(("127.0.0.1", 0))
        catcher.settimeout(30)
        _send(catcher.getsockname()[1], "snmptrap", _V2C)
        return catcher.recv(65535)


def test_a_port_that_is_taken_is_an_error() -> None:
    with (
        _listening(SnmpTarget("one", "127.0.0.1", _COMMUNITY)) as (receiver, _),
        pytest.raises(OSError, match="in use"),
    ):
        NotificationReceiver((), receiver.port, lambda _: None)
