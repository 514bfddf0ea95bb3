"""The inventory engine: a plan's list of commands, executed as sets, with the inverse computed beside the effect.

A command is plain JSON, frozen in the plan with every id, time and allocation already chosen:

    {"op": "insert", "table": "device", "rows": [{"id": "…", "name": "ac17", …}, …]}
    {"op": "update", "table": "device", "rows": [{"id": "…", "version": 3, "status": "active"}, …]}
    {"op": "delete", "table": "device", "rows": [{"id": "…", "version": 4}, …]}

Rows of one command have the same keys. ``version`` in an update or delete is what the plan read: another one in the
database means that somebody was there meanwhile, and nothing is written. An update bumps it by itself. PostgreSQL reads
the rows from one JSON parameter, so a command costs one statement however many rows it has.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal
from uuid import UUID
from weakref import WeakKeyDictionary

import msgspec
from psycopg import sql
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from core.domain import domains
from orchestrator.errors import RowRefused, RowsChanged, TableClosed
from orchestrator.plan import JsonObject
from orchestrator.refusals import explain

__all__ = ["delete", "execute", "insert", "update", "writable"]

Op = Literal["insert", "update", "delete"]

_IDENTIFIER: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


def insert(table: str, rows: Sequence[Mapping[str, Any]]) -> JsonObject:
    """A command that inserts rows, their ids chosen."""
    return {"op": "insert", "table": table, "rows": list(rows)}


def update(table: str, rows: Sequence[Mapping[str, Any]]) -> JsonObject:
    """A command that sets the given columns of rows found by ``id``, if their ``version`` is still the given one."""
    return {"op": "update", "table": table, "rows": list(rows)}


def delete(table: str, rows: Sequence[Mapping[str, Any]]) -> JsonObject:
    """A command that deletes rows found by ``id``, if their ``version`` is still the given one."""
    return {"op": "delete", "table": table, "rows": [{"id": row["id"], "version": row.get("version")} for row in rows]}


@cache
def writable() -> frozenset[str]:
    """The tables that the installed domains let commands write."""
    return frozenset(table for domain in domains() for table in domain.writable)


def execute(tx: Connection, commands: Sequence[JsonObject], *, tables: frozenset[str] | None = None) -> list[str]:
    """Carry commands out in order, every constraint checked at the end.

    Args:
        tables: which may be written; the installed domains' when absent.
    Returns:
        The inverse commands, in the order in which they take everything back, each as JSON text (they may be long, and
        go straight back to the database).
    Raises:
        TableClosed: a table or column that no domain lets commands write.
        RowsChanged: a row is not there, not yours, or has another version than the plan read.
        RowTaken, RowRefused, or the domain's own error: a rule of the database said no.
    """
    allowed = writable() if tables is None else tables
    done: list[str] = []
    for command in commands:
        many = tx.begin_nested() if len(command["rows"]) > 1 else None
        try:
            done.append(_execute_one(tx, command, allowed))
        except DBAPIError as error:
            if not str(getattr(error.orig, "sqlstate", None) or "").startswith(("22", "23")):
                raise explain(error) from error  # no value's fault: a lock, a lost server
            if many is not None:
                many.rollback()
            refused = 0 if many is None else _refused_row(tx, command, allowed)
            raise explain(error, (command,), refused=refused) from error
        if many is not None:
            many.commit()
    try:
        tx.exec_driver_sql("set constraints all immediate")
    except DBAPIError as error:
        raise explain(error, commands) from error
    back = done[::-1]
    touched = Counter(command["table"] for command in commands)
    return _once_checked(back) if max(touched.values(), default=0) > 1 else back


def _refused_row(tx: Connection, command: JsonObject, allowed: frozenset[str]) -> int:
    """Which row of a refused command it is: the last one of the shortest beginning that is refused as well.

    The server does not say: under row-level security it keeps the values of a refused row to itself.
    """
    fine, refused = 0, len(command["rows"])
    while refused - fine > 1:
        middle = (fine + refused) // 2
        tried = tx.begin_nested()
        try:
            _execute_one(tx, {**command, "rows": command["rows"][:middle]}, allowed)
        except DBAPIError:
            refused = middle
        except RowsChanged:
            fine = middle
        else:
            fine = middle
        tried.rollback()
    return refused - 1


def _once_checked(inverses: Sequence[str]) -> list[str]:
    """Where two commands touched one row, only the first inverse knows its version: the second finds what that left."""
    seen: set[tuple[str, str]] = set()
    out = []
    for inverse in inverses:
        command = msgspec.json.decode(inverse)
        for row in command["rows"]:
            key = (command["table"], row["id"])
            if key in seen and command["op"] != "insert":
                row["version"] = None
            seen.add(key)
        out.append(msgspec.json.encode(command).decode())
    return out


@dataclass(frozen=True, slots=True)
class _Table:
    columns: frozenset[str]
    generated: tuple[str, ...]

    @property
    def versioned(self) -> bool:
        return "version" in self.columns


def _execute_one(tx: Connection, command: JsonObject, allowed: frozenset[str]) -> str:
    op, name, rows = command["op"], str(command["table"]), command["rows"]
    if name not in allowed or not _IDENTIFIER.fullmatch(name):
        raise TableClosed(f"Commands may not write the table {name!r}.", table=name)
    if not rows:
        return '{"op":"insert","table":"%s","rows":[]}' % name  # noqa: UP031 - braces
    table = _table(tx, name)
    keys = _keys(name, table, rows)
    statement, inverse_op = _STATEMENTS[op](name, table, keys)
    done = tx.exec_driver_sql(statement, (msgspec.json.encode(rows, enc_hook=str).decode(),)).one()
    if done.n != len(rows):
        written = {str(row["id"]) for row in msgspec.json.decode(done.rows or "[]")}
        raise _changed(tx, name, table, [row for row in rows if str(row["id"]) not in written])
    return f'{{"op":"{inverse_op}","table":"{name}","rows":{done.rows}}}'


def _keys(name: str, table: _Table, rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    first = rows[0].keys()
    if "id" not in first:
        raise RowRefused(f"A row of {name} has no id.", table=name)
    closed = first - (table.columns - set(table.generated))
    if closed:
        raise TableClosed(f"Commands may not write {sorted(closed)} of {name}.", table=name, columns=sorted(closed))
    if any(row.keys() != first for row in rows):
        raise RowRefused(f"Rows of one command on {name} must have the same keys.", table=name)
    return tuple(sorted(first))


def _insert_sql(name: str, table: _Table, keys: tuple[str, ...]) -> tuple[str, Op]:
    back = sql.SQL("id, version") if table.versioned else sql.SQL("id")
    query = sql.SQL(
        "with done as (insert into {table} ({columns}) select {columns}"
        " from jsonb_populate_recordset(null::{table}, %s::jsonb) returning {back})"
        " select count(*) as n, jsonb_agg(to_jsonb(done))::text as rows from done"
    ).format(table=_name(name), columns=_names(keys), back=back)
    return query.as_string(), "delete"


def _update_sql(name: str, table: _Table, keys: tuple[str, ...]) -> tuple[str, Op]:
    given = [key for key in keys if key not in {"id", "version"}]
    sets: list[sql.Composable] = [sql.SQL("{0} = r.{0}").format(_name(key)) for key in given]
    back: list[sql.Composable] = [sql.SQL("t.id as id")]
    back += [sql.SQL("old.{0} as {0}").format(_name(key)) for key in given]
    guard = sql.SQL("")
    if table.versioned:
        sets.append(sql.SQL("version = t.version + 1"))
        back.append(sql.SQL("new.version as version"))
        guard = sql.SQL(" and (r.version is null or t.version = r.version)")
    query = sql.SQL(
        "with done as (update {table} t set {sets} from jsonb_populate_recordset(null::{table}, %s::jsonb) r"
        " where t.id = r.id{guard} returning {back})"
        " select count(*) as n, jsonb_agg(to_jsonb(done))::text as rows from done"
    ).format(table=_name(name), sets=sql.SQL(", ").join(sets), guard=guard, back=sql.SQL(", ").join(back))
    return query.as_string(), "update"


def _delete_sql(name: str, table: _Table, keys: tuple[str, ...]) -> tuple[str, Op]:  # noqa: ARG001 - same shape as the others
    guard = sql.SQL(" and (r.version is null or t.version = r.version)") if table.versioned else sql.SQL("")
    query = sql.SQL(
        "with done as (delete from {table} t using jsonb_populate_recordset(null::{table}, %s::jsonb) r"
        " where t.id = r.id{guard} returning to_jsonb(t) - {generated}::text[] as image)"
        " select count(*) as n, jsonb_agg(image)::text as rows from done"
    ).format(table=_name(name), guard=guard, generated=sql.Literal(list(table.generated)))
    return query.as_string().replace("%%", "%"), "insert"


_STATEMENTS: Final = {"insert": _insert_sql, "update": _update_sql, "delete": _delete_sql}


def _changed(tx: Connection, name: str, table: _Table, rows: Sequence[Mapping[str, Any]]) -> RowsChanged:
    """Name the rows that are not as the plan read them."""
    ids = {str(row["id"]): row.get("version") for row in rows}
    query = sql.SQL("select id, {version} as version from {table} where id = any(%s)").format(
        table=_name(name), version=sql.SQL("version") if table.versioned else sql.SQL("null::integer")
    )
    found = tx.exec_driver_sql(query.as_string(), ([UUID(key) for key in ids],))
    versions: dict[str, int | None] = {str(row.id): row.version for row in found}
    gone = [key for key in ids if key not in versions]
    moved = [key for key, want in ids.items() if want is not None and key in versions and versions[key] != want]
    sentence = (
        f"{len(gone)} row(s) of {name} are gone, {len(moved)} were altered, since they were read; nothing was written."
    )
    return RowsChanged(sentence, table=name, gone=gone[:20], altered=moved[:20])


_TABLES: Final[WeakKeyDictionary[Engine, dict[str, _Table]]] = WeakKeyDictionary()


def _table(tx: Connection, name: str) -> _Table:
    """Columns of a table, read once per process and database: only a migration alters them, and it restarts us."""
    known = _TABLES.setdefault(tx.engine, {})
    if name not in known:
        found = tx.execute(
            text(
                "select column_name, is_generated = 'ALWAYS' or identity_generation = 'ALWAYS' as generated"
                " from information_schema.columns where table_schema = 'public' and table_name = :name"
            ),
            {"name": name},
        ).all()
        if not found:
            raise TableClosed(f"There is no table {name!r}.", table=name)
        known[name] = _Table(
            columns=frozenset(row.column_name for row in found),
            generated=tuple(row.column_name for row in found if row.generated),
        )
    return known[name]


def _name(identifier: str) -> sql.Identifier:
    return sql.Identifier(identifier)


def _names(identifiers: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, identifiers))
