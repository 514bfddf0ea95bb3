-- The source of truth: places, racks, devices, interfaces, links, addresses, VLANs, AS numbers, configuration contexts.
-- A rule that can be broken by two people at once stands here, as a constraint with a name (inventory/errors.py says each in
-- words); ids, allocations and order of writing are the planner's business.

-- ---------------------------------------------------------------------------------------------- what every table has

-- A changed row has the next version and a new time, whoever writes it: ETags rest on this.
create function inventory_touch() returns trigger language plpgsql as $$
begin
    new.version := old.version + 1;
    new.updated_at := now();
    return new;
end $$;

-- Isolation, change log, privileges and versions for one inventory table.
-- shared: every tenant may read it (communes, device types); only its owner and the region write it.
create function inventory_furnish(target regclass, shared boolean default false) returns void language plpgsql as $$
begin
    if shared then
        execute format('alter table %s enable row level security', target);
        execute format('alter table %s force row level security', target);
        execute format('create policy everyone_reads on %s for select using ((select irisplane_tenant()) is not null)', target);
        execute format($policy$create policy owner_writes on %s
            using ((select irisplane_tenant()) = '*' or tenant_id::text = (select irisplane_tenant()))
            with check ((select irisplane_tenant()) = '*' or tenant_id::text = (select irisplane_tenant()))$policy$, target);
    else
        perform irisplane_isolate(target);
    end if;
    execute format('create trigger touch before update on %s for each row execute function inventory_touch()', target);
    perform irisplane_log(target);
    perform irisplane_grant(target);
end $$;

-- ---------------------------------------------------------------------------------------------- places

create table commune (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    nis_code   text not null constraint commune_nis_once unique check (nis_code ~ '^[0-9]{5}$'),
    name_fr    text not null check (length(name_fr) between 1 and 200),
    name_nl    text not null check (length(name_nl) between 1 and 200),
    population integer check (population >= 0),
    lon        numeric(9, 6) check (lon between -180 and 180),
    lat        numeric(9, 6) check (lat between -90 and 90),
    provenance text not null default 'real' check (provenance in ('real', 'derived', 'synthetic')),
    source     text not null default '',       -- where the record comes from, with the attribution it asks for
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table site (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    code       text not null constraint site_code_once unique check (code ~ '^[A-Z0-9][A-Z0-9-]{1,62}$'),
    kind       text not null check (kind in ('datacentre', 'station', 'town-hall', 'school', 'library', 'hospital', 'police', 'fire',
                   'university', 'court', 'post-office', 'community-centre', 'museum', 'theatre', 'stop', 'hotspot', 'other')),
    name_fr    text not null check (length(name_fr) between 1 and 300),
    name_nl    text not null check (length(name_nl) between 1 and 300),
    commune_id uuid references commune,
    address    text not null default '',
    lon        numeric(9, 6) check (lon between -180 and 180),
    lat        numeric(9, 6) check (lat between -90 and 90),
    provenance text not null default 'real' check (provenance in ('real', 'derived', 'synthetic')),
    source     text not null default '',
    facts      jsonb not null default '{}' check (jsonb_typeof(facts) = 'object'),   -- what its source says besides: lines, operator, location quality
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (id, tenant_id),
    check ((lon is null) = (lat is null))
);
create index site_kind on site (kind, code);
create index site_commune on site (commune_id);

create table room (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null,
    site_id    uuid not null,
    name       text not null check (length(name) between 1 and 100),
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    foreign key (site_id, tenant_id) references site (id, tenant_id) on update cascade,
    constraint room_name_once unique (site_id, name),
    unique (id, site_id)
);

create table rack (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null,
    site_id    uuid not null,
    room_id    uuid,
    name       text not null check (length(name) between 1 and 100),
    units      integer not null default 42 check (units between 1 and 100),
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    foreign key (site_id, tenant_id) references site (id, tenant_id) on update cascade,
    constraint rack_room_at_site foreign key (room_id, site_id) references room (id, site_id),
    constraint rack_name_once unique (site_id, name),
    unique (id, units)
);

-- ---------------------------------------------------------------------------------------------- devices

create table device_type (
    id           uuid primary key default uuidv7(),
    tenant_id    uuid not null references tenant,
    manufacturer text not null check (length(manufacturer) between 1 and 100),
    model        text not null check (length(model) between 1 and 100),
    platform     text not null check (platform in ('frr', 'eos', 'junos', 'iosxr', 'nxos', 'ios', 'linux', 'none')),
    units        integer not null default 1 check (units between 0 and 100),    -- height in a rack; 0: not mounted
    watts        integer check (watts >= 0),                                    -- typical draw
    version      integer not null default 1,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    constraint device_type_once unique (manufacturer, model)
);

create table asn_range (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    name       text not null constraint asn_range_name_once unique,
    numbers    int8range not null check (not isempty(numbers) and numbers <@ int8range(1, 4294967295)),
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint asn_range_apart exclude using gist (numbers with &&)
);

create table asn (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    range_id   uuid references asn_range,        -- the pool it was taken from
    number     bigint not null constraint asn_once unique check (number between 1 and 4294967294),
    name       text not null default '',
    private    boolean not null generated always as (number between 64512 and 65534 or number between 4200000000 and 4294967294) stored,
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index asn_in_range on asn (range_id, number);

create table device (
    id                 uuid primary key default uuidv7(),
    tenant_id          uuid not null references tenant,
    name               text not null constraint device_name_once unique check (name ~ '^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$'),
    role               text not null check (role in ('core', 'aggregation', 'access', 'edge', 'spine', 'leaf', 'firewall', 'server', 'access-point', 'other')),
    device_type_id     uuid not null references device_type,
    platform           text not null check (platform in ('frr', 'eos', 'junos', 'iosxr', 'nxos', 'ios', 'linux', 'none')),
    site_id            uuid not null references site,
    management_address inet check (masklen(management_address) = case family(management_address) when 4 then 32 else 128 end),
    management_port    integer not null default 22 check (management_port between 1 and 65535),
    status             text not null default 'planned' check (status in ('planned', 'active', 'maintenance', 'retired')),
    serial             text not null default '',
    software_version   text not null default '',
    asn                bigint references asn (number),
    drift_policy       text check (drift_policy in ('report', 'restore', 'adopt')),    -- null: its role's policy
    version            integer not null default 1,
    created_at         timestamptz not null default now(),
    updated_at         timestamptz not null default now(),
    unique (id, tenant_id),
    constraint device_management_once unique (management_address, management_port)
);
create index device_site on device (site_id);
create index device_type_of on device (device_type_id);

create table vrf (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    name       text not null constraint vrf_name_once unique check (name ~ '^[a-zA-Z0-9][a-zA-Z0-9._-]{0,14}$'),  -- an interface name on Linux: 15 characters
    rd         text constraint vrf_rd_once unique check (rd ~ '^[0-9.]+:[0-9]+$'),
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table interface (
    id          uuid primary key default uuidv7(),
    tenant_id   uuid not null,
    device_id   uuid not null,
    name        text not null check (length(name) between 1 and 64 and name !~ '[\s\x00-\x1f]'),
    kind        text not null default 'physical' check (kind in ('physical', 'loopback', 'management', 'lag', 'vlan', 'bridge', 'tunnel', 'virtual')),
    description text not null default '' check (length(description) <= 240 and description !~ '[\x00-\x1f]'),
    enabled     boolean not null default true,
    mtu         integer check (mtu between 68 and 65535),
    mac         macaddr,
    vrf_id      uuid references vrf,             -- null: the global routing table
    version     integer not null default 1,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    foreign key (device_id, tenant_id) references device (id, tenant_id) on update cascade,
    constraint interface_name_once unique (device_id, name),
    unique (id, tenant_id)
);
create index interface_vrf on interface (vrf_id) where vrf_id is not null;

create table link (
    id             uuid primary key default uuidv7(),
    tenant_id      uuid not null references tenant,
    name           text not null constraint link_name_once unique check (length(name) between 1 and 200),
    kind           text not null default 'fibre' check (kind in ('fibre', 'copper', 'dac', 'wireless', 'virtual')),
    status         text not null default 'active' check (status in ('planned', 'active', 'retired')),
    a_interface_id uuid not null references interface,
    b_interface_id uuid not null references interface,
    length_m       integer check (length_m >= 0),
    version        integer not null default 1,
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    constraint link_two_ends check (a_interface_id <> b_interface_id)
);
create index link_a on link (a_interface_id);
create index link_b on link (b_interface_id);

-- One link per interface, at either end: a key over both columns of link, kept by its trigger.
create table link_end (
    interface_id uuid constraint link_one_per_interface primary key,
    link_id      uuid not null references link on delete cascade
);
create index link_end_link on link_end (link_id);
create function link_ends() returns trigger language plpgsql security definer set search_path = public as $$
begin
    if tg_op = 'UPDATE' then
        delete from link_end e using leaving l where e.link_id = l.id;
    end if;
    insert into link_end (interface_id, link_id)
        select a_interface_id, id from arriving union all select b_interface_id, id from arriving;
    return null;
end $$;
create trigger link_ends_insert after insert on link referencing new table as arriving for each statement execute function link_ends();
create trigger link_ends_update after update on link referencing old table as leaving new table as arriving
    for each statement execute function link_ends();

-- How a device is entered: the secret's name, never the secret. A host key is enrolled once, then strict.
create table device_access (
    id                   uuid primary key default uuidv7(),
    tenant_id            uuid not null,
    device_id            uuid not null constraint device_access_once unique,
    username             text not null check (username ~ '^[a-z_][a-z0-9_-]{0,31}$'),
    secret_name          text not null check (length(secret_name) between 1 and 200),
    host_key             text check (host_key ~ '^(ssh|ecdsa|sk)-[^\n]+$'),         -- one public key line, as in known_hosts
    host_key_enrolled_at timestamptz,
    version              integer not null default 1,
    created_at           timestamptz not null default now(),
    updated_at           timestamptz not null default now(),
    foreign key (device_id, tenant_id) references device (id, tenant_id) on update cascade,
    check ((host_key is null) = (host_key_enrolled_at is null))
);

-- A device's place in a rack, for a time. Faces are a range, so 'both' meets 'front' and 'rear'.
create table rack_placement (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null,
    rack_id    uuid not null,
    rack_units integer not null,                  -- the rack's height, carried so that the check below cannot be outrun
    device_id  uuid not null,
    units      int4range not null,
    face       text not null default 'both' check (face in ('front', 'rear', 'both')),
    faces      int4range not null generated always as (case face when 'front' then int4range(1, 2) when 'rear' then int4range(2, 3)
                   else int4range(1, 3) end) stored,
    held       tstzrange not null default tstzrange(now(), null) check (not isempty(held)),
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    foreign key (device_id, tenant_id) references device (id, tenant_id) on update cascade,
    foreign key (rack_id, rack_units) references rack (id, units) on update cascade,
    constraint rack_placement_fits check (not isempty(units) and units <@ int4range(1, rack_units + 1)),
    constraint rack_placement_one_place unique (device_id, held without overlaps),
    constraint rack_placement_unit_once exclude using gist (rack_id with =, faces with &&, units with &&, held with &&)
);

-- ---------------------------------------------------------------------------------------------- addresses

-- Containers and pools form a tree; assigned prefixes are its leaves and never overlap. One constraint says all of it:
-- two prefixes of a VRF conflict when they overlap and their depths meet. A container's depth is its own length, so one
-- may lie inside another but not twice in one place; an assigned prefix reaches from its length down to the hosts, so
-- nothing lies inside it, and it may lie inside containers.
create table prefix (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    vrf_id     uuid not null references vrf,
    cidr       cidr not null,
    kind       text not null check (kind in ('container', 'pool', 'assigned')),
    depth      int4range not null generated always as (case kind when 'assigned' then int4range(masklen(cidr), 129)
                   else int4range(masklen(cidr), masklen(cidr) + 1) end) stored,
    shared     boolean not null default false,    -- a pool every tenant may be given prefixes from
    purpose    text not null default '',          -- e.g. 'loopback', 'link', 'management', 'service'
    site_id    uuid references site,
    description text not null default '',
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (id, vrf_id, cidr),
    constraint prefix_apart exclude using gist (vrf_id with =, cidr inet_ops with &&, depth with &&)
);
create index prefix_vrf on prefix (vrf_id, cidr);

create table address (
    id           uuid primary key default uuidv7(),
    tenant_id    uuid not null references tenant,
    vrf_id       uuid not null,
    prefix_id    uuid not null,
    prefix_cidr  cidr not null,                   -- carried with the key, so that 'inside its prefix' holds when either changes
    address      inet not null,                   -- with the length the interface has it with
    host         inet not null generated always as (set_masklen(address, case family(address) when 4 then 32 else 128 end)) stored,
    interface_id uuid,
    name         text not null default '' check (length(name) <= 253),
    held         tstzrange not null default tstzrange(now(), null) check (not isempty(held)),
    version      integer not null default 1,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    foreign key (prefix_id, vrf_id, prefix_cidr) references prefix (id, vrf_id, cidr) on update cascade,
    foreign key (interface_id, tenant_id) references interface (id, tenant_id) on update cascade,
    constraint address_inside_prefix check (host << prefix_cidr or host = prefix_cidr),
    constraint address_once exclude using gist (vrf_id with =, host inet_ops with =, held with &&)
);
create index address_interface on address (interface_id);
create index address_prefix on address (prefix_id, host);

create table vlan_group (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    name       text not null constraint vlan_group_name_once unique check (length(name) between 1 and 100),
    site_id    uuid references site,
    vids       int4range not null default int4range(1, 4095) check (not isempty(vids) and vids <@ int4range(1, 4095)),
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (id, vids)
);

create table vlan (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    group_id   uuid not null,
    group_vids int4range not null,                -- carried like prefix_cidr
    vid        integer not null,
    name       text not null check (length(name) between 1 and 64),
    held       tstzrange not null default tstzrange(now(), null) check (not isempty(held)),
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    foreign key (group_id, group_vids) references vlan_group (id, vids) on update cascade,
    constraint vlan_in_group check (vid <@ group_vids),
    constraint vlan_once unique (group_id, vid, held without overlaps),
    constraint vlan_name_once unique (group_id, name, held without overlaps)
);

-- What a submitted change was promised, until it runs, is refused, or the promise lapses. Time is part of the key: a lapsed
-- promise stands in nobody's way, so nothing has to be swept before the next one is made.
create table reservation (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    change_id  uuid not null,
    pool_id    uuid not null,                     -- prefix, vlan_group, rack or asn_range
    vrf_id     uuid references vrf,
    network    inet,                              -- a prefix or a host
    numbers    int8range,                         -- VLAN ids, rack units or AS numbers
    held       tstzrange not null check (not isempty(held)),
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check ((network is null) <> (numbers is null) and (network is null) = (vrf_id is null)),
    constraint reservation_network_once exclude using gist (vrf_id with =, network inet_ops with &&, held with &&) where (network is not null),
    constraint reservation_number_once exclude using gist (pool_id with =, numbers with &&, held with &&) where (numbers is not null)
);
create index reservation_change on reservation (change_id);

-- ---------------------------------------------------------------------------------------------- configuration context

-- Structured data that devices inherit: region < role < site < device, by weight within (inventory/context.py).
create table config_context (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    name       text not null constraint config_context_name_once unique check (length(name) between 1 and 100),
    scope      text not null check (scope in ('region', 'role', 'site', 'device')),
    role       text,
    site_id    uuid references site,
    device_id  uuid references device,
    weight     integer not null default 1000 check (weight between 0 and 32767),
    active     boolean not null default true,
    data       jsonb not null check (jsonb_typeof(data) = 'object'),
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint config_context_aim check ((scope = 'role') = (role is not null) and (scope = 'site') = (site_id is not null)
                                         and (scope = 'device') = (device_id is not null))
);
create index config_context_device on config_context (device_id) where device_id is not null;
create index config_context_site on config_context (site_id) where site_id is not null;

-- ---------------------------------------------------------------------------------------------- furnish

select inventory_furnish('commune', shared => true), inventory_furnish('device_type', shared => true);
select inventory_furnish(t::regclass) from unnest(array['site', 'room', 'rack', 'asn_range', 'asn', 'device', 'vrf', 'interface', 'link',
    'device_access', 'rack_placement', 'prefix', 'address', 'vlan_group', 'vlan', 'reservation', 'config_context']) t;
select irisplane_grant('link_end', 'select');
