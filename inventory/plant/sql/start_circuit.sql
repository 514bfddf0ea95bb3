-- A circuit's working way begins at its own a (else its b), where it has one. Else, and the protecting way always, it begins with the
-- first strand that is written down, and goes on towards the second.
with c as (select * from circuit where id = cast(:id as uuid)),
lit as (
    select x.strand_id, x.position from circuit_strand x join c on c.id = x.circuit_id
     where x.role = cast(:role as text) and x.during @> now() order by x.position limit 2
),
stands as (
    select 1 as nth, p.strand_id, p.side from c join port_front f on f.interface_id = c.a_interface_id join panel_port p on p.id = f.port_id
    union all select 2, p.strand_id, p.side from c join panel_port p on p.id = c.a_port_id
    union all select 3, l.strand_id, case when exists (select from strand_end e join lit n on n.strand_id = e.next_strand_id
                                                        where e.strand_id = l.strand_id and e.side = 'a') then 'b' else 'a' end
      from lit l where l.position = (select min(position) from lit)
    union all select 4, p.strand_id, case p.side when 'a' then 'b' else 'a' end
      from c join port_front f on f.interface_id = c.b_interface_id join panel_port p on p.id = f.port_id
    union all select 5, p.strand_id, case p.side when 'a' then 'b' else 'a' end from c join panel_port p on p.id = c.b_port_id
)
select s.strand_id, s.side as enters,
       (select t.wavelength_nm from c join transceiver t on t.interface_id in (c.a_interface_id, c.b_interface_id) limit 1) as wavelength_nm
  from stands s where s.strand_id is not null and (cast(:role as text) = 'working' or s.nth = 3) order by s.nth limit 1
