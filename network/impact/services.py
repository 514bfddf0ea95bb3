"""Which services a loss touches: who of their ends still reaches whom.

A service is *down* when no two of its ends reach each other any more, *degraded* when some end is parted from the
others or has lost its protection, *protected* when all go on and some router of theirs goes another way. Of internet
access that is said of its ends and the exits, not of its ends among each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, text

from network.impact.reach import State

__all__ = ["touched"]

_SERVICES: Final = text("""
select s.code, s.kind, s.protection, t.code as tenant, s.tenant_id::text,
       json_agg(json_build_object('device', d.name, 'site', g.code, 'id', d.id, 'exit', e.exit) order by d.name) as ends
  from service s join tenant t on t.id = s.tenant_id join service_end e on e.service_id = s.id
  join device d on d.id = e.device_id join site g on g.id = d.site_id
 where s.id in (select service_id from service_end where device_id = any(cast(:devices as uuid[])))
 group by s.id, t.code order by s.code
""")


def touched(
    tx: Connection, states: Mapping[Hashable, State], parts: Mapping[Hashable, int], gone: Collection[str]
) -> list[dict[str, Any]]:
    """Services with an end on a device that is touched or parted, each with its state and those of its ends.

    Args:
        states: of devices that are touched.
        parts: of devices outside the largest part of what is left.
        gone: devices that are lost themselves.
    """
    rows = tx.execute(_SERVICES, {"devices": [str(one) for one in {*states, *parts}]}).mappings()
    found = (dict(row) for row in rows)
    return [one for one in (_with_state(row, states, parts, gone) for row in found) if one is not None]


def _with_state(
    row: dict[str, Any], states: Mapping[Hashable, State], parts: Mapping[Hashable, int], gone: Collection[str]
) -> dict[str, Any] | None:
    part = {end["id"]: parts.get(end["id"], 0) for end in row["ends"] if end["id"] not in gone}
    up = _served(row["ends"], part)
    sites = [end["id"] for end in row["ends"] if not end["exit"]]
    least = min(2, len(sites)) if len(sites) == len(row["ends"]) else 1
    known = {states.get(end["id"]) for end in row["ends"]}
    state: State
    if sum(one in up for one in sites) < least:
        state = "down"
    elif any(end["id"] not in up for end in row["ends"]) or known & {"down", "degraded"}:
        state = "degraded"
    elif "protected" in known:
        state = "protected"
    else:
        return None
    ends = [
        {"device": end["device"], "site": end["site"], "state": "up" if end["id"] in up else "down"}
        for end in row["ends"]
    ]
    return {**row, "ends": ends, "state": state}


def _served(ends: Sequence[Mapping[str, Any]], part: Mapping[str, int]) -> set[str]:
    """Devices of the ends that have what was ordered: an exit within reach, or else the most of the others."""
    exits = {part.get(end["id"]) for end in ends if end["exit"]} - {None}
    if not any(end["exit"] for end in ends):
        exits = {most for most, _ in Counter(part[end["id"]] for end in ends if end["id"] in part).most_common(1)}
    return {end["id"] for end in ends if end["id"] in part and part[end["id"]] in exits}
