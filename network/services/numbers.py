"""The numbers that a service takes: of its routing table (with distinguisher and targets), and of its tunnel.

Drawn while a Change is planned, with the inventory's own locks and promises: kept while the Change waits, free again
when it is rejected or ends without effect, and when the service is removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from inventory.errors import PoolExhausted

__all__ = ["TABLES", "TUNNELS", "Numbers", "Range", "draw"]


@dataclass(frozen=True, slots=True)
class Range:
    """A pool of numbers: its name for people, its lock and promises, first and last number."""

    name: str
    key: UUID
    first: int
    last: int


TABLES: Final = Range("service tables", UUID("5e7a1ce5-0000-4000-8000-000000000001"), 1000, 4999)
"""A routing table's number: VRF ``V1000``, its route target ``ASN:1000``, distinguishers ``LOOPBACK:1000``."""
TUNNELS: Final = Range("service tunnels", UUID("5e7a1ce5-0000-4000-8000-000000000002"), 10_000, 4_009_999)
"""A tunnel's VXLAN network identifier. Never ``number`` of a table: FRR drops a target that it would derive itself."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What one service holds: its table's number (an E-Line has none), and its tunnel's."""

    table: int | None
    tunnel: int


def draw(tx: Connection, tenant: UUID, *, table: bool) -> Numbers:
    """Take the lowest free number of each pool, and promise them to the Change that is being planned.

    Raises:
        PoolExhausted: none is left; names the pool.
    """
    pools = [TABLES, TUNNELS] if table else [TUNNELS]
    tx.execute(text("select inventory_lock_pools(cast(:keys as uuid[]))"), {"keys": [str(one.key) for one in pools]})
    tx.execute(text("select inventory_release()"))
    taken = [_take(tx, tenant, one) for one in pools]
    return Numbers(taken[0] if table else None, taken[-1])


def _take(tx: Connection, tenant: UUID, pool: Range) -> int:
    number = tx.execute(
        text("select service_free_number(:key, :table, int8range(:first, :last, '[]'))"),
        {"key": pool.key, "table": pool.key == TABLES.key, "first": pool.first, "last": pool.last},
    ).scalar()
    if number is None:
        raise PoolExhausted(
            f"The pool {pool.name!r} ({pool.first} to {pool.last}) has no free number left.",
            hint="Remove a service that nobody uses, or reject an order that waits.",
            pool=pool.name,
            what="number",
        )
    tx.execute(
        text("select inventory_promise(:key, null, null, cast(:span as int8range), :tenant)"),
        {"key": pool.key, "span": f"[{number},{number}]", "tenant": tenant},
    )
    return int(number)
