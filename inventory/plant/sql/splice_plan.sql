-- What a closure holds, for the crew that opens it: its cables, and each splice with both strands, as they are told apart by eye.
with k as (
    select k.*, n.code as node, n.kind as node_kind, n.lon, n.lat, s.code as site
      from closure k join plant_node n on n.id = k.node_id left join site s on s.id = n.site_id where k.id = cast(:id as uuid)
),
at_hand as (      -- ends of strands that are spliced here
    select x.id as splice_id, e.strand_id, e.side, s.number, c.id as cable_id, c.code,
           jsonb_build_object('cable', c.code, 'side', e.side, 'number', s.number,
             'tube', (s.number - 1) / c.strands_per_tube + 1, 'tube_colour', fibre_colour((s.number - 1) / c.strands_per_tube + 1),
             'position', (s.number - 1) % c.strands_per_tube + 1, 'colour', fibre_colour((s.number - 1) % c.strands_per_tube + 1),
             'circuit', (select r.code from circuit_strand l join circuit r on r.id = l.circuit_id
                          where l.strand_id = s.id and l.during @> now())) as told,
           row_number() over (partition by x.id order by c.code, s.number, e.side) as nth
      from k join splice x on x.closure_id = k.id join strand_end e on e.splice_id = x.id
      join strand s on s.id = e.strand_id join cable c on c.id = s.cable_id
)
select json_build_object('closure', k.code, 'trays', k.trays, 'node', k.node, 'node_kind', k.node_kind, 'site', k.site,
  'lon', k.lon, 'lat', k.lat,
  'cables', coalesce((select json_agg(json_build_object('cable', c.code, 'side', u.side, 'type', c.type, 'strands', c.strands,
       'strands_per_tube', c.strands_per_tube, 'status', c.status, 'length_m', c.length_m,
       'leads_to', (select n.code from plant_node n where n.id = case u.side when 'a' then c.b_node_id else c.a_node_id end),
       'spliced', u.numbers) order by c.code, u.side)
     from (select cable_id, side, json_agg(number order by number) as numbers from at_hand group by cable_id, side) u
     join cable c on c.id = u.cable_id), '[]'),
  'splices', coalesce((select json_agg(json_build_object('tray', x.tray, 'kind', x.kind, 'loss_db', x.loss_db,
       'left', l.told, 'right', r.told) order by x.tray nulls last, l.code, l.number, r.code, r.number)
     from splice x join at_hand l on l.splice_id = x.id and l.nth = 1 join at_hand r on r.splice_id = x.id and r.nth = 2
    where x.closure_id = k.id), '[]'))::text
  from k
