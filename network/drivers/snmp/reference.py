"""The reference, on pysnmp: slow and exact. It writes (SET), and the quick reader's answers are held against its."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from network.drivers.snmp.reading import MOST_ROWS, SnmpTarget, User, Value
from network.errors import SnmpNonsense, SnmpRefused, SnmpSilent

__all__ = ["PysnmpReader"]

_BULK: Final = 25
_REFUSALS: Final = ("wrong", "unknown", "unsupported", "notintimewindow", "decryptionerror", "authentication")


class PysnmpReader:
    """See :class:`network.drivers.snmp.reading.SnmpReader`; opened by ``async with``. It can also write."""

    def __init__(self, target: SnmpTarget, *, patience: float = 3.0, tries: int = 2) -> None:
        self._target, self._patience, self._tries = target, patience, tries
        self._engine: Any = None
        self._way: tuple[Any, ...] = ()

    async def __aenter__(self) -> Self:
        from pysnmp.hlapi.v3arch import asyncio as snmp

        known = self._target.credentials
        self._engine = snmp.SnmpEngine()
        who = (
            snmp.UsmUserData(
                known.name, known.auth, known.privacy,
                authProtocol=snmp.usmHMAC192SHA256AuthProtocol, privProtocol=snmp.usmAesCfb128Protocol,
            )
            if isinstance(known, User)
            else snmp.CommunityData(known.community, mpModel=1)  # noqa: S508 - some equipment speaks nothing better
        )  # fmt: skip
        transport = snmp.Udp6TransportTarget if ":" in self._target.host else snmp.UdpTransportTarget
        where = await transport.create(
            (self._target.host, self._target.port), timeout=self._patience, retries=self._tries - 1
        )
        self._way = (self._engine, who, where, snmp.ContextData())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.close_dispatcher()

    async def get(self, oids: Sequence[str]) -> dict[str, Value]:
        """See the Protocol."""
        from pysnmp.hlapi.v3arch.asyncio import ObjectIdentity, ObjectType, get_cmd

        rows = self._checked(
            await get_cmd(*self._way, *(ObjectType(ObjectIdentity(oid)) for oid in oids), lookupMib=False)
        )
        return {str(name): _plain(value) for name, value in rows if not _absent(value)}

    async def walk(self, oid: str) -> list[tuple[str, Value]]:
        """See the Protocol."""
        from pysnmp.hlapi.v3arch.asyncio import ObjectIdentity, ObjectType, bulk_walk_cmd

        found: list[tuple[str, Value]] = []
        skip = len(oid) + 1
        asked = ObjectType(ObjectIdentity(oid))
        async for answer in bulk_walk_cmd(*self._way, 0, _BULK, asked, lexicographicMode=False, lookupMib=False):
            for name, value in self._checked(answer):
                if _absent(value):
                    return found
                found.append((str(name)[skip:], _plain(value)))
            if len(found) > MOST_ROWS:
                raise SnmpNonsense(f"The agent of {self._target.name} does not end.", device=self._target.name)
        return found

    async def set(self, values: Mapping[str, int | bytes]) -> None:
        """Write INTEGERs and OCTET STRINGs, all of them or none.

        Raises:
            SnmpRefused: the agent does not take them.
        """
        from pysnmp.hlapi.v3arch.asyncio import Integer32, ObjectIdentity, ObjectType, OctetString, set_cmd

        wanted = (
            ObjectType(ObjectIdentity(oid), Integer32(value) if isinstance(value, int) else OctetString(value))
            for oid, value in values.items()
        )
        self._checked(await set_cmd(*self._way, *wanted, lookupMib=False))

    def _checked(self, answer: Any) -> Any:
        problem, status, _, rows = answer
        name = self._target.name
        if problem:
            said = str(problem)
            if "timeout" in said.lower() or "No SNMP response" in said:
                raise SnmpSilent(f"The SNMP agent of {name} did not answer.", device=name)
            if any(word in said.lower().replace(" ", "") for word in _REFUSALS):
                raise SnmpRefused(f"The SNMP agent of {name} refuses user or keys: {said}", device=name)
            raise SnmpNonsense(f"The answer of {name} cannot be read: {said}", device=name)
        if status:
            raise SnmpRefused(f"The SNMP agent of {name} refuses: {status.prettyPrint()}.", device=name)
        return rows


def _absent(value: Any) -> bool:
    return type(value).__name__ in {"NoSuchObject", "NoSuchInstance", "EndOfMibView"}


def _plain(value: Any) -> Value:
    name = type(value).__name__
    if name in {"Integer", "Integer32", "Counter32", "Counter64", "Gauge32", "Unsigned32", "TimeTicks"}:
        return int(value)
    if name in {"OctetString", "Opaque"}:
        return bytes(value)
    return None if name == "Null" else str(value.prettyPrint())
