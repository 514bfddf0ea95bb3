"""Where a server stands: which zones may hold its data, near or apart from others of the project, and why that one.

A zone is an availability zone of the cloud at one of the region's sites. It may hold some classes of data; the region's
staff keeps that (``zones``). ``near`` puts a server into the zone of others, ``apart`` into another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from core.errors import NotFound
from datacenter.hosting.errors import NoSuchZone, NoZoneFits

__all__ = ["Place", "choose"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server will stand.

    Attributes:
        id: of the zone; ``None`` where the region has named none: then the cloud chooses.
        availability_zone: its name in the cloud.
        why: one sentence for people.
    """

    id: UUID | None
    code: str
    availability_zone: str
    why: str


@dataclass(slots=True)
class _Zone:
    id: UUID
    code: str
    availability_zone: str
    held: int
    seen: bool
    lacks: list[str] = field(default_factory=list)


def choose(
    tx: Connection,
    project: UUID,
    data_class: str,
    *,
    zone: str | None = None,
    near: Sequence[str] = (),
    apart: Sequence[str] = (),
) -> Place:
    """The zone for a new server: among those that fit, the one with the fewest servers of the project. One statement.

    Args:
        zone: code, when somebody chose.
        near: names or ids of servers of the project, in whose zone it must stand.
        apart: the same, in whose zone it must not stand.
    Raises:
        NoSuchZone: of that code there is none.
        NotFound: a server that is named is not in the project.
        NoZoneFits: says of each zone what it lacks.
    """
    rows = tx.execute(_LOOK, {"project": project, "named": [*near, *apart]}).all()
    zones = [row for row in rows if row.server is None]
    others = {ref: row for row in rows if row.server is not None for ref in (row.server, str(row.server_id))}
    for word, names in (("near", near), ("apart", apart)):
        for number, name in enumerate(names):
            if name not in others:
                raise NotFound(f"There is no server {name!r} in the project.", pointer=f"/{word}/{number}")
    if zone is not None and zone not in {row.code for row in zones}:
        raise NoSuchZone(f"There is no zone {zone!r}.", pointer="/zone")
    if not zones and not near and not apart:
        return Place(None, "", "", "The cloud has one zone only.")
    together = {name: others[name].zone_id for name in near}
    away = {name: others[name].zone_id for name in apart}
    judged = [_judge(row, data_class, zone, together, away) for row in zones]
    fitting = [one for one in judged if not one.lacks]
    if not fitting:
        said = "; ".join(f"{one.code} {' and '.join(one.lacks)}" for one in judged if zone in {None, one.code})
        pointer = "/zone" if zone else "/near" if near else "/apart" if apart else "/data_class"
        raise NoZoneFits(f"No zone fits: {said or 'there is none'}.", pointer=pointer)
    # Before somebody looked which zones the cloud has, the first is the safest: a count could lead into one it has not.
    best = min(fitting, key=lambda one: (not one.seen, one.held if one.seen else 0, one.code))
    return Place(best.id, best.code, best.availability_zone, _why(best, len(fitting), data_class, zone, near, apart))


def _judge(
    row: Any, data_class: str, zone: str | None, near: dict[str, UUID | None], apart: dict[str, UUID | None]
) -> _Zone:
    """What a zone lacks for this server; nothing, when it fits."""
    out = _Zone(row.zone_id, row.code, row.availability_zone, row.held, bool(row.present))
    if data_class not in row.data_classes:
        out.lacks.append(f"may not hold {data_class} data")
    if not row.open:
        out.lacks.append("takes no new servers")
    if row.present is False:
        out.lacks.append("is not in the cloud now")
    if zone is not None and row.code != zone:
        out.lacks.append("was not asked for")
    out.lacks += [f"is not where {name} stands" for name, place in near.items() if place != row.zone_id]
    out.lacks += [f"is where {name} stands" for name, place in apart.items() if place == row.zone_id]
    return out


def _why(
    best: _Zone, fitting: int, data_class: str, zone: str | None, near: Sequence[str], apart: Sequence[str]
) -> str:
    parts = [f"may hold {data_class} data"]
    if zone is not None:
        parts.append("was asked for")
    if near:
        parts.append(f"is where {_listed(near)} stands" if len(near) == 1 else f"is where {_listed(near)} stand")
    if apart:
        parts.append(f"is away from {_listed(apart)}")
    if fitting > 1 and best.seen:
        parts.append("has the fewest servers of the project" if best.held else "has none of the project's servers yet")
    elif zone is None and not near and not apart:
        parts.append("is the only zone that does" if fitting == 1 else "is the first zone that does")
    return f"{best.code} {_listed(parts)}."


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


_LOOK: Final = text(
    """
    select z.id as zone_id, z.code, z.availability_zone, z.data_classes, z.open, z.present,
           (select count(*) from server s
             where s.zone_id = z.id and s.project_id = :project and s.gone_at is null
               and s.status <> 'vanished') as held,
           null as server, null::uuid as server_id
      from zone z
    union all
    select s.zone_id, null, null, null, null, null, 0, s.name, s.id
      from server s where s.project_id = :project and s.gone_at is null and s.status <> 'vanished'
       and (s.name = any(cast(:named as text[])) or s.id::text = any(cast(:named as text[])))
     order by code
    """
)
