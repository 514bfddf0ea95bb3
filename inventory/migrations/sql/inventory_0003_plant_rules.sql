-- What no one may break, also not two people at once: an end is used once, a chain of splices ends, things lie where they say.

-- ---------------------------------------------------------------------------------------------- an end is used once

-- What is at each end of a strand: a key over both columns of splice and the back of ports, kept by their triggers. A trace
-- walks it: next_strand and next_side are the end that a splice joins it to.
create table strand_end (
    strand_id      uuid not null,
    side           text not null,
    splice_id      uuid references splice on delete cascade,
    port_id        uuid references panel_port on delete cascade,
    next_strand_id uuid,
    next_side      text,
    constraint strand_end_once primary key (strand_id, side),
    check (num_nonnulls(splice_id, port_id) = 1)
);
create index strand_end_splice on strand_end (splice_id) where splice_id is not null;
create index strand_end_port on strand_end (port_id) where port_id is not null;

-- What is at the front of each port: an interface, or a patch cord to the next port.
create table port_front (
    port_id       uuid constraint port_front_once primary key,
    interface_id  uuid,
    patch_cord_id uuid references patch_cord on delete cascade,
    next_port_id  uuid,
    check (num_nonnulls(interface_id, patch_cord_id) = 1)
);
create index port_front_interface on port_front (interface_id) where interface_id is not null;
create index port_front_cord on port_front (patch_cord_id) where patch_cord_id is not null;

-- A strand among the given ones (each entered at the given side) whose chain of splices and patch cords comes back to it, if any.
-- Every end has at most one other, so a chain either ends or comes back to where it began: the walk ends.
create function plant_loop(strands uuid[], sides text[]) returns uuid language sql stable security definer set search_path = public, pg_temp as $$
    with recursive walk (start, start_side, strand_id, side, steps) as (
        select s, d, s, d, 0 from unnest(strands, sides) u (s, d)
        union all
        select w.start, w.start_side, coalesce(e.next_strand_id, p.strand_id), coalesce(e.next_side, p.side), w.steps + 1
          from walk w
          join strand_end e on e.strand_id = w.strand_id and e.side = case w.side when 'a' then 'b' else 'a' end
          left join port_front f on f.port_id = e.port_id
          left join panel_port p on p.id = f.next_port_id
         where (e.next_strand_id is not null or p.strand_id is not null)
           and not (w.steps > 0 and w.strand_id = w.start and w.side = w.start_side)
    )
    select start from walk where steps > 0 and strand_id = start and side = start_side limit 1
$$;

create function plant_refuse(rule text, about text, told text, who uuid) returns void language plpgsql as $$
begin
    raise exception '%', told using errcode = 'check_violation', constraint = rule, table = about, detail = coalesce(who::text, '');
end $$;

create function plant_refuse_loop(strands uuid[], sides text[], about text) returns void language plpgsql as $$
declare found_loop uuid := plant_loop(strands, sides);
begin
    if found_loop is not null then
        perform plant_refuse('splice_chain_ends', about, (select format('The chain of strand %s/%s closes on itself.', c.code, s.number)
            from strand s join cable c on c.id = s.cable_id where s.id = found_loop), null);
    end if;
end $$;

-- Splices and ports lie where their strands' ends are: for the ends of these cables.
create function plant_ends_in_place(cables uuid[]) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    bad record;
begin
    perform from cable where id = any(cables) order by id for share;
    select c.code, s.number, e.side, e.splice_id, n.code as here, k.code as closure, kn.code as there, l.code as panel, ls.code as site, p.id as port
      into bad
      from strand s
      join cable c on c.id = s.cable_id
      join strand_end e on e.strand_id = s.id
      join plant_node n on n.id = case e.side when 'a' then c.a_node_id else c.b_node_id end
      left join splice x on x.id = e.splice_id
      left join closure k on k.id = x.closure_id
      left join plant_node kn on kn.id = k.node_id
      left join panel_port p on p.id = e.port_id
      left join panel l on l.id = p.panel_id
      left join site ls on ls.id = l.site_id
     where s.cable_id = any(cables) and (k.node_id <> n.id or l.site_id is distinct from n.site_id and l.id is not null)
     limit 1;
    if bad.splice_id is not null then
        perform plant_refuse('splice_at_its_closure', 'splice', format('Strand %s/%s has its end %s at %s, but closure %s is at %s.',
            bad.code, bad.number, bad.side, bad.here, bad.closure, bad.there), bad.splice_id);
    elsif bad.port is not null then
        perform plant_refuse('panel_port_at_its_strand', 'panel_port', format('Strand %s/%s has its end %s at %s, which is not the site %s of panel %s.',
            bad.code, bad.number, bad.side, bad.here, bad.site, bad.panel), bad.port);
    end if;
end $$;

create function splice_ends() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('plant:ends', 0));       -- two halves of a loop are made one after the other
    if tg_op = 'UPDATE' then
        delete from strand_end e using leaving l where e.splice_id = l.id;
    end if;
    insert into strand_end (strand_id, side, splice_id, next_strand_id, next_side)
        select a_strand_id, a_side, id, b_strand_id, b_side from arriving
        union all select b_strand_id, b_side, id, a_strand_id, a_side from arriving;
    perform plant_refuse_loop(array_agg(b_strand_id), array_agg(b_side), 'splice') from arriving;
    perform plant_ends_in_place(array(select distinct s.cable_id from arriving x join strand s on s.id in (x.a_strand_id, x.b_strand_id)));
    return null;
end $$;
create trigger splice_ends_insert after insert on splice referencing new table as arriving for each statement execute function splice_ends();
create trigger splice_ends_update after update on splice referencing old table as leaving new table as arriving
    for each statement execute function splice_ends();

create function panel_port_ends() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('plant:ends', 0));
    if tg_op = 'UPDATE' then
        delete from strand_end e using leaving l where e.port_id = l.id;
        delete from port_front f using leaving l where f.port_id = l.id and f.interface_id is not null;
    end if;
    insert into strand_end (strand_id, side, port_id) select strand_id, side, id from arriving where strand_id is not null;
    insert into port_front (port_id, interface_id) select id, interface_id from arriving where interface_id is not null;
    perform plant_refuse_loop(array_agg(strand_id), array_agg(side), 'panel_port') from arriving where strand_id is not null;
    perform plant_ends_in_place(array(select distinct s.cable_id from arriving x join strand s on s.id = x.strand_id));
    return null;
end $$;
create trigger panel_port_ends_insert after insert on panel_port referencing new table as arriving
    for each statement execute function panel_port_ends();
create trigger panel_port_ends_update after update on panel_port referencing old table as leaving new table as arriving
    for each statement execute function panel_port_ends();
create function panel_port_leaves() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    delete from port_front f using leaving l where f.port_id = l.id;
    return null;
end $$;
create trigger panel_port_leaves after delete on panel_port referencing old table as leaving for each statement execute function panel_port_leaves();

create function patch_cord_ends() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('plant:ends', 0));
    if tg_op = 'UPDATE' then
        delete from port_front f using leaving l where f.patch_cord_id = l.id;
    end if;
    insert into port_front (port_id, patch_cord_id, next_port_id)
        select a_port_id, id, b_port_id from arriving union all select b_port_id, id, a_port_id from arriving;
    perform plant_refuse_loop(array_agg(p.strand_id), array_agg(p.side), 'patch_cord')
       from arriving x join panel_port p on p.id = x.b_port_id where p.strand_id is not null;
    return null;
end $$;
create trigger patch_cord_ends_insert after insert on patch_cord referencing new table as arriving
    for each statement execute function patch_cord_ends();
create trigger patch_cord_ends_update after update on patch_cord referencing old table as leaving new table as arriving
    for each statement execute function patch_cord_ends();

-- ---------------------------------------------------------------------------------------------- things measure what they must

-- Metres between two places on a sphere of the Earth's mean radius (IUGG): within 0.6 % of the ellipsoid.
create function plant_metres(lon1 double precision, lat1 double precision, lon2 double precision, lat2 double precision)
returns double precision language sql immutable strict parallel safe as $$
    select 2 * 6371008.8 * asin(sqrt(least(1, power(sin(radians(lat2 - lat1) / 2), 2)
         + cos(radians(lat1)) * cos(radians(lat2)) * power(sin(radians(lon2 - lon1) / 2), 2))))
$$;

-- A length may fall short of the straight line by what maps and spheres get wrong: one in a hundred and two metres.
create function plant_too_short(length_m double precision, straight_m double precision) returns boolean language sql immutable parallel safe as
$$ select length_m < straight_m * 0.99 - 2 $$;

create function ducts_measure(ducts uuid[]) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare bad record;
begin
    perform from plant_node where id in (select unnest(array[a_node_id, b_node_id]) from duct where id = any(ducts)) order by id for share;
    select d.id, d.code, d.length_m, a.code as a, b.code as b, m.straight, m.from_a, m.from_b into bad
      from duct d join plant_node a on a.id = d.a_node_id join plant_node b on b.id = d.b_node_id,
      lateral (select plant_metres(a.lon, a.lat, b.lon, b.lat) as straight,
                      plant_metres(a.lon, a.lat, (d.path -> 0 ->> 0)::float8, (d.path -> 0 ->> 1)::float8) as from_a,
                      plant_metres(b.lon, b.lat, (d.path -> -1 ->> 0)::float8, (d.path -> -1 ->> 1)::float8) as from_b) m
     where d.id = any(ducts) and (plant_too_short(d.length_m, m.straight) or m.from_a > 50 or m.from_b > 50) limit 1;
    if not found then return; end if;
    if bad.from_a > 50 or bad.from_b > 50 then
        perform plant_refuse('duct_reaches_its_nodes', 'duct', format('The path of duct %s begins %s m from %s and ends %s m from %s.',
            bad.code, round(bad.from_a), bad.a, round(bad.from_b), bad.b), bad.id);
    end if;
    perform plant_refuse('duct_long_enough', 'duct', format('Duct %s is given as %s m, but %s and %s are %s m apart.',
        bad.code, bad.length_m, bad.a, bad.b, round(bad.straight)), bad.id);
end $$;

create function cables_measure(cables uuid[]) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare bad record;
begin
    perform from plant_node where id in (select unnest(array[a_node_id, b_node_id]) from cable where id = any(cables)) order by id for share;
    select c.id, c.code, c.length_m, a.code as a, b.code as b, plant_metres(a.lon, a.lat, b.lon, b.lat) as straight into bad
      from cable c join plant_node a on a.id = c.a_node_id join plant_node b on b.id = c.b_node_id
     where c.id = any(cables) and plant_too_short(c.length_m, plant_metres(a.lon, a.lat, b.lon, b.lat)) limit 1;
    if found then
        perform plant_refuse('cable_long_enough', 'cable', format('Cable %s is given as %s m, but %s and %s are %s m apart.',
            bad.code, bad.length_m, bad.a, bad.b, round(bad.straight)), bad.id);
    end if;
end $$;

-- A cable's ducts follow on each other from its a to its b. A cable without ducts lies somewhere unknown.
create function cables_chain(cables uuid[]) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare bad record;
begin
    perform from cable where id = any(cables) order by id for share;
    select w.id, w.code, w.position, w.duct into bad from (
        select x.id, c.code, x.position, d.code as duct, row_number() over along as nth,
               case when x.reversed then d.b_node_id else d.a_node_id end as begins,
               coalesce(lag(case when x.reversed then d.a_node_id else d.b_node_id end) over along, c.a_node_id) as before,
               case when x.reversed then d.a_node_id else d.b_node_id end as ends,
               case when lead(x.id) over along is null then c.b_node_id end as last
          from cable_duct x join cable c on c.id = x.cable_id join duct d on d.id = x.duct_id where x.cable_id = any(cables)
        window along as (partition by x.cable_id order by x.position)) w
     where w.position <> w.nth or w.begins <> w.before or w.ends <> w.last order by w.code, w.position limit 1;
    if found then
        perform plant_refuse('cable_ducts_follow', 'cable_duct', format('Cable %s does not go on at position %s, duct %s.', bad.code, bad.position, bad.duct), bad.id);
    end if;
end $$;

-- At the end of a transaction, so that things can be moved together.
create function plant_checked() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare touched uuid[];
begin
    case tg_table_name
    when 'duct' then
        perform ducts_measure(array[new.id]);
        if tg_op = 'UPDATE' then
            perform cables_chain(array(select distinct cable_id from cable_duct where duct_id = new.id));
        end if;
    when 'cable' then
        perform cables_measure(array[new.id]);
        if tg_op = 'UPDATE' then
            perform cables_chain(array[new.id]);
            perform plant_ends_in_place(array[new.id]);
        end if;
    when 'cable_duct' then
        if tg_op <> 'INSERT' then perform cables_chain(array[old.cable_id]); end if;
        -- Of the rows that come to a cable the last one looks at all: one before it can only have come where another one left.
        if tg_op = 'UPDATE' or tg_op = 'INSERT' and not exists (select from cable_duct where cable_id = new.cable_id and position > new.position) then
            perform cables_chain(array[new.cable_id]);
        end if;
    when 'plant_node' then
        perform ducts_measure(array(select id from duct where new.id in (a_node_id, b_node_id)));
        touched := array(select id from cable where new.id in (a_node_id, b_node_id));
        perform cables_measure(touched);
        perform plant_ends_in_place(touched);
    when 'closure' then
        perform plant_ends_in_place(array(select distinct s.cable_id from splice x join strand s on s.id in (x.a_strand_id, x.b_strand_id)
                                           where x.closure_id = new.id));
    when 'panel' then
        perform plant_ends_in_place(array(select distinct s.cable_id from panel_port p join strand s on s.id = p.strand_id where p.panel_id = new.id));
    end case;
    return null;
end $$;
create constraint trigger duct_checked after insert or update of a_node_id, b_node_id, length_m, path on duct
    deferrable initially deferred for each row execute function plant_checked();
create constraint trigger cable_checked after insert or update of a_node_id, b_node_id, length_m on cable
    deferrable initially deferred for each row execute function plant_checked();
create constraint trigger cable_duct_checked after insert or update or delete on cable_duct
    deferrable initially deferred for each row execute function plant_checked();
create constraint trigger plant_node_checked after update of lon, lat, site_id on plant_node
    deferrable initially deferred for each row execute function plant_checked();
create constraint trigger closure_checked after update of node_id on closure
    deferrable initially deferred for each row execute function plant_checked();
create constraint trigger panel_checked after update of site_id on panel
    deferrable initially deferred for each row execute function plant_checked();

-- ---------------------------------------------------------------------------------------------- whose strand it is

-- What somebody holds, nobody else's circuit lights. The strand's row is the lock on which both writers meet.
create function strand_holds_respected() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare bad record;
begin
    perform from strand where id in (select strand_id from arriving) order by id for no key update;
    select h.id, c.code, s.number, k.code as circuit into bad
      from circuit_strand x join circuit k on k.id = x.circuit_id
      join strand_hold h on h.strand_id = x.strand_id and h.during && x.during and h.tenant_id <> k.tenant_id
      join strand s on s.id = x.strand_id join cable c on c.id = s.cable_id
     where x.strand_id in (select strand_id from arriving) limit 1;
    if found then
        perform plant_refuse('strand_held_by_another', tg_table_name::text,
            format('Strand %s/%s is held for another tenant than that of circuit %s.', bad.code, bad.number, bad.circuit), null);
    end if;
    return null;
end $$;
create trigger strand_holds_respected_insert after insert on circuit_strand referencing new table as arriving
    for each statement execute function strand_holds_respected();
create trigger strand_holds_respected_update after update on circuit_strand referencing new table as arriving
    for each statement execute function strand_holds_respected();
create trigger strand_holds_respected_insert after insert on strand_hold referencing new table as arriving
    for each statement execute function strand_holds_respected();
create trigger strand_holds_respected_update after update on strand_hold referencing new table as arriving
    for each statement execute function strand_holds_respected();
