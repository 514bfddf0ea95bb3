-- Volumes with their snapshots and schedules, security groups with their rules, floating addresses, SSH keys.

-- ---------------------------------------------------------------------------------------------- SSH keys

-- Public keys only. They belong to the administration, so that any of its projects may use them.
create table ssh_key (
    id          uuid primary key default uuidv7(),
    tenant_id   uuid not null references tenant,
    name        text not null check (length(name) between 1 and 64),
    public_key  text not null check (length(public_key) between 1 and 8192),   -- type and base64, without the comment
    comment     text not null default '' check (length(comment) <= 256),
    algorithm   text not null check (algorithm in ('ed25519', 'ecdsa', 'rsa')),
    bits        integer not null check (bits between 256 and 16384),
    fingerprint text not null check (fingerprint ~ '^SHA256:[A-Za-z0-9+/]{43}$'),
    version     integer not null default 1,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    constraint ssh_key_name_once unique (tenant_id, name)
);

-- ---------------------------------------------------------------------------------------------- networks

alter table cloud_network add constraint cloud_network_of_tenant unique (id, tenant_id);
alter table cloud_network add column findings jsonb not null default '[]' check (jsonb_typeof(findings) = 'array');

-- Networks of one project do not overlap: a router leads to each of them.
alter table cloud_network add constraint cloud_network_apart
    exclude using gist (project_id with =, (cidr::inet) inet_ops with &&) where (gone_at is null);

create table security_group (
    id          uuid primary key default uuidv7(),
    tenant_id   uuid not null references tenant,
    project_id  uuid not null,
    name        text not null check (length(name) between 1 and 63),
    description text not null default '' check (length(description) <= 200),
    status      text not null default 'ordered' check (status in ('ordered', 'active', 'error', 'deleting', 'vanished', 'gone')),
    cloud_id    text unique,
    order_id    uuid,                                 -- the change that ordered it
    fault       text not null default '',
    findings    jsonb not null default '[]' check (jsonb_typeof(findings) = 'array'),  -- what differs in the cloud from what is here
    gone_at     timestamptz,
    version     integer not null default 1,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    foreign key (project_id, tenant_id) references project (id, tenant_id),
    unique (id, tenant_id),
    check ((status = 'gone') = (gone_at is not null))
);
create unique index security_group_name_once on security_group (project_id, name) where gone_at is null;
create index security_group_order on security_group (order_id) where gone_at is null;

-- One rule lets something in or out. Neither remote nor remote_group_id: anywhere, over IPv4 and IPv6.
create table security_group_rule (
    id              uuid primary key default uuidv7(),
    tenant_id       uuid not null references tenant,
    group_id        uuid not null,
    direction       text not null check (direction in ('ingress', 'egress')),
    protocol        text not null check (protocol in ('any', 'tcp', 'udp', 'sctp', 'icmp', 'esp', 'ah', 'gre')),
    port_min        integer check (port_min between 1 and 65535),
    port_max        integer check (port_max between 1 and 65535),
    remote          cidr,
    remote_group_id uuid,
    version         integer not null default 1,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    foreign key (group_id, tenant_id) references security_group (id, tenant_id) on delete cascade,
    foreign key (remote_group_id, tenant_id) references security_group (id, tenant_id),
    check (remote is null or remote_group_id is null),
    check ((port_min is null) = (port_max is null) and (port_min is null or port_min <= port_max)),
    check (port_min is null or protocol in ('tcp', 'udp', 'sctp')),
    constraint security_group_rule_once unique nulls not distinct
        (group_id, direction, protocol, port_min, port_max, remote, remote_group_id)
);
create index security_group_rule_remote on security_group_rule (remote_group_id) where remote_group_id is not null;

create table floating_ip (
    id            uuid primary key default uuidv7(),
    tenant_id     uuid not null references tenant,
    project_id    uuid not null,
    description   text not null default '' check (length(description) <= 200),
    address       inet,                                 -- given by the cloud
    status        text not null default 'ordered' check (status in ('ordered', 'free', 'assigned', 'error', 'deleting', 'vanished', 'gone')),
    server_id     uuid,                                 -- what it leads to
    fixed_address inet,                                 -- the server's own address that it stands for
    cloud_id      text unique,
    order_id      uuid,
    fault         text not null default '',
    findings      jsonb not null default '[]' check (jsonb_typeof(findings) = 'array'),
    gone_at       timestamptz,
    version       integer not null default 1,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    foreign key (project_id, tenant_id) references project (id, tenant_id),
    foreign key (server_id, tenant_id) references server (id, tenant_id),
    check ((status = 'gone') = (gone_at is not null))
);
create unique index floating_ip_address_once on floating_ip (address) where gone_at is null;
create index floating_ip_server on floating_ip (server_id) where gone_at is null;
create index floating_ip_order on floating_ip (order_id) where gone_at is null;

-- ---------------------------------------------------------------------------------------------- volumes

create table volume (
    id          uuid primary key default uuidv7(),
    tenant_id   uuid not null references tenant,
    project_id  uuid not null,
    name        text not null check (length(name) between 1 and 63),
    description text not null default '' check (length(description) <= 200),
    size_gib    integer not null check (size_gib between 1 and 65536),
    wanted_gib  integer check (wanted_gib between 1 and 65536),   -- an order that is under way makes it so large
    wanted_by   uuid,                                             -- that order
    counted_gib integer not null generated always as (greatest(size_gib, wanted_gib)) stored,
    snapshot_id uuid,                                             -- it began as a copy of this snapshot
    image       text not null default '',                         -- or of this image
    -- As the cloud sees it, in our words. vanished: the cloud has it no more.
    status      text not null default 'ordered' check (status in ('ordered', 'building', 'available', 'attached', 'busy', 'error',
                    'deleting', 'vanished', 'gone')),
    server_id   uuid,                                             -- where it is attached
    device      text not null default '',                         -- as what the server sees it: /dev/vdb
    cloud_id    text unique,
    order_id    uuid,
    fault       text not null default '',
    findings    jsonb not null default '[]' check (jsonb_typeof(findings) = 'array'),
    gone_at     timestamptz,
    version     integer not null default 1,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    foreign key (project_id, tenant_id) references project (id, tenant_id),
    foreign key (server_id, tenant_id) references server (id, tenant_id),
    unique (id, tenant_id),
    check ((status = 'gone') = (gone_at is not null)),
    check ((wanted_gib is null) = (wanted_by is null))
);
create unique index volume_name_once on volume (project_id, name) where gone_at is null;
create index volume_list on volume (tenant_id, id) where gone_at is null;
create index volume_server on volume (server_id) where gone_at is null;
create index volume_order on volume (order_id) where gone_at is null;
create index volume_wanted on volume (wanted_by) where wanted_by is not null;

-- When a volume is copied by itself, and how many copies are kept.
create table backup_schedule (
    id          uuid primary key default uuidv7(),
    tenant_id   uuid not null references tenant,
    volume_id   uuid not null,
    name        text not null check (length(name) between 1 and 40),
    every       text not null check (every in ('day', 'week')),
    weekday     integer check (weekday between 1 and 7),          -- ISO: 1 is Monday
    hour        integer not null check (hour between 0 and 23),   -- of the clock in Brussels
    keep        integer not null check (keep between 1 and 365),
    method      text not null default 'snapshot' check (method in ('snapshot')),
    active      boolean not null default true,
    last_due    timestamptz,                                      -- the newest due time that an order answers
    last_order  uuid,
    fault       text not null default '',                         -- why the newest one did not come to be
    version     integer not null default 1,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    foreign key (volume_id, tenant_id) references volume (id, tenant_id) on delete cascade,
    unique (id, tenant_id),
    check ((every = 'week') = (weekday is not null)),
    constraint backup_schedule_name_once unique (volume_id, name)
);

create table volume_snapshot (
    id          uuid primary key default uuidv7(),
    tenant_id   uuid not null references tenant,
    project_id  uuid not null,
    volume_id   uuid not null,
    schedule_id uuid,                                 -- made by itself, and deleted by itself
    name        text not null check (length(name) between 1 and 63),
    description text not null default '' check (length(description) <= 200),
    size_gib    integer not null check (size_gib between 1 and 65536),
    status      text not null default 'ordered' check (status in ('ordered', 'building', 'available', 'busy', 'error', 'deleting',
                    'vanished', 'gone')),
    taken_at    timestamptz,
    cloud_id    text unique,
    order_id    uuid,
    fault       text not null default '',
    findings    jsonb not null default '[]' check (jsonb_typeof(findings) = 'array'),
    gone_at     timestamptz,
    version     integer not null default 1,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    foreign key (project_id, tenant_id) references project (id, tenant_id),
    foreign key (volume_id, tenant_id) references volume (id, tenant_id),
    foreign key (schedule_id, tenant_id) references backup_schedule (id, tenant_id) on delete set null (schedule_id),
    unique (id, tenant_id),
    check ((status = 'gone') = (gone_at is not null))
);
create unique index volume_snapshot_name_once on volume_snapshot (project_id, name) where gone_at is null;
create index volume_snapshot_volume on volume_snapshot (volume_id) where gone_at is null;
create index volume_snapshot_order on volume_snapshot (order_id) where gone_at is null;
alter table volume add foreign key (snapshot_id, tenant_id) references volume_snapshot (id, tenant_id);

-- ---------------------------------------------------------------------------------------------- orders without effect

create function hosting_release_storage() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update volume set status = 'gone', gone_at = now() where order_id = new.id and status = 'ordered' and gone_at is null;
    update volume set wanted_gib = null, wanted_by = null where wanted_by = new.id;
    update volume_snapshot set status = 'gone', gone_at = now() where order_id = new.id and status = 'ordered' and gone_at is null;
    update security_group set status = 'gone', gone_at = now() where order_id = new.id and status = 'ordered' and gone_at is null;
    update floating_ip set status = 'gone', gone_at = now() where order_id = new.id and status = 'ordered' and gone_at is null;
    return null;
end $$;
create trigger hosting_release_storage after update of state on change for each row
    when (new.kind like 'hosting.%' and old.state is distinct from new.state
          and new.state in ('rejected', 'cancelled', 'expired', 'stale', 'failed', 'rolled_back'))
    execute function hosting_release_storage();

-- What a server held is held by nobody once the server is gone.
create function server_lets_go() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update volume set server_id = null, device = '', status = 'available' where server_id = new.id and gone_at is null;
    update floating_ip set server_id = null, fixed_address = null, status = 'free' where server_id = new.id and gone_at is null;
    return null;
end $$;
create trigger server_lets_go after update of gone_at on server for each row
    when (old.gone_at is null and new.gone_at is not null) execute function server_lets_go();

-- ---------------------------------------------------------------------------------------------- furniture

insert into quota_rule values ('volume', 'volumes', null), ('volume', 'storage_gib', 'counted_gib'),
                              ('volume_snapshot', 'snapshots', null), ('volume_snapshot', 'storage_gib', 'size_gib'),
                              ('floating_ip', 'floating_ips', null), ('security_group', 'security_groups', null);
select quota_counts('volume'), quota_counts('volume_snapshot'), quota_counts('floating_ip'), quota_counts('security_group');

select inventory_furnish('ssh_key'), inventory_furnish('security_group'), inventory_furnish('security_group_rule'),
       inventory_furnish('floating_ip'), inventory_furnish('volume'), inventory_furnish('volume_snapshot'),
       inventory_furnish('backup_schedule');
