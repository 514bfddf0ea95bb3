-- What a serving role may touch, as narrow as its work: a hole in the API must not open a neighbour's plans, mail or answers.

-- Candidate texts: whoever holds a plan knows their digests, nobody else can list them.
create function blob_texts(wanted text[]) returns table (digest text, body text) language sql stable security definer
    set search_path = public, pg_temp as $$ select b.digest, b.body from blob b where b.digest = any(wanted) $$;
revoke execute on function blob_texts(text[]) from public;
grant execute on function blob_texts(text[]) to irisplane_api, irisplane_worker, irisplane_platform;
revoke select on blob from irisplane_api, irisplane_worker;

-- First answers of creating requests: only the person who asked reads them again.
alter table idempotency enable row level security;
alter table idempotency force row level security;
create policy own_answers on idempotency
    using (principal_id::text = (select irisplane_setting('actor')))
    with check (principal_id::text = (select irisplane_setting('actor')));
revoke all on idempotency from irisplane_worker;

-- Deputies: the region sees and names all, a tenant those of its own people, everybody names their own.
alter table deputy enable row level security;
alter table deputy force row level security;
create policy deputy_read on deputy for select
    using ((select irisplane_tenant()) = '*' or exists (select from membership m where m.principal_id in (deputy.principal_id, deputy.deputy_id)));
create policy deputy_add on deputy for insert
    with check ((select irisplane_tenant()) = '*' or principal_id::text = (select irisplane_setting('actor'))
                or principal_only_of(principal_id, (select irisplane_tenant())));
create policy deputy_alter on deputy for update
    using ((select irisplane_tenant()) = '*' or principal_id::text = (select irisplane_setting('actor'))
           or principal_only_of(principal_id, (select irisplane_tenant())));
revoke all on deputy from irisplane_worker;
revoke delete on deputy from irisplane_api;

-- Windows and freezes: everybody's plans heed them, the region's staff keep them.
alter table calendar_entry enable row level security;
alter table calendar_entry force row level security;
create policy everyone_reads on calendar_entry for select using ((select irisplane_tenant()) is not null);
create policy region_adds on calendar_entry for insert with check ((select irisplane_tenant()) = '*');
create policy region_alters on calendar_entry for update using ((select irisplane_tenant()) = '*');
create policy region_removes on calendar_entry for delete using ((select irisplane_tenant()) = '*');
revoke insert, update, delete on calendar_entry from irisplane_worker;

-- Mail and readers' positions are the platform's; locks and leases are the workers' own.
revoke all on notice, reader_position, target_lock from irisplane_api;
revoke all on notice, reader_position from irisplane_worker;
revoke insert, update, delete on executor_lease from irisplane_api;
