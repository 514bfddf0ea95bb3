"""What the cloud made twice because an answer was lost: known by its tag, removed, and told.

The row's own thing is the one whose id it holds; another one with the same tag is its twin, and so is whatever still
carries the tag of a row that is gone. What is in use is left alone, whatever its tag says.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from core.db import Database
from core.errors import IrisplaneError
from core.journal.record import record
from core.scope import EVERY_TENANT, Scope
from datacenter.hosting import cloud, projects

__all__ = ["Tagged", "remove_twins"]

_LOG: Final = logging.getLogger(__name__)
_SCOPE: Final = Scope(EVERY_TENANT, reason="made twice")


@dataclass(frozen=True, slots=True)
class Tagged:
    """A thing of the cloud that carries a tag of ours.

    Attributes:
        id: in the cloud.
        project: id of its project in the cloud.
        idle: nothing uses it, and nothing is under way with it.
    """

    id: str
    tag: str
    project: str
    idle: bool


def remove_twins(
    database: Database, table: str, noun: str, found: Iterable[Tagged], remove: Callable[[Any, str], None]
) -> int:
    """Remove what is there twice of a table's rows; how many.

    Args:
        found: everything of the kind that the cloud has with a tag of ours.
        remove: takes the connection of the project's own account and the thing's id in the cloud.
    """
    seen = [
        {"id": one.id, "tag": str(own), "project": one.project, "idle": one.idle}
        for one in found
        if (own := cloud.id_of(one.tag)) is not None
    ]
    if not seen:
        return 0
    with database.transaction("platform", _SCOPE) as tx:
        twins = tx.execute(text(_TWINS.format(table=table, noun=noun)), {"seen": json.dumps(seen)}).all()
    removed = 0
    for row in twins:
        project: UUID = row.project_id
        try:
            remove(projects.of(database, project), row.twin)
        except IrisplaneError as error:
            _LOG.warning("the second %s %s of %s is not removed yet: %s", noun, row.twin, row.id, error.message)
            continue
        removed += 1
        body = {"cloud_id": row.twin, "kept": row.kept}
        with database.transaction("platform", _SCOPE) as tx:
            for kind in ("event", "audit"):
                record(tx, kind, f"{noun}.twin_removed", noun, row.id, body=body, tenant_id=row.tenant_id)
    return removed


_TWINS: Final = """
    with s as (select * from jsonb_to_recordset(cast(:seen as jsonb)) s(id text, tag uuid, project text, idle boolean))
    select r.id, r.tenant_id, r.project_id, s.id as twin, case when r.gone_at is null then r.cloud_id end as kept
    from s join {table} r on r.id = s.tag join project p on p.id = r.project_id and p.cloud_id = s.project
    where s.idle and r.cloud_id is distinct from s.id
      and (r.gone_at is not null or exists (select from s k where k.id = r.cloud_id))
      and not exists (select from {table} o where o.cloud_id = s.id)
      and not exists (select from change c join change_step t on t.change_id = c.id
                      where c.state in ('running', 'rolling_back') and t.target_id = '{noun}:' || r.id)"""
"""``table`` and ``noun`` are words of this code alone."""
