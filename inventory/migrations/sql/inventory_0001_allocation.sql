-- The next free one of a pool: gaps found in one sorted pass, under one lock per pool family, reservations counted as taken.
-- They look past row-level security (what another tenant holds is taken too) and tell nothing but the free value; whether the
-- caller may draw from the pool is asked first. The constraints of inventory_0001 stay the last word.

-- Serialises allocations that could meet: all prefixes of a VRF, or one group, rack or range. Ordered, so that two
-- changes that draw from several pools never wait for each other in a circle.
create function inventory_lock_pools(pools uuid[]) returns void language plpgsql security definer set search_path = public as $$
declare key bigint;
begin
    for key in select distinct hashtextextended('pool:' || coalesce(p.vrf_id, x), 0)
               from unnest(pools) x left join prefix p on p.id = x order by 1 loop
        perform pg_advisory_xact_lock(key);
    end loop;
end $$;

create function inventory_may_draw(owner uuid, shared boolean default false) returns boolean language sql stable as
$$ select shared or (select irisplane_tenant()) in ('*', owner::text) $$;

create function inventory_full_length(address inet) returns integer language sql immutable strict parallel safe as
$$ select case family(address) when 4 then 32 else 128 end $$;

-- Whether a promise still binds: its time has not run out, and its change can still run (or is being planned just now).
create function inventory_promised(r reservation) returns boolean language sql stable security definer set search_path = public as $$
    select r.held @> now() and (r.change_id = coalesce(irisplane_setting('change_id')::uuid, '00000000-0000-0000-0000-000000000000')
        or exists (select from change c where c.id = r.change_id and c.state in ('waiting', 'approved', 'running', 'rolling_back')))
$$;

-- Promise a value to the change that is being planned, until it ends. Promises that bind nobody any more make way.
create function inventory_promise(pool uuid, vrf uuid, wanted inet, digits int8range, owner uuid) returns void
language plpgsql security definer set search_path = public as $$
begin
    delete from reservation r where not inventory_promised(r)
       and (r.vrf_id = vrf and r.network && wanted or r.pool_id = pool and r.numbers && digits);
    insert into reservation (tenant_id, change_id, pool_id, vrf_id, network, numbers, held)
        values (owner, coalesce(irisplane_setting('change_id')::uuid, '00000000-0000-0000-0000-000000000000'), pool, vrf, wanted, digits,
                tstzrange(now(), now() + interval '1 year'));
end $$;

-- Give back what the change that is being planned was promised before.
create function inventory_release() returns void language sql security definer set search_path = public as $$
    delete from reservation where change_id = coalesce(irisplane_setting('change_id')::uuid, '00000000-0000-0000-0000-000000000000')
$$;

-- What is taken inside a prefix, as first and last host: prefixes below it, addresses held now or later, live reservations.
create function inventory_taken(pool uuid) returns table (low inet, high inet) language sql stable security definer set search_path = public as $$
    with p as (select * from prefix where id = pool)
    select set_masklen(network(c.cidr)::inet, inventory_full_length(c.cidr)), set_masklen(broadcast(c.cidr), inventory_full_length(c.cidr))
      from p join prefix c on c.vrf_id = p.vrf_id and c.cidr << p.cidr
    union all
    select a.host, a.host from p join address a on a.vrf_id = p.vrf_id and a.host <<= p.cidr and coalesce(upper(a.held) > now(), true)
    union all
    select set_masklen(network(r.network)::inet, inventory_full_length(r.network)), set_masklen(broadcast(r.network), inventory_full_length(r.network))
      from p join reservation r on r.vrf_id = p.vrf_id and r.network <<= p.cidr and inventory_promised(r)
$$;

-- The next free block of a length inside a container or pool; null when there is none. A free block starts where the pool
-- starts or behind something taken, so one pass over what is taken, in order, sees them all.
create function inventory_free_prefix(pool uuid, length integer) returns cidr language plpgsql security definer set search_path = public as $$
declare
    p    prefix%rowtype;
    full_length integer;
    last inet;
    found_block cidr;
begin
    select * into p from prefix where id = pool;
    if not found or not inventory_may_draw(p.tenant_id, p.shared) then
        raise exception 'no such pool' using errcode = 'no_data_found';
    end if;
    full_length := inventory_full_length(p.cidr);
    last := set_masklen(broadcast(p.cidr), full_length);
    if length <= masklen(p.cidr) or length > full_length then return null; end if;
    with taken as (select * from inventory_taken(pool)),
    gap as (
        select set_masklen(network(p.cidr)::inet, full_length) as start, (select min(low) from taken) as stop
        union all
        select case when reached < last then reached + 1 end, stop
          from (select max(high) over (order by low, high rows unbounded preceding) as reached, lead(low) over (order by low, high) as stop from taken) t
    ),
    aligned as (   -- up to the next multiple of the block's size
        select stop, case
            when set_masklen(network(set_masklen(start, length))::inet, full_length) = start then start
            when set_masklen(broadcast(set_masklen(start, length)), full_length) < last
                then set_masklen(broadcast(set_masklen(start, length)), full_length) + 1 end as start
          from gap where start is not null
    )
    select network(set_masklen(a.start, length)) into found_block from aligned a
     where a.start is not null
       and case when a.stop is null then set_masklen(broadcast(set_masklen(a.start, length)), full_length) <= last
                else set_masklen(broadcast(set_masklen(a.start, length)), full_length) < a.stop end
     order by a.start limit 1;
    return found_block;
end $$;

-- The next free host of a prefix or pool; null when there is none. The first address of a subnet is nobody's, nor is the last
-- of an IPv4 subnet, except in pairs (/31, /127) and single hosts.
create function inventory_free_address(pool uuid) returns inet language plpgsql security definer set search_path = public as $$
declare
    p      prefix%rowtype;
    full_length integer;
    first  inet;
    last   inet;
    free   inet;
begin
    select * into p from prefix where id = pool;
    if not found or not inventory_may_draw(p.tenant_id, p.shared) then
        raise exception 'no such pool' using errcode = 'no_data_found';
    end if;
    full_length := inventory_full_length(p.cidr);
    first := set_masklen(network(p.cidr)::inet, full_length);
    last := set_masklen(broadcast(p.cidr), full_length);
    if masklen(p.cidr) < full_length - 1 then
        first := first + 1;
        if family(p.cidr) = 4 then last := last - 1; end if;
    end if;
    with taken as (select * from inventory_taken(pool) where high >= first),
    gap as (
        select first as start, (select min(low) from taken) as stop
        union all
        select case when reached < last then reached + 1 end, stop
          from (select max(high) over (order by low, high rows unbounded preceding) as reached, lead(low) over (order by low, high) as stop from taken) t
    )
    select g.start into free from gap g where g.start <= last and (g.stop is null or g.start < g.stop) order by g.start limit 1;
    return free;
end $$;

-- The next free VLAN id of a group.
create function inventory_free_vlan(pool uuid) returns integer language plpgsql security definer set search_path = public as $$
declare g vlan_group%rowtype;
begin
    select * into g from vlan_group where id = pool;
    if not found or not inventory_may_draw(g.tenant_id) then
        raise exception 'no such pool' using errcode = 'no_data_found';
    end if;
    return (select lower(int4multirange(g.vids) - coalesce(range_agg(taken), '{}'))
            from (select int4range(vid, vid + 1) as taken from vlan where group_id = pool and coalesce(upper(held) > now(), true)
                  union all select int4range(lower(numbers)::integer, upper(numbers)::integer) from reservation
                  where pool_id = pool and numbers is not null and inventory_promised(reservation)) t);
end $$;

-- The lowest free units of a rack, so many in one piece, on a face.
create function inventory_free_units(pool uuid, size integer, face text) returns int4range language plpgsql security definer set search_path = public as $$
declare
    r rack%rowtype;
    wanted int4range := case face when 'front' then int4range(1, 2) when 'rear' then int4range(2, 3) else int4range(1, 3) end;
begin
    select * into r from rack where id = pool;
    if not found or not inventory_may_draw(r.tenant_id) then
        raise exception 'no such pool' using errcode = 'no_data_found';
    end if;
    return (select int4range(lower(free), lower(free) + size)
            from unnest(int4multirange(int4range(1, r.units + 1)) - coalesce((select range_agg(taken) from (
                select units as taken from rack_placement where rack_id = pool and faces && wanted and coalesce(upper(held) > now(), true)
                union all select int4range(lower(numbers)::integer, upper(numbers)::integer) from reservation
                where pool_id = pool and numbers is not null and inventory_promised(reservation)) t), '{}')) free
            where upper(free) - lower(free) >= size order by lower(free) limit 1);
end $$;

-- The next free AS number of a range.
create function inventory_free_asn(pool uuid) returns bigint language plpgsql security definer set search_path = public as $$
declare g asn_range%rowtype;
begin
    select * into g from asn_range where id = pool;
    if not found or not inventory_may_draw(g.tenant_id) then
        raise exception 'no such pool' using errcode = 'no_data_found';
    end if;
    return (select lower(int8multirange(g.numbers) - coalesce(range_agg(taken), '{}'))
            from (select int8range(number, number + 1) as taken from asn where number <@ g.numbers
                  union all select numbers from reservation where pool_id = pool and numbers is not null and inventory_promised(reservation)) t);
end $$;
