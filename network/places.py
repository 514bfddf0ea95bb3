"""Where sites stand and how they are: the region for a map, as GeoJSON and as rows; one statement each.

The state of a device is that of the standing look: *up*, *drift* (it answers and runs something else than intended),
*down* (it does not answer), *unknown* (nobody looked for two minutes), *planned*. A site is as its worst device is. A
link is as the watch on links saw it within the last minute; where that looks at none, as the worse of its two ends.
What is not known is never up: *unknown* comes before *drift*, and only *down* before it.

What a link carries is what its devices told over SNMP within two minutes: the busier way of the busier end, of the
slower end's speed, as the rules for Prometheus record it. A link that is down or planned carries nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, Literal

from sqlalchemy import Connection, TextClause, text

from network.incidents.last_look import FRESH_SECONDS as LINKS_SEEN
from network.polling.polled import FRESH_SECONDS as POLLED

__all__ = [
    "BUSY",
    "FULL",
    "LOADS",
    "STATES",
    "LinkLoadBand",
    "PlaceState",
    "communes_json",
    "map_json",
    "named_json",
    "place_json",
    "standing_json",
]

PlaceState = Literal["down", "unknown", "drift", "planned", "up", "empty"]
STATES: Final[tuple[PlaceState, ...]] = ("down", "unknown", "drift", "planned", "up", "empty")
"""The worst first; a site without devices is *empty*."""
LinkLoadBand = Literal["down", "unknown", "high", "middle", "low", "planned"]
LOADS: Final[tuple[LinkLoadBand, ...]] = ("down", "high", "middle", "low", "unknown", "planned")
"""What asks for attention first."""
BUSY: Final = 0.5
"""Of its capacity, from where a link's load is *middle*."""
FULL: Final = 0.8
"""From where it is *high*."""

_PARTS: Final = f"""
    watched as not materialized (
        select s.link_id, case when s.state = 'down' and s.up_at is null then 'planned' else s.state end as state
          from link_state s
         where exists (select from link_watch w where w.looked_at > now() - interval '{LINKS_SEEN} seconds')),
    told as materialized (
        select p.device_id, i.name, nullif(i.speed, 0) as speed,
               greatest((p.look -> 'rates' -> i.name ->> 0)::float8,
                        (p.look -> 'rates' -> i.name ->> 1)::float8) as octets
          from device_polled p, jsonb_to_recordset(p.look -> 'interfaces') as i(name text, speed bigint)
         where p.at > now() - interval '{POLLED} seconds'),
    seen as not materialized (
        select d.id, d.name, d.role, d.site_id,
               case when d.status = 'planned' then 'planned'
                    when st.tried_at is null or st.tried_at <= now() - interval '2 minutes' then 'unknown'
                    when st.reachable is not true then 'down'
                    when st.drifted_since is not null then 'drift' else 'up' end as state
          from device d left join device_state st on st.device_id = d.id where d.status <> 'retired'),
    counted as (
        select site_id, count(*) as devices, count(*) filter (where state = 'down') as down,
               count(*) filter (where state = 'unknown') as unknown, count(*) filter (where state = 'drift') as drift,
               count(*) filter (where state = 'planned') as planned, count(*) filter (where state = 'up') as up
          from seen group by site_id),
    every_site as (
        select s.code, s.kind, s.name_fr, s.name_nl, c.nis_code as commune, s.lon, s.lat, s.source,
               coalesce(n.devices, 0) as devices, coalesce(n.down, 0) as down, coalesce(n.unknown, 0) as unknown,
               coalesce(n.drift, 0) as drift, coalesce(n.planned, 0) as planned, coalesce(n.up, 0) as up,
               case when n.devices is null then 'empty' when n.down > 0 then 'down' when n.unknown > 0 then 'unknown'
                    when n.drift > 0 then 'drift' when n.up > 0 then 'up' else 'planned' end as state
          from site s left join commune c on c.id = s.commune_id left join counted n on n.site_id = s.id),
    standing_link as (
        select l.name, l.kind, a.name as a, b.name as b, sa.code as a_site, sb.code as b_site,
               sa.lon as a_lon, sa.lat as a_lat, sb.lon as b_lon, sb.lat as b_lat,
               ca.nis_code as a_commune, cb.nis_code as b_commune,
               round(8 * greatest(ta.octets, tb.octets))::bigint as bits_per_second,
               least(ta.speed, tb.speed) as capacity,
               case when l.status = 'planned' or 'planned' in (a.state, b.state) then 'planned'
                    when w.state in ('planned', 'down', 'unknown') then w.state
                    when w.state is null and 'down' in (a.state, b.state) then 'down'
                    when w.state is null and 'unknown' in (a.state, b.state) then 'unknown'
                    when 'drift' in (a.state, b.state) then 'drift' else 'up' end as state
          from link l
          join interface ia on ia.id = l.a_interface_id join seen a on a.id = ia.device_id
          join interface ib on ib.id = l.b_interface_id join seen b on b.id = ib.device_id
          join site sa on sa.id = a.site_id join site sb on sb.id = b.site_id
          left join commune ca on ca.id = sa.commune_id left join commune cb on cb.id = sb.commune_id
          left join watched w on w.link_id = l.id
          left join told ta on ta.device_id = ia.device_id and ta.name = ia.name
          left join told tb on tb.device_id = ib.device_id and tb.name = ib.name
         where l.status <> 'retired'),
    every_link as (
        select *, case when state in ('down', 'planned') then state
                       when bits_per_second is null or capacity is null then 'unknown'
                       when bits_per_second >= {FULL} * capacity then 'high'
                       when bits_per_second >= {BUSY} * capacity then 'middle' else 'low' end as load
          from standing_link)
"""  # noqa: S608 - constants of this module
_WORST: Final = "array_position(array['down', 'unknown', 'drift', 'planned', 'up', 'empty'], state)"
_FIRST: Final = (
    f"case when cast(:by_load as boolean) then array_position(array{list(LOADS)}, load) else {_WORST} end,"
    " case when :by_load then bits_per_second::float8 / capacity end desc nulls last, name"
)
_SITE_FIELDS: Final = ", ".join(
    f"'{name}', {name}"
    for name in (
        "code", "kind", "name_fr", "name_nl", "commune", "state",
        "devices", "down", "unknown", "drift", "planned", "up",
    )
)  # fmt: skip
_OF_LINKS: Final = ("name", "kind", "a", "b", "a_site", "b_site", "state", "load", "bits_per_second", "capacity")
_LINK_FIELDS: Final = ", ".join(f"'{name}', {name}" for name in _OF_LINKS)
_SITES: Final = "sites as (select * from every_site where {})"
_LINKS: Final = "links as (select * from every_link where {})"


@cache
def _statement(answer: str, *, commune: bool, state: bool, load: bool) -> TextClause:
    """The parts and what is made of them; a filter that is not asked for stands in no condition, so that the plan that
    PostgreSQL keeps of a statement is as good as the one it would make anew."""
    of_sites = ["commune = :commune"] * commune + ["state = :state"] * state
    of_links = [":commune in (a_commune, b_commune)"] * commune + ["state = :state"] * state + ["load = :load"] * load
    shown = (
        _SITES.format(" and ".join(of_sites) or "true"),
        _LINKS.format(" and ".join(of_links) or "true"),
    )
    return text(f"with {_PARTS}, {', '.join(shown)}{answer}")


_MAP: Final = f"""
    , drawn as (
        select 1 as layer, code as name, json_build_object('type', 'Feature', 'id', 'site:' || code,
                   'geometry', case when lon is not null then
                       json_build_object('type', 'Point', 'coordinates', json_build_array(lon, lat)) end,
                   'properties', json_build_object('layer', 'site', {_SITE_FIELDS})) as feature from sites
        union all
        select 2, name, json_build_object('type', 'Feature', 'id', 'link:' || name,
                   'geometry', case when a_lon is not null and b_lon is not null and a_site <> b_site then
                       json_build_object('type', 'LineString', 'coordinates',
                           json_build_array(json_build_array(a_lon, a_lat), json_build_array(b_lon, b_lat))) end,
                   'properties', json_build_object('layer', 'link', {_LINK_FIELDS})) from links)
    select json_build_object('type', 'FeatureCollection',
        'attributions', (select coalesce(json_agg(source order by source), '[]')
                           from (select distinct source from sites where source <> '') told),
        'features', (select coalesce(json_agg(feature order by layer, name), '[]') from drawn))::text
    """  # noqa: S608 - constants of this module
_STANDING: Final = f"""
    select json_build_object(
        'sites', (select coalesce(json_agg(json_build_object({_SITE_FIELDS}) order by {_WORST}, code), '[]')
                    from (select * from sites order by {_WORST}, code limit :limit) first),
        'links', (select coalesce(json_agg(json_build_object({_LINK_FIELDS}) order by {_FIRST}), '[]')
                    from (select * from links order by {_FIRST} limit :limit) first),
        'site_states', (select coalesce(json_object_agg(state, n), '{{}}')
                          from (select state, count(*) as n from sites group by state) s),
        'link_states', (select coalesce(json_object_agg(state, n), '{{}}')
                          from (select state, count(*) as n from links group by state) l),
        'link_loads', (select coalesce(json_object_agg(load, n), '{{}}')
                         from (select load, count(*) as n from links group by load) l),
        'attributions', (select coalesce(json_agg(source order by source), '[]')
                           from (select distinct source from sites where source <> '') told),
        'unplaced', (select count(*) from sites where lon is null))::text
    """  # noqa: S608 - constants of this module
_PLACE: Final = text(
    f"""
    with {_PARTS}
    select json_build_object({_SITE_FIELDS}, 'source', source, 'lon', lon, 'lat', lat,
        'device_list', (select coalesce(json_agg(json_build_object('name', e.name, 'role', e.role, 'state', e.state)
                                                 order by e.name), '[]')
                          from (select d.* from seen d join site s on s.id = d.site_id
                                 where s.code = :code order by d.name limit 50) e),
        'link_list', (select coalesce(json_agg(json_build_object({_LINK_FIELDS}) order by name), '[]')
                        from (select * from every_link where :code in (a_site, b_site) order by name limit 50) e))::text
      from every_site where code = :code
    """  # noqa: S608 - constants of this module
)
_NAMED: Final = text("""
    select coalesce(json_agg(json_build_object('code', code, 'kind', kind, 'name_fr', name_fr, 'name_nl', name_nl)
                             order by code), '[]')::text
      from (select * from site where position(lower(:part) in lower(code || ' ' || name_fr || ' ' || name_nl)) > 0
             order by code limit :limit) found
""")
_COMMUNES: Final = text("""
    select coalesce(json_agg(json_build_object('nis_code', nis_code, 'name_fr', name_fr, 'name_nl', name_nl,
                                               'lon', lon, 'lat', lat) order by name_fr), '[]')::text from commune
""")


def map_json(
    tx: Connection,
    *,
    commune: str | None = None,
    state: PlaceState | None = None,
    load: LinkLoadBand | None = None,
) -> str:
    """Sites and links as a GeoJSON collection; ``geometry`` is null where the inventory knows no place.

    Args:
        commune: NIS code; links with one end there are among them.
        state: only what is in that state.
        load: of links, only those that carry so much; sites stay.
    """
    return _asked(tx, _MAP, {"commune": commune, "state": state, "load": load}, {})


def standing_json(
    tx: Connection,
    *,
    commune: str | None,
    state: PlaceState | None,
    load: LinkLoadBand | None = None,
    by_load: bool = False,
    limit: int,
) -> str:
    """The same as rows, the worst first, ``limit`` of each, with how many there are in which state, and of links, with
    which load. ``by_load``: links that are down or of which nothing is known first, then the fullest."""
    asked = {"commune": commune, "state": state, "load": load}
    return _asked(tx, _STANDING, asked, {"limit": limit, "by_load": by_load})


def _asked(tx: Connection, answer: str, asked: Mapping[str, str | None], more: Mapping[str, object]) -> str:
    given = {name: value for name, value in asked.items() if value is not None}
    statement = _statement(answer, commune="commune" in given, state="state" in given, load="load" in given)
    return str(tx.execute(statement, {**given, **more}).scalar_one())


def place_json(tx: Connection, code: str) -> str | None:
    """One site with its devices and links, the first fifty of each; ``None``: it is not there, or not yours."""
    found = tx.execute(_PLACE, {"code": code}).scalar()
    return None if found is None else str(found)


def named_json(tx: Connection, part: str, limit: int) -> str:
    """Sites with this part in their code or a name."""
    return str(tx.execute(_NAMED, {"part": part, "limit": limit}).scalar_one())


def communes_json(tx: Connection) -> str:
    """Communes by name."""
    return str(tx.execute(_COMMUNES).scalar_one())
