"""The command-line driver against a transcript of Cisco IOS: netmiko's own code on a real SSH connection."""

from __future__ import annotations

import re
from collections.abc import Iterator

import asyncssh
import pytest

from network.drivers.netmiko_based import NetmikoConfigDriver
from network.drivers.protocol import Candidate, ConfigDriver, Mark
from network.errors import (
    AuthenticationRefused,
    BaseMoved,
    DeviceStuck,
    DeviceUnreachable,
    FencedOut,
    HostKeyChanged,
    HostKeyUnknown,
    NotOffered,
    NotPrepared,
    SyntaxRefused,
)
from tests.network.drivers.transcript_server import PASSWORD, CommandLine, TranscriptServer

_CONFIG = ["hostname sw-old", "snmp-server community Publ1cSecret RO", "interface Gi0/1", " description old"]


class _Ios:
    """What a switch of the IOS kind prints; it takes configuration lines and remembers what was saved."""

    def __init__(self) -> None:
        self.config = list(_CONFIG)
        self.saved: list[str] = []
        self.line = CommandLine("sw-old", self.answer)

    def answer(self, line: str) -> str:
        if line == "show running-config":
            return (
                "Building configuration...\n\nCurrent configuration : 99 bytes\n!\n"
                + "\n".join(self.config)
                + "\nend\n"
            )
        if line == "show version":
            return "Cisco IOS Software, C2960 Software, Version 15.2(7)E4, RELEASE SOFTWARE (fc2)\n"
        if line.startswith(("write", "copy run")):
            self.saved = list(self.config)
            return "Building configuration...\n[OK]\n"
        if self.line.configuring:
            if re.match(r"(?:interface|ip|description|hostname|no|logging)\b", line):
                self.config.append(line)
                return ""
            return "                ^\n% Invalid input detected at '^' marker.\n"
        return ""


@pytest.fixture
def switch() -> _Ios:
    return _Ios()


@pytest.fixture
def server(switch: _Ios) -> Iterator[TranscriptServer]:
    with TranscriptServer(switch.line) as running:
        yield running


@pytest.fixture
def driver(server: TranscriptServer) -> Iterator[NetmikoConfigDriver]:
    found = NetmikoConfigDriver(server.target(options={"untimed": "accept"}))
    yield found
    found.close()


def _mark(step: str, epoch: int = 1) -> Mark:
    return Mark("change", step, epoch)


def test_it_is_a_config_driver_and_says_that_it_has_no_timer(driver: NetmikoConfigDriver) -> None:
    assert isinstance(driver, ConfigDriver)
    assert driver.timed_commit == "none"


def test_facts_and_running(driver: NetmikoConfigDriver) -> None:
    driver.open()
    driver.open()
    facts = driver.facts()
    assert (facts.hostname, facts.os_version) == ("sw-old", "15.2(7)E4")
    assert driver.running().splitlines() == _CONFIG
    assert driver.fingerprint() == driver.fingerprint()


def test_lines_are_typed_and_saved_on_confirmation_only(driver: NetmikoConfigDriver, switch: _Ios) -> None:
    mark = _mark("save")
    prepared = driver.prepare(Candidate("interface Gi0/2\n description new\n!\n", "merge"), mark)
    assert prepared.diff == "+interface Gi0/2\n+ description new\n"
    assert prepared.commands == 2
    assert not prepared.nothing_to_do
    assert driver.status(mark).state == "prepared"
    assert driver.commit(mark, 60).state == "committed-pending"
    assert driver.commit(mark, 60).remaining is None
    assert switch.config[-2:] == ["interface Gi0/2", "description new"]
    assert switch.saved == []
    assert driver.confirm(mark).state == "confirmed"
    assert driver.confirm(mark).state == "confirmed"
    assert switch.saved == switch.config


def test_a_refused_line_is_named(driver: NetmikoConfigDriver) -> None:
    mark = _mark("refused")
    driver.prepare(Candidate("frobnicate the bits\n", "merge"), mark)
    with pytest.raises(SyntaxRefused, match="frobnicate the bits"):
        driver.commit(mark, 60)


def test_the_preview_holds_no_secret(driver: NetmikoConfigDriver) -> None:
    prepared = driver.prepare(Candidate("snmp-server community NewSecret RW\n", "merge"), _mark("secret"))
    assert "NewSecret" not in prepared.diff
    assert "Secret" not in repr(prepared)


def test_without_acceptance_nothing_is_typed(server: TranscriptServer, switch: _Ios) -> None:
    driver = NetmikoConfigDriver(server.target())
    driver.prepare(Candidate("hostname x\n", "merge"), _mark("untimed"))
    with pytest.raises(NotOffered, match="timer"):
        driver.commit(_mark("untimed"), 60)
    driver.close()
    assert "configure terminal" not in switch.line.typed


def test_what_it_cannot_do_it_refuses(driver: NetmikoConfigDriver, switch: _Ios) -> None:
    with pytest.raises(NotOffered):
        driver.prepare(Candidate("whole", "replace"), _mark("whole"))
    with pytest.raises(NotPrepared):
        driver.commit(_mark("never"), 60)
    with pytest.raises(BaseMoved):
        driver.prepare(Candidate("hostname x", "merge"), _mark("base"), base="other")
    mark = _mark("moved")
    driver.prepare(Candidate("hostname x", "merge"), mark)
    switch.config.append("ip something")
    with pytest.raises(BaseMoved):
        driver.commit(mark, 60)


def test_typed_lines_cannot_be_taken_back_and_it_says_so(driver: NetmikoConfigDriver) -> None:
    mark = _mark("back")
    assert driver.rollback(_mark("nothing")).state == "none"
    driver.prepare(Candidate("hostname y", "merge"), mark)
    driver.commit(mark, 60)
    with pytest.raises(DeviceStuck):
        driver.rollback(mark)


def test_an_older_epoch_is_refused(driver: NetmikoConfigDriver) -> None:
    driver.prepare(Candidate("hostname y", "merge"), _mark("new", 7))
    with pytest.raises(FencedOut):
        driver.prepare(Candidate("hostname z", "merge"), _mark("old", 6))


def test_an_unknown_or_other_host_key_is_refused_before_any_password(server: TranscriptServer, switch: _Ios) -> None:
    with pytest.raises(HostKeyUnknown):
        NetmikoConfigDriver(server.target(host_keys=())).open()
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    with pytest.raises(HostKeyChanged):
        NetmikoConfigDriver(server.target(host_keys=(other,))).open()
    assert switch.line.typed == []


def test_a_wrong_password_is_said_and_not_shown(server: TranscriptServer) -> None:
    with pytest.raises(AuthenticationRefused) as caught:
        NetmikoConfigDriver(server.target(password="wrong-Secret")).open()
    assert "wrong-Secret" not in str(caught.value)
    assert PASSWORD not in repr(server.target())


def test_nobody_there(server: TranscriptServer) -> None:
    with pytest.raises(DeviceUnreachable):
        NetmikoConfigDriver(server.target(port=1)).open()
