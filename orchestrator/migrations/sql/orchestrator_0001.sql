-- The life of a Change.

create table blob (
    digest  text primary key check (digest ~ '^[0-9a-f]{64}$'),
    body    text not null,
    made_at timestamptz not null default now()
);

create table change (
    id             uuid primary key default uuidv7(),
    tenant_id      uuid not null references tenant,
    kind           text not null,
    title          text not null,
    state          text not null check (state in ('waiting', 'approved', 'running', 'rolling_back', 'succeeded', 'failed', 'rolled_back',
                                                  'unknown', 'rejected', 'cancelled', 'expired', 'stale')),
    waiting_for    text[] not null default '{}',      -- roles, or 'schedule', 'window', 'locks'
    reason         text not null check (length(trim(reason)) > 0),
    requested_by   uuid not null references principal,
    requested_at   timestamptz not null default now(),
    request_id     text not null default '',
    plan_hash      text not null check (plan_hash ~ '^[0-9a-f]{64}$'),
    plan           jsonb not null,
    intent         jsonb generated always as (plan -> 'intent') virtual,
    options        jsonb generated always as (plan -> 'options') virtual,
    not_before     timestamptz,
    expires_at     timestamptz not null,
    emergency      boolean not null default false,
    emergency_due  timestamptz,                       -- second approval of an emergency is due
    undo_of        uuid references change,
    cancel_by      uuid references principal,         -- asked to stop while running
    cancel_reason  text,
    decision       text check (decision in ('confirm', 'rollback')),
    batch          integer not null default 0,        -- batch being run
    executor       text,
    epoch          bigint not null default 0,         -- fencing number of the present run
    started_at     timestamptz,
    finished_at    timestamptz,
    outcome        jsonb not null default '{}',
    version        integer not null default 1
);
create index change_state on change (state, id) where state in ('waiting', 'approved', 'running', 'rolling_back');
create index change_recent on change (tenant_id, id desc);
create index change_undo on change (undo_of) where undo_of is not null;
create sequence change_epoch;

create table change_step (
    id          uuid primary key default uuidv7(),
    change_id   uuid not null references change,
    tenant_id   uuid not null references tenant,
    ordinal     integer not null,
    batch       integer not null,
    target_id   text not null,
    target_name text not null,
    state       text not null default 'pending' check (state in ('pending', 'preparing', 'prepared', 'applying', 'applied', 'verifying',
                    'verified', 'confirming', 'confirmed', 'undoing', 'undone', 'failed', 'skipped', 'unknown')),
    record      jsonb not null default '{}',           -- what each phase returned, by phase
    error       jsonb,
    epoch       bigint not null default 0,
    started_at  timestamptz,
    finished_at timestamptz,
    unique (change_id, target_id),
    unique (change_id, ordinal)
);

create table change_approval (
    id           uuid primary key default uuidv7(),
    change_id    uuid not null references change,
    tenant_id    uuid not null references tenant,
    plan_hash    text not null,
    role         text not null,
    decision     text not null check (decision in ('approve', 'reject')),
    decided_by   uuid not null references principal,
    on_behalf_of uuid references principal,
    reason       text not null check (length(trim(reason)) > 0),
    decided_at   timestamptz not null default now(),
    lapses_at    timestamptz not null,
    -- one person, one voice, until it lapses
    constraint change_approval_one_voice exclude using gist
        (change_id with =, plan_hash with =, decided_by with =, tstzrange(decided_at, lapses_at) with &&)
);

create table deputy (
    id           uuid primary key default uuidv7(),
    principal_id uuid not null references principal,
    deputy_id    uuid not null references principal check (deputy_id <> principal_id),
    held         tstzrange not null,
    constraint deputy_once exclude using gist (principal_id with =, deputy_id with =, held with &&)
);

create table calendar_entry (
    id       uuid primary key default uuidv7(),
    kind     text not null check (kind in ('window', 'freeze')),
    name     text not null,
    held     tstzrange not null,
    selector jsonb not null default '{}',     -- facts a target must have to be concerned, e.g. {"role": "core"}; {} concerns all
    created_by uuid references principal
);

-- Who alters a target now. Only runs take them, all targets of a batch at once, in the order of ids.
create table target_lock (
    target_id text primary key,
    change_id uuid not null references change,
    purpose   text not null,
    since     timestamptz not null default now(),
    epoch     bigint not null
);

-- Worker processes that are alive.
create table executor_lease (
    executor   text primary key,
    host       text not null,
    pid        integer not null,
    version    text not null,
    started_at timestamptz not null default now(),
    beat_at    timestamptz not null default now(),
    lost_at    timestamptz
);

create table webhook (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    url        text not null,
    actions    text[] not null default '{}',   -- prefixes of journal actions; empty: all
    secret     text not null,                  -- name of the signing secret in the secret store
    active     boolean not null default true,
    created_at timestamptz not null default now(),
    version    integer not null default 1
);

create table webhook_delivery (
    id         uuid primary key default uuidv7(),
    webhook_id uuid not null references webhook on delete cascade,
    tenant_id  uuid not null references tenant,
    seq        bigint not null,
    attempts   integer not null default 0,
    due_at     timestamptz not null default now(),
    done_at    timestamptz,
    dead_at    timestamptz,
    answer     text,
    unique (webhook_id, seq)
);
create index webhook_delivery_due on webhook_delivery (due_at) where done_at is null and dead_at is null;

-- Mail to approvers and other people: sent at least once, by the worker.
create table notice (
    id         uuid primary key default uuidv7(),
    change_id  uuid references change,
    principal_id uuid not null references principal,
    subject    text not null,
    body       text not null,
    attempts   integer not null default 0,
    due_at     timestamptz not null default now(),
    sent_at    timestamptz,
    error      text
);
create index notice_due on notice (due_at) where sent_at is null;

-- Idempotency-Key of a create (per principal): the first answer is given again.
create table idempotency (
    principal_id uuid not null references principal,
    key          text not null,
    digest       text not null,               -- SHA-256 of method, path and body
    status       integer,                     -- null: still being answered
    headers      jsonb,
    body         text,
    made_at      timestamptz not null default now(),
    primary key (principal_id, key)
);

-- How far numbered entries were handled by a reader (webhooks, notifier).
create table reader_position (
    reader text primary key,
    seq    bigint not null default 0
);

select irisplane_isolate('change'), irisplane_isolate('change_step'), irisplane_isolate('change_approval'),
       irisplane_isolate('webhook'), irisplane_isolate('webhook_delivery');
select irisplane_grant('blob', 'select, insert'), irisplane_grant('change', 'select, insert, update'),
       irisplane_grant('change_step', 'select, insert, update'), irisplane_grant('change_approval', 'select, insert'),
       irisplane_grant('deputy'), irisplane_grant('calendar_entry'), irisplane_grant('target_lock'), irisplane_grant('executor_lease'),
       irisplane_grant('webhook'), irisplane_grant('webhook_delivery'), irisplane_grant('notice'), irisplane_grant('idempotency'),
       irisplane_grant('reader_position');
grant usage on sequence change_epoch to irisplane_api, irisplane_worker, irisplane_platform;
select irisplane_log('deputy'), irisplane_log('calendar_entry'), irisplane_log('webhook');
