-- Whether the cloud has the zone: looked up again and again. What it has not takes no new servers.
alter table zone add column present boolean not null default true;
