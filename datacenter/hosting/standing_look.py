"""The standing look at things of one table: which are compared with the cloud, and what was seen written down at once.

Rows are read before the cloud is, and written only if nobody altered them since and no order is under way on them: a
thing that comes, goes or changes just now is left to its order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from core.db import Database
from core.journal.record import record
from core.scope import EVERY_TENANT, Scope

__all__ = ["Seen", "by_cloud_id", "differs", "rows_of", "write_down"]

_SCOPE: Final = Scope(EVERY_TENANT, reason="as the cloud has it")
_BUSY: Final = (
    "select s.target_id from change c join change_step s on s.change_id = c.id"
    " where c.state in ('running', 'rolling_back') and c.kind like 'hosting.%'"
)
_NAME: Final = """, name = case when r.status = 'vanished' and o.status <> 'vanished' and exists (
    select from {0} x where x.project_id = r.project_id and x.name = r.name and x.id <> r.id and x.gone_at is null
    and (x.status <> 'vanished'
         or x.id < r.id and exists (select from o y where y.id = x.id and y.status <> 'vanished')))
    then left(r.name, 54) || '-' || right(r.id::text, 8) else r.name end"""
_NAMED: Final = {table: _NAME.format(table) for table in ("volume", "volume_snapshot", "security_group")}
"""What vanished and is there again gets another name when somebody else has its own by now."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the cloud says of a row.

    Attributes:
        findings: what differs there, each ``{"what", "here", "cloud"}``.
        columns: what else the row shall say; the same names for every row of a table.
    """

    row: Row[Any]
    status: str
    findings: Sequence[Mapping[str, Any]] = ()
    columns: Mapping[str, Any] = field(default_factory=dict)

    @property
    def news(self) -> bool:
        """Whether the row says something else."""
        return (
            self.status != self.row.status
            or list(self.findings) != list(self.row.findings)
            or any(_plain(getattr(self.row, name)) != _plain(value) for name, value in self.columns.items())
        )


def differs(what: str, here: object, cloud: object) -> dict[str, Any]:
    """One finding."""
    return {"what": what, "here": here, "cloud": cloud}


def rows_of(database: Database, table: str, noun: str) -> Sequence[Row[Any]]:
    """The rows that are compared: those that stand, or whose order ended without being able to tell."""
    with database.transaction("platform", _SCOPE) as tx:
        return tx.execute(
            text(
                f"select r.* from {table} r left join change o on o.id = r.order_id where r.gone_at is null"  # noqa: S608 - names of this code alone
                " and (r.status not in ('ordered', 'deleting') or o.state = 'unknown')"
                f" and '{noun}:' || r.id not in ({_BUSY})"
            )
        ).all()


def write_down(database: Database, table: str, noun: str, seen: Iterable[Seen], types: Mapping[str, str]) -> int:
    """Write what differs, in one statement, and tell it; gives how many rows it was.

    Args:
        types: SQL types of ``Seen.columns``.
    """
    news = [one for one in seen if one.news]
    if not news:
        return 0
    rows = [
        {
            "id": str(one.row.id), "version": one.row.version, "status": one.status, "findings": list(one.findings),
            **{name: _plain(value) for name, value in one.columns.items()},
        }
        for one in news
    ]  # fmt: skip
    sets = "".join(f", {name} = o.{name}" for name in types)
    shape = "".join(f", {name} {kind}" for name, kind in types.items())
    with database.transaction("platform", _SCOPE) as tx:
        done = tx.execute(
            text(
                "with o as (select * from jsonb_to_recordset(cast(:rows as jsonb))"  # noqa: S608 - names of this code alone
                f" o(id uuid, version integer, status text, findings jsonb{shape}))"
                f" update {table} r set status = o.status, findings = o.findings{sets}{_NAMED.get(table, '')}"
                " from o where r.id = o.id and r.version = o.version and r.gone_at is null"
                f" and '{noun}:' || r.id not in ({_BUSY})"
                " returning r.id, r.tenant_id, old.status as before, new.status as now, new.findings"
            ),
            {"rows": json.dumps(rows)},
        ).all()
        for row in done:
            if row.before != row.now or row.findings:
                action = f"{noun}.{'vanished' if row.now == 'vanished' else 'differs' if row.findings else 'seen'}"
                body = {"before": row.before, "now": row.now, "findings": row.findings}
                record(tx, "event", action, noun, row.id, body=body, tenant_id=row.tenant_id)
    return len(done)


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def by_cloud_id(database: Database) -> dict[str, UUID]:
    """Servers of ours by their id in the cloud."""
    with database.transaction("platform", _SCOPE) as tx:
        found = tx.execute(text("select cloud_id, id from server where cloud_id is not null and gone_at is null"))
        return {row.cloud_id: row.id for row in found}
