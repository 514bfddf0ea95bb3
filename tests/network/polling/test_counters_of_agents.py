"""Counters of real agents that are set to zero, go round at 32 bits, or never end: a true rate or none at all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from network.drivers.snmp import SnmpTarget
from network.polling.looking import Look, look_at_many
from network.polling.polled import with_rates
from tests.network.polling.agents import agent

_HC_IN, _IN = ".1.3.6.1.2.1.31.1.1.1.6", ".1.3.6.1.2.1.2.2.1.10"
_COLUMNS = ("ifName", "ifHighSpeed", "ifHCInOctets", "ifHCOutOctets", "ifInOctets", "ifOutOctets")
_OLD = ("ifName", "ifHighSpeed", "ifInOctets", "ifOutOctets")
"""What an agent has that knows no 64-bit counters."""
_ONE = """#!/bin/sh
# one row of a column: what the file says
case "$1 $2" in
"-g {column}.1" | "-n {column}") echo "{column}.1"; echo {kind}; cat {file} ;;
esac
"""
_ENDLESS = """#!/bin/sh
# a column whose next row is always there
[ "$1" = -n ] || exit 0
last=${{2#{column}}}; last=${{last#.}}
echo "{column}.$((${{last:-0}} + 1))"; echo counter64; echo 7
"""


def _program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def _look(target: SnmpTarget, columns: Sequence[str] = _COLUMNS) -> Look:
    (look,) = look_at_many([target], columns, patience=20, budget=120)
    assert look.error is None
    return look


def _rate(before: Look, now: Look) -> float | None:
    return with_rates(before, now)["lo"][0]


@pytest.fixture
def said(tmp_path: Path) -> Path:
    return tmp_path / "octets"


def test_a_64_bit_counter_that_is_set_to_zero_has_no_rate_and_goes_on_from_there(tmp_path: Path, said: Path) -> None:
    one = _program(tmp_path / "one.sh", _ONE.format(column=_HC_IN, kind="counter64", file=said))
    said.write_text("9000000000\n")
    with agent(tmp_path / "agent", f"pass {_HC_IN} {one}") as target:
        first = _look(target)
        assert next(port for port in first.interfaces if port.name == "lo").in_octets == 9_000_000_000
        said.write_text("500\n")
        second = _look(target)
        assert _rate(first, second) is None, "a line card was pulled: nobody knows what it carried"
        said.write_text("1500\n")
        third = _look(target)
        assert _rate(second, third) == pytest.approx(1000 / (third.at - second.at), rel=0.01)


def test_a_counter_of_32_bits_goes_round_and_the_rate_is_true(tmp_path: Path, said: Path) -> None:
    one = _program(tmp_path / "one.sh", _ONE.format(column=_IN, kind="counter", file=said))
    said.write_text("4294967000\n")
    with agent(tmp_path / "agent", f"pass {_IN} {one}") as target:
        first = _look(target, _OLD)
        port = next(port for port in first.interfaces if port.name == "lo")
        assert (port.in_octets, port.wide) == (4_294_967_000, False), "it has no better counter"
        said.write_text("704\n")
        second = _look(target, _OLD)
        assert _rate(first, second) == pytest.approx(1000 / (second.at - first.at), rel=0.01)


def test_an_agent_that_restarted_has_no_rate_though_its_counter_rose(tmp_path: Path, said: Path) -> None:
    one = _program(tmp_path / "one.sh", _ONE.format(column=_HC_IN, kind="counter64", file=said))
    said.write_text("1000\n")
    with agent(tmp_path / "before", f"pass {_HC_IN} {one}") as target:
        first = _look(target)
        while first.uptime is None or first.uptime < 700:  # it has run for longer than its successor will have
            time.sleep(0.5)
            first = _look(target)
    said.write_text("2000\n")
    with agent(tmp_path / "after", f"pass {_HC_IN} {one}") as target:
        second = _look(target)
    assert second.uptime is not None
    assert _rate(first, second) is None


def test_a_column_that_never_ends_is_given_up_and_named_and_the_others_count(tmp_path: Path) -> None:
    endless = _program(tmp_path / "endless.sh", _ENDLESS.format(column=_HC_IN))
    with agent(tmp_path / "agent", f"pass {_HC_IN} {endless}") as target:
        (look,) = look_at_many([target], _COLUMNS, patience=20, budget=4)
    assert look.error is None
    assert "ifHCInOctets" in look.missing
    assert any("too slow" in one or "go forward" in one for one in look.complaints)
    assert any(port.name == "lo" for port in look.interfaces)
