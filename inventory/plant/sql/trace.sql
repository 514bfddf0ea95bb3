-- What light meets, both ways from a strand. Way 1 leaves the strand at its far side, way -1 where it was entered. A row of the walk
-- is one strand that is reached and what was crossed on the way to it; the last row of each way has no strand, only what stands at the
-- end. Positions order all of it on one line.
with recursive walk (way, step, strand_id, enters, splice_id, port_id, interface_id, cord_id, next_port_id) as (
    select w, 0, cast(:strand as uuid), case w when 1 then cast(:enters as text) when -1 then
           case cast(:enters as text) when 'a' then 'b' else 'a' end end, null::uuid, null::uuid, null::uuid, null::uuid, null::uuid
      from unnest(array[1, -1]) w
    union all
    select w.way, w.step + 1, coalesce(e.next_strand_id, q.strand_id), coalesce(e.next_side, q.side), e.splice_id, e.port_id,
           f.interface_id, f.patch_cord_id, f.next_port_id
      from walk w
      join strand_end e on e.strand_id = w.strand_id and e.side = case w.enters when 'a' then 'b' else 'a' end
      left join port_front f on f.port_id = e.port_id
      left join panel_port q on q.id = f.next_port_id
     where w.step < 5000
),
element (pos, kind, id, enters) as (
    select way * step * 10, 'strand', strand_id, case way when 1 then enters else case enters when 'a' then 'b' else 'a' end end
      from walk where strand_id is not null and (way = 1 or step > 0)
    union all select way * (step * 10 - 5), 'splice', splice_id, null from walk where splice_id is not null
    union all select way * (step * 10 - 7), 'port', port_id, null from walk where port_id is not null
    union all select way * (step * 10 - 5), 'cord', cord_id, null from walk where cord_id is not null
    union all select way * (step * 10 - 3), 'port', next_port_id, null from walk where next_port_id is not null
    union all select way * (step * 10 - 5), 'interface', interface_id, null from walk where interface_id is not null
),
figure as (select cast(:figures as jsonb) as of),
hop as (
    select e.pos, 'strand' as kind, c.code || '/' || s.number as name, c.length_m,
           c.length_m / 1000 * (f.of -> 'fibre' ->> c.type)::float8 as loss_db,
           jsonb_build_object('cable', c.code, 'type', c.type, 'number', s.number, 'status', c.status,
             'tube', (s.number - 1) / c.strands_per_tube + 1, 'tube_colour', fibre_colour((s.number - 1) / c.strands_per_tube + 1),
             'position', (s.number - 1) % c.strands_per_tube + 1, 'colour', fibre_colour((s.number - 1) % c.strands_per_tube + 1),
             'from', case e.enters when 'a' then a.code else b.code end, 'to', case e.enters when 'a' then b.code else a.code end,
             'circuit', (select k.code from circuit_strand x join circuit k on k.id = x.circuit_id
                          where x.strand_id = s.id and x.during @> now())) as more
      from element e join strand s on s.id = e.id join cable c on c.id = s.cable_id
      join plant_node a on a.id = c.a_node_id join plant_node b on b.id = c.b_node_id, figure f
     where e.kind = 'strand'
    union all
    select e.pos, 'splice', k.code || coalesce('/' || x.tray, ''), 0, coalesce(x.loss_db, (f.of -> 'splice' ->> x.kind)::float8),
           jsonb_build_object('closure', k.code, 'tray', x.tray, 'node', n.code, 'splice', x.kind, 'measured', x.loss_db is not null)
      from element e join splice x on x.id = e.id join closure k on k.id = x.closure_id join plant_node n on n.id = k.node_id, figure f
     where e.kind = 'splice'
    union all
    select e.pos, 'port', l.code || '/' || p.number, 0,
           case when exists (select from port_front where port_id = p.id) then (f.of ->> 'connector')::float8 else 0 end,
           jsonb_build_object('panel', l.code, 'port', p.number, 'site', s.code, 'rack', r.name, 'connector', p.connector)
      from element e join panel_port p on p.id = e.id join panel l on l.id = p.panel_id join site s on s.id = l.site_id
      left join rack r on r.id = l.rack_id, figure f
     where e.kind = 'port'
    union all
    select e.pos, 'cord', p.code, p.length_m, 0, '{}' from element e join patch_cord p on p.id = e.id where e.kind = 'cord'
    union all
    select e.pos, 'interface', d.name || ':' || i.name, 0, 0,
           jsonb_build_object('device', d.name, 'interface', i.name, 'site', s.code, 'transceiver', t.type)
      from element e join interface i on i.id = e.id join device d on d.id = i.device_id join site s on s.id = d.site_id
      left join transceiver t on t.interface_id = i.id
     where e.kind = 'interface'
)
select jsonb_agg(jsonb_build_object('n', n, 'kind', kind, 'name', name, 'length_m', length_m, 'loss_db', round(loss_db::numeric, 4),
           'total_m', round(total_m::numeric, 2), 'total_db', round(total_db::numeric, 4)) || more order by n)::text
  from (select h.*, row_number() over along as n, sum(length_m) over along as total_m, sum(coalesce(loss_db, 0)) over along as total_db
          from hop h window along as (order by pos)) told
