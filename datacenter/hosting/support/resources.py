"""Which things a request or a notice can be about: by type and id, in the scope of who asks."""

from __future__ import annotations

from functools import cache
from typing import Final
from uuid import UUID

from psycopg import sql
from sqlalchemy import Connection, text

from core.domain import domains
from datacenter.hosting.support.errors import NoSuchResource, UnknownResourceType

__all__ = ["must_be_named", "table_of", "types"]

_ROOMS: Final = ("inventory", "datacenter")
_ALIASES: Final = {"network": "cloud_network"}
"""In the words of a tenant a network is the one of their project."""
_CARRIED: Final = "service"
"""Of the network room a tenant has these alone: what is carried between its sites."""


@cache
def types() -> dict[str, str]:
    """Type as users say it → table: everything the rooms announce, services on the network, and Changes."""
    tables = {table for domain in domains() if domain.name in _ROOMS for table in domain.tables}
    plain = {table.replace("_", "-"): table for table in tables if table not in _ALIASES.values()}
    return {
        **plain,
        **{alias: table for alias, table in _ALIASES.items() if table in tables},
        _CARRIED: _CARRIED,
        "change": "change",
    }


def table_of(kind: str, pointer: str) -> str:
    """The table behind a type.

    Raises:
        UnknownResourceType: there is none.
    """
    table = types().get(kind)
    if table is None:
        raise UnknownResourceType(f"There are no things of the type {kind[:63]!r}.", pointer=pointer)
    return table


def must_be_named(tx: Connection, kind: str, resource_id: UUID) -> str:
    """The name by which a thing of this scope goes; its row is not kept, only what it was called.

    Raises:
        UnknownResourceType: no such type.
        NoSuchResource: no such thing, or not theirs.
    """
    statement = sql.SQL(
        "select coalesce(r ->> 'name', r ->> 'code', r ->> 'title', '') from (select to_jsonb(t) as r from {} t"
        " where t.id = :id) one"
    ).format(sql.Identifier(table_of(kind, "/resource/type")))
    found = tx.execute(text(statement.as_string()), {"id": resource_id}).scalar_one_or_none()
    if found is None:
        raise NoSuchResource(f"There is no {kind} {resource_id}.", pointer="/resource/id")
    return str(found)[:200]
