-- Foundation: scope functions, tenants, identity, secrets, journal and change log.
-- Runs as irisplane_owner, which bypasses row-level security so that the security-definer triggers below see what they write;
-- no serving process ever connects as that role.

create extension if not exists btree_gist;
create extension if not exists pg_trgm;
create extension if not exists ltree;

-- ---------------------------------------------------------------------------------------------- scope

-- The tenant of this transaction, or '*'. Raises when nobody set one: forgetting the scope must be loud.
create function irisplane_tenant() returns text language plpgsql stable parallel safe as $$
declare scope text := current_setting('irisplane.tenant', true);
begin
    if scope is null or scope = '' then
        raise exception 'no tenant scope in this transaction' using errcode = 'insufficient_privilege';
    end if;
    return scope;
end $$;

create function irisplane_setting(name text) returns text language sql stable parallel safe as
$$ select nullif(current_setting('irisplane.' || name, true), '') $$;

-- Puts a table that has a tenant_id under forced row-level security. USING and CHECK are the same rule.
create function irisplane_isolate(target regclass) returns void language plpgsql as $$
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format($policy$create policy tenant_isolation on %s
        using ((select irisplane_tenant()) = '*' or tenant_id::text = (select irisplane_tenant()))
        with check ((select irisplane_tenant()) = '*' or tenant_id::text = (select irisplane_tenant()))$policy$, target);
end $$;

-- ---------------------------------------------------------------------------------------------- tenants and identity

create table tenant (
    id          uuid primary key default uuidv7(),
    code        text not null unique check (code ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
    kind        text not null check (kind in ('region', 'commune', 'cpas', 'agency', 'police', 'fire', 'school-board', 'other')),
    name_fr     text not null,
    name_nl     text not null,
    name_en     text not null,
    nis_code    text unique check (nis_code ~ '^[0-9]{5}$'),
    provenance  text not null default 'real' check (provenance in ('real', 'derived', 'synthetic')),
    active      boolean not null default true,
    version     integer not null default 1,
    created_at  timestamptz not null default now()
);

create table principal (
    id           uuid primary key default uuidv7(),
    kind         text not null check (kind in ('person', 'service')),
    handle       text not null unique check (handle ~ '^[a-z0-9][a-z0-9._-]{1,62}$'),
    display_name text not null,
    email        text,
    locale       text not null default 'en' check (locale in ('fr', 'nl', 'en')),
    external_id  text unique,          -- subject of an OpenID Connect provider: the seam for single sign-on
    active       boolean not null default true,
    version      integer not null default 1,
    created_at   timestamptz not null default now()
);

create table membership (
    id           uuid primary key default uuidv7(),
    principal_id uuid not null references principal,
    tenant_id    uuid not null references tenant,
    role         text not null check (role in ('engineer', 'network-lead', 'agency-user', 'agency-admin',
                                               'platform-manager', 'management', 'auditor')),
    held         tstzrange not null default tstzrange(now(), null),
    granted_by   uuid references principal,
    constraint membership_once exclude using gist (principal_id with =, tenant_id with =, role with =, held with &&)
);

create table api_token (
    id           uuid primary key default uuidv7(),
    public_id    text not null unique,
    principal_id uuid not null references principal,
    tenant_id    uuid not null references tenant,
    name         text not null,
    digest       bytea not null check (octet_length(digest) = 32),   -- SHA-256 of a 256-bit random secret
    scopes       text[] not null,
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null,
    revoked_at   timestamptz,
    last_used_at timestamptz
);

-- What a token proves, in one statement and without a scope: the door is where a scope comes from. The digest is given back
-- for the caller's comparison; last_used_at moves once a minute at most, and only for who knows the secret.
create function authenticate_token(wanted text, presented bytea)
    returns table (token_id uuid, digest bytea, scopes text[], expires_at timestamptz, revoked_at timestamptz, principal_id uuid,
                   handle text, kind text, active boolean, tenant_id uuid, tenant_code text, of_region boolean, roles text[])
    language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare used timestamptz;
begin
    return query
        select t.id, t.digest, t.scopes, t.expires_at, t.revoked_at, p.id, p.handle, p.kind, p.active and n.active, n.id, n.code,
               n.kind = 'region', coalesce(array(select m.role from membership m where m.principal_id = p.id
                                                 and m.tenant_id = n.id and m.held @> now()), '{}')
        from api_token t join principal p on p.id = t.principal_id join tenant n on n.id = t.tenant_id
        where t.public_id = wanted;
    select last_used_at into used from api_token where public_id = wanted and digest = presented and revoked_at is null;
    if found and (used is null or used < now() - interval '1 minute') then
        update api_token set last_used_at = now()
         where id = (select id from api_token where public_id = wanted for update skip locked);
    end if;
end $$;
revoke execute on function authenticate_token(text, bytea) from public;
grant execute on function authenticate_token(text, bytea) to irisplane_api, irisplane_platform;

create table secret (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    name       text not null,
    key_id     text not null,          -- which master key wraps it; the key itself is never in the database
    nonce      bytea not null check (octet_length(nonce) = 12),
    sealed     bytea not null,         -- AES-256-GCM, associated data 'secret:<tenant_id>:<name>:<version>'
    version    integer not null default 1,
    updated_at timestamptz not null default now(),
    unique (tenant_id, name)
);

-- ---------------------------------------------------------------------------------------------- journal

-- One row per thing that happened. Written in the effect's own transaction, unnumbered; the sequencer numbers committed rows.
create table journal (
    id           uuid primary key default uuidv7(),
    kind         text not null check (kind in ('log', 'audit', 'event')),
    at           timestamptz not null default clock_timestamp(),
    tenant_id    uuid references tenant,       -- null: the region's own business
    actor        uuid,
    action       text not null,                -- e.g. 'device.insert', 'change.approved', 'token.revoked'
    subject_type text not null,
    subject_id   text not null,
    change_id    uuid,
    request_id   text not null default '',
    reason       text not null default '',
    body         jsonb not null default '{}'
);
create index journal_change on journal (change_id, id) where change_id is not null;
create index journal_subject on journal (subject_type, subject_id, id);

create table journal_pending (
    journal_id uuid primary key references journal,
    xid        xid8 not null default pg_current_xact_id()
);
create index journal_pending_xid on journal_pending (xid, journal_id);
-- a queue: emptied as fast as it fills, so its dead rows are swept by count, not by share
alter table journal_pending set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

create table journal_chain (
    seq        bigint primary key,
    journal_id uuid not null unique references journal,
    hash       bytea not null check (octet_length(hash) = 32)
);

-- Row images of a 'log' entry. Their digest stands in the entry's body, so the chain covers them.
create table change_log (
    journal_id uuid not null references journal,
    ordinal    integer not null,
    table_name text not null,
    row_id     uuid not null,
    tenant_id  uuid,
    op         text not null check (op in ('insert', 'update', 'delete')),
    pre        jsonb,
    post       jsonb,
    primary key (journal_id, ordinal)
);
create index change_log_row on change_log (row_id, journal_id);

-- What the digest in an entry's body is taken over: every column of its row images, a line each. The offline verifier reads
-- the same lines from an export. JSON text is self-delimiting, so no two different rows give the same line.
create function change_log_line(l change_log) returns text language sql stable parallel safe as $$
    select concat_ws('|', l.ordinal, l.table_name, l.row_id, coalesce(l.tenant_id::text, ''), l.op,
                     coalesce(l.pre::text, ''), coalesce(l.post::text, '')) $$;
create function change_log_digest(entry uuid) returns bytea language sql stable parallel safe as $$
    select sha256(convert_to(coalesce(string_agg(change_log_line(l), E'\n' order by l.ordinal), ''), 'utf8'))
    from change_log l where l.journal_id = entry $$;

create function journal_enqueue() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into journal_pending (journal_id) select id from arriving;
    return null;
end $$;
create trigger journal_enqueue after insert on journal referencing new table as arriving
    for each statement execute function journal_enqueue();

-- The change-log trigger, set-based: one journal entry per statement, one change_log row per row.
-- TG_ARGV: columns whose values are personal or secret; their values never enter the log (erasing the row erases them).
create function change_log_write() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    entry   uuid;
    hidden  text[] := coalesce(tg_argv[0]::text[], '{}');
    mask    jsonb;
    n       integer;
    owner   uuid;
    sum     bytea;
begin
    if irisplane_setting('preview') = 'on' then return null; end if;
    if tg_op = 'DELETE' then
        if not exists (select from leaving) then return null; end if;
    elsif not exists (select from arriving) then
        return null;
    end if;
    select coalesce(jsonb_object_agg(c, '<withheld>'), '{}') into mask from unnest(hidden) c;
    entry := uuidv7();
    insert into journal (id, kind, actor, action, subject_type, subject_id, change_id, request_id, reason)
        values (entry, 'log', irisplane_setting('actor')::uuid, tg_table_name || '.' || lower(tg_op), tg_table_name, '',
                irisplane_setting('change_id')::uuid, coalesce(irisplane_setting('request_id'), ''),
                coalesce(irisplane_setting('reason'), ''));
    if tg_op = 'INSERT' then
        insert into change_log (journal_id, ordinal, table_name, row_id, tenant_id, op, post)
        select entry, row_number() over (), tg_table_name, (image ->> 'id')::uuid, (image ->> 'tenant_id')::uuid, 'insert', image
        from (select to_jsonb(r) || mask as image from arriving r) s;
    elsif tg_op = 'DELETE' then
        insert into change_log (journal_id, ordinal, table_name, row_id, tenant_id, op, pre)
        select entry, row_number() over (), tg_table_name, (image ->> 'id')::uuid, (image ->> 'tenant_id')::uuid, 'delete', image
        from (select to_jsonb(r) || mask as image from leaving r) s;
    else
        insert into change_log (journal_id, ordinal, table_name, row_id, tenant_id, op, pre, post)
        select entry, row_number() over (), tg_table_name, (b.image ->> 'id')::uuid, (b.image ->> 'tenant_id')::uuid, 'update', a.image, b.image
        from (select to_jsonb(r) || mask as image from leaving r) a
        join (select to_jsonb(r) || mask as image from arriving r) b on a.image ->> 'id' = b.image ->> 'id'
        where a.image is distinct from b.image;
    end if;
    select count(*), (array_agg(distinct tenant_id))[1],
           change_log_digest(entry)
      into n, owner, sum from change_log where journal_id = entry;
    if n = 0 then
        delete from journal_pending where journal_id = entry;
        delete from journal where id = entry;
        return null;
    end if;
    update journal set tenant_id = (select case when count(distinct l.tenant_id) = 1 then owner end from change_log l where l.journal_id = entry),
                       subject_id = case when n = 1 then (select row_id::text from change_log where journal_id = entry) else '' end,
                       body = jsonb_build_object('rows', n, 'sha256', encode(sum, 'hex'))
     where id = entry;
    return null;
end $$;

-- Attach the change log to a table: select irisplane_log('device'); personal or secret columns as the second argument.
create function irisplane_log(target regclass, hidden text[] default '{}') returns void language plpgsql as $$
begin
    execute format('create trigger change_log_insert after insert on %s referencing new table as arriving
                    for each statement execute function change_log_write(%L)', target, hidden::text);
    execute format('create trigger change_log_update after update on %s referencing old table as leaving new table as arriving
                    for each statement execute function change_log_write(%L)', target, hidden::text);
    execute format('create trigger change_log_delete after delete on %s referencing old table as leaving
                    for each statement execute function change_log_write(%L)', target, hidden::text);
end $$;

-- Tables a role may use, said in one place: reads and writes for api and worker, everything for platform.
create function irisplane_grant(target regclass, privileges text default 'select, insert, update, delete') returns void language plpgsql as $$
begin
    execute format('grant %s on %s to irisplane_api, irisplane_worker', privileges, target);
    execute format('grant select, insert, update, delete on %s to irisplane_platform', target);
end $$;

select irisplane_isolate('membership'), irisplane_isolate('api_token'), irisplane_isolate('secret');

-- People have no tenant of their own: an agency sees those who hold, or held, a role in it, and the region's staff it deals with.
create function principal_known_to(who uuid, scope text) returns boolean language sql stable security definer
    set search_path = public, pg_temp as $$
    select exists (select from membership m join tenant t on t.id = m.tenant_id
                   where m.principal_id = who and (m.tenant_id::text = scope or t.kind = 'region')) $$;
alter table principal enable row level security;
alter table principal force row level security;
create policy principal_read on principal for select
    using ((select irisplane_tenant()) = '*' or principal_known_to(id, (select irisplane_tenant())));
create policy principal_add on principal for insert with check (true);
create function principal_only_of(who uuid, scope text) returns boolean language sql stable security definer
    set search_path = public, pg_temp as $$
    select coalesce(bool_and(m.tenant_id::text = scope), false) from membership m where m.principal_id = who $$;
create policy principal_alter on principal for update
    using ((select irisplane_tenant()) = '*' or principal_only_of(id, (select irisplane_tenant())));
alter table journal enable row level security;
alter table journal force row level security;
create policy journal_read on journal for select
    using ((select irisplane_tenant()) = '*' or tenant_id::text = (select irisplane_tenant()));
create policy journal_write on journal for insert with check (true);
alter table change_log enable row level security;
alter table change_log force row level security;
create policy change_log_read on change_log for select
    using ((select irisplane_tenant()) = '*' or tenant_id::text = (select irisplane_tenant()));
create policy change_log_write on change_log for insert with check (true);

select irisplane_log('tenant'), irisplane_log('principal', '{display_name,email,external_id}'), irisplane_log('membership'),
       irisplane_log('api_token', '{digest,last_used_at}'), irisplane_log('secret', '{nonce,sealed}');

select irisplane_grant('tenant'), irisplane_grant('principal'), irisplane_grant('membership'), irisplane_grant('api_token'),
       irisplane_grant('secret'), irisplane_grant('journal', 'select, insert'), irisplane_grant('change_log', 'select'),
       irisplane_grant('journal_chain', 'select'), irisplane_grant('journal_pending', 'select');
-- Nobody who serves rewrites history: the sequencer adds to the chain and empties the queue, no more.
revoke update, delete on journal, change_log, journal_chain from irisplane_platform;
