-- What the cloud has lost blocks neither a name nor a quota. A network is the exception: its range is its own until it is given up.

alter table quota_rule add column while_vanished boolean not null default false;
update quota_rule set while_vanished = true where table_name = 'cloud_network';

-- A server that is lost takes what its resize held with it.
create function server_resize_lost() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update server_resize set gone_at = now() where server_id = new.id and gone_at is null;
    return null;
end $$;
create trigger server_resize_lost after update of status on server for each row
    when (new.status = 'vanished' and old.status <> 'vanished') execute function server_resize_lost();
update server_resize r set gone_at = now() from server s where s.id = r.server_id and s.status = 'vanished' and r.gone_at is null;

-- What is lost today was counted until today.
with lost as (
    select tenant_id, project_id, 'server' as table_name, to_jsonb(r) as shown from server r where r.status = 'vanished'
    union all select tenant_id, project_id, 'volume', to_jsonb(r) from volume r where r.status = 'vanished'
    union all select tenant_id, project_id, 'volume_snapshot', to_jsonb(r) from volume_snapshot r where r.status = 'vanished'
    union all select tenant_id, project_id, 'security_group', to_jsonb(r) from security_group r where r.status = 'vanished'
    union all select tenant_id, project_id, 'floating_ip', to_jsonb(r) from floating_ip r where r.status = 'vanished'),
counted as (
    select l.tenant_id, l.project_id, q.resource,
           sum(case when q.column_name is null then 1 else (l.shown ->> q.column_name)::bigint end) as held
    from lost l join quota_rule q using (table_name) group by grouping sets ((1, 2, 3), (1, 3)))
update quota q set used = q.used - c.held from counted c
where q.tenant_id = c.tenant_id and q.resource = c.resource and q.project_id is not distinct from c.project_id;

create or replace function quota_count() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    old_rows jsonb := '[]';
    new_rows jsonb := '[]';
    deltas   jsonb;
    short    jsonb;
    lost     text[] := '{}';
begin
    if tg_op <> 'DELETE' then select coalesce(jsonb_agg(to_jsonb(a)), '[]') into new_rows from arriving a; end if;
    if tg_op <> 'INSERT' then select coalesce(jsonb_agg(to_jsonb(l)), '[]') into old_rows from leaving l; end if;
    select coalesce(array_agg(l ->> 'id'), '{}') into lost from jsonb_array_elements(old_rows) l where l ->> 'status' = 'vanished';
    -- delta is what is counted, asked what of it must fit: what comes back is there, whether or not it fits.
    select jsonb_agg(jsonb_build_object('tenant_id', tenant_id, 'project_id', project_id, 'resource', resource, 'delta', delta,
                                        'asked', asked))
      into deltas
    from (select r ->> 'tenant_id' as tenant_id, r ->> 'project_id' as project_id, q.resource,
                 sum(sign * case when q.column_name is null then 1 else (r ->> q.column_name)::bigint end) as delta,
                 coalesce(sum(sign * case when q.column_name is null then 1 else (r ->> q.column_name)::bigint end)
                          filter (where q.while_vanished or sign = -1 or r ->> 'id' <> all(lost)), 0) as asked
          from (select 1 as sign, jsonb_array_elements(new_rows) as r
                union all select -1, jsonb_array_elements(old_rows)) moved
          join quota_rule q on q.table_name = tg_table_name
          where r ->> 'gone_at' is null and (q.while_vanished or r ->> 'status' is distinct from 'vanished')
          group by 1, 2, 3) counted
    where delta <> 0;
    if deltas is null then return null; end if;
    -- Everybody locks in one order: two orders of one administration wait for each other and never for a deadlock.
    perform from quota q
      where exists (select from jsonb_to_recordset(deltas) d(tenant_id uuid, project_id uuid, resource text)
                    where d.tenant_id = q.tenant_id and d.resource = q.resource
                      and (q.project_id is null or q.project_id = d.project_id))
      order by q.tenant_id, q.project_id nulls first, q.resource for update;
    -- The administration's own bound first, then the project's.
    select jsonb_agg(jsonb_build_object('resource', d.resource, 'asked', d.asked, 'granted', coalesce(q.granted, 0),
                                        'left', greatest(coalesce(q.granted - q.used, 0), 0),
                                        'level', case when d.project_id is null then 'tenant' else 'project' end)
                     order by d.project_id nulls first, d.resource)
      into short
    from (select tenant_id, resource, null::uuid as project_id, sum(asked) as asked
            from jsonb_to_recordset(deltas) d(tenant_id uuid, resource text, asked bigint) group by 1, 2
          union all
          select tenant_id, resource, project_id, asked
            from jsonb_to_recordset(deltas) d(tenant_id uuid, project_id uuid, resource text, asked bigint)) d
    left join quota q on q.tenant_id = d.tenant_id and q.resource = d.resource and q.project_id is not distinct from d.project_id
    where d.asked > 0 and d.asked > coalesce(q.granted - q.used, 0);
    if short is not null then
        raise exception using errcode = '23514', constraint = 'quota_fits', message = 'over quota', detail = (
            select (short -> 0 || jsonb_build_object('project', p.code, 'enough',
                    jsonb_object_agg(d.resource, greatest(coalesce(q.granted, 0), coalesce(q.used, 0) + d.delta))))::text
              from jsonb_to_recordset(deltas) d(tenant_id uuid, project_id uuid, resource text, delta bigint)
              join project p on p.id = d.project_id
              left join quota q on q.project_id = d.project_id and q.resource = d.resource
             where d.resource in (select s ->> 'resource' from jsonb_array_elements(short) s)
             group by p.id, p.code order by p.id limit 1);
    end if;
    update quota q set used = q.used + d.delta
    from (select tenant_id, resource, null::uuid as project_id, sum(delta) as delta
            from jsonb_to_recordset(deltas) d(tenant_id uuid, resource text, delta bigint) group by 1, 2
          union all
          select tenant_id, resource, project_id, delta
            from jsonb_to_recordset(deltas) d(tenant_id uuid, project_id uuid, resource text, delta bigint)) d
    where q.tenant_id = d.tenant_id and q.resource = d.resource and q.project_id is not distinct from d.project_id;
    return null;
end $$;

drop index server_name_once;
create unique index server_name_once on server (project_id, name) where gone_at is null and status <> 'vanished';
drop index volume_name_once;
create unique index volume_name_once on volume (project_id, name) where gone_at is null and status <> 'vanished';
drop index volume_snapshot_name_once;
create unique index volume_snapshot_name_once on volume_snapshot (project_id, name) where gone_at is null and status <> 'vanished';
drop index security_group_name_once;
create unique index security_group_name_once on security_group (project_id, name) where gone_at is null and status <> 'vanished';
-- The cloud gives an address to somebody else as soon as it is free.
drop index floating_ip_address_once;
create unique index floating_ip_address_once on floating_ip (address) where gone_at is null and status <> 'vanished';
