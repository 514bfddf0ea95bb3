-- Services that tenants ordered, as they are in force: a row comes with the confirmation of the first router that carries
-- the service and goes with that of the last one that is rid of it. What was ordered, by whom and why is the Change.

create table service (
    id             uuid primary key default uuidv7(),
    tenant_id      uuid not null references tenant,
    code           text not null constraint service_code_once unique check (code ~ '^[a-z0-9][a-z0-9-]{1,39}$'),
    kind           text not null check (kind in ('l3vpn', 'e-line')),
    bandwidth_mbps integer check (bandwidth_mbps between 1 and 400000),
    protection     text not null check (protection in ('none', 'protected', 'diverse')),
    table_number   integer constraint service_table_once unique check (table_number between 1 and 65535),
    tunnel_number  integer not null constraint service_tunnel_once unique check (tunnel_number between 1 and 16777215),
    change_id      uuid references change,
    version        integer not null default 1,
    created_at     timestamptz not null default now(),
    unique (id, tenant_id),
    constraint service_table_of_l3vpn check ((kind = 'l3vpn') = (table_number is not null))
);

create table service_end (
    id           uuid primary key default uuidv7(),
    service_id   uuid not null,
    tenant_id    uuid not null,
    device_id    uuid not null references device,
    interface_id uuid not null references interface constraint service_end_port_once unique,
    address      inet,
    probe        inet,
    foreign key (service_id, tenant_id) references service (id, tenant_id) on delete cascade
);
create index service_end_device on service_end (device_id);

-- The lowest number of a range that no service holds and no Change was promised, whoever's they are.
create function service_free_number(pool uuid, tables boolean, span int8range) returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
    select lower(int8multirange(span) - coalesce(range_agg(taken), '{}'))
    from (select int8range(n, n + 1) as taken
          from (select case when tables then table_number else tunnel_number end as n from service) s where n is not null
          union all
          select numbers from reservation where pool_id = pool and numbers is not null and inventory_promised(reservation)) t
$$;

-- Where a service comes out, for everybody who may see the service: the devices are the region's.
create function service_ends(wanted uuid) returns json language sql stable security definer set search_path = public, pg_temp as $$
    select coalesce(json_agg(json_build_object('device', d.name, 'site', g.code, 'port', i.name, 'address', e.address::text,
                                               'probe', host(e.probe)) order by d.name, i.name), '[]')
      from service_end e join interface i on i.id = e.interface_id join device d on d.id = e.device_id
      join site g on g.id = d.site_id
     where e.service_id = wanted and (select irisplane_tenant()) in ('*', e.tenant_id::text)
$$;

select irisplane_isolate('service'), irisplane_isolate('service_end');
select irisplane_log('service'), irisplane_log('service_end');
select irisplane_grant('service'), irisplane_grant('service_end');
