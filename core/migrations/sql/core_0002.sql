-- Tenants: everybody may know who is served (names are public, and rows refer to them). Who is staff follows from a tenant's
-- kind, so only the region alters one, and nobody else adds another region.

alter table tenant enable row level security;
alter table tenant force row level security;
create policy everyone_reads on tenant for select using ((select irisplane_tenant()) is not null);
create policy no_other_region on tenant for insert with check ((select irisplane_tenant()) = '*' or kind <> 'region');
create policy region_alters on tenant for update using ((select irisplane_tenant()) = '*');
create policy region_removes on tenant for delete using ((select irisplane_tenant()) = '*');
