"""The quick reader, on gufo-snmp: BER and cryptography in Rust, a fraction of what pysnmp costs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from network.drivers.snmp.reading import MOST_ROWS, SnmpTarget, User, Value
from network.errors import SnmpNonsense, SnmpRefused, SnmpSilent

__all__ = ["GufoReader"]

T = TypeVar("T")
_BULK: Final = 40
"""Rows of one answer. More do not fit a datagram of 1,500 bytes, and agents work for what is thrown away."""
_GET: Final = 40


class GufoReader:
    """See :class:`network.drivers.snmp.reading.SnmpReader`; opened by ``async with``."""

    def __init__(self, target: SnmpTarget, *, patience: float, tries: int) -> None:
        self._target, self._patience, self._tries = target, patience, tries
        self._session: Any = None

    async def __aenter__(self) -> Self:
        from gufo.snmp import Aes128Key, Sha256Key
        from gufo.snmp import User as GufoUser
        from gufo.snmp.aio import SnmpSession

        known = self._target.credentials
        how: dict[str, Any] = (
            {"user": GufoUser(known.name, auth_key=Sha256Key(known.auth.encode()),
                              priv_key=Aes128Key(known.privacy.encode()))}
            if isinstance(known, User)
            else {"community": known.community}
        )  # fmt: skip

        async def begin() -> Any:
            # Discovery is part of the question: a session whose first datagram was lost is begun anew.
            session = SnmpSession(self._target.host, self._target.port, timeout=self._patience, **how)
            await session.refresh()
            return session

        self._session = await self._asked(begin)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session = None

    async def get(self, oids: Sequence[str]) -> dict[str, Value]:
        """See the Protocol."""
        found: dict[str, Value] = {}
        for start in range(0, len(oids), _GET):
            part = oids[start : start + _GET]
            found |= await self._asked(lambda part=part: self._session.get_many(part))  # type: ignore[misc] # mypy types a default as the lambda's argument
        return found

    async def walk(self, oid: str) -> list[tuple[str, Value]]:
        """See the Protocol."""
        return await self._asked(lambda: self._walk(oid))

    async def _walk(self, oid: str) -> list[tuple[str, Value]]:
        rows: list[tuple[str, Value]] = []
        skip, last = len(oid) + 1, ""
        async for key, value in self._session.getbulk(oid, _BULK):
            if key == last or len(rows) >= MOST_ROWS:
                raise SnmpNonsense(
                    f"The agent of {self._target.name} does not go forward at {key}.", device=self._target.name
                )
            last = key
            rows.append((key[skip:], value))
        return rows

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        from gufo.snmp import SnmpAuthError, SnmpError

        name = self._target.name
        for attempt in range(self._tries):
            try:
                return await ask()
            except (TimeoutError, BlockingIOError, ConnectionError):
                if attempt + 1 == self._tries:
                    raise SnmpSilent(
                        f"The SNMP agent of {name} did not answer within {self._patience:g} s,"
                        f" asked {self._tries} times.",
                        device=name,
                    ) from None
            except SnmpAuthError as error:
                raise SnmpRefused(f"The SNMP agent of {name} refuses user or keys: {error}", device=name) from None
            except OSError as error:
                raise SnmpSilent(f"The SNMP agent of {name} is not reached: {error.strerror}.", device=name) from None
            except (SnmpError, ValueError, RuntimeError) as error:
                raise SnmpNonsense(f"The answer of {name} cannot be read: {error}", device=name) from None
        raise AssertionError("asked at least once")
