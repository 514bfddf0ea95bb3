-- What a month of everything that stands may come to, at most: an order that would pass it is refused. None: no limit.
create table spend_limit (
    id              uuid primary key default uuidv7(),
    tenant_id       uuid not null constraint spend_limit_once unique references tenant on delete cascade,
    month_micro_eur bigint not null check (month_micro_eur between 0 and 1000000000000000),
    version         integer not null default 1,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now()
);
select inventory_furnish('spend_limit');
