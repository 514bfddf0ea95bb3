-- What each figure of the region was, day by day: kept by the platform, read by who sees every administration.
create table figure_day (
    day      date not null,
    code     text not null check (length(code) between 1 and 200),
    value    double precision not null,
    capacity double precision,
    noted_at timestamptz not null default now(),
    primary key (code, day)
);
alter table figure_day enable row level security;
alter table figure_day force row level security;
create policy region_reads on figure_day for select using ((select irisplane_tenant()) = '*');
grant select on figure_day to irisplane_api, irisplane_worker;
grant select, insert, update, delete on figure_day to irisplane_platform;
