"""A light look at a device over SNMPv3: who it says it is, since when, and its interfaces' state and counters.

Walks in bulk, through gufo-snmp: for the same figures pysnmp costs an order of magnitude more CPU (the test prints how
much on this machine). Passwords become keys here and go no further.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["InterfaceSeen", "SnmpTarget", "SnmpView", "look_at_many"]

_SYS_DESCR: Final = "1.3.6.1.2.1.1.1.0"
_SYS_UP_TIME: Final = "1.3.6.1.2.1.1.3.0"
_NAME: Final = "1.3.6.1.2.1.31.1.1.1.1"
_OPER_STATUS: Final = "1.3.6.1.2.1.2.2.1.8"
_IN_OCTETS: Final = "1.3.6.1.2.1.31.1.1.1.6"
_UP: Final = 1
_BULK: Final = 50


@dataclass(frozen=True, slots=True)
class SnmpTarget:
    """A device and the SNMPv3 user (SHA-256, AES-128) that may read there."""

    name: str
    host: str
    user: str
    auth: str = field(repr=False)
    privacy: str = field(repr=False)
    port: int = 161


@dataclass(frozen=True, slots=True)
class InterfaceSeen:
    """One interface: ifOperStatus is up, and ifHCInOctets."""

    up: bool
    in_octets: int


@dataclass(frozen=True, slots=True)
class SnmpView:
    """What a device told; ``error`` instead where it told nothing.

    Attributes:
        description: sysDescr; ``uptime``: sysUpTime in seconds (of its agent).
        seconds: that the look took.
    """

    name: str
    description: str = ""
    uptime: float = 0.0
    interfaces: tuple[tuple[str, InterfaceSeen], ...] = ()
    seconds: float = 0.0
    error: str = ""


def look_at_many(targets: Sequence[SnmpTarget], *, patience: float = 3.0, concurrency: int = 60) -> list[SnmpView]:
    """Look at devices, all at once; one that is silent is said to be, and holds up nobody."""

    async def every() -> list[SnmpView]:
        gate = asyncio.Semaphore(concurrency)

        async def one(target: SnmpTarget) -> SnmpView:
            async with gate:
                return await _look(target, patience)

        return list(await asyncio.gather(*(one(target) for target in targets)))

    return asyncio.run(every())


async def _look(target: SnmpTarget, patience: float) -> SnmpView:
    from gufo.snmp import Aes128Key, Sha256Key, SnmpError, User
    from gufo.snmp.aio import SnmpSession

    began = time.monotonic()
    user = User(target.user, auth_key=Sha256Key(target.auth.encode()), priv_key=Aes128Key(target.privacy.encode()))
    try:
        async with SnmpSession(target.host, target.port, user=user, timeout=patience) as session:
            system = await session.get_many([_SYS_DESCR, _SYS_UP_TIME])
            names, states, octets = [await _column(session, oid) for oid in (_NAME, _OPER_STATUS, _IN_OCTETS)]
    except (SnmpError, OSError) as error:
        return SnmpView(target.name, seconds=time.monotonic() - began, error=type(error).__name__)
    return SnmpView(
        target.name,
        description=_text(system.get(_SYS_DESCR)),
        uptime=float(system.get(_SYS_UP_TIME) or 0) / 100,
        interfaces=tuple(
            (_text(name), InterfaceSeen(states.get(index) == _UP, int(octets.get(index) or 0)))
            for index, name in sorted(names.items())
        ),
        seconds=time.monotonic() - began,
    )


async def _column(session: Any, oid: str) -> dict[int, Any]:
    """A table's column by index; ``session`` is gufo-snmp's, whose sync and async sessions share no type."""
    return {int(key.rpartition(".")[2]): value async for key, value in session.getbulk(oid, _BULK)}


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
