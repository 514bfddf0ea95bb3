"""Devices that do not answer because an incident cut them off: its consequence, and no incidents of their own."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, text

from network.incidents.store import say

__all__ = ["tell_behind"]

_MOST: Final = 50
"""Names of one line; the next look tells the others."""
_SAID: Final = "Behind it, and not answering: "
_BEHIND: Final = text("""
select i.id, (array_agg(d.name order by d.name))[1:(:most)] as names
  from incident i, jsonb_to_recordset(i.impact -> 'devices') as d(name text, state text)
 where i.closed_at is null and i.kind in ('plant', 'link') and d.state = 'down' and d.name = any(:silent)
   and not exists (select from incident_entry e where e.incident_id = i.id and starts_with(e.said, :said)
     and d.name = any(string_to_array(rtrim(substr(e.said, length(:said) + 1), '.'), ', ')))
 group by i.id
""")


def tell_behind(tx: Connection, silent: Collection[str]) -> None:
    """Say in the story of each open incident which devices behind it are silent, each once."""
    if not silent:
        return
    for row in tx.execute(_BEHIND, {"silent": list(silent), "said": _SAID, "most": _MOST}).all():
        say(tx, row.id, "evidence", f"{_SAID}{', '.join(row.names)}.")
