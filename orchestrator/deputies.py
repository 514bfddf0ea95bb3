"""Who stands in for whom, and when: a deputy approves on behalf of a person who is away."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Connection, text

from core.db import Database, changes_rows
from core.errors import InvalidInput
from core.journal.record import record
from orchestrator.policy import Policy, policy
from orchestrator.refusals import said_plainly

if TYPE_CHECKING:
    from core.identity import Principal

__all__ = ["end", "listed", "name"]


def name(
    database: Database,
    person: Principal,
    *,
    absent: UUID,
    deputy: UUID,
    begins: datetime,
    ends: datetime,
    reason: str = "",
    request_id: str = "",
    rules: Policy | None = None,
) -> UUID:
    """Name a deputy for a person, with dates.

    Raises:
        Denied: everybody names their own deputy; leads and platform managers anybody's.
        InvalidInput: the dates are the wrong way round or have no zone, or somebody is their own deputy.
    """
    (rules or policy()).require(person, "write", {"kind": "deputy", "owner": str(absent)})
    if begins.tzinfo is None or ends.tzinfo is None or ends <= begins:
        raise InvalidInput("A deputyship begins before it ends, both with their time zone.", pointer="/ends")
    if absent == deputy:
        raise InvalidInput("Nobody is their own deputy.", pointer="/deputy")
    with said_plainly(), database.transaction("api", person.scope(request_id, reason)) as tx:
        made: UUID = tx.execute(
            text(
                "insert into deputy (principal_id, deputy_id, held) values (:absent, :deputy, tstzrange(:begins,"
                " :ends))"
                " returning id"
            ),
            {"absent": absent, "deputy": deputy, "begins": begins, "ends": ends},
        ).scalar_one()
        body = {"deputy": str(deputy), "begins": begins.isoformat(), "ends": ends.isoformat()}
        record(tx, "audit", "deputy.named", "principal", absent, body=body)
        return made


def end(
    database: Database,
    person: Principal,
    deputyship: UUID,
    *,
    reason: str = "",
    request_id: str = "",
    rules: Policy | None = None,
) -> None:
    """End a deputyship now; one that has not begun is taken back.

    Raises:
        Denied: as ``name``.
        Conflict: there is no such deputyship, or it has ended.
    """
    with said_plainly(), database.transaction("api", person.scope(request_id, reason)) as tx:
        absent = tx.execute(text("select principal_id from deputy where id = :id"), {"id": deputyship}).scalar()
        (rules or policy()).require(person, "write", {"kind": "deputy", "owner": str(absent or "")})
        statement = text(
            "update deputy set held = case when lower(held) < now() then tstzrange(lower(held), now()) else 'empty' end"
            " where id = :id and not isempty(held) and upper(held) > now()"
        )
        changes_rows(tx, statement, {"id": deputyship}, expect=1, what="Deputyship")
        record(tx, "audit", "deputy.ended", "principal", str(absent))


def listed(tx: Connection) -> list[dict[str, object]]:
    """Deputyships that have not ended, with the handles of both."""
    rows = tx.execute(
        text(
            "select d.id, a.handle as absent, s.handle as deputy, lower(d.held) as begins, upper(d.held) as ends"
            " from deputy d join principal a on a.id = d.principal_id join principal s on s.id = d.deputy_id"
            " where upper(d.held) > now() order by lower(d.held), d.id"
        )
    )
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - public in SQLAlchemy
