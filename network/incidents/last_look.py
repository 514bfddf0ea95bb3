"""When the links were looked at last, and how much was seen then: whether silence means that all is well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final, Literal

from sqlalchemy import Connection, text

from network.incidents.seeing import LinkSight

__all__ = ["FRESH_SECONDS", "Sees", "keep", "last_look_json"]

Sees = Literal["everything", "part", "nothing"]
"""``everything``: each link was judged a moment ago; ``part``: some could not be; ``nothing``: nobody looks any more,
or no link can be judged."""
FRESH_SECONDS: Final = 60
"""A look that is older says nothing of now; the largest region is looked at twice in that time."""

_KEEP: Final = text("""
insert into link_watch (tenant_id, up, down, unknown, planned)
select id, :up, :down, :unknown, :planned from tenant where kind = 'region' order by created_at limit 1
on conflict (tenant_id) do update set looked_at = now(), up = excluded.up, down = excluded.down,
  unknown = excluded.unknown, planned = excluded.planned
""")
_LAST: Final = text("""
select json_build_object(
  'looked_at', w.looked_at, 'up', w.up, 'down', w.down, 'unknown', w.unknown, 'planned', w.planned,
  'sees', case when w.looked_at is null or w.looked_at < now() - make_interval(secs => :fresh) or w.up + w.down = 0
               then 'nothing' when w.unknown > 0 then 'part' else 'everything' end)::text
  from (select 1) one left join (select * from link_watch order by looked_at desc limit 1) w on true
""")


def keep(tx: Connection, sights: Sequence[LinkSight], stood: Collection[str]) -> None:
    """There was a look.

    Args:
        stood: links that were seen up before; what never stood is planned, not down.
    """
    seen = Counter("planned" if one.state == "down" and one.link not in stood else one.state for one in sights)
    tx.execute(_KEEP, {name: seen[name] for name in ("up", "down", "unknown", "planned")})


def last_look_json(tx: Connection) -> str:
    """``looked_at``, how many links were ``up``, ``down``, ``unknown`` or ``planned`` (all null where nobody looked
    ever), and ``sees``: what that allows to say of now."""
    return str(tx.execute(_LAST, {"fresh": FRESH_SECONDS}).scalar_one())
