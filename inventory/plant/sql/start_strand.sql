-- A strand is read from its side a.
select cast(:id as uuid) as strand_id, 'a' as enters, null::double precision as wavelength_nm
