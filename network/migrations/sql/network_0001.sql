-- What routers run, what they should run, and what was seen of them.

-- One row per distinct configuration text, by the SHA-256 of its normalised form. The redacted text is for people and
-- comparison; the text as the router gave it, with its secrets, is sealed (AES-256-GCM, key outside the database).
create table config_text (
    digest   text not null check (digest ~ '^[0-9a-f]{64}$'),
    tenant_id uuid not null references tenant,
    platform text not null,
    redacted text not null,
    lines    integer not null,
    sealed   bytea not null,           -- core.secrets.Keyring.seal, bound to 'config:<tenant>:<digest>'
    made_at  timestamptz not null default now(),
    primary key (tenant_id, digest)
);

-- Every configuration a device was seen with, or given: never overwritten.
create table config_version (
    id        uuid primary key default uuidv7(),
    device_id uuid not null,
    tenant_id uuid not null,
    digest    text not null,
    source    text not null check (source in ('backup', 'before', 'after', 'drift', 'adopted')),
    change_id uuid references change,
    taken_at  timestamptz not null default now(),
    foreign key (tenant_id, digest) references config_text,
    foreign key (device_id, tenant_id) references device (id, tenant_id) on update cascade on delete cascade
);
create index config_version_device on config_version (device_id, id desc);

-- What people or an adoption laid on a device's intent beyond the inventory, in the order of 'ordinal': 'whole' replaces
-- everything before it (a restored version), 'pinned' parts and 'opaque' blocks come from an adoption, 'snippet' lines are
-- typed into the rendered text and may remove ("no ..."). Secrets stand in them as references only.
create table config_overlay (
    id        uuid primary key default uuidv7(),
    device_id uuid not null,
    tenant_id uuid not null,
    kind      text not null check (kind in ('snippet', 'opaque', 'pinned', 'whole')),
    name      text not null,
    body      text not null,
    ordinal   bigint not null generated always as identity,
    change_id uuid references change,
    version   integer not null default 1,
    created_at timestamptz not null default now(),
    foreign key (device_id, tenant_id) references device (id, tenant_id) on update cascade on delete cascade,
    constraint config_overlay_once unique (device_id, change_id, kind, name)   -- a repeated confirmation writes nothing new
);
create index config_overlay_device on config_overlay (device_id, ordinal);

-- The latest observation of a device. No row, or an old one, means unknown: never shown green.
create table device_state (
    device_id     uuid primary key,
    tenant_id     uuid not null,
    reachable     boolean,
    seen_at       timestamptz,
    tried_at      timestamptz not null default now(),
    fingerprint   text,                 -- SHA-256 of the normalised running configuration
    pushed        text,                 -- fingerprint after the last confirmed Change
    drifted_since timestamptz,
    drift_diff    text,                 -- redacted
    drift_change  uuid references change,
    error         jsonb,
    facts         jsonb not null default '{}',
    foreign key (device_id, tenant_id) references device (id, tenant_id) on update cascade on delete cascade
);

select irisplane_isolate('config_text'), irisplane_isolate('config_version'), irisplane_isolate('config_overlay'),
       irisplane_isolate('device_state');
select irisplane_log('config_overlay');
select irisplane_grant('config_text'), irisplane_grant('config_version'), irisplane_grant('config_overlay'),
       irisplane_grant('device_state');
