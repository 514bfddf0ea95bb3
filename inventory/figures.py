"""What the inventory measures: devices, rack units, addresses, and how full each pool of prefixes and numbers is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from sqlalchemy import Connection, text

from core.figures import Figure

__all__ = ["collect"]


def collect(tx: Connection, today: date) -> Iterator[Figure]:  # noqa: ARG001 - as every domain is called
    """Counts as they are now; a pool has a figure of its own, as the share of it that is taken."""
    row = tx.execute(_COUNTS).one()
    yield Figure("devices", "capacity", "count", row.devices)
    yield Figure("rack-units", "capacity", "count", row.units_used, row.units or None)
    yield Figure("addresses", "capacity", "count", row.addresses)
    for pool in tx.execute(_POOLS):
        yield Figure(f"pool.{pool.id}", "capacity", "share", pool.taken, 1.0, pool.subject)
    for group in tx.execute(_VLANS):
        yield Figure(f"vlans.{group.id}", "capacity", "count", group.taken, group.whole, group.name)
    for numbers in tx.execute(_NUMBERS):
        yield Figure(f"as-numbers.{numbers.id}", "capacity", "count", numbers.taken, numbers.whole, numbers.name)


_COUNTS: Final = text("""
    select (select count(*) from device where status <> 'retired') as devices,
           (select coalesce(sum(units), 0) from rack) as units,
           (select coalesce(sum(upper(units) - lower(units)), 0) from rack_placement where held @> now()) as units_used,
           (select count(*) from address where held @> now()) as addresses""")
# A pool is taken by the assigned prefixes in it, each by its share: 2 to the power of how much longer it is.
_POOLS: Final = text("""
    select p.id, p.cidr::text || ' ' || coalesce(nullif(p.purpose, ''), v.name) as subject,
           coalesce((select sum(power(2::float8, masklen(p.cidr) - masklen(a.cidr))) from prefix a
             where a.vrf_id = p.vrf_id and a.kind = 'assigned' and a.cidr::inet <<= p.cidr::inet), 0) as taken
      from prefix p join vrf v on v.id = p.vrf_id where p.kind = 'pool' order by v.name, p.cidr""")
_VLANS: Final = text("""
    select g.id, g.name, upper(g.vids) - lower(g.vids) as whole,
           (select count(*) from vlan v where v.group_id = g.id and v.held @> now()) as taken
      from vlan_group g order by g.name""")
_NUMBERS: Final = text("""
    select r.id, r.name, upper(r.numbers) - lower(r.numbers) as whole,
           (select count(*) from asn a where a.range_id = r.id) as taken
      from asn_range r order by r.name""")
