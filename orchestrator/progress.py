"""How far a run has come: its steps by batch, one by one where there is something to tell; JSON built by PostgreSQL."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

__all__ = ["progress_json", "some_steps_json"]

_STEP: Final = """
    ordinal, batch, target_name as target, state, error, record -> 'notes' as notes, started_at, finished_at
"""
_TELLING: Final = """
    case when state in ('failed', 'unknown') then 0
         when state in ('pending', 'confirmed', 'skipped', 'undone') then 2 else 1 end
"""
"""What went wrong, what moves, everything else."""

_PROGRESS: Final = text(
    f"""
    with s as materialized (select ordinal, batch, state from change_step where change_id = :id),
    by_batch as (
        select batch, jsonb_object_agg(state, n) as counts
          from (select batch, state, count(*) as n from s group by batch, state) counted group by batch),
    telling as (
        select ordinal from s where (select count(*) from s) <= :most or {_TELLING} < 2
         order by {_TELLING}, ordinal limit :most)
    select jsonb_build_object(
        'all', (select count(*) from s),
        'counts', coalesce((select jsonb_object_agg(state, n)
                              from (select state, count(*) as n from s group by state) c), '{{}}'),
        'batches', coalesce((select jsonb_agg(jsonb_build_object('batch', batch, 'counts', counts) order by batch)
                               from by_batch), '[]'),
        'rows', coalesce((select jsonb_agg(to_jsonb(r) order by r.ordinal) from (
            select {_STEP} from change_step
             where change_id = :id and ordinal = any(array(select ordinal from telling))) r), '[]'))::text
    """  # noqa: S608 - constants of this module
)
_SOME: Final = text(
    f"""
    select coalesce(jsonb_agg(to_jsonb(r) order by r.ordinal), '[]')::text from (
        select {_STEP} from change_step
         where change_id = :id and ordinal > :after
           and (cast(:first as integer) is null or batch >= :first)
           and (cast(:last as integer) is null or batch <= :last)
           and (cast(:state as text) is null or state = :state)
         order by ordinal limit :limit) r
    """  # noqa: S608 - constants of this module
)


def progress_json(tx: Connection, change_id: UUID, most: int) -> str:
    """Steps counted by state, and by batch and state; ``rows``: one by one those that tell something.

    Args:
        most: up to so many steps all are told; of more only what went wrong and what moves, no more than that.
    """
    return str(tx.execute(_PROGRESS, {"id": change_id, "most": most}).scalar_one())


def some_steps_json(
    tx: Connection, change_id: UUID, *, first: int | None, last: int | None, state: str | None, after: int, limit: int
) -> str:
    """Steps in the order of running, those after an ordinal.

    Args:
        first, last: batches from and to, counted from 0.
        state: only those in that state.
    """
    values = {"id": change_id, "first": first, "last": last, "state": state, "after": after, "limit": limit}
    return str(tx.execute(_SOME, values).scalar_one())
