-- When the links were looked at last, and what was seen of them then: a board without incidents says so, or that nobody
-- looks. One row, altered by every look.
create table link_watch (
    tenant_id uuid primary key references tenant,
    looked_at timestamptz not null default now(),
    up        integer not null check (up >= 0),
    down      integer not null check (down >= 0),
    unknown   integer not null check (unknown >= 0),
    planned   integer not null check (planned >= 0)       -- down, and never seen up
);

select irisplane_isolate('link_watch'), irisplane_grant('link_watch');
