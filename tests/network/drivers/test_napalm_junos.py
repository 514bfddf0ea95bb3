"""The Junos driver against a NETCONF transcript: the code of NAPALM, PyEZ and ncclient on a real SSH connection."""

from __future__ import annotations

import difflib
import itertools
import re
import time
from collections.abc import Iterator
from xml.sax.saxutils import escape, unescape

import asyncssh
import pytest

from network.drivers.napalm_based import PLATFORMS, NapalmConfigDriver, junos
from network.drivers.protocol import Candidate, ConfigDriver, Mark, Timeouts
from network.errors import (
    AlreadyConfirmed,
    AuthenticationRefused,
    BaseMoved,
    ConfirmRefused,
    HostKeyChanged,
    NotOffered,
    SyntaxRefused,
)
from network.render import normalise, redacting, render
from tests.network.drivers.conformance import ConfigDriverContract, Device
from tests.network.drivers.transcript_server import Netconf, TranscriptServer
from tests.network.render.models import core

_MINUTE = 6.0  # seconds; the transcript's clock runs ten times as fast, or the tests would wait for minutes
_EPOCHS = itertools.count(1000)
_OLD = (
    "system {\n    host-name mx-old;\n    root-authentication {\n"
    '        encrypted-password "$6$old$hash"; ## SECRET-DATA\n    }\n}\n'
)


class _Mx:
    """A router of the Junos kind as far as the transcript goes: running, candidate, and a commit that waits."""

    def __init__(self) -> None:
        self.running = self.candidate = _OLD
        self.before: str | None = None
        self.pending = False
        self.minutes = ""
        self.deadline = 0.0
        self.dialogue = Netconf(
            {
                "get-configuration": self.configuration,
                "get-config": self.configuration,
                "load-configuration": self.load,
                "commit-configuration": self.commit,
                "get-commit-revision-information": self.revision,
                "get-system-uptime-information": self.uptime,
                "command": lambda _: "<output>hostname: mx-old\n</output>",
            }
        )

    def configuration(self, request: str) -> str:
        if "compare=" in request:
            diff = difflib.unified_diff(self.running.splitlines(), self.candidate.splitlines(), lineterm="", n=0)
            text = "\n".join(line for line in diff if not line.startswith(("---", "+++", "@@")))
            output = f"<configuration-output>{escape(text)}</configuration-output>"
            return f"<configuration-information>{output}</configuration-information>"
        text = self.candidate if 'database="candidate"' in request or "candidate" in request else self.running
        return f"<configuration-text>\n{escape(text)}</configuration-text>"

    def load(self, request: str) -> str:
        if "rollback=" in request:
            back = re.search(r'rollback="(\d)"', request)
            self.candidate = self.before or self.running if back and back[1] == "1" else self.running
            return "<ok/>"
        text = unescape(re.search(r"<configuration-text>(.*)</configuration-text>", request, re.DOTALL)[1])  # type: ignore[index]  # else the test fails here
        if "nonsense" in text:
            return (
                "<load-configuration-results><rpc-error><error-type>protocol</error-type><error-tag>operation-failed</error-tag>"
                "<error-severity>error</error-severity><error-message>syntax error, expecting statement: nonsense"
                "</error-message></rpc-error></load-configuration-results>"
            )
        self.candidate = text if "override" in request or 'action="replace"' in request else self.candidate + text
        return "<load-configuration-results><ok/></load-configuration-results>"

    def commit(self, request: str) -> str:
        minutes = re.search(r"<confirm-timeout>(\d+)<", request)
        if minutes:
            self.before, self.pending, self.minutes = self.running, True, minutes[1]
            self.deadline = time.monotonic() + int(minutes[1]) * _MINUTE
        else:
            self.pending = False
        self.running = self.candidate
        return "<ok/>"

    def revision(self, _request: str) -> str:
        if self.pending and time.monotonic() > self.deadline:
            self.timer_runs_out()
        comment = f"<comment>commit confirmed, rollback in {self.minutes}mins</comment>" if self.pending else ""
        return (
            f'<commit-revision-information><revision>re0-1-1</revision><date-time seconds="1000">x</date-time>{comment}'
            "</commit-revision-information>"
        )

    def uptime(self, _request: str) -> str:
        return (
            "<system-uptime-information><current-time><date-time seconds='1010'>x</date-time></current-time>"
            "</system-uptime-information>"
        )

    def timer_runs_out(self) -> None:
        assert self.before is not None
        self.running = self.candidate = self.before
        self.pending = False


@pytest.fixture
def router() -> _Mx:
    return _Mx()


@pytest.fixture
def server(router: _Mx) -> Iterator[TranscriptServer]:
    with TranscriptServer(router.dialogue) as running:
        yield running


@pytest.fixture
def driver(server: TranscriptServer) -> Iterator[NapalmConfigDriver]:
    found = junos(server.target())
    yield found
    found.close()


def _mark(step: str) -> Mark:
    return Mark("change", step, 1)


def test_it_is_a_config_driver_with_a_timer_of_the_devices_own(driver: NapalmConfigDriver) -> None:
    assert isinstance(driver, ConfigDriver)
    assert driver.timed_commit == "native"


def test_a_whole_configuration_is_committed_with_a_timer_and_confirmed(driver: NapalmConfigDriver, router: _Mx) -> None:
    mark = _mark("confirm")
    text = render(core(), "junos", redacting)
    base = driver.fingerprint()
    prepared = driver.prepare(Candidate(text), mark, base=base)
    assert prepared.base == base
    assert "host-name mx-old" in prepared.diff
    assert "$6$old$hash" not in prepared.diff
    assert router.running == _OLD
    status = driver.commit(mark, 61)
    assert status.state == "committed-pending"
    assert status.remaining is not None
    assert 60 < status.remaining <= 120
    assert router.minutes == "2"
    assert "host-name cr01" in router.running
    assert driver.fingerprint() == prepared.wanted
    assert driver.confirm(mark).state == "confirmed"
    assert not router.pending
    with pytest.raises(AlreadyConfirmed):
        driver.rollback(mark)


def test_a_commit_that_is_not_confirmed_is_taken_back(driver: NapalmConfigDriver, router: _Mx) -> None:
    mark = _mark("back")
    driver.prepare(Candidate("system {\n    host-name other;\n}\n"), mark)
    driver.commit(mark, 60)
    assert driver.rollback(mark).state == "reverted"
    assert router.running == _OLD


def test_a_timer_that_ran_out_is_seen(driver: NapalmConfigDriver, router: _Mx) -> None:
    mark = _mark("timer")
    driver.prepare(Candidate("system {\n    host-name other;\n}\n"), mark)
    driver.commit(mark, 60)
    router.timer_runs_out()
    assert driver.status(mark).state == "reverted"
    assert driver.status(mark).reason == "timer"
    with pytest.raises(ConfirmRefused):
        driver.confirm(mark)


def test_nothing_to_do(driver: NapalmConfigDriver) -> None:
    prepared = driver.prepare(Candidate(_OLD), _mark("same"))
    assert prepared.nothing_to_do
    assert prepared.diff == ""


def test_refused_syntax_leaves_nothing_behind(driver: NapalmConfigDriver, router: _Mx) -> None:
    with pytest.raises(SyntaxRefused, match="nonsense"):
        driver.prepare(Candidate("nonsense;\n"), _mark("syntax"))
    assert router.running == router.candidate == _OLD


def test_a_base_that_moved_is_refused(driver: NapalmConfigDriver, router: _Mx) -> None:
    mark = _mark("moved")
    driver.prepare(Candidate("system {\n    host-name other;\n}\n"), mark)
    router.running = router.candidate = "system {\n    host-name by-hand;\n}\n"
    with pytest.raises(BaseMoved):
        driver.commit(mark, 60)


def test_another_host_key_is_refused(server: TranscriptServer, router: _Mx) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    with pytest.raises(HostKeyChanged):
        junos(server.target(host_keys=(other,))).open()
    assert router.dialogue.asked == []


def test_a_wrong_password_is_said_and_not_shown(server: TranscriptServer) -> None:
    with pytest.raises(AuthenticationRefused) as caught:
        junos(server.target(password="wrong-Secret")).open()
    assert "wrong-Secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["iosxr", "nxos"])
def test_platforms_without_a_timer_pretend_none(name: str) -> None:
    assert PLATFORMS[name].timed_commit == "none"


def test_a_commit_without_a_timer_is_refused_unless_accepted(driver: NapalmConfigDriver) -> None:
    mark = _mark("untimed")
    driver.platform = PLATFORMS["junos"].__class__("junos", "junos", "none")
    driver.prepare(Candidate("system {\n    host-name other;\n}\n"), mark)
    with pytest.raises(NotOffered, match="timer"):
        driver.commit(mark, 60)


class _JunosDevice:
    """The transcript as a device of the conformance suite."""

    text = _OLD
    other = "system {\n    host-name other;\n}\n"
    lines = "protocols {\n    lldp;\n}\n"
    bad = "system {\n    nonsense;\n}\n"
    bad_line = 2
    cut_off = ""
    secret = ('snmp {\n    community "Hush-Hush";\n}\n', "Hush-Hush")

    def __init__(self, router: _Mx, server: TranscriptServer) -> None:
        self._router, self._server = router, server

    def driver(self, command_timeout: float = 30, **changes: object) -> ConfigDriver:
        timeouts = Timeouts(connect=20, banner=20, log_in=20, command=command_timeout)
        return junos(self._server.target(**({"timeouts": timeouts} | changes)))

    def normalise(self, text: str) -> str:
        return normalise(text, "junos")

    def epoch(self) -> int:
        return next(_EPOCHS)

    def hang(self) -> None:
        self._server.hanging = True

    def resume(self) -> None:
        self._server.hanging = False

    def power_cycle(self) -> None:
        pytest.skip("a transcript has no power")

    def by_hand(self) -> None:
        self._router.running = self._router.candidate = _OLD.replace("mx-old", "by-hand")


class TestJunosContract(ConfigDriverContract):
    """The conformance suite as far as bought equipment and a transcript can follow it; what is left out says why."""

    @pytest.fixture
    def device(self, router: _Mx, server: TranscriptServer) -> _JunosDevice:
        return _JunosDevice(router, server)

    @pytest.fixture
    def driver(self, device: _JunosDevice) -> Iterator[ConfigDriver]:
        found = device.driver()
        found.open()
        yield found
        found.close()

    def test_bad_syntax_is_refused_with_its_line(self, device: Device, driver: ConfigDriver) -> None:
        """Junos names the word it does not know, not the line."""
        with pytest.raises(SyntaxRefused, match="nonsense"):
            driver.prepare(Candidate(device.bad), _mark("bad"))

    @pytest.mark.skip(reason="a transcript has no management address to lose")
    def test_a_change_that_cuts_off_the_management_is_taken_back(self, device: Device) -> None:
        """Needs a real device."""
