-- One cable with its ducts in order and its strands: colours, what each end leads to, which circuit lights it, who holds it.
with leads as (
    select e.strand_id, e.side, case when x.id is null then json_build_object('kind', 'port', 'name', l.code || '/' || p.number,
             'interface', (select d.name || ':' || i.name from port_front f join interface i on i.id = f.interface_id
                             join device d on d.id = i.device_id where f.port_id = p.id))
           else json_build_object('kind', 'splice', 'name', o.code || '/' || t.number, 'cable', o.code, 'number', t.number,
             'closure', k.code, 'tray', x.tray) end as what
      from cable c join strand s on s.cable_id = c.id join strand_end e on e.strand_id = s.id
      left join splice x on x.id = e.splice_id left join closure k on k.id = x.closure_id
      left join strand t on t.id = e.next_strand_id left join cable o on o.id = t.cable_id
      left join panel_port p on p.id = e.port_id left join panel l on l.id = p.panel_id
     where c.id = cast(:id as uuid)
)
select json_build_object('code', c.code, 'type', c.type, 'status', c.status, 'length_m', c.length_m, 'provenance', c.provenance,
         'source', c.source, 'a', json_build_object('code', a.code, 'site', y.code), 'b', json_build_object('code', b.code, 'site', z.code),
         'ducts', coalesce((select json_agg(json_build_object('code', d.code, 'kind', d.kind, 'length_m', d.length_m, 'owner', d.owner)
                             order by x.position) from cable_duct x join duct d on d.id = x.duct_id where x.cable_id = c.id), '[]'),
         'strands', (select json_agg(json_build_object('number', s.number, 'tube', (s.number - 1) / c.strands_per_tube + 1,
               'tube_colour', fibre_colour((s.number - 1) / c.strands_per_tube + 1),
               'colour', fibre_colour((s.number - 1) % c.strands_per_tube + 1),
               'a', (select what from leads where strand_id = s.id and side = 'a'),
               'b', (select what from leads where strand_id = s.id and side = 'b'),
               'circuit', (select k.code from circuit_strand x join circuit k on k.id = x.circuit_id where x.strand_id = s.id and x.during @> now()),
               'held_by', (select t.code from strand_hold h join tenant t on t.id = h.tenant_id where h.strand_id = s.id and h.during @> now()),
               'held_until', (select upper(h.during) from strand_hold h where h.strand_id = s.id and h.during @> now())) order by s.number)
           from strand s where s.cable_id = c.id))::text
  from cable c join plant_node a on a.id = c.a_node_id join plant_node b on b.id = c.b_node_id
  left join site y on y.id = a.site_id left join site z on z.id = b.site_id
 where c.id = cast(:id as uuid)
