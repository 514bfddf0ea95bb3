"""One look at agents: what each tells of itself in one conversation, all at once, nobody waiting for the slow ones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from core.errors import IrisplaneError
from network.drivers.snmp import SnmpReader, SnmpTarget, Value, open_reader
from network.polling.tables import (
    COLUMNS,
    SYS_DESCR,
    SYS_UP_TIME,
    BgpPeer,
    Column,
    Interface,
    LldpNeighbour,
    OspfNeighbor,
    Sensor,
    bgp_peers,
    interfaces,
    lldp_neighbours,
    ospf_neighbors,
    sensors,
)

__all__ = ["EVERYTHING", "STATES", "Look", "look_at_many"]

STATES: Final = (
    "ifName", "ifAdminStatus", "ifOperStatus", "ospfNbrState", "ospfv3NbrState", "bgpPeerState"
)  # fmt: skip
"""What tells whether links and sessions stand: read often."""
EVERYTHING: Final = tuple(COLUMNS)
_MOST_COMPLAINTS: Final = 20
_BETTER: Final = {
    "ifInOctets": "ifHCInOctets",
    "ifOutOctets": "ifHCOutOctets",
    "ifDescr": "ifName",
    "ifSpeed": "ifHighSpeed",
}
"""Columns that are read only where the better one is absent."""

Opener = Callable[..., AbstractAsyncContextManager[SnmpReader]]


@dataclass(frozen=True, slots=True)
class Look:
    """What a device told.

    Attributes:
        at: seconds since the epoch when it had answered; ``seconds``: that this took.
        uptime: sysUpTime in hundredths of a second.
        error: code and sentence where it told nothing at all.
        missing: columns that were asked for and did not come, because it was too slow or not understood.
        complaints: values that cannot be right.
    """

    name: str
    at: float
    seconds: float = 0.0
    description: str = ""
    uptime: int | None = None
    interfaces: tuple[Interface, ...] = ()
    ospf: tuple[OspfNeighbor, ...] | None = None
    bgp: tuple[BgpPeer, ...] | None = None
    lldp: tuple[LldpNeighbour, ...] | None = None
    sensors: tuple[Sensor, ...] = ()
    error: dict[str, str] | None = None
    missing: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        kept: dict[str, Any] = msgspec.to_builtins(self)
        return kept


def look_at_many(
    targets: Sequence[SnmpTarget],
    columns: Iterable[str] = EVERYTHING,
    *,
    patience: float = 3.0,
    budget: float = 20.0,
    concurrency: int = 60,
    opener: Opener = open_reader,
) -> list[Look]:
    """Look at devices, all at once; one that is silent or slow is said to be, and holds up nobody.

    Args:
        columns: names from ``tables.COLUMNS``.
        patience: seconds for one answer.
        budget: seconds for all that one device is asked; what came until then counts.
    """
    wanted = tuple(columns)

    async def every() -> list[Look]:
        gate = asyncio.Semaphore(concurrency)

        async def one(target: SnmpTarget) -> Look:
            async with gate:
                return await _look(target, wanted, patience, budget, opener)

        return list(await asyncio.gather(*(one(target) for target in targets)))

    return asyncio.run(every())


async def _look(target: SnmpTarget, wanted: Sequence[str], patience: float, budget: float, opener: Opener) -> Look:
    began = time.monotonic()
    columns: dict[str, Column] = {}
    missing = list(wanted)
    complaints: list[str] = []
    system: dict[str, Value] = {}
    try:
        async with asyncio.timeout(budget), opener(target, patience=patience) as reader:
            system = await reader.get([SYS_DESCR, SYS_UP_TIME])
            for name in wanted:
                if columns.get(_BETTER.get(name, "")):
                    missing.remove(name)  # the better one came: nobody needs this
                    continue
                columns[name] = await _column(reader, name, complaints)
                missing.remove(name)
    except TimeoutError:
        complaints.append(f"too slow: not all was told within {budget:g} s")
    except IrisplaneError as error:
        if not columns:
            problem = {"code": error.code, "message": error.message}
            return Look(target.name, time.time(), time.monotonic() - began, error=problem)
        complaints.append(error.message)
    if not system and not columns:
        slow = {"code": "NET-040", "message": f"The SNMP agent of {target.name} told nothing within {budget:g} s."}
        return Look(target.name, time.time(), time.monotonic() - began, error=slow)
    return _read(target.name, system, columns, missing, complaints, time.monotonic() - began)


async def _column(reader: SnmpReader, name: str, complaints: list[str]) -> Column:
    rows = await reader.walk(COLUMNS[name])
    column = dict(rows)
    if len(column) < len(rows):
        complaints.append(f"{name} tells {len(rows) - len(column)} rows twice")
    return column


def _read(
    name: str,
    system: dict[str, Value],
    columns: dict[str, Column],
    missing: Sequence[str],
    complaints: list[str],
    seconds: float,
) -> Look:
    described, uptime = system.get(SYS_DESCR), system.get(SYS_UP_TIME)
    ports, said = interfaces(columns)
    names = {port.index: port.name for port in ports}
    complaints += said
    ospf, bgp, lldp = None, None, None
    if "ospfNbrState" in columns:
        neighbors, said = ospf_neighbors(columns, names)
        ospf, complaints = tuple(neighbors), complaints + said
    if "bgpPeerState" in columns:
        peers, said = bgp_peers(columns)
        bgp, complaints = tuple(peers), complaints + said
    if "lldpRemSysName" in columns:
        heard, said = lldp_neighbours(columns, names)
        lldp, complaints = tuple(heard), complaints + said
    levels, said = sensors(columns)
    return Look(
        name,
        time.time(),
        seconds,
        described.decode("utf-8", "replace") if isinstance(described, bytes) else "",
        uptime if isinstance(uptime, int) else None,
        tuple(ports),
        ospf,
        bgp,
        lldp,
        tuple(levels),
        missing=tuple(missing),
        complaints=tuple((complaints + said)[:_MOST_COMPLAINTS]),
    )
