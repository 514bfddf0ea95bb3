"""Incidents with a key of their own: there is one open under it at a time, and it is closed by it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, text

from core.journal.record import record
from network.incidents.store import say

__all__ = ["close_one", "open_one", "say_of"]

_OPEN: Final = text("""
insert into incident (tenant_id, kind, name, alert_key)
select t.id, 'alert', :name, :key from tenant t where t.kind = 'region' order by t.created_at limit 1
on conflict (alert_key) where closed_at is null do nothing returning id, number, tenant_id
""")
_CLOSE: Final = text("""
update incident set state = 'closed', closed_at = now(), updated_at = now()
 where alert_key = :key and closed_at is null returning id, number, tenant_id
""")


def open_one(tx: Connection, key: str, name: str, said: str) -> bool:
    """An incident by its key; whether there was none that is open."""
    row = tx.execute(_OPEN, {"name": name, "key": key}).one_or_none()
    if row is None:
        return False
    say(tx, row.id, "opened", said, always=True)
    body = {"number": row.number, "name": name, "kind": "alert"}
    record(tx, "event", "incident.opened", "incident", row.id, body=body, tenant_id=row.tenant_id)
    return True


def say_of(tx: Connection, key: str, sentences: Iterable[str]) -> None:
    """More lines of the story of the incident that is open under this key."""
    incident = tx.execute(text("select id from incident where alert_key = :key and closed_at is null"), {"key": key})
    for row in incident.all():
        for said in sentences:
            say(tx, row.id, "evidence", said)


def close_one(tx: Connection, key: str, said: str) -> bool:
    """It is over; whether it was open."""
    row = tx.execute(_CLOSE, {"key": key}).one_or_none()
    if row is None:
        return False
    say(tx, row.id, "closed", said, always=True)
    record(tx, "event", "incident.closed", "incident", row.id, body={"number": row.number}, tenant_id=row.tenant_id)
    return True
