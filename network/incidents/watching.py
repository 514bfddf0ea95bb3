"""The watch on links: every few seconds, and at once when a device cries; what it sees becomes incidents.

Run by the worker that leads. A look asks a few columns of every device; a link that fell is looked at a second time a
second later, so that a hiccup is no incident and what falls together is seen together. A trap is only a hint that makes
us look: what is seen opens an incident, never what somebody sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection, text

from core.db import Database
from core.scope import EVERY_TENANT, Scope
from network.alerting.planned import planned_links
from network.alerting.rules import PlannedLink
from network.incidents import floods, hints, last_look, store
from network.incidents.behind import tell_behind
from network.incidents.correlating import Fault, correlate
from network.incidents.plant import ways_of_links
from network.incidents.seeing import LinkSight, see
from network.incidents.silences import silenced_links
from network.incidents.touched import mail_due, tell_touched
from network.polling.asking import Asked, asked
from network.polling.looking import STATES, Look, look_at_many

__all__ = ["planned", "settle", "watch"]

_SCOPE: Final = Scope(EVERY_TENANT, request_id="incidents", reason="watch on the links")
_INTENT_SECONDS: Final = 30.0
"""The intent is read so often; it costs more than a look."""
_PAUSE: Final = 2.0
_SECOND_LOOK: Final = 1.0
_STEADY: Final = timedelta(seconds=60)
_FLAPS: Final = 3
"""What fell so often is over only when it has stood for a minute."""
_BUSY: Final = text("""
select d.name from target_lock l join device d on l.target_id = 'device:' || d.id::text
""")
_STATES: Final = text("select l.name, s.state, s.up_at from link_state s join link l on l.id = s.link_id")
_KEEP: Final = text("""
insert into link_state (link_id, tenant_id, state, up_at, evidence)
select l.id, l.tenant_id, r.state, case when r.state = 'up' then now() end, r.evidence
  from jsonb_to_recordset(cast(:rows as jsonb)) as r(link text, state text, evidence jsonb)
  join link l on l.name = r.link
on conflict (link_id) do update set state = excluded.state, evidence = excluded.evidence,
  since = case when link_state.state = excluded.state then link_state.since else now() end,
  up_at = coalesce(excluded.up_at, link_state.up_at)
""")


@dataclass(slots=True)
class _Plan:
    """Whom to ask and what to expect, as of some seconds ago; and how long the last look took."""

    at: float = 0.0
    took: float = 0.0
    whom: Sequence[Asked] = ()
    links: Sequence[PlannedLink] = ()
    guard: threading.Lock = field(default_factory=threading.Lock)


_PLAN: Final = _Plan()
_FLOOD: Final = floods.Course()


def watch(database: Database) -> None:
    """One look, and what comes of it. Waits a little for a hint first, so that one that comes is not slept through."""
    hints.listen(database)
    hints.wait(max(_PAUSE, 4 * _PLAN.took))  # a look costs at most a fifth of the time, however large the region
    whom, links = planned(database)
    began = time.monotonic()
    looks = _look(whom)
    _PLAN.took = time.monotonic() - began
    with database.transaction("worker", _SCOPE) as tx:
        busy = frozenset(tx.execute(_BUSY).scalars())
        before = {row.name: row for row in tx.execute(_STATES)}
    sights = see(links, looks, busy)
    stood = {link for link, row in before.items() if row.state != "down"}
    if any(one.state == "down" and one.link in stood for one in sights):
        time.sleep(_SECOND_LOOK)
        looks = _look(whom)
        sights = see(links, looks, busy)
    silent = {name for name, look in looks.items() if look.error}
    with database.transaction("worker", _SCOPE) as tx:
        settle(tx, sights, silent)
        floods.settle(tx, _FLOOD, hints.unread(), time.monotonic())
    mail_due(database)


def _look(whom: Sequence[Asked]) -> Mapping[str, Look]:
    return {one.name: one for one in look_at_many([one.target for one in whom], STATES, patience=2.0, budget=6.0)}


def settle(tx: Connection, sights: Sequence[LinkSight], silent: set[str]) -> None:
    """Keep how links were seen, and bring incidents to what explains it."""
    before = {row.name: row for row in tx.execute(_STATES)}
    altered = [one for one in sights if one.link not in before or before[one.link].state != one.state]
    if altered:
        rows = [{"link": one.link, "state": one.state, "evidence": one.evidence} for one in altered]
        tx.execute(_KEEP, {"rows": msgspec.json.encode(rows).decode()})
    stood = {name for name, row in before.items() if row.up_at is not None}
    last_look.keep(tx, sights, stood)
    # What never stood is planned, not broken.
    counted = [one for one in sights if one.state != "down" or one.link in stood]
    incidents = store.known(tx)
    if any(one.state == "down" for one in counted) or any(one.open for one in incidents):
        faults = correlate(counted, silent, ways_of_links(tx))
        _fell(tx, faults, incidents, {one.link: one.evidence for one in counted})
        tell_behind(tx, silent)
        _rose(tx, {one.link for one in counted if one.state == "up"}, store.known(tx))


def _fell(
    tx: Connection, faults: Sequence[Fault], incidents: Sequence[store.Known], evidence: Mapping[str, Sequence[str]]
) -> None:
    expected = silenced_links(tx) if faults else frozenset()
    for fault in faults:
        silenced = set(fault.links) <= set(expected)
        one, swallowed = store.open_or_fallen_again(fault, incidents)
        if one is None:
            incident = store.open_incident(tx, fault, evidence, silenced=silenced)
            tell_touched(tx, incident, fault, fault.links, silenced=silenced)
            continue
        for part in swallowed:
            store.close_into(tx, part, one)
        more = set(fault.links) - one.down
        if more:
            store.add_links(tx, one, more, evidence)
        if not more <= one.links or swallowed or (fault.kind == "device" != one.kind):
            store.update_fault(tx, one.id, fault)
            tell_touched(tx, one.id, fault, fault.links, silenced=silenced)


def _rose(tx: Connection, up: set[str], incidents: Sequence[store.Known]) -> None:
    now = datetime.now(UTC)
    closed = False
    for one in incidents:
        if not one.open:
            continue
        risen = one.down & up
        if risen:
            store.mark_up(tx, one, risen)
        if one.down - risen:
            continue
        last = now if risen else one.last_rise_at or now
        if one.falls < _FLAPS or now - last >= _STEADY:
            store.close(tx, one)
            closed = True
    if closed:  # what is still open may have been worse together with it
        for one in store.known(tx):
            if one.open:
                tell_touched(tx, one.id, store.fault_of(tx, one), sorted(one.down), silenced=one.silenced)


def planned(database: Database) -> tuple[Sequence[Asked], Sequence[PlannedLink]]:
    """Whom to ask, and the links that should carry traffic; as of half a minute ago at most."""
    with _PLAN.guard:
        if time.monotonic() - _PLAN.at > _INTENT_SECONDS or not _PLAN.whom:
            with database.transaction("worker", _SCOPE) as tx:
                _PLAN.whom, _PLAN.links = asked(tx), planned_links(tx)
            _PLAN.at = time.monotonic()
        return _PLAN.whom, _PLAN.links
