"""What an edit of configuration contexts would alter on devices, before anything is saved.

The planned commands are carried out in a transaction that is rolled back; what each concerned device should be is
computed before and after, and compared as people may see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from core.db import Database
from core.scope import Scope
from network.diff import redacted_difference
from network.intent import Intended, intended, relaid
from orchestrator import commands

__all__ = ["Effect", "concerned", "effect_of"]

_CONCERNED: Final = text("""
select d.id, d.name from device d
 where exists (select from config_context c where c.name = :name
                and (c.scope = 'region' or c.role = d.role or c.site_id = d.site_id or c.device_id = d.id))
 order by d.name""")


@dataclass(frozen=True, slots=True)
class Effect:
    """What would become of devices.

    Attributes:
        concerned: names of all that inherit the context, before or after, by name.
        differences: ``name`` and ``diff`` of those whose intended configuration becomes another one.
    """

    concerned: tuple[str, ...]
    differences: tuple[dict[str, str], ...]


def concerned(tx: Connection, name: str) -> dict[UUID, str]:
    """Devices that a context applies to, or would if it were not laid aside: id and name, by name."""
    return {row.id: row.name for row in tx.execute(_CONCERNED, {"name": name})}


def effect_of(database: Database, scope: Scope, name: str, planned: Sequence[dict[str, Any]]) -> Effect:
    """What a planned edit of the context ``name`` does to what devices should be. Nothing is written.

    Raises:
        InvalidInput: a device's intent could not be computed any more; names the device and the value.
    """
    with database.transaction("api", scope, preview=True) as tx:
        undone = tx.begin_nested()
        earlier = concerned(tx, name)
        commands.execute(tx, planned)
        names = earlier | concerned(tx, name)
        after = intended(tx, list(names), rendered=False)
        undone.rollback()
        before = intended(tx, list(names), rendered=False)
    differences = [
        {"name": one.name, "diff": diff}
        for key in names
        if (one := after.get(key)) is not None and (diff := _difference(before[key], one))
    ]
    return Effect(tuple(sorted(names.values())), tuple(sorted(differences, key=lambda one: one["name"])))


def _difference(before: Intended, after: Intended) -> str:
    """Rendering costs ten times the rest: equal models are equal texts."""
    if before.model == after.model:
        return ""
    old, new = relaid(before, before.overlays), relaid(after, after.overlays)
    return redacted_difference(old.text, new.text, after.platform)
