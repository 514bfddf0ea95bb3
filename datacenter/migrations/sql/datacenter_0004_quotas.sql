-- Quotas say everything that is short at once, for which project, and how much would be enough; and warn before they are full.

create or replace function quota_count() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    old_rows jsonb := '[]';
    new_rows jsonb := '[]';
    deltas   jsonb;
    short    jsonb;
begin
    if tg_op <> 'DELETE' then select coalesce(jsonb_agg(to_jsonb(a)), '[]') into new_rows from arriving a; end if;
    if tg_op <> 'INSERT' then select coalesce(jsonb_agg(to_jsonb(l)), '[]') into old_rows from leaving l; end if;
    select jsonb_agg(jsonb_build_object('tenant_id', tenant_id, 'project_id', project_id, 'resource', resource, 'delta', delta))
      into deltas
    from (select r ->> 'tenant_id' as tenant_id, r ->> 'project_id' as project_id, q.resource,
                 sum(sign * case when q.column_name is null then 1 else (r ->> q.column_name)::bigint end) as delta
          from (select 1 as sign, jsonb_array_elements(new_rows) as r
                union all select -1, jsonb_array_elements(old_rows)) moved
          join quota_rule q on q.table_name = tg_table_name
          where r ->> 'gone_at' is null group by 1, 2, 3) counted
    where delta <> 0;
    if deltas is null then return null; end if;
    -- Everybody locks in one order: two orders of one administration wait for each other and never for a deadlock.
    perform from quota q
      where exists (select from jsonb_to_recordset(deltas) d(tenant_id uuid, project_id uuid, resource text)
                    where d.tenant_id = q.tenant_id and d.resource = q.resource
                      and (q.project_id is null or q.project_id = d.project_id))
      order by q.tenant_id, q.project_id nulls first, q.resource for update;
    -- The administration's own bound first, then the project's.
    select jsonb_agg(jsonb_build_object('resource', d.resource, 'asked', d.delta, 'granted', coalesce(q.granted, 0),
                                        'left', greatest(coalesce(q.granted - q.used, 0), 0),
                                        'level', case when d.project_id is null then 'tenant' else 'project' end)
                     order by d.project_id nulls first, d.resource)
      into short
    from (select tenant_id, resource, null::uuid as project_id, sum(delta) as delta
            from jsonb_to_recordset(deltas) d(tenant_id uuid, resource text, delta bigint) group by 1, 2
          union all
          select tenant_id, resource, project_id, delta
            from jsonb_to_recordset(deltas) d(tenant_id uuid, project_id uuid, resource text, delta bigint)) d
    left join quota q on q.tenant_id = d.tenant_id and q.resource = d.resource and q.project_id is not distinct from d.project_id
    where d.delta > 0 and d.delta > coalesce(q.granted - q.used, 0);
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

-- How full a quota is: nearly-full from four fifths on, full when nothing is left. One without room is full only when it is used.
create function quota_level(granted bigint, used bigint) returns text language sql immutable parallel safe as $$
    select case when used > 0 and used >= granted then 'full' when used > 0 and used * 5 >= granted * 4 then 'nearly-full' else 'ok' end $$;

-- Whoever is near the end of a quota hears of it when the line is crossed, in the transaction that crosses it.
create function quota_warn() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if irisplane_setting('preview') = 'on' then return null; end if;
    insert into journal (kind, actor, action, subject_type, subject_id, change_id, request_id, reason, tenant_id, body)
    select 'event', irisplane_setting('actor')::uuid, 'quota.' || quota_level(a.granted, a.used), 'quota', a.id::text,
           irisplane_setting('change_id')::uuid, coalesce(irisplane_setting('request_id'), ''),
           coalesce(irisplane_setting('reason'), ''), a.tenant_id,
           jsonb_build_object('resource', a.resource, 'granted', a.granted, 'used', a.used, 'project', p.code)
      from arriving a join leaving l on l.id = a.id left join project p on p.id = a.project_id
     where quota_level(a.granted, a.used) <> 'ok' and quota_level(l.granted, l.used) <> 'full'
       and quota_level(a.granted, a.used) <> quota_level(l.granted, l.used);
    return null;
end $$;
create trigger quota_warn after update on quota referencing old table as leaving new table as arriving
    for each statement execute function quota_warn();
