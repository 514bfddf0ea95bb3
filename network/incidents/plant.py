"""What links run over, as far as the plant is known: strands, cables and ducts of their circuits' working ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, text

from network.incidents.correlating import Element

__all__ = ["ways_of_links"]

_WAYS: Final = text("""
select l.name, array_agg(distinct c.code || '/' || s.number) as strands, array_agg(distinct c.code) as cables,
       coalesce(array_agg(distinct d.code) filter (where d.code is not null), '{}') as ducts
  from circuit k join link l on l.id = k.link_id and l.status = 'active'
  join circuit_strand x on x.circuit_id = k.id and x.role = 'working' and x.during @> now()
  join strand s on s.id = x.strand_id join cable c on c.id = s.cable_id
  left join cable_duct p on p.cable_id = c.id left join duct d on d.id = p.duct_id
 where k.status = 'active' group by l.name
""")


def ways_of_links(tx: Connection) -> Mapping[str, Sequence[Element]]:
    """Link → its elements; links whose circuit is not known are absent."""
    return {
        row.name: [
            *(Element("strand", code) for code in row.strands),
            *(Element("cable", code) for code in row.cables),
            *(Element("duct", code) for code in row.ducts),
        ]
        for row in tx.execute(_WAYS)
    }
