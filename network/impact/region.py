"""The region as reachability sees it: devices and links, and sites that are joined by circuits alone.

Reading twenty thousand links takes longer than asking about them, so the last reading is kept while nothing in it
has changed since.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text

from network.impact.reach import Line, Topology

__all__ = ["Place", "Region", "read_region"]

_CORE: Final = "core"
"""What a data centre counts as where no device of it is known."""

_AS_IT_IS: Final = text("""
select irisplane_tenant() as tenant, (select json_agg(f) from (
    select count(*) as n, max(updated_at) as at from device union all select count(*), max(updated_at) from link
    union all select count(*), max(updated_at) from circuit union all select count(*), max(updated_at) from site
    ) f)::text as print
""")
_DEVICES: Final = text("""
select d.id::text, d.name, d.role, s.id::text as site from device d join site s on s.id = d.site_id
 where d.status <> 'retired'
""")
_LINKS: Final = text("""
select l.id::text, l.name, a.device_id::text as a, b.device_id::text as b, l.length_m, k.id::text as circuit
  from link l join interface a on a.id = l.a_interface_id join interface b on b.id = l.b_interface_id
  left join circuit k on k.link_id = l.id and k.status <> 'retired' where l.status <> 'retired'
""")
_CIRCUITS: Final = text("""
select k.id::text, k.code, coalesce(ia.device_id, pa.site_id)::text as a, coalesce(ib.device_id, pb.site_id)::text as b
  from circuit k
  left join interface ia on ia.id = k.a_interface_id left join interface ib on ib.id = k.b_interface_id
  left join panel_port ra on ra.id = k.a_port_id left join panel pa on pa.id = ra.panel_id
  left join panel_port rb on rb.id = k.b_port_id left join panel pb on pb.id = rb.panel_id
 where k.link_id is null and k.status <> 'retired' and num_nonnulls(ia.device_id, pa.site_id) = 1
   and num_nonnulls(ib.device_id, pb.site_id) = 1
""")
_SITES: Final = text("select id::text, code, kind, name_fr, name_nl, tenant_id::text, facts from site")


@dataclass(frozen=True, slots=True)
class Place:
    """A device, or a site that circuits end at: what it is called, and the site it is at."""

    name: str
    role: str
    site: str


@dataclass(frozen=True, slots=True)
class Region:
    """What was read.

    Attributes:
        places: devices by id, and sites by id where circuits end at a panel.
        at: places by the id of their site.
        sites: every site by id.
        links: names by id of the line, a link's or a circuit's.
        rides: id of the link or circuit whose line it is, by circuit.
        unknown: links that no circuit is known of: nobody can say what they run over.
    """

    topology: Topology
    places: Mapping[Hashable, Place]
    at: Mapping[str, Sequence[Hashable]]
    sites: Mapping[str, Any]
    links: Mapping[Hashable, str]
    rides: Mapping[str, str]
    unknown: int


_KEPT: dict[str, tuple[str, Region]] = {}
_GUARD: Final = threading.Lock()


def read_region(tx: Connection) -> Region:
    """The region as this transaction may see it."""
    now = tx.execute(_AS_IT_IS).one()
    with _GUARD:
        kept = _KEPT.get(now.tenant)
    if kept is not None and kept[0] == now.print:
        return kept[1]
    made = _read(tx)
    with _GUARD:
        if len(_KEPT) >= 8:
            _KEPT.clear()
        _KEPT[now.tenant] = (now.print, made)
    return made


def _read(tx: Connection) -> Region:
    sites = {row.id: row for row in tx.execute(_SITES)}
    places: dict[Hashable, Place] = {row.id: Place(row.name, row.role, row.site) for row in tx.execute(_DEVICES)}
    names: dict[Hashable, str] = {}
    rides: dict[str, str] = {}
    lines: list[Line] = []
    unknown = 0
    for row in tx.execute(_LINKS):
        lines.append(Line(row.id, row.a, row.b, float(row.length_m or 1)))
        names[row.id] = row.name
        unknown += row.circuit is None
        if row.circuit is not None:
            rides[row.circuit] = row.id
    for row in tx.execute(_CIRCUITS):
        for end in (row.a, row.b):
            if end not in places and end in sites:
                site = sites[end]
                places[end] = Place(site.code, _CORE if site.kind == "datacentre" else "site", end)
        lines.append(Line(row.id, row.a, row.b))
        names[row.id] = row.code
        rides[row.id] = row.id
    roles = {place: known.role for place, known in places.items()}
    at: dict[str, list[Hashable]] = {}
    for place, known in places.items():
        at.setdefault(known.site, []).append(place)
    return Region(Topology(roles, lines), places, at, sites, names, rides, unknown)
