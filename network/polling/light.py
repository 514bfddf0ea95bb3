"""Which of a device's sensors tell the light of which interface: by the names that agents give them.

``to-ag01 Receive Power``, ``DOM TX Power Sensor for Ethernet3/1``, ``et-0/0/1 receive power``, ``Ethernet1 lane 2 RX``:
the interface stands in the name, and the way does. Of interfaces whose names begin alike the longest one is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, text

from inventory.plant.loss import Level
from network.polling.looking import Look
from network.polling.polled import polled

__all__ = ["Power", "levels_at", "light"]

_RECEIVED: Final = re.compile(r"(?<![a-z])(rx|receive[ds]?|input)(?![a-z])", re.IGNORECASE)
_SENT: Final = re.compile(r"(?<![a-z])(tx|transmit(?:ted)?|output)(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Power:
    """Light of one interface, in dBm; of several lanes the weakest. ``None``: not told, or there is none."""

    received: float | None = None
    sent: float | None = None


def light(look: Look) -> Mapping[str, Power]:
    """The light of each interface that tells of any."""
    levels = [one for one in look.sensors if one.unit == "dBm"]
    if not levels:
        return {}
    names = sorted((port.name for port in look.interfaces), key=len, reverse=True)
    whole = re.compile(rf"(?<![\w/.:-])({'|'.join(map(re.escape, names))})(?![\w/.:])")
    found: dict[str, tuple[list[float], list[float]]] = {}
    for sensor in levels:
        named = whole.search(sensor.name)
        if named is None or not named[1]:
            continue
        said = whole.sub(" ", sensor.name)
        received, sent = bool(_RECEIVED.search(said)), bool(_SENT.search(said))
        if received != sent:
            found.setdefault(named[1], ([], []))[sent].append(sensor.value)
    return {
        name: Power(min(received, default=None), min(sent, default=None)) for name, (received, sent) in found.items()
    }


def levels_at(tx: Connection, ends: Iterable[str]) -> dict[str, Level]:
    """What interfaces told of their light within two minutes; those that told nothing are absent.

    Args:
        ends: as ``DEVICE:INTERFACE``.
    """
    wanted = {end: end.partition(":") for end in ends}
    devices = sorted({device for device, _, _ in wanted.values()})
    ids = list(tx.execute(text("select id from device where name = any(:names)"), {"names": devices}).scalars())
    looks = {one.look.name: one.look for one in polled(tx, ids) if one.fresh and not one.look.error}
    powers = {device: light(look) for device, look in looks.items()}
    return {
        end: Level(power.received, power.sent, datetime.fromtimestamp(looks[device].at, UTC))
        for end, (device, _, interface) in wanted.items()
        if (power := powers.get(device, {}).get(interface)) is not None
    }
