"""Incidents as people read them: lists and single ones with their story; JSON built by PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args
from uuid import UUID

from sqlalchemy import Connection, text

from core.errors import Conflict, NotFound
from core.journal.record import record
from network.incidents.silences import SilencedKind
from network.incidents.store import say

__all__ = [
    "SEVERITIES", "Severity", "Which", "acknowledge", "incident_json", "incidents_json", "note", "notices_json",
    "silenceable",
]  # fmt: skip

Which = Literal["open", "closed", "all"]
Severity = Literal["down", "degraded", "protected", "none", "unknown"]
"""Of the worst of what an incident touches; ``none``: nothing that is known of, ``unknown``: nobody can say."""
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)

_SEVERITY: Final = """
    case when i.impact is null then 'unknown' else coalesce((
      select s.state from unnest(array['down', 'degraded', 'protected']) with ordinality s(state, rank)
       where exists (select from jsonb_each(i.impact -> 'totals') t where t.value ? s.state) order by s.rank limit 1),
      'none') end"""

_COLUMNS: Final = f"""
    i.number, i.kind, i.name, i.state, {_SEVERITY} as severity, i.falls, i.silenced, i.opened_at,
    i.last_fall_at, i.acknowledged_at, (select handle from principal where id = i.acknowledged_by) as acknowledged_by,
    i.closed_at, i.suspects,
    coalesce((select json_agg(json_build_object('link', l.name, 'down_at', x.down_at, 'up_at', x.up_at,
                                                'evidence', x.evidence) order by l.name)
                from incident_link x join link l on l.id = x.link_id where x.incident_id = i.id), '[]') as links,
    coalesce((select json_agg(t.code order by t.code) from incident_notice n join tenant t on t.id = n.tenant_id
               where n.incident_id = i.id), '[]') as told"""  # noqa: S608 - constants of this module
_LIST: Final = text(f"""
select coalesce(json_agg(row order by row.number desc), '[]')::text from (
  select {_COLUMNS} from incident i
   where (:which = 'all' or (:which = 'open') = (i.closed_at is null))
     and (cast(:before as bigint) is null or i.number < :before)
     and (cast(:severity as text) is null or {_SEVERITY} = :severity)
     and (cast(:q as text) is null or strpos(lower(i.name), lower(:q)) > 0 or exists (
       select from incident_link x join link l on l.id = x.link_id
        where x.incident_id = i.id and strpos(lower(l.name), lower(:q)) > 0))
   order by i.number desc limit :limit) row
""")  # noqa: S608 - constants of this module
_ONE: Final = text(f"""
select row_to_json(row)::text from (
  select {_COLUMNS}, i.impact,
    (select json_agg(json_build_object('at', e.at, 'kind', e.kind, 'said', e.said,
                                       'by', (select handle from principal where id = e.by_id)) order by e.id)
       from incident_entry e where e.incident_id = i.id) as story
  from incident i where i.number = :number) row
""")  # noqa: S608 - constants of this module
_SILENCEABLE: Final = text("""
select v.kind, v.name from (
  select distinct l.name as link, d.name as device, p.code as site
    from incident i join incident_link x on x.incident_id = i.id join link l on l.id = x.link_id
    join link_end e on e.link_id = l.id join interface f on f.id = e.interface_id
    join device d on d.id = f.device_id join site p on p.id = d.site_id where i.number = :number) of,
  lateral (values (1, 'link', of.link), (2, 'device', of.device), (3, 'site', of.site)) v(place, kind, name)
 group by v.place, v.kind, v.name order by v.place, v.name limit 60
""")
_NOTICES: Final = text("""
select coalesce(json_agg(row order by row.since desc), '[]')::text from (
  select number, state, at as since, over_at as over from incident_notice
   where over_at is null or over_at > now() - interval '30 days' order by at desc limit 200) row
""")
_ACKNOWLEDGE: Final = text("""
update incident set state = 'acknowledged', acknowledged_at = now(), acknowledged_by = :by, updated_at = now()
 where id = :id and state = 'open' returning id
""")


def incidents_json(
    tx: Connection,
    which: Which,
    limit: int,
    before: int | None = None,
    *,
    severity: Severity | None = None,
    q: str | None = None,
) -> str:
    """The newest first.

    Args:
        before: number of the last one of the page before.
        q: letters in its name, or in that of a link of it.
    """
    asked = {"which": which, "limit": limit, "before": before, "severity": severity, "q": q}
    return str(tx.execute(_LIST, asked).scalar_one())


def incident_json(tx: Connection, number: int) -> str:
    """One with its story and its impact.

    Raises:
        NotFound: there is none of that number.
    """
    found = tx.execute(_ONE, {"number": number}).scalar()
    if found is None:
        raise _absent(number)
    return str(found)


def notices_json(tx: Connection) -> str:
    """What an administration is told of incidents that touch it: those of a month."""
    return str(tx.execute(_NOTICES).scalar_one())


def silenceable(tx: Connection, number: int) -> list[tuple[SilencedKind, str]]:
    """What an incident is about that can be expected to be down: its links, the devices at their ends, their sites."""
    return [(row.kind, row.name) for row in tx.execute(_SILENCEABLE, {"number": number})]


def acknowledge(tx: Connection, number: int, by: UUID, said: str) -> None:
    """Somebody has it in hand.

    Raises:
        NotFound: there is none of that number.
        Conflict: somebody has already, or it is closed.
    """
    row = _row(tx, number)
    if tx.execute(_ACKNOWLEDGE, {"id": row.id, "by": by}).scalar() is None:
        over = row.state == "closed"
        wrong = f"Incident {number} is over." if over else f"Somebody has incident {number} in hand already."
        raise Conflict(wrong, hint="Only an open one is acknowledged.", state=row.state)
    say(tx, row.id, "acknowledged", said or "In hand.", by=by, always=True)
    record(tx, "event", "incident.acknowledged", "incident", row.id, body={"number": number}, tenant_id=row.tenant_id)


def note(tx: Connection, number: int, by: UUID, said: str) -> None:
    """A line of a person in the story.

    Raises:
        NotFound: there is none of that number.
    """
    row = _row(tx, number)
    say(tx, row.id, "note", said, by=by, always=True)
    record(tx, "event", "incident.noted", "incident", row.id, body={"number": number}, tenant_id=row.tenant_id)


@dataclass(frozen=True, slots=True)
class _Found:
    id: UUID
    tenant_id: UUID
    state: str


def _row(tx: Connection, number: int) -> _Found:
    row = tx.execute(text("select id, tenant_id, state from incident where number = :n"), {"n": number}).one_or_none()
    if row is None:
        raise _absent(number)
    return _Found(row.id, row.tenant_id, row.state)


def _absent(number: int) -> NotFound:
    return NotFound(
        f"There is no incident {number}.", hint="'irisplane incident list --all' shows them.", number=number
    )
