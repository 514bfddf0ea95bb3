-- A server shows its volumes: whoever read it reads it anew once one comes or goes.
create function volume_moves() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update server set updated_at = now() where id in (old.server_id, new.server_id) and gone_at is null;
    return null;
end $$;
create trigger volume_moves after update of server_id on volume for each row
    when (old.server_id is distinct from new.server_id) execute function volume_moves();
