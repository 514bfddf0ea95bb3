-- The strand at the back of a port, or behind the patch cord at its front; entered where it comes from there.
select coalesce(p.strand_id, q.strand_id) as strand_id, coalesce(p.side, q.side) as enters,
       (select t.wavelength_nm from transceiver t where t.interface_id = p.interface_id) as wavelength_nm
  from panel_port p left join port_front f on f.port_id = p.id left join panel_port q on q.id = f.next_port_id
 where p.id = cast(:id as uuid)
