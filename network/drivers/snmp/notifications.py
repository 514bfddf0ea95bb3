"""Traps and informs, received by pysnmp: SNMPv2c with a device's community, SNMPv3 informs with its user.

A datagram passes a gate before anything is decoded: only from the address of a device that is known, and only so many a
second. pysnmp takes about a millisecond for one, so a flood of ten thousand must not reach it. SNMPv3 *traps* cannot be
taken without knowing each sender's engine; informs can, and are acknowledged as well.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from network.drivers.snmp.reading import Community, SnmpTarget, User

__all__ = ["Heard", "NotificationReceiver"]

_BURST: Final = 50
_PER_SECOND: Final = 20.0
_TRAP_OID: Final = "1.3.6.1.6.3.1.1.4.1.0"
_STOP_SECONDS: Final = 30.0
_SO_MEMINFO: Final = 55
"""Linux' socket option (asm-generic/socket.h) that Python has no name for: nine 32-bit counts, drops the last one."""
_MEMINFO: Final = struct.Struct("9I")

Outcome = Literal["taken", "flood", "stranger"]


@dataclass(frozen=True, slots=True)
class Heard:
    """A notification, or a datagram that was turned away before it was read.

    Attributes:
        outcome: ``taken``; ``flood``: more than is read; ``stranger``: from an address of no device we know.
        kind: object identifier of the notification; empty where it was not read.
    """

    outcome: Outcome
    source: str
    kind: str = ""


class _Gate:
    """A bucket of datagrams that may be read."""

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known
        self._left, self._at = float(_BURST), time.monotonic()

    def judge(self, source: str) -> Outcome:
        if source not in self._known:
            return "stranger"
        now = time.monotonic()
        self._left = min(float(_BURST), self._left + (now - self._at) * _PER_SECOND)
        self._at = now
        if self._left < 1:
            return "flood"
        self._left -= 1
        return "taken"


class NotificationReceiver:
    """Listens on a UDP port of every address, in a thread of its own.

    Args:
        targets: devices that may notify, with the credentials they are asked with.
        port: 0 for a free one; ``port`` tells which.
        heard: called for each datagram, in the receiver's thread.
    Raises:
        OSError: the port is taken.
    """

    def __init__(self, targets: Sequence[SnmpTarget], port: int, heard: Callable[[Heard], None]) -> None:
        self._targets = frozenset(targets)
        self._heard = heard
        self.names = {target.host: target.name for target in targets}
        """Address → device."""
        self._gate = _Gate(frozenset(self.names))
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            bound.bind(("0.0.0.0", port))  # noqa: S104 - devices are elsewhere; the gate knows their addresses
        except OSError:
            bound.close()
            raise
        self.port: int = bound.getsockname()[1]
        self._socket = bound
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(bound,), name="notifications", daemon=True)
        self._thread.start()

    def serves(self, targets: Sequence[SnmpTarget]) -> bool:
        """Whether it was made for these."""
        return frozenset(targets) == self._targets and self._thread.is_alive()

    def lost(self) -> int:
        """Datagrams that the kernel dropped so far, as nobody fetched them in time; 0 where it does not say."""
        try:
            told = self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
        except OSError:
            return 0
        return int(_MEMINFO.unpack(told)[-1]) if len(told) == _MEMINFO.size else 0

    def close(self) -> None:
        """Hear nothing more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_SECONDS)

    def _run(self, bound: socket.socket) -> None:
        asyncio.set_event_loop(self._loop)
        engine = self._loop.run_until_complete(self._open(bound))
        self._loop.run_forever()
        engine.close_dispatcher()
        self._loop.run_until_complete(asyncio.sleep(0))  # lets the transport close its socket
        self._loop.close()

    async def _open(self, bound: socket.socket) -> Any:
        from pysnmp.carrier.asyncio.dgram import udp
        from pysnmp.entity import config, engine
        from pysnmp.entity.rfc3413 import ntfrcv

        outer = self

        class Gated(udp.UdpAsyncioTransport):  # type: ignore[misc]  # pysnmp is not typed
            """pysnmp's transport, with the gate before it."""

            def datagram_received(self, datagram: bytes, transport_address: Any) -> None:
                source = str(transport_address[0])
                outcome = outer._gate.judge(source)
                if outcome != "taken":
                    outer._heard(Heard(outcome, source))
                    return
                super().datagram_received(datagram, transport_address)

        made = engine.SnmpEngine()
        transport = Gated(loop=asyncio.get_running_loop()).open_server_mode(sock=bound)
        config.add_transport(made, udp.DOMAIN_NAME, transport)
        for number, known in enumerate(sorted({target.credentials for target in self._targets}, key=repr)):
            if isinstance(known, Community):
                config.add_v1_system(made, f"community{number}", known.community)
            elif isinstance(known, User):
                config.add_v3_user(
                    made, known.name,
                    config.USM_AUTH_HMAC192_SHA256, known.auth, config.USM_PRIV_CFB128_AES, known.privacy,
                )  # fmt: skip
        ntfrcv.NotificationReceiver(made, self._taken)
        return made

    def _taken(self, engine: Any, reference: Any, _context: Any, _name: Any, rows: Any, _more: Any) -> None:
        _, address = engine.message_dispatcher.get_transport_info(reference)
        kind = next((str(value) for name, value in rows if str(name) == _TRAP_OID), "")
        self._heard(Heard("taken", str(address[0]), kind))
