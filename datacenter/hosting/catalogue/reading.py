"""The catalogue as people and programs read it: valid at a time, in a language, JSON built by PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Final, Literal

from sqlalchemy import Connection, TextClause, text

from datacenter.hosting.errors import NotOffered
from datacenter.hosting.pricing import QUARTERS_OF_A_MONTH

__all__ = ["Language", "catalogue_json", "flavors_json", "images_json", "offering_json"]

Language = Literal["fr", "nl", "en"]


def catalogue_json(tx: Connection, language: Language, at: datetime, kind: str | None = None) -> str:
    """Every offering with its plans and prices: ``{"at", "language", "currency", "items": […], "next": null}``."""
    return str(tx.execute(_list(language), {"at": at, "kind": kind, "code": None}).scalar_one())


def offering_json(tx: Connection, language: Language, code: str, at: datetime) -> str:
    """One offering.

    Raises:
        NotOffered: there is none of this code at that time.
    """
    found = tx.execute(_one(language), {"at": at, "kind": None, "code": code}).scalar()
    if found is None:
        raise NotOffered(f"There is no offering {code[:100]!r} at that time.", pointer="/code")
    return str(found)


def flavors_json(tx: Connection, language: Language, at: datetime) -> str:
    """The plans of servers that can be ordered, cheapest first."""
    return str(tx.execute(_flavors(language), {"at": at}).scalar_one())


def images_json(tx: Connection, language: Language, at: datetime) -> str:
    """The images that can be ordered, by code."""
    return str(tx.execute(_images(language), {"at": at}).scalar_one())


_PRICES: Final = f"""
    coalesce((select json_agg(json_build_object(
            'component', c.component, 'unit', case c.component when 'gib' then 'GiB' else 'piece' end,
            'quarter_micro_eur', c.quarter_micro_eur::text,
            'month_micro_eur', (c.quarter_micro_eur * {QUARTERS_OF_A_MONTH})::text,
            'from', lower(c.valid), 'until', upper(c.valid)) order by c.component)
        from price c where c.offering_id = o.id and c.plan_id is not distinct from %s
         and c.valid @> cast(:at as timestamptz)), '[]')"""  # noqa: S608 - our own text

_SOURCE: Final = """
    from offering o where o.valid @> cast(:at as timestamptz)
     and (cast(:kind as text) is null or o.kind = :kind) and (cast(:code as text) is null or o.code = :code)"""


def _offering(language: Language) -> str:
    plan = f"""json_build_object('id', p.id, 'code', p.code, 'name', p.name_{language}, 'flavor', p.flavor,
        'vcpus', p.vcpus, 'ram_mib', p.ram_mib, 'disk_gib', p.disk_gib, 'prices', {_PRICES % "p.id"},
        'from', lower(p.valid), 'until', upper(p.valid))"""
    return f"""json_build_object('id', o.id, 'code', o.code, 'kind', o.kind, 'name', o.name_{language},
        'description', o.description_{language}, 'details', o.details,
        'orderable', o.kind = 'image' or exists (select from price c where c.offering_id = o.id
             and c.valid @> cast(:at as timestamptz)
             and (c.plan_id is null or exists (select from offering_plan v where v.id = c.plan_id
                                               and v.valid @> cast(:at as timestamptz)))),
        'plans', coalesce((select json_agg({plan} order by p.vcpus, p.ram_mib, p.code)
            from offering_plan p where p.offering_id = o.id and p.valid @> cast(:at as timestamptz)), '[]'),
        'prices', {_PRICES % "null::uuid"}, 'from', lower(o.valid), 'until', upper(o.valid))"""  # noqa: S608 - our own text


@cache
def _list(language: Language) -> TextClause:
    return text(f"""
        select json_build_object('at', cast(:at as timestamptz), 'language', '{language}', 'currency', 'EUR',
            'month_quarters', {QUARTERS_OF_A_MONTH},
            'items', coalesce(json_agg({_offering(language)} order by o.kind, o.code), '[]'), 'next', null)::text
        {_SOURCE}""")


@cache
def _one(language: Language) -> TextClause:
    return text(f"select {_offering(language)}::text {_SOURCE}")


@cache
def _flavors(language: Language) -> TextClause:
    return text(f"""
        select json_build_object('items', coalesce(json_agg(json_build_object(
            'id', p.id, 'code', p.code, 'name', p.name_{language}, 'offering', o.code, 'flavor', p.flavor,
            'vcpus', p.vcpus, 'ram_mib', p.ram_mib, 'disk_gib', p.disk_gib,
            'quarter_micro_eur', c.quarter_micro_eur::text,
            'month_micro_eur', (c.quarter_micro_eur * {QUARTERS_OF_A_MONTH})::text)
            order by c.quarter_micro_eur, p.code), '[]'), 'next', null)::text
        from offering_plan p
        join offering o on o.id = p.offering_id and o.kind = 'server' and o.valid @> cast(:at as timestamptz)
        join price c on c.plan_id = p.id and c.component = 'server' and c.valid @> cast(:at as timestamptz)
        where p.valid @> cast(:at as timestamptz)""")  # noqa: S608 - our own text


@cache
def _images(language: Language) -> TextClause:
    return text(f"""
        select json_build_object('items', coalesce(json_agg(json_build_object(
            'id', o.id, 'code', o.code, 'name', o.name_{language}, 'description', o.description_{language},
            'details', o.details - 'select') order by o.code), '[]'), 'next', null)::text
        from offering o where o.kind = 'image' and o.valid @> cast(:at as timestamptz)""")  # noqa: S608 - our own text
