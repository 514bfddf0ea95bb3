-- What the machines of the cloud can hold and what is taken of it, as the cloud last said: the region's own business.
create table cloud_capacity (
    provider  text not null check (provider <> ''),     -- the cloud's id of the host, pool or network
    resource  text not null check (resource in ('vcpus', 'ram_mib', 'disk_gib', 'storage_gib', 'floating_ips')),
    name      text not null,
    availability_zone text not null default '',         -- of hosts
    usable    bigint check (usable >= 0),               -- null: the cloud names no bound
    used      bigint not null check (used >= 0),
    physical  bigint check (physical >= 0),             -- what there is, before reserves and overcommitment
    taking    boolean not null,                         -- up, and takes what is new
    looked_at timestamptz not null default now(),
    primary key (provider, resource)
);
alter table cloud_capacity enable row level security;
alter table cloud_capacity force row level security;
create policy region_alone on cloud_capacity using ((select irisplane_tenant()) = '*');
grant select on cloud_capacity to irisplane_api;
grant select, insert, update, delete on cloud_capacity to irisplane_worker, irisplane_platform;
