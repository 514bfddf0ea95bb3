-- A path that does not name pg_temp has it first for tables: whoever may make a temporary table could put one before ours.
-- This room's functions only: others of the schema may belong to somebody else, and their rooms name their own.
do $$ declare one regprocedure; begin
    for one in select p.oid from pg_proc p where p.prosecdef and p.pronamespace = 'public'::regnamespace
                 and (p.proname like 'inventory\_%' or p.proname = 'link_ends') loop
        execute format('alter function %s set search_path = public, pg_temp', one);
    end loop;
end $$;
