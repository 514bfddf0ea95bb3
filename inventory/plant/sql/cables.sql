-- Cables by code or place, with how many of their strands lead on at both ends, are lit and are held.
with found as (
    select c.id, c.code, c.type, c.strands, c.length_m, c.status, a.code as a, b.code as b, s.code as a_site, z.code as b_site
      from cable c join plant_node a on a.id = c.a_node_id join plant_node b on b.id = c.b_node_id
      left join site s on s.id = a.site_id left join site z on z.id = b.site_id
     where cast(:q as text) is null or concat_ws(' ', c.code, a.code, b.code, s.code, z.code) ilike '%' || :q || '%'
        or exists (select from cable_duct x join duct d on d.id = x.duct_id where x.cable_id = c.id and d.code ilike '%' || :q || '%')
),
shown as (
    select f.code, f.type, f.strands, f.length_m, f.status, f.a, f.b, f.a_site, f.b_site,
           (select count(*) from (select from strand t join strand_end e on e.strand_id = t.id where t.cable_id = f.id
                                   group by t.id having count(*) = 2) through) as through,
           (select count(*) from strand t join circuit_strand x on x.strand_id = t.id and x.during @> now() where t.cable_id = f.id) as lit,
           (select count(*) from strand t join strand_hold h on h.strand_id = t.id and h.during @> now() where t.cable_id = f.id) as held,
           (select coalesce(json_agg(d.code order by x.position), '[]') from cable_duct x join duct d on d.id = x.duct_id
             where x.cable_id = f.id) as ducts
      from found f order by f.code limit :limit
)
select json_build_object('all', (select count(*) from found),
         'cables', coalesce((select json_agg(s order by s.code) from shown s), '[]'))::text
