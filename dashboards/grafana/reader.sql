-- The account by which Grafana reads: the days of figures, and no other table. Whoever may edit a panel may ask what this account may ask.
-- Run once by a superuser in Irisplane's database; then give it a password, or a line in pg_hba.conf.
create role irisplane_grafana login nosuperuser nobypassrls connection limit 10;
alter role irisplane_grafana set irisplane.tenant = '*';
alter role irisplane_grafana set default_transaction_read_only = on;
alter role irisplane_grafana set statement_timeout = '5s';
grant usage on schema public to irisplane_grafana;
grant select on figure_day to irisplane_grafana;
