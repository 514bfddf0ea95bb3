"""How much light the lab's fibres pass on: what their transceivers would read, and what a bend takes of it.

A fibre of the lab loses little: it is not known here how far apart its sites are. What reads it is ``optics.py``, on
each router.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Final

from lab.network.layout import Cut, Layout, write_whole
from lab.network.optics import SENSOR
from lab.network.topology import Router, Topology

__all__ = ["LOSS_DB", "SENT_DBM", "agent_lines", "received_dbm", "shine", "write_optics"]

SENT_DBM: Final = -1.0
LOSS_DB: Final = 1.5
_PROGRAM: Final = "/etc/snmp/optics.py"
_FILE: Final = "/etc/snmp/optics"
_NAME: Final = "1.3.6.1.2.1.47.1.1.1.1.7"
"""entPhysicalName."""


def agent_lines(router: Router) -> list[str]:
    """Lines of ``snmpd.conf``: the names of a router's sensors, and who tells their values."""
    names = [
        f'override .{_NAME}.{10 * index + way} octet_str "{interface} {said} Power"'
        for index, interface in enumerate(router.interfaces, start=1)
        for way, said in ((1, "Transmit"), (2, "Receive"))
    ]
    table = ".".join(map(str, SENSOR))
    return [*names, f"pass_persist .{table} /usr/bin/python3 -E -s -S {_PROGRAM} {_FILE}"]


def write_optics(etc: Path) -> None:
    """Put the program that snmpd asks on a router's disk."""
    write_whole(etc / "snmp" / "optics.py", files("lab.network").joinpath("optics.py").read_text(), 0o644)


def received_dbm(topology: Topology, router: str, interface: str, cuts: Iterable[Cut]) -> float:
    """What arrives at an end of a fibre, in dBm, when nobody cut it through."""
    fibre = next(
        one
        for one in topology.fibres_of(router)
        if interface == (one.a_interface if one.a == router else one.b_interface)
    )
    return SENT_DBM - LOSS_DB - sum(cut.loss_db for cut in cuts if fibre.joins(cut.a, cut.b))


def shine(layout: Layout, topology: Topology, router: str, cuts: Iterable[Cut]) -> None:
    """Write what a router's transceivers read; its agent tells it when it is asked next."""
    faults = tuple(cuts)
    lines = [
        f"{index} {interface} {SENT_DBM:g} {received_dbm(topology, router, interface, faults):g}\n"
        for index, interface in enumerate(topology.router(router).interfaces, start=1)
    ]
    write_whole(layout.router(router) / "etc" / "snmp" / "optics", "".join(lines), 0o644)
