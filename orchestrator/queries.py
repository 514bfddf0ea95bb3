"""Reads of Changes: one statement each, the JSON built by PostgreSQL and passed on as text.

Row-level security decides whose; times are ISO 8601 in UTC.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from orchestrator.errors import ChangeNotFound

__all__ = [
    "approvals_json",
    "change_json",
    "changes_by_id_json",
    "changes_json",
    "days_json",
    "figures_json",
    "live_json",
    "plan_json",
    "steps_json",
    "story_json",
    "waiting_json",
]

_SUMMARY: Final = """
    c.id, t.code as tenant, c.kind, c.title, c.state, c.waiting_for, c.reason, p.handle as requested_by, c.requested_at,
    c.emergency, c.emergency_due, c.plan_hash, c.undo_of, c.not_before, c.expires_at, c.batch, c.started_at,
    c.finished_at, c.cancel_by is not null as cancel_asked, c.outcome - 'inverse' as outcome, c.version
"""
_FROM: Final = " from change c join tenant t on t.id = c.tenant_id join principal p on p.id = c.requested_by"

_STEPS: Final = """
    select coalesce(jsonb_agg(to_jsonb(s) order by s.ordinal), '[]') from (
        select ordinal, batch, target_id, target_name as target, state, error, record -> 'notes' as notes,
               started_at, finished_at
          from change_step where change_id = :id) s
"""
_APPROVALS: Final = """
    select coalesce(jsonb_agg(to_jsonb(a) order by a.decided_at), '[]') from (
        select v.id, v.role, v.decision, d.handle as decided_by, b.handle as on_behalf_of, v.reason, v.plan_hash,
               v.decided_at, v.lapses_at, v.lapses_at <= now() as lapsed, v.plan_hash <> c.plan_hash as of_old_plan
          from change_approval v join change c on c.id = v.change_id join principal d on d.id = v.decided_by
          left join principal b on b.id = v.on_behalf_of where v.change_id = :id) a
"""
# Rows of commands are counted, not shown: a bulk edit has thousands, and plan_json gives them all.
_PLAN: Final = """
    c.plan || jsonb_build_object('commands', (
        select coalesce(jsonb_agg(jsonb_build_object('op', k ->> 'op', 'table', k ->> 'table',
                                                     'rows', jsonb_array_length(k -> 'rows')) order by n), '[]')
          from jsonb_array_elements(c.plan -> 'commands') with ordinality as commands(k, n)))
"""

_LIST: Final = text(
    f"""
    select coalesce(jsonb_agg(to_jsonb(l) order by l.id desc), '[]')::text from (
        select {_SUMMARY} {_FROM}
         where (cast(:states as text[]) is null or c.state = any(:states))
           and (cast(:kind as text) is null or c.kind = :kind)
           and (cast(:requested_by as uuid) is null or c.requested_by = :requested_by)
           and (cast(:before as uuid) is null or c.id < :before)
         order by c.id desc limit :limit) l
    """  # noqa: S608 - constants of this module
)
_BY_ID: Final = text(
    f"""
    select coalesce(jsonb_agg(to_jsonb(l) order by l.id desc), '[]')::text from (
        select {_SUMMARY} {_FROM} where c.id = any(:ids)) l
    """  # noqa: S608 - constants of this module
)
_WAITING: Final = text(
    f"""
    select coalesce(jsonb_agg(to_jsonb(l) order by l.id), '[]')::text from (
        select {_SUMMARY} {_FROM}
         where c.requested_by <> :person
           and (c.state = 'waiting' and c.waiting_for && cast(:roles as text[])
                or c.emergency_due is not null and 'network-lead' = any(:roles))
         order by c.id limit :limit) l
    """  # noqa: S608 - constants of this module
)
_HEAD: Final = f"""
    {_SUMMARY}, r.handle as cancel_by, c.cancel_reason, c.decision, c.executor,
    (select coalesce(jsonb_agg(jsonb_build_object('id', u.id, 'state', u.state) order by u.id), '[]')
       from change u where u.undo_of = c.id) as undone_by
    {_FROM} left join principal r on r.id = c.cancel_by where c.id = :id
"""  # noqa: S608 - constants of this module
_LIVE: Final = text(
    f"""
    select to_jsonb(l)::text from (
        select jsonb_array_length(c.plan -> 'targets') as targets, c.plan #>> '{{targets,0,name}}' as target, {_HEAD}) l
    """  # noqa: S608 - constants of this module
)
_ONE: Final = text(
    f"""
    select (to_jsonb(l) || jsonb_build_object('steps', ({_STEPS}), 'approvals', ({_APPROVALS})))::text from (
        select {_PLAN} as plan, {_HEAD}) l
    """  # noqa: S608 - constants of this module
)
_FIGURES: Final = text(
    """
    with ended as (
        select kind, state, finished_at - started_at as ran from change
         where finished_at > now() - make_interval(days => :days))
    select jsonb_build_object('days', cast(:days as integer),
        'by_state', coalesce((select jsonb_object_agg(state, n) from (
            select state, count(*) as n from ended group by state) s), '{}'),
        'servers', (select jsonb_build_object('made', count(*),
                'ran_seconds', round(percentile_cont(0.5) within group (order by extract(epoch from ran))))
             from ended where kind = :made_by and state = 'succeeded'),
        'waiting', (select count(*) from change where state = 'waiting'),
        'waiting_since', (select min(requested_at) from change where state = 'waiting'))::text
    """
)
_DAYS: Final = text(
    """
    select jsonb_agg(to_jsonb(d) order by d.at)::text from (
        select cast(day as date) as at, count(c.id) filter (where c.state = 'succeeded') as succeeded,
               count(c.id) filter (where c.state = 'failed') as failed,
               count(c.id) filter (where c.state = 'rolled_back') as rolled_back,
               count(c.id) filter (where c.state = 'unknown') as unknown
          from generate_series(date_trunc('day', now() at time zone :zone) - make_interval(days => :days - 1),
                               date_trunc('day', now() at time zone :zone), interval '1 day') day
          left join change c on c.finished_at >= day at time zone :zone
                            and c.finished_at < (day + interval '1 day') at time zone :zone
         group by day) d
    """
)
_STORY: Final = text(
    """
    select coalesce(jsonb_agg(to_jsonb(s) order by s.at, s.id), '[]')::text from (
        select j.id, n.seq, j.at, j.kind, p.handle as actor, j.action, j.subject_type, j.subject_id, j.reason,
               j.request_id, j.body
          from (select * from journal where subject_type = 'change' and subject_id = cast(:id as text)
                union select * from journal where change_id = :id) j
          left join journal_chain n on n.journal_id = j.id left join principal p on p.id = j.actor
         where j.kind <> 'audit' or not j.action like 'change.%'
         order by j.at, j.id limit :limit) s
    """
)


def changes_json(
    tx: Connection,
    *,
    states: Collection[str] | None = None,
    kind: str | None = None,
    requested_by: UUID | None = None,
    before: UUID | None = None,
    limit: int = 100,
) -> str:
    """Changes, newest first, as a JSON array; ``before`` is the last id of the page before."""
    values = {
        "states": list(states) if states else None,
        "kind": kind,
        "requested_by": requested_by,
        "before": before,
        "limit": limit,
    }
    return str(tx.execute(_LIST, values).scalar_one())


def changes_by_id_json(tx: Connection, ids: Collection[UUID]) -> str:
    """These Changes, newest first, as a JSON array; those of others are absent."""
    return str(tx.execute(_BY_ID, {"ids": list(ids)}).scalar_one())


def figures_json(tx: Connection, days: int, made_by: str) -> str:
    """How the changes of the last days ended, the median time of ``made_by`` kind, and what waits now."""
    return str(tx.execute(_FIGURES, {"days": days, "made_by": made_by}).scalar_one())


def days_json(tx: Connection, days: int, zone: str) -> str:
    """How many changes ended how on each of the last days, today last, as days are in that time zone."""
    return str(tx.execute(_DAYS, {"days": days, "zone": zone}).scalar_one())


def waiting_json(tx: Connection, roles: Collection[str], person: UUID, *, limit: int = 100) -> str:
    """Changes that wait for somebody with one of these roles, oldest first; one's own are left out."""
    return str(tx.execute(_WAITING, {"roles": list(roles), "person": person, "limit": limit}).scalar_one())


def change_json(tx: Connection, change_id: UUID) -> str:
    """One Change with its plan (rows of commands counted), steps and approvals.

    Raises:
        ChangeNotFound: no such Change in this scope.
    """
    return _found(tx.execute(_ONE, {"id": change_id}).scalar(), change_id)


def live_json(tx: Connection, change_id: UUID) -> str:
    """How one Change stands, without plan, steps and approvals; ``targets``: how many, ``target``: the first's name.

    Raises:
        ChangeNotFound: no such Change in this scope.
    """
    return _found(tx.execute(_LIVE, {"id": change_id}).scalar(), change_id)


def plan_json(tx: Connection, change_id: UUID) -> str:
    """The frozen plan, whole. Its canonical form (keys sorted, no white space) has the hash that people approve.

    Raises:
        ChangeNotFound: no such Change in this scope.
    """
    return _found(
        tx.execute(text("select plan::text from change where id = :id"), {"id": change_id}).scalar(), change_id
    )


def steps_json(tx: Connection, change_id: UUID) -> str:
    """The steps of a Change in the order of running; empty before it ran."""
    return str(tx.execute(text(f"select ({_STEPS})::text"), {"id": change_id}).scalar_one())


def approvals_json(tx: Connection, change_id: UUID) -> str:
    """Who decided what on a Change, old plans included."""
    return str(tx.execute(text(f"select ({_APPROVALS})::text"), {"id": change_id}).scalar_one())


def story_json(tx: Connection, change_id: UUID, *, limit: int = 5000) -> str:
    """Everything the journal holds of a Change, in order: moves, steps, rows written, what was asked and by whom.

    Of a move, which stands in the journal as audit and as event, one is given.
    """
    return str(tx.execute(_STORY, {"id": change_id, "limit": limit}).scalar_one())


def _found(value: object, change_id: UUID) -> str:
    if value is None:
        raise ChangeNotFound(f"There is no change {change_id}.", change_id=str(change_id))
    return str(value)
