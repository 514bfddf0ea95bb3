-- Metering: what was held, per quarter-hour in UTC, from the cloud's own records; what it comes to, per day and price; months that
-- are closed. Days and months are those of Brussels. Usage is only ever added to; charges are made anew from it while their month
-- is open, and never afterwards.

create function region_day(moment timestamptz) returns date language sql immutable parallel safe as
$$ select (moment at time zone 'Europe/Brussels')::date $$;
create function region_midnight(day date) returns timestamptz language sql immutable parallel safe as
$$ select day::timestamp at time zone 'Europe/Brussels' $$;
create function month_begin(day date) returns date language sql immutable parallel safe as
$$ select date_trunc('month', day::timestamp)::date $$;

-- ---------------------------------------------------------------------------------------------- what is metered

-- One thing at one size for one account: what a row of usage refers to by a small number.
create table meter (
    id            bigint generated always as identity primary key,
    tenant_id     uuid references tenant,             -- null: the account 'unassigned', no administration's
    project_id    uuid,
    source        text not null check (source in ('nova', 'cinder', 'neutron')),
    resource      text not null check (resource in ('server', 'volume', 'snapshot', 'backup', 'floating-ip', 'network')),
    resource_id   uuid,                               -- our row, where it is ours
    cloud_id      text not null,
    cloud_project text not null,
    name          text not null,
    component     text not null check (component in ('server', 'server-off', 'gib', 'address', 'network')),
    offering_id   uuid references offering,           -- null: nothing of the catalogue, so without a price
    plan_id       uuid references offering_plan,
    flavor        text not null,                      -- size of a server as the cloud names it
    created_at    timestamptz not null default now(),
    constraint meter_once unique nulls not distinct (source, cloud_id, tenant_id, project_id, component, offering_id, plan_id, flavor)
);
create index meter_resource on meter (resource_id) where resource_id is not null;

-- How much of it was held in a quarter-hour: pieces or GiB. No foreign keys: a million rows a day arrive in sets, and the trigger
-- below looks at each set once.
create table usage (
    quarter   timestamptz not null check (date_bin('15 minutes', quarter, 'epoch') = quarter),
    meter_id  bigint not null,
    tenant_id uuid,
    quantity  integer not null check (quantity > 0),
    seconds   smallint not null check (seconds between 1 and 900),    -- of the quarter-hour in which it was really there
    booked    date not null,                                          -- the month in which it is charged
    noted_at  timestamptz not null default now()
);
create index usage_quarter on usage using brin (quarter) with (pages_per_range = 32);

-- Up to when each source has been metered; and for when it could not be, or not wholly. No data is a gap, never zero.
create table metering_mark (
    source        text primary key check (source in ('nova', 'cinder', 'neutron')),
    metered_until timestamptz not null
);
create table metering_gap (
    id        uuid primary key default uuidv7(),
    source    text not null check (source in ('nova', 'cinder', 'neutron')),
    held      tstzrange not null check (not isempty(held)),
    reason    text not null,
    found_at  timestamptz not null default now(),
    closed_at timestamptz,
    constraint metering_gap_once exclude using gist (source with =, held with &&) where (closed_at is null)
);

-- ---------------------------------------------------------------------------------------------- what it comes to

-- A day of one meter at one price. booked: the month it is charged in; it differs from the day's month where that was closed already.
create table charge (
    booked            date not null check (booked = month_begin(booked)),
    day               date not null,
    meter_id          bigint not null references meter,
    tenant_id         uuid,
    price_id          uuid references price,           -- null: no price held
    quarter_micro_eur bigint,
    quantity          bigint not null,                 -- quarter-hours, times GiB where GiB are counted
    seconds           bigint not null,
    amount_micro_eur  bigint not null generated always as (coalesce(quarter_micro_eur, 0) * quantity) stored,
    constraint charge_once unique nulls not distinct (booked, day, meter_id, price_id),
    check (booked >= month_begin(day))
);
create index charge_account on charge (booked, tenant_id);

-- What people put right by hand: a line of a later month that says which month it corrects, and why.
create table correction (
    id               uuid primary key default uuidv7(),
    tenant_id        uuid not null references tenant,
    booked           date not null check (booked = month_begin(booked)),
    corrects         date not null check (corrects = month_begin(corrects) and corrects < booked),
    meter_id         bigint references meter,
    amount_micro_eur bigint not null check (amount_micro_eur <> 0),
    reason           text not null check (length(reason) between 1 and 2000),
    version          integer not null default 1,
    created_at       timestamptz not null default now(),
    updated_at       timestamptz not null default now()
);
create index correction_account on correction (booked, tenant_id);

create table closed_month (
    id               uuid primary key default uuidv7(),
    tenant_id        uuid not null references tenant,
    month            date not null constraint closed_month_once unique check (month = month_begin(month)),
    sha256           text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    lines            bigint not null,
    amount_micro_eur bigint not null,
    gaps             integer not null default 0,       -- how many were accepted with it
    version          integer not null default 1,
    created_at       timestamptz not null default now(),
    updated_at       timestamptz not null default now()
);

-- What a month's digest is taken over: a line each, in an order that does not depend on when they were written.
create function month_digest(of_month date) returns table (sha256 text, lines bigint, amount_micro_eur numeric)
    language sql stable security definer set search_path = public, pg_temp as $$
    select encode(sha256(convert_to(coalesce(string_agg(line, E'\n' order by line collate "C"), ''), 'utf8')), 'hex'),
           count(*), coalesce(sum(amount), 0)
    from (select concat_ws('|', c.day, c.meter_id, c.tenant_id, coalesce(c.price_id::text, '-'), coalesce(c.quarter_micro_eur::text, '-'),
                           c.quantity, c.seconds, c.amount_micro_eur) as line, c.amount_micro_eur as amount
            from charge c where c.booked = of_month
          union all
          select concat_ws('|', 'correction', r.id, r.tenant_id, r.corrects, coalesce(r.meter_id::text, '-'), r.amount_micro_eur, r.reason),
                 r.amount_micro_eur
            from correction r where r.booked = of_month) l $$;

-- Months that are closed; what they came to in all is the region's own business.
create function closed_months() returns table (month date, sha256 text, closed_at timestamptz)
    language sql stable security definer set search_path = public, pg_temp as
$$ select c.month, c.sha256, c.created_at from closed_month c $$;

-- The first month that takes lines.
create function open_month(of_day date) returns date language sql stable security definer set search_path = public, pg_temp as $$
    select greatest(month_begin(of_day), (select (max(month) + interval '1 month')::date from closed_month)) $$;

-- ---------------------------------------------------------------------------------------------- rules

create function refuse_closed(months date[]) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare shut date;
begin
    select min(month) into shut from closed_month where month = any(months);
    if shut is not null then
        raise exception using errcode = '23514', constraint = 'month_is_closed', message = 'the month is closed', detail = to_char(shut, 'YYYY-MM');
    end if;
end $$;

create function usage_arrives() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    perform refuse_closed(array(select distinct booked from arriving));
    if exists (select from (select distinct meter_id from arriving) a where not exists (select from meter m where m.id = a.meter_id)) then
        raise exception using errcode = '23503', constraint = 'usage_meter', message = 'usage of no meter';
    end if;
    return null;
end $$;
create function charge_moves() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op <> 'DELETE' then perform refuse_closed(array(select distinct booked from arriving)); end if;
    if tg_op <> 'INSERT' then perform refuse_closed(array(select distinct booked from leaving)); end if;
    return null;
end $$;
create function never_again() returns trigger language plpgsql as $$
begin
    raise exception using errcode = '23514', constraint = tg_argv[0], message = 'this is only ever added to';
end $$;

create trigger usage_arrives after insert on usage referencing new table as arriving for each statement execute function usage_arrives();
create trigger usage_stays before update or delete or truncate on usage for each statement execute function never_again('usage_stays');
create trigger closed_month_stays before update or delete or truncate on closed_month
    for each statement execute function never_again('closed_month_stays');
do $$
declare t text;
begin
    foreach t in array array['charge', 'correction'] loop
        execute format('create trigger %1$s_insert after insert on %1$s referencing new table as arriving
                        for each statement execute function charge_moves()', t);
        execute format('create trigger %1$s_update after update on %1$s referencing old table as leaving new table as arriving
                        for each statement execute function charge_moves()', t);
        execute format('create trigger %1$s_delete after delete on %1$s referencing old table as leaving
                        for each statement execute function charge_moves()', t);
        execute format('create trigger %1$s_truncate before truncate on %1$s
                        for each statement execute function never_again(''month_is_closed'')', t);
    end loop;
end $$;

-- A month is closed as it was read: whoever writes its lines is waited for, and then they are what the digest says, or it stays open.
create function closed_month_arrives() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare now_is record;
begin
    lock table usage, charge, correction in share row exclusive mode;
    select * into now_is from month_digest(new.month);
    if (now_is.sha256, now_is.lines, now_is.amount_micro_eur) is distinct from (new.sha256, new.lines, new.amount_micro_eur::numeric) then
        raise exception using errcode = '23514', constraint = 'month_as_read', message = 'the month has altered since it was read';
    end if;
    if new.month >= month_begin(region_day(now())) then
        raise exception using errcode = '23514', constraint = 'month_is_over', message = 'the month is not over';
    end if;
    if exists (select from closed_month where month > new.month) then
        raise exception using errcode = '23514', constraint = 'months_in_order', message = 'a later month is closed already';
    end if;
    return new;
end $$;
create trigger closed_month_arrives before insert on closed_month for each row execute function closed_month_arrives();

-- What held, held: prices alter from a time to come, and never within a month that was closed.
create function price_history() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        if exists (select from closed_month c where new.valid && tstzrange(region_midnight(c.month),
                                                                           region_midnight((c.month + interval '1 month')::date))) then
            raise exception using errcode = '23514', constraint = 'price_history', message = 'a price within a closed month';
        end if;
        return new;
    end if;
    if tg_op = 'DELETE' then
        if lower(old.valid) <= now() then
            raise exception using errcode = '23514', constraint = 'price_history', message = 'a price that held';
        end if;
        return old;
    end if;
    if (lower(old.valid) <= now() and ((old.offering_id, old.component, old.quarter_micro_eur, lower(old.valid))
            is distinct from (new.offering_id, new.component, new.quarter_micro_eur, lower(new.valid)) or old.plan_id is distinct from new.plan_id))
       or (lower(new.valid) is distinct from lower(old.valid) and lower(new.valid) <= now())
       or (upper(new.valid) is distinct from upper(old.valid) and least(upper(new.valid), upper(old.valid)) < now()) then
        raise exception using errcode = '23514', constraint = 'price_history', message = 'a price that held';
    end if;
    return new;
end $$;
create trigger price_history before insert or update or delete on price for each row execute function price_history();

-- ---------------------------------------------------------------------------------------------- furniture

-- Figures, not decisions: they are written by the platform role alone, in sets, and are no rows for the change log.
select irisplane_isolate('meter'), irisplane_isolate('usage'), irisplane_isolate('charge');
grant select on meter, usage, charge, metering_mark, metering_gap to irisplane_api, irisplane_worker;
grant select, insert, update on meter to irisplane_platform;
grant select, insert on usage to irisplane_platform;
grant select, insert, update, delete on charge, metering_mark, metering_gap to irisplane_platform;

-- An administration reads its corrections; that a month is closed it learns from closed_months(). The region writes both.
do $$
declare t text;
begin
    foreach t in array array['correction', 'closed_month'] loop
        execute format('alter table %s enable row level security', t);
        execute format('alter table %s force row level security', t);
        execute format($policy$create policy own_reads on %s for select
            using ((select irisplane_tenant()) = '*' or tenant_id::text = (select irisplane_tenant()))$policy$, t);
        execute format($policy$create policy region_writes on %s
            using ((select irisplane_tenant()) = '*') with check ((select irisplane_tenant()) = '*')$policy$, t);
        execute format('create trigger touch before update on %s for each row execute function inventory_touch()', t);
    end loop;
end $$;
select irisplane_log('correction'), irisplane_log('closed_month');
select irisplane_grant('correction'), irisplane_grant('closed_month');
