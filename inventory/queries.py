"""Reads: one statement each, the JSON built by PostgreSQL, pages by the position of their last row.

A list gives ``(JSON text, position)`` per row and one row more than asked for if it goes on; nothing is parsed in
between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import DBAPIError

from core.scope import EVERY_TENANT, Scope
from inventory import objects, shapes
from inventory.errors import BadCursor, FieldRefused, ObjectNotFound
from inventory.object_type import ObjectType
from inventory.planner import Edit
from inventory.selector import check_values, parse_selector

__all__ = ["FILTERS", "Rows", "device_detail", "id_of", "list_objects", "one_object"]

Rows = list[tuple[str, tuple[str, ...]]]

FILTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "tenant": ("kind", "code"),
    "site": ("kind", "provenance", "code"),
    "device": ("role", "status", "platform", "name"),
    "device_type": ("platform", "manufacturer"),
    "interface": ("kind", "name"),
    "link": ("kind", "status", "name"),
    "prefix": ("kind", "purpose"),
    "config_context": ("scope", "role", "name"),
    "vlan": ("vid", "name"),
    "asn": ("number",),
    "plant_node": ("kind", "provenance", "code"),
    "power_feed": ("code",),
    "duct": ("kind", "owner", "provenance", "code"),
    "cable": ("type", "status", "provenance", "code"),
    "strand": ("number",),
    "closure": ("code",),
    "splice": ("kind",),
    "panel": ("code",),
    "circuit": ("status", "protection", "code"),
    "circuit_strand": ("role",),
}
"""Plain fields that lists can be filtered by, besides references, ``q`` (in the key) and ``select`` (devices)."""


def list_objects(
    tx: Connection, kind: str, filters: Mapping[str, str], *, cursor: Sequence[str] | None = None, limit: int = 100
) -> Rows:
    """A page of one type, in the type's order.

    Args:
        filters: field → value; ``q``: part of the key; ``select``: a selector (devices).
        cursor: position of the last row of the page before.
    Raises:
        FieldRefused, UnknownReference, UnknownSelector: a filter that means nothing.
        BadCursor: a position that is none of this list's.
    """
    made = objects.get(kind)
    conditions, parameters = _conditions(tx, made, filters)
    if cursor is not None:
        if len(cursor) != len(made.order):
            raise BadCursor("The cursor belongs to another list.")
        columns = ", ".join(f"t.{name}" for name in made.order)
        values = ", ".join(f"cast(:at{number} as {objects.order_type(name)})" for number, name in enumerate(made.order))
        conditions.append(f"({columns}) > ({values})")
        parameters |= {f"at{number}": value for number, value in enumerate(cursor)}
    site = " join site s on s.id = t.site_id" if kind == "device" and "select" in filters else ""
    where = " and ".join(conditions) or "true"
    keys = ", ".join(f"t.{name}::text" for name in made.order)
    order = ", ".join(f"t.{name}" for name in made.order)
    query = (
        f"select {shapes.object_sql(kind)}::text, {keys} from {made.name} t{site}"  # noqa: S608 - our fragments
        f" where {where} order by {order} limit :most"
    )
    try:
        found = tx.execute(_statement(query), {**parameters, "most": limit + 1}).all()
    except DBAPIError as error:
        if cursor is not None and str(getattr(error.orig, "sqlstate", "")).startswith("22"):
            raise BadCursor("The cursor belongs to another list.") from error
        raise
    return [(row[0], tuple(row[1:])) for row in found]


def one_object(tx: Connection, kind: str, ref: str) -> tuple[str, int]:
    """One object by key or id: its JSON text and version.

    Raises:
        ObjectNotFound: it is not there, or not yours.
    """
    found = tx.execute(_one(kind, by_id=_is_id(ref)), {"keys": [ref]}).first()
    if found is None:
        raise ObjectNotFound(f"There is no {kind.replace('_', ' ')} {ref!r}.", type=kind)
    return str(found[0]), int(found[1])


def id_of(tx: Connection, kind: str, ref: str) -> str:
    """The id of an object by key or id.

    Raises:
        ObjectNotFound: it is not there, or not yours.
    """
    found = tx.execute(shapes.resolve_sql(kind)[_is_id(ref)], {"keys": [ref]}).first()
    if found is None:
        raise ObjectNotFound(f"There is no {kind.replace('_', ' ')} {ref!r}.", type=kind)
    return str(found.id)


def device_detail(tx: Connection, ref: str) -> tuple[str, int]:
    """A device with its interfaces, their addresses and far ends, its log-in (the secret's name), its place in a rack.

    Raises:
        ObjectNotFound: it is not there, or not yours.
    """
    found = tx.execute(_device(by_id=_is_id(ref)), {"ref": ref}).first()
    if found is None:
        raise ObjectNotFound(f"There is no device {ref!r}.", type="device")
    return str(found[0]), int(found[1])


# ------------------------------------------------------------------------------------------------------------- inside


def _conditions(tx: Connection, made: ObjectType, filters: Mapping[str, str]) -> tuple[list[str], dict[str, Any]]:
    conditions: list[str] = []
    parameters: dict[str, Any] = {}
    for number, (name, value) in enumerate(filters.items()):
        slot = f"f{number}"
        if name == "q":
            conditions.append(f"({made.key}) ilike :{slot}")
            parameters[slot] = "%" + value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        elif name == "select" and made.name == "device":
            selector = parse_selector(value)
            check_values(tx, selector)
            part, more = selector.where()
            conditions.append(part)
            parameters |= more
        elif name in made.references or (name == "tenant" and made.owned):
            to, column = (
                ("tenant", "tenant_id")
                if name == "tenant"
                else (made.references[name].to, made.references[name].column)
            )
            row = Edit(tx, Scope(EVERY_TENANT)).resolve(to, [value], pointer=f"/query/{name}")[value]
            conditions.append(f"t.{column} = cast(:{slot} as uuid)")
            parameters[slot] = row["id"]
        elif name in FILTERS.get(made.name, ()):
            conditions.append(f"t.{name}::text = any(cast(:{slot} as text[]))")
            parameters[slot] = value.split("|")
        else:
            known = sorted({*made.references, *FILTERS.get(made.name, ()), *(["tenant"] if made.owned else []), "q"})
            raise FieldRefused(
                f"{made.collection} cannot be filtered by {name!r}.",
                hint=f"Filters are: {', '.join(known)}.",
                pointer=f"/query/{name}",
            )
    return conditions, parameters


@cache
def _statement(query: str) -> TextClause:
    return text(query)


@cache
def _one(kind: str, *, by_id: bool) -> TextClause:
    made = objects.get(kind)
    source = f"join {made.name} t on t.id = k::uuid" if by_id else made.find
    return text(f"select {shapes.object_sql(kind)}::text, t.version from unnest(cast(:keys as text[])) k {source}")  # noqa: S608


@cache
def _device(*, by_id: bool) -> TextClause:
    pairs = ", ".join(f"'{name}', {sql}" for name, sql in shapes.fields_sql("device"))
    interface = ", ".join(f"'{name}', {sql.replace('t.', 'i.')}" for name, sql in _interface_fields())
    condition = "t.id = cast(:ref as uuid)" if by_id else "t.name = :ref"
    return text(f"""
        select json_build_object('id', t.id, 'key', t.name, {pairs},
            'commune', (select c.nis_code from site s join commune c on c.id = s.commune_id where s.id = t.site_id),
            'access', (select json_build_object('username', a.username, 'secret_name', a.secret_name,
                              'host_key', a.host_key, 'host_key_enrolled_at', a.host_key_enrolled_at)
                       from device_access a where a.device_id = t.id),
            'placement', (select json_build_object('rack', r.name, 'units', p.units, 'face', p.face, 'held', p.held)
                          from rack_placement p join rack r on r.id = p.rack_id
                          where p.device_id = t.id and p.held @> now()),
            'interfaces', coalesce((select json_agg(json_build_object('id', i.id, {interface},
                    'addresses', coalesce((select json_agg(host(a.address) || '/' || masklen(a.address) order by a.host)
                                           from address a where a.interface_id = i.id and a.held @> now()), '[]'),
                    'link', (select json_build_object('name', l.name, 'device', d.name, 'interface', o.name,
                                                      'kind', l.kind,
                                                      'status', l.status, 'length_m', l.length_m)
                             from link_end e join link l on l.id = e.link_id
                             join interface o on o.id in (l.a_interface_id, l.b_interface_id) and o.id <> i.id
                             join device d on d.id = o.device_id where e.interface_id = i.id),
                    'version', i.version) order by i.name)
                from interface i where i.device_id = t.id), '[]'),
            'version', t.version, 'created_at', t.created_at, 'updated_at', t.updated_at)::text, t.version
        from device t where {condition}""")  # noqa: S608 - our own fragments; values are parameters


def _interface_fields() -> list[tuple[str, str]]:
    return [(name, sql) for name, sql in shapes.fields_sql("interface") if name != "device"]


def _is_id(ref: str) -> bool:
    return len(ref) == 36 and ref.count("-") == 4 and all(c in "0123456789abcdefABCDEF-" for c in ref)
