"""Alerts of an Alertmanager as incidents: one of a link that is an incident already becomes a line of its story.

So does one of a device that an incident leaves without any way to a core, and of a session with it: half a region
behind one cut is one incident. Whatever else is alerted on is an incident of its own, by the alert's fingerprint, and
is closed when it is resolved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from network.incidents.dimming import KEY
from network.incidents.keyed import close_one, open_one
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
_BEHIND: Final = text("""
select i.id from incident i
 where i.closed_at is null and i.kind <> 'alert' and jsonb_typeof(i.impact -> 'devices') = 'array'
   and exists (select from jsonb_to_recordset(i.impact -> 'devices') as d(name text, state text)
     where d.state = 'down' and (d.name = :device or d.name in (
       select v.name from address a join interface p on p.id = a.interface_id join device v on v.id = p.device_id
        where host(a.address) = :peer and a.held @> now())))
 order by i.number limit 1
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
    of = {name: alert.labels.get(name, "") for name in ("link", "device", "interface", "peer")}
    incident: UUID | None = None
    if alert.labels.get("alertname") in _LIGHT:
        incident = tx.execute(_OF_LIGHT, {"key": KEY, "link": of["link"]}).scalar()
    elif of["link"] or of["device"]:
        incident = tx.execute(_OF_LINK, of).scalar()
    if incident is None and (of["device"] or of["peer"]):
        incident = tx.execute(_BEHIND, of).scalar()
    said = f"Alert {alert.name}: {alert.summary or 'no summary'}"[:2000]
    if incident is not None:
        if tx.execute(_SAID, {"id": incident, "said": said}).scalar():
            return ""
        say(tx, incident, "evidence", said)
        return "joined"
    return "opened" if open_one(tx, alert.key, alert.name, said) else ""


def _resolved(tx: Connection, alert: Alert) -> str:
    return "closed" if close_one(tx, alert.key, "The alert is resolved.") else ""
