"""Where sites stand and how they are: the region for a map, as GeoJSON and as rows; one statement each.

The state of a device is that of the standing look: *up*, *drift* (it answers and runs something else than intended),
*down* (it does not answer), *unknown* (nobody looked for two minutes), *planned*. A site is as its worst device is, a
link as the worse of its two ends: no line is measured here, so *up* says that both ends answer. What is not known is
never up: *unknown* comes before *drift*, and only *down* before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, Literal

from sqlalchemy import Connection, TextClause, text

__all__ = ["STATES", "PlaceState", "communes_json", "map_json", "named_json", "place_json", "standing_json"]

PlaceState = Literal["down", "unknown", "drift", "planned", "up", "empty"]
STATES: Final[tuple[PlaceState, ...]] = ("down", "unknown", "drift", "planned", "up", "empty")
"""The worst first; a site without devices is *empty*."""

_PARTS: Final = """
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
    every_link as (
        select l.name, l.kind, a.name as a, b.name as b, sa.code as a_site, sb.code as b_site,
               sa.lon as a_lon, sa.lat as a_lat, sb.lon as b_lon, sb.lat as b_lat,
               ca.nis_code as a_commune, cb.nis_code as b_commune,
               case when l.status = 'planned' or 'planned' in (a.state, b.state) then 'planned'
                    when 'down' in (a.state, b.state) then 'down'
                    when 'unknown' in (a.state, b.state) then 'unknown'
                    when 'drift' in (a.state, b.state) then 'drift' else 'up' end as state
          from link l
          join interface ia on ia.id = l.a_interface_id join seen a on a.id = ia.device_id
          join interface ib on ib.id = l.b_interface_id join seen b on b.id = ib.device_id
          join site sa on sa.id = a.site_id join site sb on sb.id = b.site_id
          left join commune ca on ca.id = sa.commune_id left join commune cb on cb.id = sb.commune_id
         where l.status <> 'retired')
"""
_WORST: Final = "array_position(array['down', 'unknown', 'drift', 'planned', 'up', 'empty'], state)"
_SITE_FIELDS: Final = ", ".join(
    f"'{name}', {name}"
    for name in (
        "code", "kind", "name_fr", "name_nl", "commune", "state",
        "devices", "down", "unknown", "drift", "planned", "up",
    )
)  # fmt: skip
_LINK_FIELDS: Final = ", ".join(f"'{name}', {name}" for name in ("name", "kind", "a", "b", "a_site", "b_site", "state"))
_SITES: Final = "sites as (select * from every_site where {})"
_LINKS: Final = "links as (select * from every_link where {})"


@cache
def _statement(answer: str, *, commune: bool, state: bool) -> TextClause:
    """The parts and what is made of them; a filter that is not asked for stands in no condition, so that the plan that
    PostgreSQL keeps of a statement is as good as the one it would make anew."""
    of_sites = ["commune = :commune"] * commune + ["state = :state"] * state
    of_links = [":commune in (a_commune, b_commune)"] * commune + ["state = :state"] * state
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
        'links', (select coalesce(json_agg(json_build_object({_LINK_FIELDS}) order by {_WORST}, name), '[]')
                    from (select * from links order by {_WORST}, name limit :limit) first),
        'site_states', (select coalesce(json_object_agg(state, n), '{{}}')
                          from (select state, count(*) as n from sites group by state) s),
        'link_states', (select coalesce(json_object_agg(state, n), '{{}}')
                          from (select state, count(*) as n from links group by state) l),
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


def map_json(tx: Connection, *, commune: str | None = None, state: PlaceState | None = None) -> str:
    """Sites and links as a GeoJSON collection; ``geometry`` is null where the inventory knows no place.

    Args:
        commune: NIS code; links with one end there are among them.
        state: only what is in that state.
    """
    return _asked(tx, _MAP, commune, state, {})


def standing_json(tx: Connection, *, commune: str | None, state: PlaceState | None, limit: int) -> str:
    """The same as rows, the worst first, ``limit`` of each, with how many there are in which state."""
    return _asked(tx, _STANDING, commune, state, {"limit": limit})


def _asked(
    tx: Connection, answer: str, commune: str | None, state: PlaceState | None, more: Mapping[str, object]
) -> str:
    asked = {name: value for name, value in (("commune", commune), ("state", state)) if value is not None}
    statement = _statement(answer, commune="commune" in asked, state="state" in asked)
    return str(tx.execute(statement, {**asked, **more}).scalar_one())


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
