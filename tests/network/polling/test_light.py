"""Which sensor tells the light of which interface, by the names of several makers."""

from __future__ import annotations

import pytest

from network.polling.light import Power, light
from network.polling.looking import Look
from network.polling.tables import Interface, Sensor

_NAMES = ("to-ag01", "to-ag011", "Ethernet3/1", "et-0/0/1", "et-0/0/11", "rx0", "TenGigE0/0/0/1")


def _light(*sensors: tuple[str, float], unit: str = "dBm") -> dict[str, Power]:
    ports = tuple(Interface(number, name) for number, name in enumerate(_NAMES, 1))
    return dict(light(Look("x", 0.0, interfaces=ports, sensors=tuple(Sensor(name, unit, v) for name, v in sensors))))


@pytest.mark.parametrize(
    ("name", "interface", "power"),
    [
        ("to-ag01 Receive Power", "to-ag01", Power(received=-7.0)),
        ("to-ag01 Transmit Power", "to-ag01", Power(sent=-7.0)),
        ("to-ag011 Receive Power", "to-ag011", Power(received=-7.0)),
        ("DOM RX Power Sensor for Ethernet3/1", "Ethernet3/1", Power(received=-7.0)),
        ("et-0/0/1 receive power", "et-0/0/1", Power(received=-7.0)),
        ("TenGigE0/0/0/1-Tx Power", "TenGigE0/0/0/1", Power(sent=-7.0)),
        ("rx0 Transmit Power", "rx0", Power(sent=-7.0)),
    ],
)
def test_a_sensor_is_of_the_interface_that_its_name_names(name: str, interface: str, power: Power) -> None:
    assert _light((name, -7.0)) == {interface: power}


@pytest.mark.parametrize("name", ["to-ag0111 Receive Power", "to-ag01 Bias", "xto-ag01 rx", "to-ag01 rx tx", "Receive"])
def test_what_names_none_or_no_way_tells_of_nobodys_light(name: str) -> None:
    assert _light((name, -7.0)) == {}


def test_of_several_lanes_the_weakest_counts_and_other_units_are_no_light() -> None:
    assert _light(("et-0/0/1 lane 1 rx", -3.0), ("et-0/0/1 lane 2 rx", -9.0), ("et-0/0/1 tx", -1.0)) == {
        "et-0/0/1": Power(-9.0, -1.0)
    }
    assert _light(("to-ag01 Receive Temperature", 30.0), unit="celsius") == {}
