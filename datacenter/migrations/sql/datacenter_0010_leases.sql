-- What was done about the end of a server's lease: days before it that were warned of, 0 the stop, -1 the deletion. A lease that
-- is renewed has another end, and so begins anew.
create table lease_step (
    server_id   uuid not null references server on delete cascade,
    tenant_id   uuid not null references tenant,
    lease_until timestamptz not null,
    days        integer not null check (days between -1 and 365),
    change_id   uuid references change,
    taken_at    timestamptz not null default now(),
    primary key (server_id, lease_until, days),
    foreign key (server_id, tenant_id) references server (id, tenant_id)
);
create index lease_step_change on lease_step (change_id) where change_id is not null;
create index server_lease on server (lease_until) where lease_until is not null and gone_at is null;
select irisplane_isolate('lease_step'), irisplane_grant('lease_step', 'select, insert, update');

-- Whether the cloud has a zone is not known before somebody has looked.
alter table zone alter column present drop not null, alter column present drop default;
update zone set present = null;
