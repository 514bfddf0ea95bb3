-- A project that was asked for and not granted leaves its code to the next one.

create function project_release() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from project p where p.status = 'asked' and p.cloud_id is null and p.id::text = new.outcome -> 'resource' ->> 'id';
    return null;
end $$;
create trigger project_release after update of state on change for each row
    when (new.kind = 'hosting.project.create' and old.state is distinct from new.state
          and new.state in ('rejected', 'cancelled', 'expired', 'stale', 'failed', 'rolled_back'))
    execute function project_release();
