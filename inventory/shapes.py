"""How an object looks outside and inside: SQL that writes its JSON, and the few values that are stored in another form.

The JSON that lists give, that edits take and that exports hold is one and the same, built by PostgreSQL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import TextClause, text

from inventory import objects
from inventory.schema import INPUT

__all__ = ["carried", "current_sql", "fields_sql", "key_of", "object_sql", "outside", "resolve_sql", "stored", "told"]

_SPANS = frozenset({"units", "numbers", "vids"})
_ALIAS = re.compile(r"\bt\.")
_RANGE = re.compile(r"\[(\d+),(\d+)\)")


def stored(name: str, value: Any) -> Any:
    """A validated value as the column takes it."""
    if name in {"lon", "lat"} and value is not None:
        return f"{value:.6f}"
    return value


def outside(name: str, value: Any) -> Any:
    """A validated value as the outside JSON shows it."""
    if name in _SPANS and isinstance(value, str) and (found := _RANGE.fullmatch(value)):
        low, high = int(found[1]), int(found[2]) - 1
        return str(low) if low == high else f"{low}-{high}"
    return value


def key_of(kind: str, given: Mapping[str, Any]) -> str:
    """The natural key of an object as a file or a caller gives it: what is left out has its default."""
    defaults = {name: info.default for name, info in INPUT[kind].model_fields.items()}
    return objects.natural_key(kind, {**defaults, **given})


def told(value: Any) -> str:
    """A value in one short line, for people."""
    if value is None or value == "":
        return "(none)"
    line = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return line if len(line) <= 200 else f"{line[:197]}..."


def carried(kind: str) -> tuple[str, ...]:
    """Columns of a type that rows referring to it carry along, and those that count its parts."""
    found = {
        theirs
        for made in objects.ALL.values()
        for ref in made.references.values()
        if ref.to == kind
        for theirs in ref.carries.values()
    }
    found |= {made.part_of[1] for made in objects.ALL.values() if made.part_of and made.part_of[0] == kind}
    return tuple(sorted(found))


@cache
def fields_sql(kind: str) -> tuple[tuple[str, str], ...]:
    """(field, SQL) of the outside form of a row ``t``; references become natural keys."""
    made = objects.get(kind)
    out: list[tuple[str, str]] = []
    if made.owned:
        out.append(("tenant", "(select o.code from tenant o where o.id = t.tenant_id)"))
    for number, (name, reference) in enumerate(made.references.items()):
        other = objects.get(reference.to)
        alias = f"r{number}"
        key = _ALIAS.sub(f"{alias}.", other.key)
        out.append((name, f"(select {key} from {other.name} {alias} where {alias}.id = t.{reference.column})"))  # noqa: S608
    out += [(name, made.shape.get(name, f"t.{name}")) for name in made.plain]
    return tuple(out)


@cache
def object_sql(kind: str, *, meta: bool = True) -> str:
    """SQL that writes the outside JSON of a row ``t``, with id, version and times if ``meta``."""
    pairs = [f"'{name}', {sql}" for name, sql in fields_sql(kind)]
    if meta:
        ahead = ["'id', t.id", "'key', " + objects.get(kind).key]
        behind = ["'version', t.version", "'created_at', t.created_at"]
        pairs = [*ahead, *pairs, *behind, *([] if kind == "tenant" else ["'updated_at', t.updated_at"])]
    return f"json_build_object({', '.join(pairs)})"


@cache
def resolve_sql(kind: str) -> dict[bool, TextClause]:
    """Statements that find rows for references: by id (``True``) and by natural key (``False``)."""
    made = objects.get(kind)
    tenant = "t.id::text" if kind == "tenant" else "t.tenant_id::text"
    columns = ", ".join(
        [f"t.id::text as id, {tenant} as tenant_id", *(f"t.{name}::text as {name}" for name in carried(kind))]
    )
    return _both(columns, made)


@cache
def current_sql(kind: str) -> dict[bool, TextClause]:
    """Statements that read rows for references: outside form, version, and the ids behind references."""
    made = objects.get(kind)
    columns = [reference.column for reference in made.references.values()] + (["tenant_id"] if made.owned else [])
    ids = ", ".join(f"'{column}', t.{column}::text" for column in columns)
    body = (
        f"json_build_object('id', t.id::text, 'version', t.version, 'ids', json_build_object({ids}),"
        f" 'object', {object_sql(kind, meta=False)}) as body, {made.key} as key"
    )
    return _both(body, made)


def _both(columns: str, made: objects.ObjectType) -> dict[bool, TextClause]:
    keys = "unnest(cast(:keys as text[])) k"
    mine = _OWN_TENANT if made.name == "tenant" else ""
    return {
        True: text(f"select k as ref, {columns} from {keys} join {made.name} t on t.id = k::uuid{mine}"),  # noqa: S608
        False: text(f"select k as ref, {columns} from {keys} {made.find}{mine}"),  # noqa: S608
    }


_OWN_TENANT = " where ((select irisplane_tenant()) = '*' or t.id::text = (select irisplane_tenant()))"
"""Everybody may know who is served, so the table is open; but who names another is answered as for nobody."""
