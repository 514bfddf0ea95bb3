-- Internet access as a service: ends that are exits of the region's, shared by services; public addresses, each once.

alter table service drop constraint service_kind_check;
alter table service add constraint service_kind_check check (kind in ('l3vpn', 'e-line', 'internet'));
alter table service drop constraint service_table_of_l3vpn;
alter table service add constraint service_table_of_routed check ((kind = 'e-line') = (table_number is null));

alter table service_end add column exit boolean not null default false;
alter table service_end add column public boolean not null default false;
alter table service_end drop constraint service_end_port_once;
-- A customer's port carries one service; an exit is every service's, and each has it once.
create unique index service_end_port_once on service_end (interface_id) where not exit;
create unique index service_end_exit_once on service_end (service_id, interface_id);
alter table service_end add constraint service_end_exit_bare check (not exit or (address is null and probe is null));
alter table service_end add constraint service_end_public_once
    exclude using gist ((set_masklen(network(address)::inet, masklen(address))) inet_ops with &&) where (public);

-- An IPv4 network as a range of numbers, as promises hold them.
create function service_public_span(wanted inet) returns int8range language sql immutable strict set search_path = public, pg_temp as $$
    select int8range(network(wanted)::inet - inet '0.0.0.0', broadcast(wanted) - inet '0.0.0.0' + 1)
$$;

-- The first of these networks of which some address is in use, or promised to another Change; nothing when all are free.
create function service_public_taken(pool uuid, wanted inet[]) returns inet
language sql stable security definer set search_path = public, pg_temp as $$
    select w from unnest(wanted) with ordinality x(w, place)
     where exists (select from service_end e where e.public and network(e.address)::inet && w)
        or exists (select from reservation r where r.pool_id = pool and r.numbers && service_public_span(w) and inventory_promised(r))
     order by place limit 1
$$;

create or replace function service_ends(wanted uuid) returns json language sql stable security definer set search_path = public, pg_temp as $$
    select coalesce(json_agg(json_build_object('device', d.name, 'site', g.code, 'port', i.name, 'address', e.address::text,
                                               'probe', host(e.probe), 'exit', e.exit) order by e.exit, d.name, i.name), '[]')
      from service_end e join interface i on i.id = e.interface_id join device d on d.id = e.device_id
      join site g on g.id = d.site_id
     where e.service_id = wanted and (select irisplane_tenant()) in ('*', e.tenant_id::text)
$$;
