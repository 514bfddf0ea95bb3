-- The fibre plant: duct → cable → strand → splice or port → circuit. What a strand is (its tube, its place in it, its colours) follows
-- from its number and is computed; which end meets which stands in rows, each end once. Coordinates are WGS84 (EPSG:4326), longitude
-- first; lengths are metres along the thing, losses decibels.

-- ---------------------------------------------------------------------------------------------- power, places, ducts

create table power_feed (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    code       text not null constraint power_feed_code_once unique check (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    name       text not null default '' check (length(name) <= 300),
    provenance text not null default 'real' check (provenance in ('real', 'derived', 'synthetic')),
    source     text not null default '',
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

-- Where the plant can be entered: buildings (with the site that stands there), manholes, cabinets, poles.
create table plant_node (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    code       text not null constraint plant_node_code_once unique check (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    kind       text not null check (kind in ('building', 'manhole', 'handhole', 'cabinet', 'pole', 'closure-point')),
    site_id    uuid references site,
    feed_id    uuid references power_feed,        -- of a cabinet; a building's feeds are its site's
    lon        numeric(9, 6) not null check (lon between -180 and 180),
    lat        numeric(9, 6) not null check (lat between -90 and 90),
    provenance text not null default 'real' check (provenance in ('real', 'derived', 'synthetic')),
    source     text not null default '',
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index plant_node_site on plant_node (site_id) where site_id is not null;
create index plant_node_feed on plant_node (feed_id) where feed_id is not null;
create index plant_node_place on plant_node (lon, lat);

create table site_feed (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    site_id    uuid not null references site,
    feed_id    uuid not null references power_feed,
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint site_feed_once unique (site_id, feed_id)
);
create index site_feed_feed on site_feed (feed_id);

create table duct (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    code       text not null constraint duct_code_once unique check (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    kind       text not null default 'duct' check (kind in ('duct', 'subduct', 'trench', 'gallery', 'tunnel', 'aerial')),
    a_node_id  uuid not null references plant_node,
    b_node_id  uuid not null references plant_node,
    length_m   double precision not null check (length_m > 0 and length_m <= 1000000),
    path       jsonb check (jsonb_typeof(path) = 'array' and jsonb_array_length(path) >= 2),    -- [[lon, lat], …] from a to b; null: straight
    owner      text not null default '' check (length(owner) <= 300),       -- whose trench it is, in words: the region rents some
    provenance text not null default 'real' check (provenance in ('real', 'derived', 'synthetic')),
    source     text not null default '',
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint duct_two_nodes check (a_node_id <> b_node_id)
);
create index duct_a on duct (a_node_id);
create index duct_b on duct (b_node_id);

-- ---------------------------------------------------------------------------------------------- cables and strands

create table cable (
    id               uuid primary key default uuidv7(),
    tenant_id        uuid not null references tenant,
    code             text not null constraint cable_code_once unique check (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    type             text not null default 'G.652.D' check (type in ('G.652.B', 'G.652.D', 'G.653', 'G.654.E', 'G.655', 'G.656', 'G.657.A1',
                         'G.657.A2', 'G.657.B3')),
    strands          integer not null check (strands between 1 and 6912),
    strands_per_tube integer not null default 12 check (strands_per_tube between 1 and 288),
    a_node_id        uuid not null references plant_node,
    b_node_id        uuid not null references plant_node,
    length_m         double precision not null check (length_m > 0 and length_m <= 1000000),
    status           text not null default 'active' check (status in ('planned', 'active', 'retired')),
    provenance       text not null default 'real' check (provenance in ('real', 'derived', 'synthetic')),
    source           text not null default '',
    version          integer not null default 1,
    created_at       timestamptz not null default now(),
    updated_at       timestamptz not null default now(),
    unique (id, tenant_id)
);
create index cable_a on cable (a_node_id);
create index cable_b on cable (b_node_id);

create table cable_duct (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null,
    cable_id   uuid not null,
    duct_id    uuid not null references duct,
    position   integer not null check (position between 1 and 10000),
    reversed   boolean not null default false,    -- walked from the duct's b to its a
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    foreign key (cable_id, tenant_id) references cable (id, tenant_id) on update cascade,
    constraint cable_duct_position_once unique (cable_id, position)
);
create index cable_duct_duct on cable_duct (duct_id, cable_id);

-- The id of a strand follows from its cable and number (RFC 9562, version 3), so that what refers to it can be planned with the
-- cable, and that it is the same strand when a cable comes back.
create function strand_id(cable uuid, number text) returns uuid language sql immutable strict parallel safe as $$
    select overlay(overlay(h placing '3' from 13) placing to_hex((('x' || substr(h, 17, 1))::bit(4)::integer & 3) | 8) from 17)::uuid
      from md5(uuid_send(cable) || convert_to(number, 'UTF8')) h
$$;

create table strand (
    id         uuid primary key,
    tenant_id  uuid not null,
    cable_id   uuid not null,
    number     integer not null check (number >= 1),
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    foreign key (cable_id, tenant_id) references cable (id, tenant_id) on update cascade on delete cascade,
    constraint strand_number_once unique (cable_id, number) include (id)
);

-- Strands come with their cable, as old as it, all of a statement's in one insert; said to have fewer, it loses the last ones.
create function cable_strands() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'UPDATE' then
        delete from strand s using arriving c where s.cable_id = c.id and s.number > c.strands;
        insert into strand (id, tenant_id, cable_id, number, created_at, updated_at)
            select strand_id(c.id, n::text), c.tenant_id, c.id, n, c.created_at, c.created_at
              from arriving c join leaving o on o.id = c.id and o.strands < c.strands, generate_series(o.strands + 1, c.strands) n;
    else
        insert into strand (id, tenant_id, cable_id, number, created_at, updated_at)
            select strand_id(c.id, n::text), c.tenant_id, c.id, n, c.created_at, c.created_at from arriving c, generate_series(1, c.strands) n;
    end if;
    return null;
end $$;
create trigger cable_strands_insert after insert on cable referencing new table as arriving
    for each statement execute function cable_strands();
create trigger cable_strands_update after update on cable referencing old table as leaving new table as arriving
    for each statement execute function cable_strands();

-- The nth colour of the sequence (IEC 60304 names, in the order of TIA-598); from the 13th on with ring marks: 'blue+1' has one.
create function fibre_colour(n integer) returns text language sql immutable strict parallel safe as $$
    select (array['blue', 'orange', 'green', 'brown', 'grey', 'white', 'red', 'black', 'yellow', 'violet', 'pink', 'turquoise'])[1 + (n - 1) % 12]
        || case when n > 12 then '+' || (n - 1) / 12 else '' end
$$;

-- ---------------------------------------------------------------------------------------------- where strands end

create table closure (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    code       text not null constraint closure_code_once unique check (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    node_id    uuid not null references plant_node,
    trays      integer not null default 1 check (trays between 1 and 200),
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (id, trays)
);
create index closure_node on closure (node_id);

create table splice (
    id            uuid primary key default uuidv7(),
    tenant_id     uuid not null references tenant,
    closure_id    uuid not null,
    closure_trays integer not null,               -- carried, so that the tray's check cannot be outrun
    tray          integer,
    a_strand_id   uuid not null references strand,
    a_side        text not null check (a_side in ('a', 'b')),
    b_strand_id   uuid not null references strand,
    b_side        text not null check (b_side in ('a', 'b')),
    kind          text not null default 'fusion' check (kind in ('fusion', 'mechanical', 'express')),
    loss_db       double precision check (loss_db between -1 and 20),       -- as measured; a measured splice may seem to gain a little
    version       integer not null default 1,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    foreign key (closure_id, closure_trays) references closure (id, trays) on update cascade,
    constraint splice_tray_exists check (tray between 1 and closure_trays),
    constraint splice_two_strands check (a_strand_id <> b_strand_id)
);
create index splice_closure on splice (closure_id, tray);
create index splice_a on splice (a_strand_id);
create index splice_b on splice (b_strand_id);

create table panel (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    code       text not null constraint panel_code_once unique check (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    site_id    uuid not null references site,
    rack_id    uuid references rack,
    ports      integer not null check (ports between 1 and 10000),
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (id, ports)
);
create index panel_site on panel (site_id);
create index panel_rack on panel (rack_id) where rack_id is not null;

-- A port that something is plugged into: at its back a strand's end, at its front an interface; or a patch cord, which has its own row.
create table panel_port (
    id           uuid primary key default uuidv7(),
    tenant_id    uuid not null references tenant,
    panel_id     uuid not null,
    panel_ports  integer not null,                -- carried like closure_trays
    number       integer not null,
    connector    text not null default 'LC/APC' check (length(connector) <= 40),
    strand_id    uuid references strand,
    side         text check (side in ('a', 'b')),
    interface_id uuid constraint panel_port_interface_once unique references interface,
    version      integer not null default 1,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    foreign key (panel_id, panel_ports) references panel (id, ports) on update cascade,
    constraint panel_port_once unique (panel_id, number),
    constraint panel_port_exists check (number between 1 and panel_ports),
    constraint panel_port_side_of_strand check ((strand_id is null) = (side is null))
);
create index panel_port_strand on panel_port (strand_id) where strand_id is not null;

create table patch_cord (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    code       text not null constraint patch_cord_code_once unique check (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    a_port_id  uuid not null references panel_port,
    b_port_id  uuid not null references panel_port,
    length_m   double precision not null default 0 check (length_m between 0 and 10000),
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint patch_cord_two_ports check (a_port_id <> b_port_id)
);
create index patch_cord_a on patch_cord (a_port_id);
create index patch_cord_b on patch_cord (b_port_id);

create table transceiver (
    id                 uuid primary key default uuidv7(),
    tenant_id          uuid not null,
    interface_id       uuid not null constraint transceiver_once unique,
    type               text not null check (length(type) between 1 and 100),
    wavelength_nm      double precision not null check (wavelength_nm between 600 and 2000),
    tx_power_dbm       double precision check (tx_power_dbm between -60 and 40),
    rx_sensitivity_dbm double precision check (rx_sensitivity_dbm between -80 and 20),
    rx_overload_dbm    double precision check (rx_overload_dbm between -40 and 40),
    rx_power_dbm       double precision check (rx_power_dbm between -80 and 40),        -- as measured when it was put into service
    version            integer not null default 1,
    created_at         timestamptz not null default now(),
    updated_at         timestamptz not null default now(),
    foreign key (interface_id, tenant_id) references interface (id, tenant_id) on update cascade,
    constraint transceiver_range check (rx_sensitivity_dbm < rx_overload_dbm)
);

-- ---------------------------------------------------------------------------------------------- who uses them

create table strand_hold (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,   -- who may use it
    strand_id  uuid not null references strand,
    purpose    text not null default '' check (length(purpose) <= 300),
    during     tstzrange not null default tstzrange(now(), null) check (not isempty(during)),
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint strand_hold_once unique (strand_id, during without overlaps)
);
create index strand_hold_tenant on strand_hold (tenant_id);

create table circuit (
    id             uuid primary key default uuidv7(),
    tenant_id      uuid not null references tenant,
    code           text not null constraint circuit_code_once unique check (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    name           text not null default '' check (length(name) <= 300),
    status         text not null default 'active' check (status in ('planned', 'active', 'retired')),
    protection     text not null default 'none' check (protection in ('none', 'protected', 'diverse')),
    a_interface_id uuid references interface,
    a_port_id      uuid references panel_port,
    b_interface_id uuid references interface,
    b_port_id      uuid references panel_port,
    link_id        uuid constraint circuit_link_once unique references link,     -- what of the routed network rides on it
    version        integer not null default 1,
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    constraint circuit_ends check (num_nonnulls(a_interface_id, a_port_id) <= 1 and num_nonnulls(b_interface_id, b_port_id) <= 1)
);
create index circuit_tenant on circuit (tenant_id);
create index circuit_a_interface on circuit (a_interface_id) where a_interface_id is not null;
create index circuit_b_interface on circuit (b_interface_id) where b_interface_id is not null;
create index circuit_a_port on circuit (a_port_id) where a_port_id is not null;
create index circuit_b_port on circuit (b_port_id) where b_port_id is not null;

-- The strands that a circuit lights, in order. Rows belong to the region: an agency knows its circuits, not where they lie.
create table circuit_strand (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    circuit_id uuid not null references circuit,
    role       text not null default 'working' check (role in ('working', 'protecting')),
    position   integer not null check (position between 1 and 10000),
    strand_id  uuid not null references strand,
    during     tstzrange not null default tstzrange(now(), null) check (not isempty(during)),
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint strand_lit_once unique (strand_id, during without overlaps),
    constraint circuit_strand_position_once unique (circuit_id, role, position, during without overlaps)
);
