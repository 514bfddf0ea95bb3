-- A server shows the floating addresses that lead to it from our own rows: at once, and not when Nova has heard of it. Whoever read
-- the server reads it anew once one comes or goes.
create function floating_ip_moves() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update server set updated_at = now() where id in (old.server_id, new.server_id) and gone_at is null;
    return null;
end $$;
create trigger floating_ip_moves after update of server_id, address on floating_ip for each row
    when ((old.server_id, old.address) is distinct from (new.server_id, new.address)) execute function floating_ip_moves();
create index floating_ip_was on floating_ip (project_id, address);
