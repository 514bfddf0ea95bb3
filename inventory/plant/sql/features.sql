-- Nodes, ducts and cables as features. A cable is drawn along its ducts, one line each; straight where they are not known.
with place as (select id, code, jsonb_build_array(lon, lat) as at from plant_node),
drawn as (select d.*, coalesce(d.path, jsonb_build_array(a.at, b.at)) as line, a.code as a, b.code as b
            from duct d join place a on a.id = d.a_node_id join place b on b.id = d.b_node_id),
feature as (
    select 1 as nth, n.code, jsonb_build_object('type', 'Point', 'coordinates', p.at) as geometry,
           jsonb_build_object('plant', 'plant_node', 'code', n.code, 'kind', n.kind, 'site', (select s.code from site s where s.id = n.site_id),
             'feed', (select f.code from power_feed f where f.id = n.feed_id), 'provenance', n.provenance, 'source', n.source,
             'tenant', (select o.code from tenant o where o.id = n.tenant_id)) as properties
      from plant_node n join place p on p.id = n.id
    union all
    select 2, d.code, case when d.path is not null then jsonb_build_object('type', 'LineString', 'coordinates', d.line) end,
           jsonb_build_object('plant', 'duct', 'code', d.code, 'kind', d.kind, 'a_node', d.a, 'b_node', d.b, 'length_m', d.length_m,
             'owner', d.owner, 'provenance', d.provenance, 'source', d.source, 'tenant', (select o.code from tenant o where o.id = d.tenant_id))
      from drawn d
    union all
    select 3, c.code, coalesce((select jsonb_build_object('type', 'MultiLineString', 'coordinates', jsonb_agg(d.line order by x.position))
                                  from cable_duct x join drawn d on d.id = x.duct_id where x.cable_id = c.id having count(*) > 0),
                               jsonb_build_object('type', 'LineString', 'coordinates', jsonb_build_array(a.at, b.at))),
           jsonb_build_object('plant', 'cable', 'code', c.code, 'type', c.type, 'strands', c.strands, 'strands_per_tube', c.strands_per_tube,
             'a_node', a.code, 'b_node', b.code, 'length_m', c.length_m, 'status', c.status, 'provenance', c.provenance, 'source', c.source,
             'tenant', (select o.code from tenant o where o.id = c.tenant_id),
             'ducts', (select coalesce(jsonb_agg(jsonb_build_object('duct', d.code, 'reversed', x.reversed) order by x.position), '[]')
                         from cable_duct x join duct d on d.id = x.duct_id where x.cable_id = c.id))
      from cable c join place a on a.id = c.a_node_id join place b on b.id = c.b_node_id
)
select jsonb_build_object('type', 'FeatureCollection', 'features', coalesce(jsonb_agg(
         jsonb_build_object('type', 'Feature', 'geometry', geometry, 'properties', properties) order by nth, code collate "C"), '[]'))::text
  from feature
