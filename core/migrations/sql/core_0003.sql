-- People who sign in with an OpenID Connect provider: where a role comes from, sessions of browsers, invitations, and
-- who was removed from a tenant and must not come back by a claim alone.

-- ---------------------------------------------------------------------------------------------- roles and their source

-- 'granted' by a person, or 'claims' of the provider that the principal signs in with. A role may be held from both: what
-- the claims no longer say ends, and what a person granted stays.
alter table membership add source text not null default 'granted' check (source in ('granted', 'claims'));
alter table membership drop constraint membership_once;
alter table membership add constraint membership_once
    exclude using gist (principal_id with =, tenant_id with =, role with =, source with =, held with &&);
create index membership_of_tenant on membership (tenant_id) where upper_inf(held);

-- Who was removed from a tenant: claims give no role there until somebody of the tenant grants one or invites anew.
create table removal (
    id           uuid primary key default uuidv7(),
    tenant_id    uuid not null references tenant,
    principal_id uuid not null references principal,
    removed_at   timestamptz not null default now(),
    removed_by   uuid references principal,
    unique (tenant_id, principal_id)
);

-- ---------------------------------------------------------------------------------------------- sessions

-- A browser that signed in. The cookie holds 256 random bits; here is their SHA-256.
create table session (
    id           uuid primary key default uuidv7(),
    tenant_id    uuid not null references tenant,
    principal_id uuid not null references principal,
    digest       bytea not null unique check (octet_length(digest) = 32),
    issuer       text not null,                  -- name of the provider, as the settings know it
    provider_sid text,                           -- the provider's own session, named when it signs people out
    address      text not null default '',
    agent        text not null default '',       -- the browser, as it calls itself
    started_at   timestamptz not null default now(),
    seen_at      timestamptz not null default now(),
    idle         interval not null check (idle > interval '0'),
    expires_at   timestamptz not null,
    ended_at     timestamptz
);
create index session_of_principal on session (principal_id) where ended_at is null;

-- What a cookie proves, in one statement and without a scope, as authenticate_token does for tokens. An absolute end and an
-- idle one; seen_at moves once a minute at most.
create function authenticate_session(presented bytea)
    returns table (session_id uuid, principal_id uuid, handle text, kind text, tenant_id uuid, tenant_code text,
                   of_region boolean, roles text[])
    language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare found_id uuid;
begin
    return query
        select s.id, p.id, p.handle, p.kind, n.id, n.code, n.kind = 'region',
               array(select distinct m.role from membership m where m.principal_id = p.id
                      and m.tenant_id = n.id and m.held @> now())
        from session s join principal p on p.id = s.principal_id and p.active
        join tenant n on n.id = s.tenant_id and n.active
        where s.digest = presented and s.ended_at is null and s.expires_at > now() and s.seen_at + s.idle > now();
    if found then
        update session set seen_at = now()
         where id = (select id from session where digest = presented and seen_at < now() - interval '1 minute'
                     for update skip locked);
    end if;
end $$;
revoke execute on function authenticate_session(bytea) from public;
grant execute on function authenticate_session(bytea) to irisplane_api, irisplane_platform;

-- Who a name outside stands for: the subject or the client of a provider. One row a tenant where a role is held.
create function authenticate_external(wanted text)
    returns table (principal_id uuid, handle text, kind text, tenant_id uuid, tenant_code text, of_region boolean, roles text[])
    language sql stable security definer set search_path = public, pg_temp as $$
    select p.id, p.handle, p.kind, n.id, n.code, n.kind = 'region', array_agg(distinct m.role)
    from principal p join membership m on m.principal_id = p.id and m.held @> now()
    join tenant n on n.id = m.tenant_id and n.active
    where p.external_id = wanted and p.active group by p.id, n.id order by n.code $$;
revoke execute on function authenticate_external(text) from public;
grant execute on function authenticate_external(text) to irisplane_api, irisplane_platform;

-- ---------------------------------------------------------------------------------------------- invitations

create table invitation (
    id          uuid primary key default uuidv7(),
    tenant_id   uuid not null references tenant,
    email       text not null check (email ~ '^[^@\s]+@[^@\s]+$'),
    role        text not null check (role in ('agency-user', 'agency-admin')),
    locale      text not null default 'en' check (locale in ('fr', 'nl', 'en')),
    digest      bytea not null unique check (octet_length(digest) = 32),   -- of the token in the mail, good once
    invited_by  uuid not null references principal,
    invited_at  timestamptz not null default now(),
    expires_at  timestamptz not null,
    accepted_at timestamptz,
    accepted_by uuid references principal,
    withdrawn_at timestamptz,
    version     integer not null default 1,
    check ((accepted_at is null) = (accepted_by is null))
);
create unique index invitation_open on invitation (tenant_id, lower(email), role)
    where accepted_at is null and withdrawn_at is null;

select irisplane_isolate('removal'), irisplane_isolate('session'), irisplane_isolate('invitation');
select irisplane_log('removal'), irisplane_log('session', '{digest,address,agent,seen_at,provider_sid}'),
       irisplane_log('invitation', '{digest,email}');
select irisplane_grant('removal'), irisplane_grant('session', 'select, insert, update'),
       irisplane_grant('invitation', 'select, insert, update');
