-- Terraform states: a name and its lock in one row, so that whoever locks, writes or restores waits for the same row; every
-- version sealed, in rows of its own. Neither has a change log: its trigger would write out rows whole to compare them, and
-- an audit entry without content says who did what.

create table terraform_state (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    name       text not null constraint terraform_state_name_form check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'),
    newest     integer not null default 0 check (newest >= 0),      -- number of its newest version; 0: locked before a first one
    deleted_at timestamptz,                                         -- its versions can be restored until the sweep
    lock       jsonb check (jsonb_typeof(lock) = 'object' and lock ->> 'ID' <> '' and octet_length(lock::text) <= 8192),
    locked_by  uuid references principal,
    locked_at  timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint terraform_state_name_once unique (tenant_id, name),
    unique (id, tenant_id),
    constraint terraform_state_lock_whole check ((lock is null) = (locked_by is null) and (lock is null) = (locked_at is null))
);

create table terraform_state_version (
    id                uuid primary key default uuidv7(),
    tenant_id         uuid not null,
    state_id          uuid not null,
    number            integer not null check (number >= 1),
    serial            bigint not null check (serial >= 0),          -- as Terraform counts
    lineage           text not null check (length(lineage) <= 100),
    terraform_version text check (length(terraform_version) <= 50),
    bytes             integer not null check (bytes > 0),           -- as it was sent; it rests compressed
    md5               bytea not null check (octet_length(md5) = 16),
    sealed            bytea not null,                               -- associated data 'terraform-state:<tenant_id>:<name>:<number>'
    restored_from     integer check (restored_from < number),
    written_by        uuid not null references principal,
    written_at        timestamptz not null default now(),
    foreign key (state_id, tenant_id) references terraform_state (id, tenant_id) on delete cascade,
    constraint terraform_state_version_once unique (state_id, number)
);
-- compressed and sealed before it comes here: another attempt would only cost time
alter table terraform_state_version alter column sealed set storage external;
create index terraform_state_version_tenant on terraform_state_version (tenant_id);

select irisplane_isolate('terraform_state'), irisplane_isolate('terraform_state_version');
select irisplane_grant('terraform_state'), irisplane_grant('terraform_state_version', 'select, insert, delete');
-- only a change of keys writes a version anew
revoke all on terraform_state, terraform_state_version from irisplane_worker;
