"""Numbered entries of the journal as people and programs read them: filtered, newest first; one with its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, text

__all__ = ["LAST", "entries", "entry"]

LAST: Final = 2**62
"""Larger than any number that an entry gets."""

_ENTRY = """json_build_object('seq', c.seq, 'id', j.id, 'kind', j.kind, 'at', j.at, 'actor', p.handle,
    'actor_id', j.actor, 'action', j.action, 'subject_type', j.subject_type, 'subject_id', j.subject_id,
    'change_id', j.change_id,
    'request_id', j.request_id, 'reason', j.reason, 'body', j.body, 'tenant', t.code)"""
_FROM = """journal_chain c join journal j on j.id = c.journal_id left join principal p on p.id = j.actor
    left join tenant t on t.id = j.tenant_id"""

_TOLD = (
    f" select {_ENTRY}::text as body, c.seq::text as key from found join ({_FROM}) on c.seq = found.seq"  # noqa: S608 - parts are constants above
    " order by c.seq desc"
)
_SOUGHT = text(
    "with found as materialized ("  # noqa: S608 - same
    "select c.seq from journal_chain c join journal j on j.id = c.journal_id left join principal p on p.id = j.actor"
    " where c.seq < :before and j.kind = any(:kinds)"
    " and (cast(:action as text) is null or starts_with(j.action, :action))"
    " and (cast(:subject as text) is null or j.subject_id = :subject)"
    " and (cast(:actor as text) is null or p.handle = :actor)"
    " and (cast(:change_id as uuid) is null or j.change_id = :change_id)"
    " and (cast(:request_id as text) is null or j.request_id = :request_id)"
    " and (cast(:since as timestamptz) is null or j.at >= :since)"
    " and (cast(:until as timestamptz) is null or j.at < :until)"
    " order by c.seq desc limit :limit)" + _TOLD
)
_NEWEST = text(
    "with found as materialized ("  # noqa: S608 - same
    "select c.seq from journal_chain c cross join lateral"
    " (select from journal j where j.id = c.journal_id and j.kind = any(:kinds) offset 0) j"
    " where c.seq < :before order by c.seq desc limit :limit)" + _TOLD
)
"""Walks the chain backwards, link by link, and stops: the planner takes row-level security for a narrow filter, and
would read the whole journal to find a page of it."""
_ONE = text(
    f"select (jsonb_build_object('entry', {_ENTRY}, 'hash', encode(c.hash, 'hex'), 'rows',"  # noqa: S608 - same
    " (select coalesce(jsonb_agg(jsonb_build_object('table', l.table_name, 'id', l.row_id, 'op', l.op, 'before', l.pre,"
    " 'after', l.post) order by l.ordinal), '[]') from change_log l where l.journal_id = j.id)))::text"
    f" from {_FROM} where c.seq = :seq"
)
_UNBOUND = text("select irisplane_tenant() = '*'")
"""Of an administration's own entries there are few, and they are not the newest."""
_FILTERS: Final = ("action", "subject", "actor", "change_id", "request_id", "since", "until")


def entries(
    tx: Connection, kinds: Sequence[str], filters: Mapping[str, Any], *, before: int = LAST, limit: int
) -> list[tuple[str, str]]:
    """JSON text and number of entries of these kinds, newest first; what row-level security hides is not there.

    Args:
        filters: ``action`` (a prefix), ``subject``, ``actor`` (a handle), ``change_id``, ``request_id``, ``since``,
            ``until``; an absent one, or ``None``, filters nothing.
    """
    asked = {name: filters.get(name) for name in _FILTERS}
    everything = not any(asked.values()) and tx.execute(_UNBOUND).scalar_one()
    asked |= {"kinds": list(kinds), "before": before, "limit": limit}
    rows = tx.execute(_NEWEST, asked) if everything else tx.execute(_SOUGHT, asked)
    return [(row.body, row.key) for row in rows]


def entry(tx: Connection, seq: int) -> str | None:
    """One entry with its hash and the rows it altered, before and after, as JSON text; ``None``: there is none."""
    found = tx.execute(_ONE, {"seq": seq}).scalar() if 0 < seq < LAST else None
    return None if found is None else str(found)
