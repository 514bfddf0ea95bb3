-- What light loses over every fibre link, both ways, by the way that the plant knows from its interface a: all links walked at once.
-- A loss is null where something on the way has no figure at the sender's wavelength, or where the way does not end at interface b.
with recursive figure as (
    select f.nm, f.fibre from jsonb_to_recordset(cast(:fibres as jsonb)) as f(nm float8, fibre jsonb)
),
lit as (
    select l.id, l.name, l.a_interface_id as a_id, l.b_interface_id as b_id, coalesce(fa.fibre, '{}') as fibre_a,
           coalesce(fb.fibre, '{}') as fibre_b
      from link l
      left join transceiver ta on ta.interface_id = l.a_interface_id
      left join transceiver tb on tb.interface_id = l.b_interface_id
      left join figure fa on fa.nm = coalesce(ta.wavelength_nm, tb.wavelength_nm, :default_nm)
      left join figure fb on fb.nm = coalesce(tb.wavelength_nm, ta.wavelength_nm, :default_nm)
     where l.kind = 'fibre' and l.status = 'active'
),
walk (link_id, step, strand_id, enters, interface_id, from_a, from_b, cables) as (
    select l.id, 0, p.strand_id, p.side, null::uuid, cast(:connector as float8), cast(:connector as float8), array[]::text[]
      from lit l join port_front f on f.interface_id = l.a_id join panel_port p on p.id = f.port_id
     where p.strand_id is not null
    union all
    select w.link_id, w.step + 1, coalesce(e.next_strand_id, q.strand_id), coalesce(e.next_side, q.side), f.interface_id,
           w.from_a + c.length_m / 1000 * (l.fibre_a ->> c.type)::float8 + met.db,
           w.from_b + c.length_m / 1000 * (l.fibre_b ->> c.type)::float8 + met.db, w.cables || c.code
      from walk w
      join lit l on l.id = w.link_id
      join strand s on s.id = w.strand_id
      join cable c on c.id = s.cable_id
      join strand_end e on e.strand_id = w.strand_id and e.side = case w.enters when 'a' then 'b' else 'a' end
      left join splice x on x.id = e.splice_id
      left join port_front f on f.port_id = e.port_id
      left join panel_port q on q.id = f.next_port_id
      cross join lateral (select case when x.id is not null then coalesce(x.loss_db, (cast(:splices as jsonb) ->> x.kind)::float8)
                                 else cast(:connector as float8) * num_nonnulls(f.port_id, f.next_port_id) end as db) met
     where w.step < 5000
)
select l.name, da.name as a_device, ia.name as a_interface, db.name as b_device, ib.name as b_interface,
       w.from_a, w.from_b, coalesce(w.cables, '{}') as cables,
       ta.tx_power_dbm as a_sends, tb.tx_power_dbm as b_sends, ta.rx_sensitivity_dbm as a_hears, tb.rx_sensitivity_dbm as b_hears
  from lit l
  join interface ia on ia.id = l.a_id join device da on da.id = ia.device_id
  join interface ib on ib.id = l.b_id join device db on db.id = ib.device_id
  left join walk w on w.link_id = l.id and w.interface_id = l.b_id
  left join transceiver ta on ta.interface_id = l.a_id
  left join transceiver tb on tb.interface_id = l.b_id
 order by l.name
