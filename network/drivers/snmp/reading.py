"""Who may be asked over SNMP, and what a reader of an agent can do: two verbs, whatever library stands behind them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol

__all__ = ["MOST_ROWS", "Community", "Credentials", "SnmpReader", "SnmpTarget", "User", "Value", "open_reader"]

Value = int | float | bytes | str | None
"""INTEGER and counters as int, OCTET STRING as bytes, addresses and object identifiers as dotted text."""

MOST_ROWS: Final = 20_000
"""Of one column: an agent that has more turns in circles."""


@dataclass(frozen=True, slots=True)
class Community:
    """SNMPv2c."""

    community: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class User:
    """SNMPv3 with SHA-256 and AES-128 (RFC 7860, RFC 3826); passphrases of at least eight characters."""

    name: str
    auth: str = field(repr=False)
    privacy: str = field(repr=False)


Credentials = Community | User


@dataclass(frozen=True, slots=True)
class SnmpTarget:
    """An agent, and as whom it is asked.

    Attributes:
        name: the device's.
    """

    name: str
    host: str
    credentials: Credentials
    port: int = 161


class SnmpReader(Protocol):
    """An open conversation with one agent. One question at a time."""

    async def get(self, oids: Sequence[str]) -> dict[str, Value]:
        """These variables; what the agent does not have is left out.

        Raises:
            SnmpSilent: no answer in time.
            SnmpRefused: the agent does not know the user, or the keys are wrong.
            SnmpNonsense: what came cannot be read.
        """

    async def walk(self, oid: str) -> list[tuple[str, Value]]:
        """Everything below ``oid`` by GETBULK, as (what follows ``oid``, value), in the agent's order.

        Raises:
            SnmpSilent, SnmpRefused: as ``get``.
            SnmpNonsense: as ``get``; also where the agent does not go forward, or never ends.
        """


def open_reader(
    target: SnmpTarget, *, patience: float = 3.0, tries: int = 2
) -> AbstractAsyncContextManager[SnmpReader]:
    """A conversation with an agent, by the quickest library we have (``docs/decisions/0050``).

    Args:
        patience: seconds to wait for one answer.
        tries: how often a question is asked before the agent counts as silent; datagrams get lost.
    """
    from network.drivers.snmp.gufo import GufoReader

    return GufoReader(target, patience=patience, tries=tries)
