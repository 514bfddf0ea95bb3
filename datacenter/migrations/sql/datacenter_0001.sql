-- Hosting: projects and their quotas, the catalogue with its prices, servers and the networks they stand in.
-- What counts against a quota is counted here, by triggers, in the transaction that orders it: fifty orders at once at the limit
-- admit exactly what fits, whoever asks and however.

-- ---------------------------------------------------------------------------------------------- projects

create table project (
    id              uuid primary key default uuidv7(),
    tenant_id       uuid not null references tenant on delete cascade,
    code            text not null check (code ~ '^[a-z0-9][a-z0-9-]{0,30}$'),
    name            text not null check (length(name) between 1 and 200),
    status          text not null default 'asked'      -- asked: not in the cloud yet; ready; failed; closed
                    check (status in ('asked', 'ready', 'failed', 'closed')),
    cloud_id        text unique,                       -- the project's id in OpenStack
    cloud_user      text,                              -- id of the account we act with inside it
    fault           text not null default '',
    findings        jsonb not null default '[]' check (jsonb_typeof(findings) = 'array'),  -- what differs in the cloud from what is here
    looked_at       timestamptz,                       -- when it was last compared
    version         integer not null default 1,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    constraint project_code_once unique (tenant_id, code),
    unique (id, tenant_id)
);

-- ---------------------------------------------------------------------------------------------- quotas

-- What may be held at most, and what is held or ordered. Without a project: the administration's, which bounds the sum of its
-- projects; both must have room.
create table quota (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant on delete cascade,
    project_id uuid,
    resource   text not null check (resource in ('servers', 'vcpus', 'ram_mib', 'volumes', 'storage_gib', 'snapshots', 'networks',
                                                 'floating_ips', 'security_groups')),
    granted    bigint not null check (granted between 0 and 1000000000),
    used       bigint not null default 0 check (used >= 0),
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    foreign key (project_id, tenant_id) references project (id, tenant_id) on delete cascade,
    constraint quota_once unique nulls not distinct (tenant_id, project_id, resource)
);

-- Which column of which table counts as what; without a column each row counts one. A row counts until it is gone.
create table quota_rule (
    table_name  text not null,
    resource    text not null,
    column_name text,
    primary key (table_name, resource)
);

create function quota_count() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    old_rows jsonb := '[]';
    new_rows jsonb := '[]';
    deltas   jsonb;
    short    record;
begin
    if tg_op <> 'DELETE' then select coalesce(jsonb_agg(to_jsonb(a)), '[]') into new_rows from arriving a; end if;
    if tg_op <> 'INSERT' then select coalesce(jsonb_agg(to_jsonb(l)), '[]') into old_rows from leaving l; end if;
    select jsonb_agg(jsonb_build_object('tenant_id', tenant_id, 'project_id', project_id, 'resource', resource, 'delta', delta))
      into deltas
    from (select r ->> 'tenant_id' as tenant_id, r ->> 'project_id' as project_id, q.resource,
                 sum(sign * case when q.column_name is null then 1 else (r ->> q.column_name)::bigint end) as delta
          from (select 1 as sign, jsonb_array_elements(new_rows) as r
                union all select -1, jsonb_array_elements(old_rows)) moved
          join quota_rule q on q.table_name = tg_table_name
          where r ->> 'gone_at' is null group by 1, 2, 3) counted
    where delta <> 0;
    if deltas is null then return null; end if;
    -- Everybody locks in one order: two orders of one administration wait for each other and never for a deadlock.
    perform from quota q
      where exists (select from jsonb_to_recordset(deltas) d(tenant_id uuid, project_id uuid, resource text)
                    where d.tenant_id = q.tenant_id and d.resource = q.resource
                      and (q.project_id is null or q.project_id = d.project_id))
      order by q.tenant_id, q.project_id nulls first, q.resource for update;
    -- The administration's own bound first, then the project's.
    for short in
        select d.resource, d.delta, d.project_id as at_project, greatest(coalesce(q.granted - q.used, 0), 0) as remaining,
               coalesce(q.granted, 0) as granted
        from (select tenant_id, resource, null::uuid as project_id, sum(delta) as delta
                from jsonb_to_recordset(deltas) d(tenant_id uuid, resource text, delta bigint) group by 1, 2
              union all
              select tenant_id, resource, project_id, delta
                from jsonb_to_recordset(deltas) d(tenant_id uuid, project_id uuid, resource text, delta bigint)) d
        left join quota q on q.tenant_id = d.tenant_id and q.resource = d.resource
             and q.project_id is not distinct from d.project_id
        where d.delta > 0 and d.delta > coalesce(q.granted - q.used, 0)
        order by d.project_id nulls first, d.resource limit 1
    loop
        raise exception using errcode = '23514', constraint = 'quota_fits', message = 'over quota',
            detail = jsonb_build_object('resource', short.resource, 'asked', short.delta, 'left', short.remaining,
                                        'granted', short.granted,
                                        'level', case when short.at_project is null then 'tenant' else 'project' end)::text;
    end loop;
    update quota q set used = q.used + d.delta
    from (select tenant_id, resource, null::uuid as project_id, sum(delta) as delta
            from jsonb_to_recordset(deltas) d(tenant_id uuid, resource text, delta bigint) group by 1, 2
          union all
          select tenant_id, resource, project_id, delta
            from jsonb_to_recordset(deltas) d(tenant_id uuid, project_id uuid, resource text, delta bigint)) d
    where q.tenant_id = d.tenant_id and q.resource = d.resource and q.project_id is not distinct from d.project_id;
    return null;
end $$;

-- Count a table against quotas: select quota_counts('server'). Its rows have tenant_id, project_id and gone_at.
create function quota_counts(target regclass) returns void language plpgsql as $$
begin
    execute format('create trigger quota_insert after insert on %s referencing new table as arriving
                    for each statement execute function quota_count()', target);
    execute format('create trigger quota_update after update on %s referencing old table as leaving new table as arriving
                    for each statement execute function quota_count()', target);
    execute format('create trigger quota_delete after delete on %s referencing old table as leaving
                    for each statement execute function quota_count()', target);
end $$;

-- Every administration can order from its first day: a project of its own, and quotas that a small one can live with.
create function project_for(tenants uuid[]) returns void language sql as $$
    with made as (
        insert into project (tenant_id, code, name)
        select id, 'main', name_en from tenant where id = any(tenants) returning id, tenant_id)
    insert into quota (tenant_id, project_id, resource, granted)
    select made.tenant_id, level.id, d.resource, d.granted
    from made
    cross join (values ('servers', 10), ('vcpus', 20), ('ram_mib', 40960), ('volumes', 10), ('storage_gib', 500), ('snapshots', 20),
                       ('networks', 3), ('floating_ips', 3), ('security_groups', 10)) d(resource, granted)
    cross join lateral (values (null::uuid), (made.id)) level(id) $$;
create function project_first() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform project_for(array(select id from arriving));
    return null;
end $$;

-- ---------------------------------------------------------------------------------------------- catalogue

-- What can be ordered, from when until when. Texts in the region's three languages.
create table offering (
    id             uuid primary key default uuidv7(),
    tenant_id      uuid not null references tenant,
    code           text not null check (code ~ '^[a-z0-9][a-z0-9.-]{0,62}$'),
    kind           text not null check (kind in ('server', 'volume', 'snapshot', 'backup', 'floating-ip', 'network', 'image')),
    name_fr        text not null check (length(name_fr) between 1 and 200),
    name_nl        text not null check (length(name_nl) between 1 and 200),
    name_en        text not null check (length(name_en) between 1 and 200),
    description_fr text not null default '',
    description_nl text not null default '',
    description_en text not null default '',
    details        jsonb not null default '{}' check (jsonb_typeof(details) = 'object'),  -- image: {"os": "debian", "select": {"irisplane_offering": "debian"}}
    valid          tstzrange not null default tstzrange(now(), null) check (not isempty(valid)),
    version        integer not null default 1,
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    constraint offering_once exclude using gist (code with =, valid with &&)
);

-- A size of a server: the flavour's name follows SCS-0100 (SCS-2V-4-20).
create table offering_plan (
    id          uuid primary key default uuidv7(),
    tenant_id   uuid not null references tenant,
    offering_id uuid not null references offering,
    code        text not null check (code ~ '^[a-z0-9][a-z0-9.-]{0,62}$'),
    name_fr     text not null check (length(name_fr) between 1 and 200),
    name_nl     text not null check (length(name_nl) between 1 and 200),
    name_en     text not null check (length(name_en) between 1 and 200),
    flavor      text check (flavor is null or length(flavor) between 1 and 100),
    vcpus       integer check (vcpus between 1 and 1024),
    ram_mib     integer check (ram_mib between 64 and 16777216),
    disk_gib    integer check (disk_gib between 0 and 65536),
    valid       tstzrange not null default tstzrange(now(), null) check (not isempty(valid)),
    version     integer not null default 1,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    constraint offering_plan_once exclude using gist (offering_id with =, code with =, valid with &&)
);

-- What one unit costs for one quarter-hour, in micro-euros. component: 'server' of a plan; 'gib' of a volume, snapshot or backup;
-- 'address' of a floating address.
create table price (
    id          uuid primary key default uuidv7(),
    tenant_id   uuid not null references tenant,
    offering_id uuid not null references offering,
    plan_id     uuid references offering_plan,
    component   text not null check (component in ('server', 'server-off', 'gib', 'address', 'network')),
    quarter_micro_eur bigint not null check (quarter_micro_eur between 0 and 1000000000000),
    valid       tstzrange not null default tstzrange(now(), null) check (not isempty(valid)),
    version     integer not null default 1,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    constraint price_once exclude using gist
        (offering_id with =, (coalesce(plan_id, '00000000-0000-0000-0000-000000000000'::uuid)) with =, component with =, valid with &&)
);

-- Where servers can stand, and which classes of data may: an availability zone of the cloud at a site of the inventory.
create table zone (
    id           uuid primary key default uuidv7(),
    tenant_id    uuid not null references tenant,
    code         text not null constraint zone_once unique check (code ~ '^[a-z0-9][a-z0-9-]{0,30}$'),
    site         text not null default '',          -- code of the site
    availability_zone text not null,                -- its name in the cloud
    data_classes text[] not null default '{open,internal,personal,sensitive}'
                 check (data_classes <@ '{open,internal,personal,sensitive}'::text[]),
    open         boolean not null default true,     -- takes new servers
    version      integer not null default 1,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now()
);

-- ---------------------------------------------------------------------------------------------- networks and servers

create table cloud_network (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    project_id uuid not null,
    name       text not null check (length(name) between 1 and 100),
    cidr       cidr not null,
    routed     boolean not null default true,        -- a router leads to the public network
    status     text not null default 'ordered' check (status in ('ordered', 'active', 'error', 'deleting', 'vanished', 'gone')),
    cloud_id   text unique,
    subnet_id  text,
    router_id  text,
    order_id   uuid,                                 -- the change that ordered it
    fault      text not null default '',
    gone_at    timestamptz,
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    foreign key (project_id, tenant_id) references project (id, tenant_id),
    check ((status = 'gone') = (gone_at is not null))
);
create unique index cloud_network_name_once on cloud_network (project_id, name) where gone_at is null;

create table server (
    id           uuid primary key default uuidv7(),
    tenant_id    uuid not null references tenant,
    project_id   uuid not null,
    name         text not null check (length(name) between 1 and 63),
    plan_id      uuid references offering_plan,       -- null: it came from elsewhere with a size of its own
    vcpus        integer not null check (vcpus > 0),
    ram_mib      integer not null check (ram_mib > 0),
    disk_gib     integer not null check (disk_gib >= 0),
    image        text not null default '',            -- code of the offering, or id of an own image
    data_class   text not null default 'internal' check (data_class in ('open', 'internal', 'personal', 'sensitive')),
    zone_id      uuid references zone,
    -- As the cloud sees it, in our words. kept: deleted, stopped, can be had back until purge_at. vanished: the cloud has it no more.
    status       text not null default 'ordered' check (status in ('ordered', 'building', 'active', 'stopped', 'paused', 'suspended',
                     'resized', 'busy', 'error', 'kept', 'deleting', 'vanished', 'gone')),
    task         text not null default '',
    fault        text not null default '',
    cloud_id     text unique,
    host         text not null default '',
    addresses    jsonb not null default '[]',         -- [{"network": "private", "address": "10.0.0.5", "kind": "fixed"|"floating"}]
    key_name     text not null default '',
    metadata     jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
    tags         text[] not null default '{}',
    protected    boolean not null default false,
    lease_until  timestamptz,
    order_id     uuid,                                -- the change that ordered it
    launched_at  timestamptz,
    kept_at      timestamptz,
    purge_at     timestamptz,
    gone_at      timestamptz,
    version      integer not null default 1,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    foreign key (project_id, tenant_id) references project (id, tenant_id),
    unique (id, tenant_id),
    check ((status = 'gone') = (gone_at is not null))
);
create unique index server_name_once on server (project_id, name) where gone_at is null;
create index server_list on server (tenant_id, id) where gone_at is null;
create index server_order on server (order_id) where gone_at is null;

-- What an order had reserved is given back by whatever ends the order without effect, in the same transaction.
create function hosting_release() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update server set status = 'gone', gone_at = now() where order_id = new.id and status = 'ordered';
    update cloud_network set status = 'gone', gone_at = now() where order_id = new.id and status = 'ordered';
    return null;
end $$;
create trigger hosting_release after update of state on change for each row
    when (new.kind like 'hosting.%' and old.state is distinct from new.state
          and new.state in ('rejected', 'cancelled', 'expired', 'stale', 'failed', 'rolled_back'))
    execute function hosting_release();

-- ---------------------------------------------------------------------------------------------- furniture

insert into quota_rule values ('server', 'servers', null), ('server', 'vcpus', 'vcpus'), ('server', 'ram_mib', 'ram_mib'),
                              ('cloud_network', 'networks', null);
select quota_counts('server'), quota_counts('cloud_network');

select inventory_furnish('project'), inventory_furnish('cloud_network'), inventory_furnish('server'),
       inventory_furnish('offering', true), inventory_furnish('offering_plan', true), inventory_furnish('price', true),
       inventory_furnish('zone', true);
-- A counter is no alteration that somebody made: quota keeps versions and isolation, and logs what is granted by its own entries.
select irisplane_isolate('quota'), irisplane_grant('quota', 'select, insert, update');
create trigger touch before update of granted on quota for each row execute function inventory_touch();
grant select on quota_rule to irisplane_api, irisplane_worker, irisplane_platform;

create trigger project_first after insert on tenant referencing new table as arriving
    for each statement execute function project_first();
-- Administrations that were there before hosting was get the same.
select project_for(array(select id from tenant));
