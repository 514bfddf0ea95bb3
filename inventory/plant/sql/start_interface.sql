-- The strand behind the port that an interface is plugged into.
select p.strand_id, p.side as enters, (select t.wavelength_nm from transceiver t where t.interface_id = f.interface_id) as wavelength_nm
  from port_front f join panel_port p on p.id = f.port_id
 where f.interface_id = cast(:id as uuid)
