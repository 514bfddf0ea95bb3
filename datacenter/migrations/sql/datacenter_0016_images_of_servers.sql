-- Images made of a server's disk count as snapshots, like those of a volume; they outlive the server.
create table server_image (
    id          uuid primary key default uuidv7(),
    tenant_id   uuid not null references tenant,
    project_id  uuid not null,
    server_id   uuid not null,
    name        text not null check (length(name) between 1 and 63),
    bytes       bigint check (bytes >= 0),
    -- As the cloud sees it, in our words. vanished: the cloud has it no more.
    status      text not null default 'ordered' check (status in ('ordered', 'building', 'active', 'error', 'vanished', 'gone')),
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
    check ((status = 'gone') = (gone_at is not null))
);
create index server_image_list on server_image (tenant_id, id) where gone_at is null;
create index server_image_order on server_image (order_id) where gone_at is null;
insert into quota_rule values ('server_image', 'snapshots', null);
select quota_counts('server_image'), inventory_furnish('server_image');

create function server_image_release() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update server_image set status = 'gone', gone_at = now() where order_id = new.id and status = 'ordered' and gone_at is null;
    return null;
end $$;
create trigger server_image_release after update of state on change for each row
    when (new.kind = 'hosting.server.snapshot' and old.state is distinct from new.state
          and new.state in ('rejected', 'cancelled', 'expired', 'stale', 'failed', 'rolled_back'))
    execute function server_image_release();
