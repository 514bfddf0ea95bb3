"""Whom an incident touches, by the same answer that a plan gives beforehand; each administration is told once.

Two cuts of a ring part it though neither does alone: where what else is down makes one worse than both are by
themselves, its impact is that of all together, and its story says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from core.db import Database
from core.errors import IrisplaneError
from core.journal.record import record
from core.scope import EVERY_TENANT, Scope
from network.impact.answer import impact
from network.impact.subjects import Question, Subject
from network.incidents.correlating import Fault
from network.incidents.store import say, set_impact

__all__ = ["mail_due", "tell_touched"]

_NOTICE: Final = text("""
insert into incident_notice (incident_id, tenant_id, number, state)
select i.id, t.id, i.number, :state from incident i, tenant t
 where i.id = :incident and t.code = :code and t.kind <> 'region'
on conflict (incident_id, tenant_id) do update set state = excluded.state, over_at = null
returning tenant_id, (xmax = 0) as is_new
""")
_ELSE_DOWN: Final = text("""
select distinct l.name from incident i join incident_link x on x.incident_id = i.id join link l on l.id = x.link_id
 where i.closed_at is null and i.kind <> 'alert' and x.up_at is null and i.id <> :incident order by 1
""")
_ELSE_CUT_OFF: Final = text("""
select d.name from incident i, jsonb_to_recordset(i.impact -> 'devices') as d(name text, state text)
 where i.closed_at is null and i.id <> :incident and jsonb_typeof(i.impact -> 'devices') = 'array' and d.state = 'down'
""")
_LAST_TOGETHER: Final = text("""
select said from incident_entry where incident_id = :incident and starts_with(said, :begins) order by id desc limit 1
""")
_TOGETHER: Final = "Together with what else is down it cuts off "
_MOST_NAMED: Final = 50
_DUE: Final = text("""
update incident_notice n set mailed = true from incident i, tenant t
 where i.id = n.incident_id and t.id = n.tenant_id and not n.mailed and n.over_at is null
returning n.tenant_id, n.state, i.number, i.name, i.opened_at, t.name_fr, t.name_nl, t.name_en
""")
_PEOPLE: Final = text("""
select distinct p.id, p.locale from membership m join principal p on p.id = m.principal_id
 where m.tenant_id = :tenant and m.role = 'agency-admin' and m.held @> now() and p.active and p.email is not null
""")
_MAIL: Final = text("insert into notice (principal_id, subject, body) values (:person, :subject, :body)")
_SCOPE: Final = Scope(EVERY_TENANT, request_id="incidents", reason="notices of incidents")


def tell_touched(tx: Connection, incident: UUID, fault: Fault, links: Sequence[str], *, silenced: bool) -> None:
    """Work out the impact, keep it, and note each administration that it touches; when silenced, nobody is noted."""
    try:
        with tx.begin_nested():
            question = _question(fault, links)
            found = impact(tx, question)
            found = _together(tx, incident, question, found) or found
    except IrisplaneError as error:
        say(tx, incident, "note", f"Its impact cannot be told: {error.message}")
        return
    set_impact(tx, incident, found)
    if silenced:
        return
    told = []
    for tenant in found["tenants"]:
        row = tx.execute(
            _NOTICE, {"incident": incident, "code": tenant["code"], "state": tenant["state"]}
        ).one_or_none()
        if row is not None and row.is_new:
            told.append(str(tenant["code"]))
            body = {"state": tenant["state"], "name": fault.name}
            record(tx, "event", "incident.told", "incident", incident, body=body, tenant_id=row.tenant_id)
    if told:
        say(tx, incident, "told", f"Told: {', '.join(sorted(told))}.")


def _together(tx: Connection, incident: UUID, alone: Question, found: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The impact with everything else that is down, where that cuts off devices that no incident does by itself."""
    others = tx.execute(_ELSE_DOWN, {"incident": incident}).scalars().all()
    if not others:
        return None
    subjects = tuple(Subject(kind="link", key=name) for name in others)
    every = impact(tx, _asked(*alone.of, *(one for one in subjects if one not in alone.of)))
    known = set(tx.execute(_ELSE_CUT_OFF, {"incident": incident}).scalars()) | set(_down(found))
    more = [name for name in _down(every) if name not in known]
    if not more:
        return None
    rest = f" and {len(more) - _MOST_NAMED} more" if len(more) > _MOST_NAMED else ""
    said = f"{_TOGETHER}{', '.join(more[:_MOST_NAMED])}{rest}."
    if tx.execute(_LAST_TOGETHER, {"incident": incident, "begins": _TOGETHER}).scalar() != said:
        say(tx, incident, "evidence", said)
    return every


def _down(found: Mapping[str, Any]) -> list[str]:
    return sorted(str(one["name"]) for one in found["devices"] if one["state"] == "down")


def _question(fault: Fault, links: Sequence[str]) -> Question:
    """A cable that alone explains it takes all its strands; otherwise what is known is which links are down."""
    cables = [one for one in fault.suspects if one.kind == "cable"]
    if fault.kind == "plant" and len(cables) == 1:
        return _asked(Subject(kind="cable", key=cables[0].code))
    if fault.kind == "device":
        return _asked(*(Subject(kind="device", key=name) for name in fault.devices))
    return _asked(*(Subject(kind="link", key=name) for name in links))


def _asked(*subjects: Subject) -> Question:
    """However many: what people may ask at once is bounded, what is down is not."""
    return Question.model_construct(of=subjects)


def mail_due(database: Database) -> int:
    """Write the mails to administrators of touched administrations that were not written yet; how many."""
    written = 0
    with database.transaction("platform", _SCOPE) as tx:
        for row in tx.execute(_DUE).all():
            for person in tx.execute(_PEOPLE, {"tenant": row.tenant_id}).all():
                subject, body = _words(person.locale, row)
                tx.execute(_MAIL, {"person": person.id, "subject": subject, "body": body})
                written += 1
    return written


_TEXTS: Final[dict[str, tuple[str, str, dict[str, str]]]] = {
    "fr": (
        "Incident {number} sur le réseau",
        (
            "Un incident sur le réseau de la Région touche {tenant} depuis {since} UTC : vos services sont {state}.\n"
            "Nos équipes y travaillent. Vous en voyez la suite dans Irisplane.\n"
        ),
        {"down": "interrompus", "protected": "maintenus par un autre chemin", "degraded": "maintenus, sans réserve"},
    ),
    "nl": (
        "Incident {number} op het netwerk",
        (
            "Een incident op het netwerk van het Gewest treft {tenant} sinds {since} UTC: uw diensten zijn {state}.\n"
            "Onze ploegen werken eraan. U volgt het verloop in Irisplane.\n"
        ),
        {"down": "onderbroken", "protected": "via een andere weg in dienst", "degraded": "in dienst, zonder reserve"},
    ),
    "en": (
        "Incident {number} on the network",
        (
            "An incident on the Region's network touches {tenant} since {since} UTC: your services are {state}.\n"
            "Our teams are at work. Irisplane shows how it goes on.\n"
        ),
        {"down": "interrupted", "protected": "kept up another way", "degraded": "up, without a second way"},
    ),
}


def _words(locale: str, row: Any) -> tuple[str, str]:
    """Subject and body in the reader's language; where it broke is nobody's business but the region's."""
    language = locale if locale in _TEXTS else "en"
    subject, body, states = _TEXTS[language]
    values = {
        "number": row.number,
        "tenant": getattr(row, f"name_{language}"),
        "since": row.opened_at.strftime("%Y-%m-%d %H:%M"),
        "state": states[row.state],
    }
    return f"[Irisplane] {subject.format(**values)}", body.format(**values)
