-- One closure with its splices, tray by tray; of each the two strands that meet, with their colours.
with told as (
    select x.id as splice_id, m.half, c.code as cable, s.number, m.side, (s.number - 1) / c.strands_per_tube + 1 as tube,
           fibre_colour((s.number - 1) / c.strands_per_tube + 1) as tube_colour,
           fibre_colour((s.number - 1) % c.strands_per_tube + 1) as colour
      from closure k join splice x on x.closure_id = k.id
     cross join lateral (values ('a', x.a_strand_id, x.a_side), ('b', x.b_strand_id, x.b_side)) m (half, strand_id, side)
      join strand s on s.id = m.strand_id join cable c on c.id = s.cable_id
     where k.code = :closure
)
select json_build_object('code', k.code, 'trays', k.trays, 'node', n.code, 'kind', n.kind, 'site', y.code, 'lon', n.lon, 'lat', n.lat,
         'splices', coalesce((select json_agg(json_build_object('tray', x.tray, 'kind', x.kind, 'loss_db', x.loss_db,
               'a', json_build_object('cable', a.cable, 'number', a.number, 'side', a.side, 'tube', a.tube, 'tube_colour', a.tube_colour, 'colour', a.colour),
               'b', json_build_object('cable', b.cable, 'number', b.number, 'side', b.side, 'tube', b.tube, 'tube_colour', b.tube_colour, 'colour', b.colour))
               order by x.tray nulls last, a.cable, a.number)
           from splice x join told a on a.splice_id = x.id and a.half = 'a' join told b on b.splice_id = x.id and b.half = 'b'
          where x.closure_id = k.id), '[]'))::text
  from closure k join plant_node n on n.id = k.node_id left join site y on y.id = n.site_id where k.code = :closure
