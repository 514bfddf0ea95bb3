-- Where a cable lies: its ends, and its ducts in order with their paths.
select json_build_object('a', json_build_object('code', a.code, 'place', json_build_array(a.lon, a.lat)),
         'b', json_build_object('code', b.code, 'place', json_build_array(b.lon, b.lat)),
         'ducts', coalesce((select json_agg(json_build_object('code', d.code, 'length_m', d.length_m, 'reversed', x.reversed,
           'path', coalesce(d.path, jsonb_build_array(jsonb_build_array(m.lon, m.lat), jsonb_build_array(n.lon, n.lat))),
           'nodes', json_build_array(json_build_object('code', m.code, 'place', json_build_array(m.lon, m.lat)),
             json_build_object('code', n.code, 'place', json_build_array(n.lon, n.lat)))) order by x.position)
           from cable_duct x join duct d on d.id = x.duct_id join plant_node m on m.id = d.a_node_id
           join plant_node n on n.id = d.b_node_id where x.cable_id = c.id), '[]'))::text
  from cable c join plant_node a on a.id = c.a_node_id join plant_node b on b.id = c.b_node_id where c.code = :cable
