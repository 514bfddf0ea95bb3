"""What links share below: ducts, buildings and manholes that their light passes, power that their devices hang on.

A risk is ``(kind, code)``: ``duct``, ``node`` (of the plant) or ``feed``. Links of which no circuit's way is known
share nothing that is known, which is not the same as nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

__all__ = ["KINDS", "Risk", "Risks", "in_order", "read_risks"]

Risk = tuple[str, str]

KINDS: Final = ("duct", "node", "feed")


@dataclass(frozen=True, slots=True)
class Risks:
    """Of links and of devices, by name.

    Attributes:
        unknown: links between sites of which the plant knows no duct.
    """

    links: Mapping[str, frozenset[Hashable]]
    devices: Mapping[Hashable, frozenset[Hashable]]
    unknown: frozenset[str]


_LINKS: Final = text("""
with lit as (
  select distinct k.link_id, s.cable_id from circuit k
    join circuit_strand x on x.circuit_id = k.id and x.role = 'working' and x.during @> now()
    join strand s on s.id = x.strand_id where k.status = 'active' and k.link_id is not null
), laid as (
  select distinct t.link_id, d.code, d.a_node_id, d.b_node_id from lit t
    join cable_duct y on y.cable_id = t.cable_id join duct d on d.id = y.duct_id
)
select l.name, da.site_id = db.site_id as inside,
       array(select code from laid where link_id = l.id) as ducts,
       array(select distinct n.code from laid t join plant_node n on n.id in (t.a_node_id, t.b_node_id)
              where t.link_id = l.id) as nodes
  from link l
  join interface ia on ia.id = l.a_interface_id join device da on da.id = ia.device_id
  join interface ib on ib.id = l.b_interface_id join device db on db.id = ib.device_id
 where l.status = 'active'
""")
_DEVICES: Final = text("""
select d.name, array(select n.code from plant_node n where n.site_id = d.site_id) as nodes,
       array(select f.code from site_feed x join power_feed f on f.id = x.feed_id where x.site_id = d.site_id) as feeds
  from device d where d.status <> 'retired'
""")


def read_risks(tx: Connection) -> Risks:
    """What active links and their devices share, as the plant has it now."""
    links, unknown = {}, set[str]()
    for row in tx.execute(_LINKS):
        links[str(row.name)] = _named("duct", row.ducts) | _named("node", row.nodes)
        if not row.ducts and not row.inside:
            unknown.add(row.name)
    devices = {row.name: _named("node", row.nodes) | _named("feed", row.feeds) for row in tx.execute(_DEVICES)}
    return Risks(links, devices, frozenset(unknown))


def in_order(found: Iterable[Hashable]) -> tuple[Risk, ...]:
    """Risks by kind and code."""
    return tuple(sorted((str(one[0]), str(one[1])) for one in found if isinstance(one, tuple)))


def _named(kind: str, codes: Iterable[str]) -> frozenset[Hashable]:
    return frozenset((kind, code) for code in codes)
