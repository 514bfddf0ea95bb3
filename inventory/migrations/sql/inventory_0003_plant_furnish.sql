-- The plant is the region's; an agency sees the circuits it pays for and the strands it holds, not where they lie.

select inventory_furnish(t::regclass) from unnest(array['power_feed', 'plant_node', 'site_feed', 'duct', 'cable', 'cable_duct', 'closure',
    'splice', 'panel', 'panel_port', 'patch_cord', 'transceiver', 'strand_hold', 'circuit', 'circuit_strand']) t;

-- Strands are written by their cable's trigger alone; its row in the change log says as much as theirs would.
select irisplane_isolate('strand');
create policy held_is_known on strand for select using (exists (select from strand_hold h where h.strand_id = strand.id));
select irisplane_grant(t::regclass, 'select') from unnest(array['strand', 'strand_end', 'port_front']) t;

-- The name of a cable for who sees one of its strands: the strand's key holds it.
create function strand_cable(strand uuid) returns text language sql stable security definer set search_path = public, pg_temp as $$
    select c.code from strand s join cable c on c.id = s.cable_id where s.id = strand and ((select irisplane_tenant()) in ('*', s.tenant_id::text)
        or exists (select from strand_hold h where h.strand_id = s.id and h.tenant_id::text = (select irisplane_tenant())))
$$;
