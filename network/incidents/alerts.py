"""Alerts of an Alertmanager as incidents: one of a link that is an incident already becomes a line of its story.

Whatever else is alerted on is an incident of its own, by the alert's fingerprint, and is closed when it is resolved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from core.journal.record import record
from network.incidents.dimming import KEY
from network.incidents.store import say

__all__ = ["Alert", "take"]

_OF_LINK: Final = text("""
select i.id from incident i join incident_link x on x.incident_id = i.id join link l on l.id = x.link_id
 where i.closed_at is null and i.kind <> 'alert'
   and (l.name = :link or exists (select from interface p join device d on d.id = p.device_id
         where p.id in (l.a_interface_id, l.b_interface_id) and d.name = :device
           and (:interface = '' or p.name = :interface)))
 order by i.number limit 1
""")
_OF_LIGHT: Final = text("""
select id from incident where closed_at is null and starts_with(alert_key, :key)
   and :link = any (string_to_array(substr(alert_key, length(cast(:key as text)) + 1), chr(10))) order by number limit 1
""")
_OPEN: Final = text("""
insert into incident (tenant_id, kind, name, alert_key)
select t.id, 'alert', :name, :key from tenant t where t.kind = 'region' order by t.created_at limit 1
on conflict (alert_key) where closed_at is null do nothing returning id, number, tenant_id
""")
_CLOSE: Final = text("""
update incident set state = 'closed', closed_at = now(), updated_at = now()
 where alert_key = :key and closed_at is null returning id, number, tenant_id
""")
_LIGHT: Final = frozenset({"IrisplaneLinkDim", "IrisplaneLinkLossy"})
"""What our own watch on the light sees as well: alerts of a link become lines of its incident."""
_SAID: Final = text("select exists (select from incident_entry where incident_id = :id and said = :said)")


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as Alertmanager tells it."""

    key: str
    firing: bool
    labels: Mapping[str, str]
    summary: str = ""

    @property
    def name(self) -> str:
        """What it is called by."""
        about = self.labels.get("link") or self.labels.get("device") or self.labels.get("instance") or ""
        cable = f" on {self.labels['cable']}" if self.labels.get("cable") else ""
        return f"{self.labels.get('alertname', 'alert')} {about}{cable}".strip()[:500]


def take(tx: Connection, alerts: Iterable[Alert]) -> dict[str, int]:
    """Bring incidents to what is told; told again, nothing alters. How many ``opened``, ``joined``, ``closed``."""
    done = {"opened": 0, "joined": 0, "closed": 0}
    for alert in alerts:
        outcome = _fires(tx, alert) if alert.firing else _resolved(tx, alert)
        if outcome:
            done[outcome] += 1
    return done


def _fires(tx: Connection, alert: Alert) -> str:
    of = {name: alert.labels.get(name, "") for name in ("link", "device", "interface")}
    incident: UUID | None = None
    if alert.labels.get("alertname") in _LIGHT:
        incident = tx.execute(_OF_LIGHT, {"key": KEY, "link": of["link"]}).scalar()
    elif of["link"] or of["device"]:
        incident = tx.execute(_OF_LINK, of).scalar()
    said = f"Alert {alert.name}: {alert.summary or 'no summary'}"[:2000]
    if incident is not None:
        if tx.execute(_SAID, {"id": incident, "said": said}).scalar():
            return ""
        say(tx, incident, "evidence", said)
        return "joined"
    row = tx.execute(_OPEN, {"name": alert.name, "key": alert.key}).one_or_none()
    if row is None:
        return ""
    say(tx, row.id, "opened", said, always=True)
    body = {"number": row.number, "name": alert.name, "kind": "alert"}
    record(tx, "event", "incident.opened", "incident", row.id, body=body, tenant_id=row.tenant_id)
    return "opened"


def _resolved(tx: Connection, alert: Alert) -> str:
    row = tx.execute(_CLOSE, {"key": alert.key}).one_or_none()
    if row is None:
        return ""
    say(tx, row.id, "closed", "The alert is resolved.", always=True)
    record(tx, "event", "incident.closed", "incident", row.id, body={"number": row.number}, tenant_id=row.tenant_id)
    return "closed"
