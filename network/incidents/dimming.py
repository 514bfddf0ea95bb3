"""Fibres that pass on less light than planned: an incident that names the cable, before anything falls.

What is judged is what devices told when they were last asked (``network.polling``), held to the same figures as the
rules for Prometheus. Less light in two looks on end opens an incident; it is over when every receiver of it has its
light again. A link that is down is another incident, and says nothing of its light.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from core.db import Database
from core.journal.record import record
from core.scope import EVERY_TENANT, Scope
from network.alerting.rules import End, PlannedLink, PlannedLoss
from network.incidents.correlating import Fault, correlate
from network.incidents.plant import ways_of_links
from network.incidents.seeing import LinkSight, Sight
from network.incidents.silences import silenced_links
from network.incidents.store import listed, say
from network.incidents.watching import planned
from network.polling.light import Power, light
from network.polling.polled import Polled, polled

__all__ = ["KEY", "judge", "settle", "watch"]

KEY: Final = "light:"
"""How the key of such an incident begins; its links follow, a line each."""
_CLEARLY_DB: Final = 0.5
"""Light is as planned again when it is so by more than this: what stands on the edge is not told twice a minute."""
_SCOPE: Final = Scope(EVERY_TENANT, request_id="light", reason="watch on the light of links")
_OPEN: Final = text("""
select id, number, tenant_id, name, substr(alert_key, length(cast(:key as text)) + 1) as links from incident
 where closed_at is null and starts_with(alert_key, :key) order by number
""")
_INSERT: Final = text("""
insert into incident (tenant_id, kind, name, suspects, silenced, alert_key)
select t.id, 'alert', :name, cast(:suspects as jsonb), :silenced, :key from tenant t where t.kind = 'region'
 order by t.created_at limit 1 returning id, number, tenant_id
""")
_UPDATE: Final = text("""
update incident set name = :name, suspects = cast(:suspects as jsonb), alert_key = :key, updated_at = now()
 where id = :id
""")
_CLOSE: Final = text("update incident set state = 'closed', closed_at = now(), updated_at = now() where id = :id")


@dataclass(slots=True)
class _Seen:
    """Links that were dim when last looked at, each with the moment of its first such look."""

    since: dict[str, float] = field(default_factory=dict)


_SEEN: Final = _Seen()


def watch(database: Database) -> None:
    """Judge what devices told last, and bring incidents to it."""
    _whom, links = planned(database)
    with database.transaction("worker", _SCOPE) as tx:
        looks = {one.look.name: one for one in polled(tx)}
        moments = {name: one.look.at for name, one in looks.items()}
        settle(tx, _lasting(judge(links, looks), moments))


def judge(links: Iterable[PlannedLink], looks: Mapping[str, Polled]) -> list[LinkSight]:
    """How each link's light is: ``down`` where a receiver has too little, ``up`` where all that tell have enough."""
    known = {name: one for name, one in looks.items() if one.fresh and not one.look.error}
    powers = {name: light(one.look) for name, one in known.items()}
    up = {(name, port.name) for name, one in known.items() for port in one.look.interfaces if port.up}
    return [_judged(link, powers, up) for link in links]


def settle(tx: Connection, sights: Sequence[LinkSight]) -> None:
    """Open, alter and close incidents until they are what is seen."""
    before = list(tx.execute(_OPEN, {"key": KEY}))
    if not before and not any(one.state == "down" for one in sights):
        return
    enough = {one.link for one in sights if one.state == "up"}
    evidence = {one.link: one.evidence for one in sights}
    expected = frozenset(silenced_links(tx))
    left = {row.id: set(row.links.split("\n")) - enough for row in before}
    taken: set[UUID] = set()
    for fault in correlate(sights, (), ways_of_links(tx)):
        mine = next((row for row in before if left[row.id] & set(fault.links) and row.id not in taken), None)
        if mine is None:
            _open(tx, fault, evidence, silenced=set(fault.links) <= expected)
            continue
        taken.add(mine.id)
        _alter(tx, mine.id, left[mine.id], fault, evidence)
    for row in before:
        if not left[row.id]:
            _close(tx, row.id, row.number, row.tenant_id)


def _judged(link: PlannedLink, powers: Mapping[str, Mapping[str, Power]], up: set[tuple[str, str]]) -> LinkSight:
    told: list[tuple[Sight, str]] = []
    for end in link.ends:
        power = powers.get(end.device, {}).get(end.interface)
        if (end.device, end.interface) in up and power is not None and power.received is not None:
            told.append(_enough(end, power.received, powers))
    states = {state for state, _ in told}
    state: Sight = "down" if "down" in states else "up" if states == {"up"} else "unknown"
    evidence = tuple(sentence for state, sentence in told if state == "down")
    return LinkSight(link.name, state, evidence, tuple(end.device for end in link.ends))


def _enough(end: End, received: float, powers: Mapping[str, Mapping[str, Power]]) -> tuple[Sight, str]:
    """Whether a receiver has its light; the sentence that says why not."""
    here = f"{end.device}:{end.interface} receives {round(received, 2):g} dBm"
    margins: list[float] = []
    if (loss := end.loss) is not None and (sent := _sent(loss, powers)) is not None:
        lost = round(sent - received, 2)
        margins.append(loss.most_db - lost)
        if margins[-1] < 0:
            said = f"of {round(sent, 2):g} dBm that {loss.device}:{loss.interface} sends {lost:g} dB are lost"
            return "down", f"{here}: {said}, planned are at most {loss.most_db:g}"
    if end.least_dbm is not None:
        margins.append(received - end.least_dbm)
        if margins[-1] < 0:
            return "down", f"{here}, and hears no less than {end.least_dbm:g} dBm"
    return "up" if margins and min(margins) > _CLEARLY_DB else "unknown", ""


def _sent(loss: PlannedLoss, powers: Mapping[str, Mapping[str, Power]]) -> float | None:
    """As the far end tells, else by its transceiver's data."""
    power = powers.get(loss.device, {}).get(loss.interface)
    return power.sent if power is not None and power.sent is not None else loss.sent_dbm


def _lasting(sights: Sequence[LinkSight], moments: Mapping[str, float]) -> list[LinkSight]:
    """What is dim for the first time is not known yet: it has to be so when its devices are asked again."""
    now = {one.link: max((moments.get(end, 0.0) for end in one.ends), default=0.0) for one in sights}
    since = {one.link: _SEEN.since.get(one.link, now[one.link]) for one in sights if one.state == "down"}
    _SEEN.since = since
    return [
        replace(one, state="unknown") if one.state == "down" and now[one.link] <= since[one.link] else one
        for one in sights
    ]


def _open(tx: Connection, fault: Fault, evidence: Mapping[str, Sequence[str]], *, silenced: bool) -> None:
    row = tx.execute(_INSERT, {**_written(fault, fault.links), "silenced": silenced}).one()
    say(tx, row.id, "opened", f"Less light than planned: {listed(fault.links)}.", always=True)
    _tell(tx, row.id, fault.links, evidence)
    body = {"number": row.number, "name": _named(fault), "kind": "alert", "links": list(fault.links),
            "suspects": [asdict(one) for one in fault.suspects], "silenced": silenced}  # fmt: skip
    record(tx, "event", "incident.opened", "incident", row.id, body=body, tenant_id=row.tenant_id)


def _alter(tx: Connection, incident: UUID, left: set[str], fault: Fault, evidence: Mapping[str, Sequence[str]]) -> None:
    more = sorted(set(fault.links) - left)
    tx.execute(_UPDATE, {**_written(fault, sorted(left | set(fault.links))), "id": incident})
    if more:
        say(tx, incident, "fell", f"Less light than planned too: {listed(more)}.")
        _tell(tx, incident, more, evidence)


def _close(tx: Connection, incident: UUID, number: int, tenant: UUID) -> None:
    tx.execute(_CLOSE, {"id": incident})
    say(tx, incident, "closed", "Its light is as planned again.", always=True)
    record(tx, "event", "incident.closed", "incident", incident, body={"number": number}, tenant_id=tenant)


def _written(fault: Fault, links: Sequence[str]) -> dict[str, str]:
    suspects = json.dumps([asdict(one) for one in fault.suspects])
    return {"name": _named(fault), "suspects": suspects, "key": KEY + "\n".join(links)}


def _named(fault: Fault) -> str:
    return f"little light: {fault.name}"


def _tell(tx: Connection, incident: UUID, links: Iterable[str], evidence: Mapping[str, Sequence[str]]) -> None:
    said = "; ".join(sentence for link in links for sentence in evidence.get(link, ()))
    say(tx, incident, "evidence", f"{said}.")
