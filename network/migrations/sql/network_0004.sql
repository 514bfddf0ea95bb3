-- What went wrong: incidents, what they are about, what became of them, who was told, what is expected to be down.

-- How each link was seen last. A link that never stood cannot fall: what is planned and not yet lit is no incident.
create table link_state (
    link_id   uuid primary key references link on delete cascade,
    tenant_id uuid not null references tenant,
    state     text not null check (state in ('up', 'down', 'unknown')),
    since     timestamptz not null default now(),
    up_at     timestamptz,                        -- when it was last seen to stand
    evidence  jsonb not null default '[]'
);

create table incident (
    id              uuid primary key default uuidv7(),
    tenant_id       uuid not null references tenant,
    number          bigint not null generated always as identity constraint incident_number_once unique,
    kind            text not null check (kind in ('plant', 'device', 'link', 'alert')),
    name            text not null check (length(name) between 1 and 500),      -- what it names: 'cable C-12', 'ac01', 'cr01-ag01'
    state           text not null default 'open' check (state in ('open', 'acknowledged', 'closed')),
    falls           integer not null default 1 check (falls >= 1),             -- how often it came, flapping included
    suspects        jsonb not null default '[]',  -- [{kind, code}], the likeliest first
    impact          jsonb,                        -- network.impact.answer, as of the last alteration
    silenced        boolean not null default false,                            -- it was expected: nobody is told
    alert_key       text,                         -- of an alert from outside: its fingerprint
    opened_at       timestamptz not null default now(),
    last_fall_at    timestamptz not null default now(),
    acknowledged_at timestamptz,
    acknowledged_by uuid references principal,
    closed_at       timestamptz,
    updated_at      timestamptz not null default now(),
    constraint incident_closed_when check ((state = 'closed') = (closed_at is not null)),
    constraint incident_acknowledged_when check ((acknowledged_at is null) = (acknowledged_by is null)),
    constraint incident_alert_has_key check ((kind = 'alert') = (alert_key is not null))
);
create unique index incident_alert_open on incident (alert_key) where closed_at is null;
create index incident_by_time on incident (opened_at desc);

create table incident_link (
    incident_id uuid not null references incident on delete cascade,
    tenant_id   uuid not null references tenant,
    link_id     uuid not null references link on delete cascade,
    down_at     timestamptz not null default now(),
    up_at       timestamptz,
    evidence    jsonb not null default '[]',
    primary key (incident_id, link_id)
);
create index incident_link_down on incident_link (link_id) where up_at is null;

-- The story of an incident, oldest first: bounded, for a link that flaps all night must not fill the disk.
create table incident_entry (
    id          uuid primary key default uuidv7(),
    incident_id uuid not null references incident on delete cascade,
    tenant_id   uuid not null references tenant,
    at          timestamptz not null default now(),
    kind        text not null check (kind in ('opened', 'evidence', 'fell', 'rose', 'acknowledged', 'note', 'silenced', 'told', 'closed',
                    'reopened')),
    said        text not null check (length(said) <= 2000),
    by_id       uuid references principal
);
create index incident_entry_of on incident_entry (incident_id, id);

-- The administrations that an incident touches: each sees its own row, and is told once.
create table incident_notice (
    incident_id uuid not null references incident on delete cascade,
    tenant_id   uuid not null references tenant,
    number      bigint not null,                  -- the incident's, which the administration itself does not see
    state       text not null check (state in ('down', 'protected', 'degraded')),      -- of the worst of what it has there
    at          timestamptz not null default now(),
    over_at     timestamptz,
    mailed      boolean not null default false,
    primary key (incident_id, tenant_id)
);

-- Expected: while it holds, incidents about nothing else are silent. Null link and device: a whole site.
create table incident_silence (
    id         uuid primary key default uuidv7(),
    tenant_id  uuid not null references tenant,
    link_id    uuid references link on delete cascade,
    device_id  uuid references device on delete cascade,
    site_id    uuid references site on delete cascade,
    during     tstzrange not null check (not isempty(during) and not upper_inf(during)),
    reason     text not null check (length(reason) between 1 and 1000),
    by_id      uuid not null references principal,
    created_at timestamptz not null default now(),
    constraint incident_silence_one check (num_nonnulls(link_id, device_id, site_id) = 1)
);
create index incident_silence_during on incident_silence using gist (during);

select irisplane_isolate(t::regclass), irisplane_grant(t::regclass)
  from unnest(array['link_state', 'incident', 'incident_link', 'incident_entry', 'incident_notice', 'incident_silence']) t;
