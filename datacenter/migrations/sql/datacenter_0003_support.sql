-- Conversations between administrations and the region, and maintenance that is announced to whom it touches.

create table support_request (
    id            uuid primary key default uuidv7(),
    tenant_id     uuid not null references tenant,
    subject       text not null check (length(subject) between 1 and 200),
    resource_type text check (length(resource_type) between 1 and 63),
    resource_id   uuid,
    resource_name text not null default '',           -- as it was called when it was asked about
    state         text not null default 'open' check (state in ('open', 'answered', 'solved', 'closed')),
    opened_by     uuid not null references principal,
    version       integer not null default 1,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    unique (id, tenant_id),
    check ((resource_type is null) = (resource_id is null))
);
create index support_request_list on support_request (tenant_id, id desc);
create index support_request_about on support_request (resource_id) where resource_id is not null;

create table support_message (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    request_id uuid not null,
    author     uuid not null references principal,
    of_staff   boolean not null,
    body       text not null check (length(body) between 1 and 20000),
    created_at timestamptz not null default now(),
    foreign key (request_id, tenant_id) references support_request (id, tenant_id)
);
create index support_message_of on support_message (request_id, id);

-- What people write is theirs: it stands in these rows and in nothing that is kept for ever.
select irisplane_isolate('support_request'), irisplane_isolate('support_message');
select irisplane_grant('support_request', 'select, insert, update'), irisplane_grant('support_message', 'select, insert');
create trigger touch before update on support_request for each row execute function inventory_touch();
select irisplane_log('support_request', '{subject}'), irisplane_log('support_message', '{body}');

-- ---------------------------------------------------------------------------------------------- maintenance

create table maintenance (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,         -- the region's
    title_fr   text not null check (length(title_fr) between 1 and 200),
    title_nl   text not null check (length(title_nl) between 1 and 200),
    title_en   text not null check (length(title_en) between 1 and 200),
    text_fr    text not null default '' check (length(text_fr) <= 5000),
    text_nl    text not null default '' check (length(text_nl) <= 5000),
    text_en    text not null default '' check (length(text_en) <= 5000),
    impact     text not null check (impact in ('none', 'degraded', 'interrupted')),
    state      text not null default 'draft' check (state in ('draft', 'scheduled', 'in-progress', 'done', 'cancelled')),
    held       tstzrange not null check (not isempty(held) and not lower_inf(held) and not upper_inf(held)),
    touches    jsonb not null default '[]' check (jsonb_typeof(touches) = 'array'),  -- [{"type": "server", "ids": […]|"zone": …}]
    version    integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index maintenance_ahead on maintenance (lower(held)) where state in ('scheduled', 'in-progress');

-- The resources that a maintenance touches, each with whose it is.
create table maintenance_touch (
    maintenance_id uuid not null references maintenance on delete cascade,
    tenant_id      uuid not null references tenant on delete cascade,
    resource_type  text not null,
    resource_id    uuid not null,
    resource_name  text not null,
    told           text,                                -- the state in which its administration was last told of it
    primary key (maintenance_id, resource_type, resource_id)
);
create index maintenance_touch_tenant on maintenance_touch (tenant_id, maintenance_id);

create function maintenance_shown(which uuid) returns boolean language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from maintenance where id = which and state <> 'draft') $$;
revoke execute on function maintenance_shown(uuid) from public;
grant execute on function maintenance_shown(uuid) to irisplane_api, irisplane_worker, irisplane_platform;

-- The region writes; an administration sees what is no draft and touches something of its own, and of that only its own.
alter table maintenance enable row level security;
alter table maintenance force row level security;
alter table maintenance_touch enable row level security;
alter table maintenance_touch force row level security;
create policy own_touches on maintenance_touch for select
    using ((select irisplane_tenant()) = '*' or (tenant_id::text = (select irisplane_tenant()) and maintenance_shown(maintenance_id)));
create policy region_touches on maintenance_touch
    using ((select irisplane_tenant()) = '*') with check ((select irisplane_tenant()) = '*');
create policy touched_reads on maintenance for select
    using ((select irisplane_tenant()) = '*' or exists (select from maintenance_touch t where t.maintenance_id = maintenance.id));
create policy region_writes on maintenance
    using ((select irisplane_tenant()) = '*') with check ((select irisplane_tenant()) = '*');
select irisplane_grant('maintenance', 'select, insert, update'), irisplane_grant('maintenance_touch');
create trigger touch before update on maintenance for each row execute function inventory_touch();
select irisplane_log('maintenance');
