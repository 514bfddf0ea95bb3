-- What devices told of themselves over SNMP when they were last asked: the present, not history (that is Prometheus').
-- Unlogged: after a crash nothing is known until the next look, which is true.
create unlogged table device_polled (
    device_id uuid primary key,
    tenant_id uuid not null,
    at        timestamptz not null,      -- when it had answered, or was given up
    look      jsonb not null,            -- network.polling.looking.Look
    foreign key (device_id, tenant_id) references device (id, tenant_id) on update cascade on delete cascade
);
select irisplane_isolate('device_polled');
select irisplane_grant('device_polled');
