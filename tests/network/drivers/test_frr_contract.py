"""The FRR driver keeps the contract of all configuration drivers, on a real router."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab.network import control
from network.drivers.frr.driver import FRRConfigDriver
from network.drivers.protocol import ConfigDriver
from network.render.normalise import normalise
from tests.lab.running import RunningLab
from tests.network.drivers.conformance import ConfigDriverContract
from tests.network.drivers.routing import bare

pytestmark = pytest.mark.lab
_ROUTER = "ac01"


class FRRDevice:
    """One router of the lab."""

    def __init__(self, lab: RunningLab) -> None:
        self._lab = lab
        self.text = bare(lab.instance, lab.topology.router(_ROUTER))
        self.other = self.text.replace("agentx", "log syslog informational\nagentx") + (
            "interface to-ag01\n description to the station\n ip address 10.9.0.0/31\n ip ospf area 0\nexit\n"
            "ip prefix-list OWN seq 5 permit 10.100.0.0/16 le 24\n"
            "route-map OWN permit 10\n match ip address prefix-list OWN\n set local-preference 200\nexit\n"
            "router ospf\n ospf router-id 10.255.0.4\nexit\n"
        )
        self.lines = "interface to-ag01\n description a line more\nip prefix-list MORE seq 5 permit 10.0.0.0/8\n"
        self.bad = self.text + "router ospf\n ospf router-id 10.255.0.4\n ospf colour blue\nexit\n"
        self.bad_line = self.bad.splitlines().index(" ospf colour blue") + 1
        self.cut_off = "".join(
            line for line in self.text.splitlines(keepends=True) if "172.30." not in line and "mgmt0" not in line
        ).replace("exit\n", "")
        self.secret = ("interface to-ag01\n ip ospf message-digest-key 1 md5 Zw1ebel7\n", "Zw1ebel7")

    def driver(self, *, command_timeout: float | None = None, **changes: object) -> FRRConfigDriver:
        target = self._lab.target(_ROUTER, **changes)
        if command_timeout is not None:
            target = replace(target, timeouts=replace(target.timeouts, command=command_timeout))
        return FRRConfigDriver(target)

    def normalise(self, text: str) -> str:
        return normalise(text, "frr")

    def epoch(self) -> int:
        return self._lab.epoch()

    def hang(self) -> None:
        control.hang(_ROUTER, self._lab.instance)

    def resume(self) -> None:
        control.resume(_ROUTER, self._lab.instance)

    def power_cycle(self) -> None:
        control.power_off(_ROUTER, self._lab.instance)
        control.power_on(_ROUTER, self._lab.instance)

    def by_hand(self) -> None:
        self._lab.console(_ROUTER, "vtysh", "-c", "configure", "-c", "interface to-ag01", "-c", "description by hand")


@pytest.fixture(scope="module")
def _device(lab: RunningLab) -> FRRDevice:
    return FRRDevice(lab)


@pytest.fixture
def device(lab: RunningLab, _device: FRRDevice) -> FRRDevice:
    """The router with its starting configuration, confirmed, and nobody's change on it."""
    lab.reset(_ROUTER, _device.text)
    return _device


@pytest.fixture
def driver(device: FRRDevice) -> Iterator[ConfigDriver]:
    with device.driver() as opened:
        yield opened


class TestFRRConfigDriver(ConfigDriverContract):
    """See the contract."""
