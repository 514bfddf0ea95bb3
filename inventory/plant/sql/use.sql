-- What of the plant is taken now: strands of each cable; of the cables that end at each site; ports of its panels, ports of its devices.
with taken as (
    select strand_id from circuit_strand where during @> now() union select strand_id from strand_hold where during @> now()
),
of_cable as (
    select s.cable_id, count(*) as taken from taken t join strand s on s.id = t.strand_id group by s.cable_id
),
ending as (
    select distinct n.site_id, c.id, c.strands from cable c join plant_node n on n.id in (c.a_node_id, c.b_node_id) where n.site_id is not null
),
of_sites as (
    select e.site_id, sum(e.strands) as strands, sum(coalesce(u.taken, 0)) as taken
      from ending e left join of_cable u on u.cable_id = e.id group by e.site_id
),
of_panels as (
    select l.site_id, count(*) filter (where p.strand_id is not null or f.port_id is not null) as taken
      from panel l join panel_port p on p.panel_id = l.id left join port_front f on f.port_id = p.id group by l.site_id
),
panels as (select site_id, sum(ports) as ports from panel group by site_id),
of_devices as (
    select d.site_id, count(*) as ports,
           count(*) filter (where exists (select from link_end e where e.interface_id = i.id)
                               or exists (select from port_front f where f.interface_id = i.id)) as taken
      from device d join interface i on i.device_id = d.id
     where i.kind = 'physical' and d.status in ('active', 'maintenance') group by d.site_id
)
select 'cable-strands' as kind, c.id, c.code as name, coalesce(u.taken, 0) as taken, c.strands as whole
  from cable c left join of_cable u on u.cable_id = c.id
union all
select 'site-strands', s.id, s.code, e.taken, e.strands from of_sites e join site s on s.id = e.site_id
union all
select 'site-panel-ports', s.id, s.code, coalesce(p.taken, 0), w.ports
  from panels w join site s on s.id = w.site_id left join of_panels p on p.site_id = w.site_id
union all
select 'site-device-ports', s.id, s.code, d.taken, d.ports from of_devices d join site s on s.id = d.site_id
order by kind, name
