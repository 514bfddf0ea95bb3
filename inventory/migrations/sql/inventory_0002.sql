-- A path that does not name pg_temp has it first for tables: whoever may make a temporary table could put one before ours.
do $$ declare one regprocedure; begin
    for one in select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace
                where p.prosecdef and n.nspname = 'public'
                  and not exists (select from unnest(p.proconfig) as c (said) where c.said like 'search_path=%pg_temp') loop
        execute format('alter function %s set search_path = public, pg_temp', one);
    end loop;
end $$;
