"""The light of a router's fibres, as its SNMP agent tells it: what would stand in the registers of its transceivers.

A veth has no light. This program answers for ENTITY-SENSOR-MIB (RFC 3433) in its place, asked by snmpd over
``pass_persist``; it runs on the router and knows Python's own library only. ``/etc/snmp/optics`` has a line for each
transceiver, ``INDEX INTERFACE SENT RECEIVED`` in dBm; where the kernel sees no carrier nothing is received.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

SENSOR = (1, 3, 6, 1, 2, 1, 99, 1, 1, 1)
"""entPhySensorEntry."""
_WATTS, _MICRO, _PRECISION, _OK = 6, 7, 2, 1
_SENT, _RECEIVED = 1, 2

Rows = dict[tuple[int, ...], int]


def power(dbm: float) -> int:
    """dBm as the agent tells it: watts, in hundredths of a microwatt."""
    return round(math.pow(10.0, dbm / 10) * 1e5)


def rows(lines: str, carrier: Callable[[str], bool]) -> Rows:
    """The table: column and physical index → value; a transceiver's index is ten times its own, and 1 or 2."""
    table: Rows = {}
    for index, interface, sent, received in (line.split() for line in lines.splitlines()):
        arrives = power(float(received)) if carrier(interface) else 0
        for way, value in ((_SENT, power(float(sent))), (_RECEIVED, arrives)):
            sensor = 10 * int(index) + way
            for column, figure in enumerate((_WATTS, _MICRO, _PRECISION, value, _OK), 1):
                table[(*SENSOR, column, sensor)] = figure
    return table


def answer(asked: str, oid: str, table: Rows) -> list[str]:
    """What snmpd is told: the object, its type, its value."""
    wanted = tuple(int(part) for part in oid.strip().strip(".").split("."))
    if asked == "getnext":
        wanted = min((one for one in table if one > wanted), default=())
    if wanted not in table:
        return ["NONE"]
    return ["." + ".".join(map(str, wanted)), "integer", str(table[wanted])]


def serve(words: Iterator[str], say: Callable[[str], object], table: Callable[[], Rows]) -> None:
    """Answer until snmpd is gone."""
    for line in words:
        word = line.strip().lower()
        if word == "ping":
            told = ["PONG"]
        elif word in {"get", "getnext"}:
            told = answer(word, next(words), table())
        elif word == "set":
            next(words), next(words)
            told = ["not-writable"]
        else:
            continue
        say("\n".join(told) + "\n")


def _carrier(interface: str) -> bool:
    try:
        return Path("/sys/class/net", interface, "carrier").read_text().strip() == "1"
    except OSError:
        return False


def main() -> None:
    """Serve the table of the file that is named on the command line."""
    file = Path(sys.argv[1])
    serve(
        iter(sys.stdin.readline, ""),
        lambda text: (sys.stdout.write(text), sys.stdout.flush()),
        lambda: rows(file.read_text(), _carrier),
    )


if __name__ == "__main__":
    main()
