"""When may what be altered: maintenance windows and freezes over what targets are (role, site, tenant, name, kind).

A freeze forbids while it lasts. A window that is open or lies ahead binds whatever it concerns: that is altered only
while one of its windows is open. Nothing concerns a Change without targets. An emergency passes, with an audit entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

import msgspec
from sqlalchemy import Connection, text

from core.db import Database, changes_rows
from core.errors import InvalidInput
from core.journal.record import record
from orchestrator.plan import Plan, Target
from orchestrator.policy import Policy, policy
from orchestrator.refusals import said_plainly

if TYPE_CHECKING:
    from core.identity import Principal

__all__ = ["Answer", "Entry", "add", "entries", "may_run_now", "remove"]

FACTS: Final = ("role", "site", "tenant", "name", "kind")
"""What a selector may name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the calendar allows it now; true when it does.

    Attributes:
        why: what stands in the way, for people.
        until: when to ask again; ``None``: nobody knows.
    """

    allowed: bool
    why: str = ""
    until: datetime | None = None

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True, slots=True)
class Entry:
    """A window or a freeze. ``selector`` maps a fact to a value or a list of values; empty concerns everything."""

    id: UUID
    kind: Literal["window", "freeze"]
    name: str
    begins: datetime
    ends: datetime
    selector: Mapping[str, Any]

    def concerns(self, facts: Mapping[str, Any]) -> bool:
        """Whether a target with these facts is meant."""
        return all(_values(facts.get(fact)) & _values(wanted) for fact, wanted in self.selector.items())


def may_run_now(tx: Connection, plan: Plan, now: datetime) -> Answer:
    """Whether every target of a plan may be altered now. An emergency passes and leaves an audit entry in ``tx``."""
    if not plan.targets:
        return Answer(allowed=True)
    ahead = _read(tx, now)
    facts = [_facts(plan, target) for target in plan.targets]
    answer = _answer(ahead, facts, now)
    if not answer and plan.facts.get("policy", {}).get("emergency"):
        change = tx.execute(text("select irisplane_setting('change_id')")).scalar()
        record(tx, "audit", "change.passed_calendar", "change", str(change or plan.hash), body={"why": answer.why})
        return Answer(allowed=True, why=answer.why)
    return answer


def _answer(ahead: Sequence[Entry], facts: Sequence[Mapping[str, Any]], now: datetime) -> Answer:
    for entry in ahead:
        if entry.kind == "freeze" and entry.begins <= now and any(map(entry.concerns, facts)):
            why = f"The freeze {entry.name!r} lasts until {entry.ends.isoformat()}."
            return Answer(allowed=False, why=why, until=entry.ends)
    for target in facts:
        windows = [entry for entry in ahead if entry.kind == "window" and entry.concerns(target)]
        if windows and not any(window.begins <= now for window in windows):
            following = min(windows, key=lambda window: window.begins)
            begins = following.begins.isoformat()
            why = f"{target['name']} may be altered in the window {following.name!r}, from {begins}."
            return Answer(allowed=False, why=why, until=following.begins)
    return Answer(allowed=True)


def entries(tx: Connection, now: datetime) -> list[Entry]:
    """Every window and freeze that has not ended."""
    return _read(tx, now)


def add(
    database: Database,
    person: Principal,
    *,
    kind: Literal["window", "freeze"],
    name: str,
    begins: datetime,
    ends: datetime,
    selector: Mapping[str, Any] | None = None,
    reason: str = "",
    request_id: str = "",
    rules: Policy | None = None,
) -> UUID:
    """Enter a window or a freeze.

    Raises:
        Denied: who may is said in ``policies/things.cedar``.
        InvalidInput: it ends before it begins, has no zone, or selects by an unknown fact.
    """
    (rules or policy()).require(person, "write", {"kind": "calendar"})
    if begins.tzinfo is None or ends.tzinfo is None or ends <= begins:
        raise InvalidInput("It begins before it ends, both with their time zone.", pointer="/ends")
    unknown = sorted(set(selector or {}) - set(FACTS))
    if unknown:
        raise InvalidInput(
            f"A selector names {', '.join(FACTS)}; not {unknown[0]!r}.", pointer=f"/selector/{unknown[0]}"
        )
    with said_plainly(), database.transaction("api", person.scope(request_id, reason)) as tx:
        made: UUID = tx.execute(
            text(
                "insert into calendar_entry (kind, name, held, selector, created_by)"
                " values (:kind, :name, tstzrange(:begins, :ends), cast(:selector as jsonb), :by) returning id"
            ),
            {
                "kind": kind, "name": name, "begins": begins, "ends": ends, "by": person.id,
                "selector": msgspec.json.encode(dict(selector or {})).decode(),
            },
        ).scalar_one()  # fmt: skip
        body = {"name": name, "begins": begins.isoformat(), "ends": ends.isoformat(), "selector": dict(selector or {})}
        record(tx, "audit", f"calendar.{kind}_added", "calendar", made, body=body)
        return made


def remove(
    database: Database,
    person: Principal,
    entry_id: UUID,
    *,
    reason: str = "",
    request_id: str = "",
    rules: Policy | None = None,
) -> None:
    """Take an entry out of the calendar.

    Raises:
        Denied: as ``add``.
        Conflict: it is not there.
    """
    (rules or policy()).require(person, "write", {"kind": "calendar"})
    with said_plainly(), database.transaction("api", person.scope(request_id, reason)) as tx:
        statement = text("delete from calendar_entry where id = :id")
        changes_rows(tx, statement, {"id": entry_id}, expect=1, what="Calendar entry")
        record(tx, "audit", "calendar.removed", "calendar", entry_id)


def _read(tx: Connection, now: datetime) -> list[Entry]:
    rows = tx.execute(
        text(
            "select id, kind, name, lower(held) as begins, upper(held) as ends, selector from calendar_entry"
            " where upper(held) > :now order by lower(held), id"
        ),
        {"now": now},
    )
    return [Entry(**row._mapping) for row in rows]  # noqa: SLF001 - public in SQLAlchemy


def _facts(plan: Plan, target: Target) -> dict[str, Any]:
    return {"name": target.name, "kind": plan.kind, "tenant": target.facts.get("tenants"), **target.facts}


def _values(value: object) -> frozenset[str]:
    if value is None:
        return frozenset()
    if isinstance(value, list | tuple | set | frozenset):
        return frozenset(map(str, value))
    return frozenset({str(value)})
