-- The plant as GeoJSON: nodes, ducts along their paths with the cables in them, and cables whose ducts nobody knows, straight.
with drawn (rank, code, feature) as (
    select 3, n.code, json_build_object('type', 'Feature', 'id', 'node:' || n.code,
             'geometry', json_build_object('type', 'Point', 'coordinates', json_build_array(n.lon, n.lat)),
             'properties', json_build_object('layer', 'node', 'code', n.code, 'kind', n.kind, 'site', s.code,
               'closures', (select coalesce(json_agg(k.code order by k.code), '[]') from closure k where k.node_id = n.id)))
      from plant_node n left join site s on s.id = n.site_id
    union all
    select 1, d.code, json_build_object('type', 'Feature', 'id', 'duct:' || d.code,
             'geometry', json_build_object('type', 'LineString', 'coordinates',
               coalesce(d.path, jsonb_build_array(jsonb_build_array(a.lon, a.lat), jsonb_build_array(b.lon, b.lat)))),
             'properties', json_build_object('layer', 'duct', 'code', d.code, 'kind', d.kind, 'a', a.code, 'b', b.code,
               'cables', (select coalesce(json_agg(distinct c.code order by c.code), '[]') from cable_duct x join cable c on c.id = x.cable_id
                           where x.duct_id = d.id)))
      from duct d join plant_node a on a.id = d.a_node_id join plant_node b on b.id = d.b_node_id
    union all
    select 2, c.code, json_build_object('type', 'Feature', 'id', 'cable:' || c.code,
             'geometry', json_build_object('type', 'LineString', 'coordinates',
               json_build_array(json_build_array(a.lon, a.lat), json_build_array(b.lon, b.lat))),
             'properties', json_build_object('layer', 'cable', 'code', c.code, 'status', c.status, 'a', a.code, 'b', b.code))
      from cable c join plant_node a on a.id = c.a_node_id join plant_node b on b.id = c.b_node_id
     where not exists (select from cable_duct x where x.cable_id = c.id)
)
select json_build_object('type', 'FeatureCollection',
         'features', (select coalesce(json_agg(feature order by rank, code), '[]') from drawn))::text
