-- Servers: what a resize holds of the quota while it can still go back, and whether a kept server ran.

alter table server add column kept_running boolean not null default false;  -- it ran when it was given back: restoring starts it
create index server_project on server (project_id, id) where gone_at is null;
create index server_purge on server (purge_at) where status = 'kept';

-- A server counts with the size it has. While it waits for a larger one, or may still go back to a larger one, the
-- difference counts here. One row a resize, until it is confirmed or taken back.
create table server_resize (
    id           uuid primary key default uuidv7(),
    tenant_id    uuid not null references tenant,
    project_id   uuid not null,
    server_id    uuid not null references server,
    order_id     uuid not null,
    vcpus        integer not null check (vcpus >= 0),
    ram_mib      integer not null check (ram_mib >= 0),
    from_plan    uuid references offering_plan,
    from_vcpus   integer not null,
    from_ram_mib integer not null,
    from_disk_gib integer not null,
    to_plan      uuid not null references offering_plan,
    to_vcpus     integer not null,
    to_ram_mib   integer not null,
    to_disk_gib  integer not null,
    gone_at      timestamptz,
    created_at   timestamptz not null default now()
);
create unique index server_resize_once on server_resize (server_id) where gone_at is null;
create index server_resize_order on server_resize (order_id) where gone_at is null;
insert into quota_rule values ('server_resize', 'vcpus', 'vcpus'), ('server_resize', 'ram_mib', 'ram_mib');
select quota_counts('server_resize'), irisplane_isolate('server_resize'), irisplane_grant('server_resize', 'select, insert, update');

create function server_resize_release() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update server_resize set gone_at = now() where order_id = new.id and gone_at is null;
    return null;
end $$;
create trigger server_resize_release after update of state on change for each row
    when (new.kind = 'hosting.server.resize' and old.state is distinct from new.state
          and new.state in ('rejected', 'cancelled', 'expired', 'stale', 'failed', 'rolled_back'))
    execute function server_resize_release();
