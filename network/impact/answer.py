"""The impact of a loss, down to whom it touches: strands → circuits → links → devices → services → sites → tenants.

A circuit is *down* when no whole way of it is left, *protected* when its working way is cut and its protecting one is
whole, *degraded* when only its protecting way is cut. Devices and sites fare as :mod:`network.impact.reach` says; a
site is down when everything there is, and no better than its worst device otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, text

from network.impact.people import estimated
from network.impact.reach import State
from network.impact.region import Region, read_region
from network.impact.services import touched
from network.impact.subjects import Question, lost
from orchestrator.plan import JsonObject

__all__ = ["impact"]

_ORDER: Final = ("down", "degraded", "protected")
"""The worst first."""
_GONE: Final = """
    gone as (select id from strand where cable_id = any(:cables) union select unnest(cast(:strands as uuid[]))),
    lit as (select x.circuit_id, x.role, x.strand_id from circuit_strand x join gone g on g.id = x.strand_id
             where x.during @> now())"""
_CIRCUITS: Final = text(f"""
with {_GONE},
    hit as (select circuit_id, array_agg(strand_id) as strands, bool_or(role = 'working') as working,
                   bool_or(role = 'protecting') as protecting from lit group by circuit_id)
select k.id::text, k.code, k.name, k.status, k.protection, t.code as tenant, k.tenant_id::text,
       case when h.working and not h.protecting and exists (select from circuit_strand o where o.circuit_id = k.id
                                                              and o.role = 'protecting' and o.during @> now())
                 then 'protected'
            when h.working then 'down' else 'degraded' end as state,
       (select json_agg(c.code || '/' || s.number order by c.code, s.number)
          from strand s join cable c on c.id = s.cable_id where s.id = any(h.strands)) as strands
  from hit h join circuit k on k.id = h.circuit_id join tenant t on t.id = k.tenant_id
 where k.status <> 'retired' order by k.code
""")  # noqa: S608 - constants of this module
_STRANDS: Final = text(f"""
with {_GONE},
    held as (select c.code || '/' || s.number as strand, t.code as tenant, h.purpose
               from strand_hold h join gone g on g.id = h.strand_id join strand s on s.id = h.strand_id
               join cable c on c.id = s.cable_id join tenant t on t.id = h.tenant_id where h.during @> now())
select (select count(*) from gone) as strands, (select count(distinct strand_id) from lit) as lit,
       coalesce((select json_agg(held order by held.strand) from held), '[]') as holds
""")  # noqa: S608 - constants of this module
_TENANTS: Final = text(
    "select id::text, code, name_fr, name_nl, name_en from tenant where id = any(cast(:ids as uuid[]))"
)


def impact(tx: Connection, question: Question) -> JsonObject:
    """What a loss touches, the worst first.

    Gives the keys ``lost`` (``ducts``, ``cables``, ``strands``, ``lit``: strands that light something, ``holds``,
    ``one_feed_left``), ``circuits``, ``links``, ``devices``, ``services``, ``sites``, ``tenants`` (lists with
    ``state``), ``users`` (estimated, with what the estimate rests on), ``totals`` (counts by state), ``unknown`` (what
    cannot be said).

    Raises:
        ObjectNotFound: what is asked about does not exist.
        FieldRefused: nothing is asked about.
    """
    gone = lost(tx, question)
    strands = {"cables": [cable["id"] for cable in gone.cables], "strands": list(gone.strands)}
    lit = tx.execute(_STRANDS, strands).one()
    circuits = [dict(row) for row in tx.execute(_CIRCUITS, strands).mappings()]
    region = read_region(tx)
    cut = {str(link) for link in gone.links}
    cut.update(region.rides[row["id"]] for row in circuits if row["state"] == "down" and row["id"] in region.rides)
    dead = frozenset(str(device) for device in gone.devices)
    reach = region.topology.without(cut, dead)
    sites = _sites(region, reach)
    services = touched(tx, reach, region.topology.parts(cut, dead), dead)
    tenants = _tenants(tx, circuits, services, sites)
    found: dict[str, list[dict[str, Any]]] = {
        "circuits": _worst_first(circuits, "code"),
        "links": sorted(_links(region, cut, dead), key=lambda one: one["name"]),
        "devices": _worst_first(_devices(region, reach), "name"),
        "services": _worst_first(services, "code"),
        "sites": _worst_first(sites, "code"),
        "tenants": tenants,
    }
    return {
        "lost": {
            "ducts": list(gone.ducts),
            "cables": [{key: value for key, value in cable.items() if key != "id"} for cable in gone.cables],
            "strands": lit.strands,
            "lit": lit.lit,
            "holds": lit.holds,
            "one_feed_left": list(gone.one_feed_left),
        },
        **{name: [_shown(row) for row in rows] for name, rows in found.items()},
        "users": estimated(sites),
        "totals": {
            name: dict(Counter(row["state"] for row in found[name]))
            for name in ("circuits", "devices", "services", "sites")
        },
        "unknown": {"links_without_circuit": region.unknown},
    }


def _links(region: Region, cut: Iterable[str], dead: frozenset[str]) -> list[dict[str, Any]]:
    touched = set(cut)
    if dead:
        touched |= {str(line.id) for line in region.topology.lines if line.a in dead or line.b in dead}
    return [{"name": region.links[line], "state": "down"} for line in touched if line in region.links]


def _devices(region: Region, reach: Mapping[Hashable, State]) -> list[dict[str, Any]]:
    known = ((region.places[place], place, state) for place, state in reach.items())
    return [
        {"name": one.name, "role": one.role, "site": region.sites[one.site].code, "state": state}
        for one, place, state in known
        if place != one.site
    ]


def _sites(region: Region, reach: Mapping[Hashable, State]) -> list[dict[str, Any]]:
    found = []
    for key in {region.places[place].site for place in reach}:
        states = [reach.get(place) for place in region.at[key]]
        # where something is left, what is down besides was what stood beside it
        worst = "degraded" if {"down", "degraded"} & set(states) else "protected"
        state = "down" if set(states) == {"down"} else worst
        site = region.sites[key]
        found.append(
            {"code": site.code, "kind": site.kind, "name_fr": site.name_fr, "name_nl": site.name_nl,
             "state": state, "tenant_id": site.tenant_id, "facts": site.facts}
        )  # fmt: skip
    return found


def _tenants(tx: Connection, *touched: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Whose circuits and sites are touched, as the worst of them is."""
    worst: dict[str, str] = {}
    for rows in touched:
        for row in rows:
            known = worst.get(row["tenant_id"])
            if known is None or _ORDER.index(row["state"]) < _ORDER.index(known):
                worst[row["tenant_id"]] = row["state"]
    rows_ = [dict(row) for row in tx.execute(_TENANTS, {"ids": list(worst)}).mappings()]
    return _worst_first([{**row, "state": worst[row["id"]]} for row in rows_], "code")


def _worst_first(rows: Iterable[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (_ORDER.index(row["state"]), row[key]))


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("id", "tenant_id", "facts")}
