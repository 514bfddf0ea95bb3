"""Incidents as rows: opened, added to, closed and opened again, each with its line in the story and its event.

An event's action is ``incident.`` and what happened (``opened``, ``fell``, ``rose``, ``told``, ``acknowledged``,
``silenced``, ``closed``, ``reopened``): what ``GET /api/v1/events?action=incident.`` and webhooks give.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal, cast
from uuid import UUID

from sqlalchemy import Connection, text

from core.journal.record import record
from network.incidents.correlating import Element, Fault

__all__ = [
    "MOST_ENTRIES", "Known", "add_links", "close", "close_into", "fault_of", "known", "listed", "mark_up",
    "open_incident", "open_or_fallen_again", "say", "set_impact", "update_fault",
]  # fmt: skip

MOST_ENTRIES: Final = 200
"""Lines of one story: what flaps on is counted, and not told each time."""
RECENT_MINUTES: Final = 10
"""What falls again so soon after it was closed is the same incident."""

_SAY: Final = text("""
insert into incident_entry (incident_id, tenant_id, kind, said, by_id)
select i.id, i.tenant_id, :kind, :said, :by from incident i
 where i.id = :id and (:always or (select count(*) from incident_entry e where e.incident_id = i.id) < :most)
""")
_KNOWN: Final = text("""
select i.id, i.number, i.kind, i.name, i.state, i.falls, i.last_fall_at, i.closed_at, i.silenced,
       coalesce(array_agg(l.name) filter (where l.name is not null), '{}') as links,
       coalesce(array_agg(l.name) filter (where x.up_at is null and l.name is not null), '{}') as down,
       max(x.up_at) as last_rise_at
  from incident i left join incident_link x on x.incident_id = i.id left join link l on l.id = x.link_id
 where i.kind <> 'alert' and (i.closed_at is null or i.closed_at > now() - make_interval(mins => :recent))
 group by i.id order by i.number
""")
_OPEN: Final = text("""
insert into incident (tenant_id, kind, name, suspects, silenced, alert_key)
select t.id, :kind, :name, cast(:suspects as jsonb), :silenced, :alert_key from tenant t where t.kind = 'region'
 order by t.created_at limit 1 returning id, number, tenant_id
""")
_LINKS: Final = text("""
insert into incident_link (incident_id, tenant_id, link_id, evidence)
select i.id, i.tenant_id, l.id, r.evidence
  from jsonb_to_recordset(cast(:rows as jsonb)) as r(link text, evidence jsonb)
  join link l on l.name = r.link join incident i on i.id = :id
on conflict (incident_id, link_id) do update set down_at = case when incident_link.up_at is null
  then incident_link.down_at else now() end, up_at = null, evidence = excluded.evidence
""")


_ALL_UP: Final = text("update incident_link set up_at = now() where incident_id = :id and up_at is null")


@dataclass(frozen=True, slots=True)
class Known:
    """An incident that is open, or was closed a short while ago.

    Attributes:
        links: every link it is about; ``down``: those that still are.
    """

    id: UUID
    number: int
    kind: str
    name: str
    open: bool
    falls: int
    links: frozenset[str]
    down: frozenset[str]
    silenced: bool
    last_fall_at: datetime
    last_rise_at: datetime | None


def known(tx: Connection) -> list[Known]:
    """Those of the network itself, the oldest first."""
    return [
        Known(row.id, row.number, row.kind, row.name, row.closed_at is None, row.falls, frozenset(row.links),
              frozenset(row.down), row.silenced, row.last_fall_at, row.last_rise_at)
        for row in tx.execute(_KNOWN, {"recent": RECENT_MINUTES})
    ]  # fmt: skip


def open_or_fallen_again(fault: Fault, incidents: Sequence[Known]) -> tuple[Known | None, list[Known]]:
    """The incident that a fault belongs to, and open ones that it swallows: they were the same thing all along."""
    links = set(fault.links)
    sharing = [one for one in incidents if one.links & links]
    still_open = [one for one in sharing if one.open]
    if still_open:
        return still_open[0], [one for one in still_open[1:] if one.down <= links]
    # One that is over comes again only as what it was: a router that loses power later is another matter.
    again = [one for one in sharing if links <= one.links and (one.kind == "device") == (fault.kind == "device")]
    return (again[-1] if again else None), []


def open_incident(tx: Connection, fault: Fault, evidence: Mapping[str, Sequence[str]], *, silenced: bool) -> UUID:
    """A new one."""
    suspects = json.dumps([asdict(one) for one in fault.suspects])
    row = tx.execute(
        _OPEN, {"kind": fault.kind, "name": fault.name, "suspects": suspects, "silenced": silenced, "alert_key": None}
    ).one()
    _insert_links(tx, row.id, fault.links, evidence)
    say(tx, row.id, "opened", f"{fault.name}: {listed(fault.links)} down.", always=True)
    _tell_evidence(tx, row.id, fault.links, evidence)
    body = {"number": row.number, "name": fault.name, "kind": fault.kind, "links": list(fault.links),
            "suspects": [asdict(one) for one in fault.suspects], "silenced": silenced}  # fmt: skip
    record(tx, "event", "incident.opened", "incident", row.id, body=body, tenant_id=row.tenant_id)
    return UUID(str(row.id))


def add_links(tx: Connection, one: Known, links: Iterable[str], evidence: Mapping[str, Sequence[str]]) -> None:
    """Links that are down too, or again."""
    some = sorted(links)
    again = [link for link in some if link in one.links]
    _insert_links(tx, one.id, some, evidence)
    tx.execute(
        text(
            "update incident set falls = falls + :again, last_fall_at = now(), updated_at = now(), closed_at = null,"
            " state = case when state <> 'closed' then state when acknowledged_at is null then 'open'"
            " else 'acknowledged' end where id = :id"
        ),
        {"id": one.id, "again": int(bool(again))},
    )
    if not one.open:
        tx.execute(text("update incident_notice set over_at = null where incident_id = :id"), {"id": one.id})
    kind: Literal["fell", "reopened"] = "fell" if one.open else "reopened"
    say(tx, one.id, kind, f"{listed(some)} down again." if again else f"{listed(some)} down too.")
    if not again:
        _tell_evidence(tx, one.id, some, evidence)
    _event(tx, one.id, f"incident.{kind}", {"links": some, "falls": one.falls + bool(again)})


def update_fault(tx: Connection, incident: UUID, fault: Fault) -> None:
    """What it is now thought to be; a line in the story where that altered."""
    suspects = json.dumps([asdict(one) for one in fault.suspects])
    altered = tx.execute(
        text(
            "update incident set name = :name, kind = :kind, suspects = cast(:suspects as jsonb), updated_at = now()"
            " where id = :id and (name, kind) is distinct from (:name, :kind) returning id"
        ),
        {"id": incident, "name": fault.name, "kind": fault.kind, "suspects": suspects},
    ).scalar()
    if altered:
        say(tx, incident, "evidence", f"What is down together is explained by {fault.name}.")


def fault_of(tx: Connection, one: Known) -> Fault:
    """What an incident is thought to be."""
    suspects = tx.execute(text("select suspects from incident where id = :id"), {"id": one.id}).scalar_one()
    kind = cast("Literal['plant', 'device', 'link']", one.kind)  # 'alert' is none of ``known``
    devices = (one.name,) if kind == "device" else ()
    elements = tuple(Element(each["kind"], each["code"]) for each in suspects)
    return Fault(kind, one.name, tuple(sorted(one.down)), devices, elements)


def mark_up(tx: Connection, one: Known, links: Iterable[str]) -> None:
    """Links of it that stand again."""
    some = sorted(links)
    tx.execute(
        text(
            "update incident_link x set up_at = now() from link l where l.id = x.link_id and l.name = any(:links)"
            " and x.incident_id = :id and x.up_at is null"
        ),
        {"id": one.id, "links": some},
    )
    say(tx, one.id, "rose", f"{listed(some)} up again.")
    _event(tx, one.id, "incident.rose", {"links": some})


def close(tx: Connection, one: Known, why: str = "Everything stands again.") -> None:
    """It is over."""
    tx.execute(
        text("update incident set state = 'closed', closed_at = now(), updated_at = now() where id = :id"),
        {"id": one.id},
    )
    tx.execute(
        text("update incident_notice set over_at = now() where incident_id = :id and over_at is null"), {"id": one.id}
    )
    say(tx, one.id, "closed", why, always=True)
    _event(tx, one.id, "incident.closed", {"name": one.name, "falls": one.falls})


def close_into(tx: Connection, part: Known, whole: Known) -> None:
    """It was part of another one."""
    tx.execute(_ALL_UP, {"id": part.id})
    close(tx, part, f"It is part of incident {whole.number}.")


def set_impact(tx: Connection, incident: UUID, impact: Mapping[str, Any]) -> None:
    """Whom it touches, as of now."""
    tx.execute(
        text("update incident set impact = cast(:impact as jsonb), updated_at = now() where id = :id"),
        {"id": incident, "impact": json.dumps(impact)},
    )


def say(tx: Connection, incident: UUID, kind: str, said: str, *, by: UUID | None = None, always: bool = False) -> None:
    """One line of its story; past ``MOST_ENTRIES`` only what ``always`` belongs there."""
    tx.execute(
        _SAY, {"id": incident, "kind": kind, "said": said[:2000], "by": by, "always": always, "most": MOST_ENTRIES}
    )


def _insert_links(tx: Connection, incident: UUID, links: Iterable[str], evidence: Mapping[str, Sequence[str]]) -> None:
    rows = [{"link": link, "evidence": list(evidence.get(link, ()))} for link in links]
    tx.execute(_LINKS, {"id": incident, "rows": json.dumps(rows)})


def _tell_evidence(tx: Connection, incident: UUID, links: Iterable[str], evidence: Mapping[str, Sequence[str]]) -> None:
    said = "; ".join(sentence for link in links for sentence in evidence.get(link, ()))
    if said:
        say(tx, incident, "evidence", f"{said}.")


def _event(tx: Connection, incident: UUID, action: str, body: Mapping[str, Any]) -> None:
    row = tx.execute(text("select tenant_id, number from incident where id = :id"), {"id": incident}).one()
    record(tx, "event", action, "incident", incident, body={"number": row.number, **body}, tenant_id=row.tenant_id)


def listed(links: Sequence[str]) -> str:
    """Links in a sentence; of many the first ten."""
    shown = ", ".join(links[:10]) + (f" and {len(links) - 10} more" if len(links) > 10 else "")
    return f"{'link' if len(links) == 1 else 'links'} {shown}"
