-- Who wants what somebody has is told who has it: the strand's row is the lock on which both writers meet, so the second one waits, and then
-- reads what the first one wrote. The keys stay: they are what holds.

-- How many strands of a cable nobody lights or holds in that time.
create function cable_strands_free(cable uuid, span tstzrange) returns bigint language sql stable security definer set search_path = public, pg_temp as $$
    select count(*) from strand s where s.cable_id = cable
       and not exists (select from circuit_strand x where x.strand_id = s.id and x.during && span)
       and not exists (select from strand_hold h where h.strand_id = s.id and h.during && span)
$$;

create function strand_until(span tstzrange) returns text language sql stable set search_path = public, pg_temp as $$
    select coalesce(to_char(upper(span) at time zone 'utc', 'YYYY-MM-DD HH24:MI') || ' UTC', 'further notice')
$$;

create function strand_lit_by_one() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare bad record;
begin
    perform from strand where id = new.strand_id for no key update;
    select c.id as cable, c.code, s.number, k.code as circuit, x.during into bad
      from circuit_strand x join circuit k on k.id = x.circuit_id join strand s on s.id = x.strand_id join cable c on c.id = s.cable_id
     where x.strand_id = new.strand_id and x.during && new.during and x.id <> new.id limit 1;
    if found then
        perform plant_refuse('strand_lit_once', 'circuit_strand', format('Circuit %s lights strand %s/%s until %s. Strands of cable %s that are free then: %s.',
            bad.circuit, bad.code, bad.number, strand_until(bad.during), bad.code, cable_strands_free(bad.cable, new.during)), new.id);
    end if;
    return new;
end $$;
create trigger strand_lit_by_one before insert or update of strand_id, during on circuit_strand
    for each row execute function strand_lit_by_one();

create function strand_held_by_one() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare bad record;
begin
    perform from strand where id = new.strand_id for no key update;
    select c.id as cable, c.code, s.number, t.code as holder, h.during into bad
      from strand_hold h join tenant t on t.id = h.tenant_id join strand s on s.id = h.strand_id join cable c on c.id = s.cable_id
     where h.strand_id = new.strand_id and h.during && new.during and h.id <> new.id limit 1;
    if found then
        perform plant_refuse('strand_hold_once', 'strand_hold', format('Strand %s/%s is held for %s until %s. Strands of cable %s that are free then: %s.',
            bad.code, bad.number, bad.holder, strand_until(bad.during), bad.code, cable_strands_free(bad.cable, new.during)), new.id);
    end if;
    return new;
end $$;
create trigger strand_held_by_one before insert or update of strand_id, during on strand_hold
    for each row execute function strand_held_by_one();

-- What somebody holds, nobody else's circuit lights: as before, and now says who holds it.
create or replace function strand_holds_respected() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare bad record;
begin
    perform from strand where id in (select strand_id from arriving) order by id for no key update;
    select h.id, c.code, s.number, k.code as circuit, t.code as holder, h.during into bad
      from circuit_strand x join circuit k on k.id = x.circuit_id
      join strand_hold h on h.strand_id = x.strand_id and h.during && x.during and h.tenant_id <> k.tenant_id
      join tenant t on t.id = h.tenant_id
      join strand s on s.id = x.strand_id join cable c on c.id = s.cable_id
     where x.strand_id in (select strand_id from arriving) limit 1;
    if found then
        perform plant_refuse('strand_held_by_another', tg_table_name::text,
            format('Strand %s/%s is held for %s until %s. Circuit %s is of somebody else.', bad.code, bad.number, bad.holder,
                strand_until(bad.during), bad.circuit), null);
    end if;
    return null;
end $$;

-- ---------------------------------------------------------------------------------------------- what is at an end already

create function strand_ends_free(strands uuid[], sides text[], about text) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare bad record;
begin
    select e.side, c.code, s.number, k.code as closure, nc.code as next_code, ns.number as next_number, e.next_side, l.code as panel, p.number as port into bad
      from unnest(strands, sides) u (strand_id, side)
      join strand_end e on e.strand_id = u.strand_id and e.side = u.side
      join strand s on s.id = e.strand_id join cable c on c.id = s.cable_id
      left join splice x on x.id = e.splice_id left join closure k on k.id = x.closure_id
      left join strand ns on ns.id = e.next_strand_id left join cable nc on nc.id = ns.cable_id
      left join panel_port p on p.id = e.port_id left join panel l on l.id = p.panel_id limit 1;
    if bad.closure is not null then
        perform plant_refuse('strand_end_once', about, format('End %s of strand %s/%s is spliced to %s/%s:%s in closure %s.',
            bad.side, bad.code, bad.number, bad.next_code, bad.next_number, bad.next_side, bad.closure), null);
    elsif bad.panel is not null then
        perform plant_refuse('strand_end_once', about, format('End %s of strand %s/%s is on port %s/%s.',
            bad.side, bad.code, bad.number, bad.panel, bad.port), null);
    end if;
end $$;

create or replace function splice_ends() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('plant:ends', 0));       -- two halves of a loop are made one after the other
    if tg_op = 'UPDATE' then
        delete from strand_end e using leaving l where e.splice_id = l.id;
    end if;
    perform strand_ends_free(array_agg(a_strand_id) || array_agg(b_strand_id), array_agg(a_side) || array_agg(b_side), 'splice') from arriving;
    insert into strand_end (strand_id, side, splice_id, next_strand_id, next_side)
        select a_strand_id, a_side, id, b_strand_id, b_side from arriving
        union all select b_strand_id, b_side, id, a_strand_id, a_side from arriving;
    perform plant_refuse_loop(array_agg(b_strand_id), array_agg(b_side), 'splice') from arriving;
    perform plant_ends_in_place(array(select distinct s.cable_id from arriving x join strand s on s.id in (x.a_strand_id, x.b_strand_id)));
    return null;
end $$;

create or replace function panel_port_ends() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('plant:ends', 0));
    if tg_op = 'UPDATE' then
        delete from strand_end e using leaving l where e.port_id = l.id;
        delete from port_front f using leaving l where f.port_id = l.id and f.interface_id is not null;
    end if;
    perform strand_ends_free(array_agg(strand_id), array_agg(side), 'panel_port') from arriving where strand_id is not null;
    insert into strand_end (strand_id, side, port_id) select strand_id, side, id from arriving where strand_id is not null;
    insert into port_front (port_id, interface_id) select id, interface_id from arriving where interface_id is not null;
    perform plant_refuse_loop(array_agg(strand_id), array_agg(side), 'panel_port') from arriving where strand_id is not null;
    perform plant_ends_in_place(array(select distinct s.cable_id from arriving x join strand s on s.id = x.strand_id));
    return null;
end $$;
