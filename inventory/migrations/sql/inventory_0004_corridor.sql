-- The corridor: where ducts could lie. Designs are laid over it; a duct that is laid is a row of its own, in 'duct'.
-- Coordinates are WGS84 (EPSG:4326), longitude first; lengths are metres along the thing.

create table corridor_node (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    code       text not null constraint corridor_node_code_once unique check (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    lon        numeric(9, 6) not null check (lon between -180 and 180),
    lat        numeric(9, 6) not null check (lat between -90 and 90),
    provenance text not null default 'derived' check (provenance in ('real', 'derived', 'synthetic')),
    source     text not null default '',
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table corridor (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    code       text not null constraint corridor_code_once unique check (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    kind       text not null default '' check (length(kind) <= 100),        -- in its source's words: bus_street, subway, canal
    a_node_id  uuid not null references corridor_node,
    b_node_id  uuid not null references corridor_node,
    length_m   double precision not null check (length_m > 0 and length_m <= 1000000),
    path       jsonb check (jsonb_typeof(path) = 'array' and jsonb_array_length(path) >= 2),    -- [[lon, lat], …] as its source draws it; null: straight
    provenance text not null default 'derived' check (provenance in ('real', 'derived', 'synthetic')),
    source     text not null default '',
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint corridor_two_nodes check (a_node_id <> b_node_id)
);
create index corridor_a on corridor (a_node_id);
create index corridor_b on corridor (b_node_id);

select inventory_furnish(t::regclass) from unnest(array['corridor_node', 'corridor']) t;
