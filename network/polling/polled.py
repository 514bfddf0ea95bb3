"""What was told last: one row a device, replaced at each look; rates come from the row before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, text

from core.db import Database
from core.scope import EVERY_TENANT, Scope
from network.polling.asking import Asked, asked
from network.polling.looking import EVERYTHING, Look, look_at_many
from network.polling.rates import Reading, rate
from network.polling.tables import Interface

__all__ = ["FRESH_SECONDS", "Polled", "keep", "poll", "polled", "with_rates"]

FRESH_SECONDS: Final = 120
"""What was told longer ago is not known any more."""

_SCOPE: Final = Scope(EVERY_TENANT, request_id="telemetry", reason="SNMP look at the devices")
_KEEP: Final = text("""
insert into device_polled (device_id, tenant_id, at, look)
select r.device_id, r.tenant_id, to_timestamp((r.look ->> 'at')::float), r.look
  from jsonb_to_recordset(cast(:rows as jsonb)) as r(device_id uuid, tenant_id uuid, look jsonb)
  join device d on d.id = r.device_id and d.tenant_id = r.tenant_id
on conflict (device_id) do update set at = excluded.at, look = excluded.look, tenant_id = excluded.tenant_id
""")
_POLLED: Final = text("""
select d.id, d.name, p.at, p.look, p.at > now() - make_interval(secs => :fresh) as fresh
  from device_polled p join device d on d.id = p.device_id
 where cast(:ids as uuid[]) is null or d.id = any(:ids) order by d.name
""")


class Polled(msgspec.Struct, frozen=True):
    """A device's last look.

    Attributes:
        rates: interface → octets per second in and out; ``None`` where it cannot be known.
        fresh: not older than ``FRESH_SECONDS``.
    """

    device_id: UUID
    look: Look
    rates: Mapping[str, tuple[float | None, float | None]]
    at: datetime
    fresh: bool = True


def poll(database: Database) -> None:
    """Look at every device whose context names SNMP credentials, and keep what they tell."""
    with database.transaction("worker", _SCOPE) as tx:
        whom = asked(tx)
    looks = look_at_many([one.target for one in whom], EVERYTHING)
    with database.transaction("worker", _SCOPE, asynchronous=True) as tx:
        keep(tx, whom, looks)


def keep(tx: Connection, whom: Sequence[Asked], looks: Sequence[Look]) -> None:
    """Replace what was told before, with the rates since."""
    before = {one.device_id: one.look for one in polled(tx)}
    rows = [
        {
            "device_id": one.device_id,
            "tenant_id": one.tenant_id,
            "look": {**look.as_json(), "rates": with_rates(before.get(one.device_id), look)},
        }
        for one, look in zip(whom, looks, strict=True)
    ]
    tx.execute(_KEEP, {"rows": msgspec.json.encode(rows).decode()})


def polled(tx: Connection, ids: Sequence[UUID] | None = None) -> list[Polled]:
    """What devices told last, by name.

    Args:
        ids: of devices; all when absent.
    """
    rows = tx.execute(_POLLED, {"fresh": FRESH_SECONDS, "ids": None if ids is None else list(ids)})
    return [
        Polled(row.id, _look(row.look), {name: (pair[0], pair[1]) for name, pair in row.look["rates"].items()},
               row.at.astimezone(UTC), row.fresh)
        for row in rows
    ]  # fmt: skip


def _look(kept: Mapping[str, Any]) -> Look:
    return msgspec.convert({key: value for key, value in kept.items() if key != "rates"}, Look)


def with_rates(before: Look | None, now: Look) -> dict[str, tuple[float | None, float | None]]:
    """Octets per second of each interface since the look before, in and out."""
    if before is None or before.error or now.error or now.at - before.at > 10 * FRESH_SECONDS:
        return {}
    known = {one.name: one for one in before.interfaces}
    return {
        one.name: (_rate(before, now, known[one.name], one, "in_octets"),
                   _rate(before, now, known[one.name], one, "out_octets"))
        for one in now.interfaces
        if one.name in known
    }  # fmt: skip


def _rate(before: Look, now: Look, old: Interface, new: Interface, counter: str) -> float | None:
    def reading(look: Look, one: Interface) -> Reading:
        return Reading(getattr(one, counter), look.at, look.uptime, 64 if one.wide else 32)

    return rate(reading(before, old), reading(now, new), ceiling=None if new.speed is None else new.speed / 8)
