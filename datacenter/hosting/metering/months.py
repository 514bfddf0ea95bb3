"""Months: how one is written, and the kinds ``hosting.month.close`` and ``hosting.charge.correct``.

A closed month is frozen by the database, with a digest of its lines that the journal chains. What was wrong in it is
put right by a line of a later month that names it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Connection, Row, text

from core.errors import NotFound
from core.ids import uuid7
from datacenter.hosting.metering.errors import MonthClosed, MonthNotReady, NoSuchMonth
from datacenter.hosting.pricing import month_of
from orchestrator import commands
from orchestrator.kinds import ChangeKind, World
from orchestrator.plan import Draft, Impact

__all__ = ["ChargeCorrect", "CloseIntent", "CorrectIntent", "MonthClose", "month_named"]

_WRITTEN: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
_Month = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]


def month_named(written: str, *, pointer: str = "/month") -> date:
    """``2026-11`` as its first day.

    Raises:
        NoSuchMonth: it is written otherwise.
    """
    found = _WRITTEN.fullmatch(written)
    if found is None:
        raise NoSuchMonth(f"{written[:40]!r} is no month.", pointer=pointer)
    return date(int(found[1]), int(found[2]), 1)


class CloseIntent(BaseModel):
    """Which month, and whether what could not be metered is accepted as missing."""

    model_config = ConfigDict(extra="forbid")

    month: _Month
    accept_gaps: bool = False


class MonthClose(ChangeKind[CloseIntent]):
    """Freeze a month: its lines never alter again."""

    name = "hosting.month.close"
    title = "Close a month"
    intent = CloseIntent
    needs_network: ClassVar[bool] = False

    def plan(self, intent: CloseIntent, world: World) -> Draft:
        """The digest of its lines as they are now; another one at the moment of closing, and it stays open.

        Raises:
            MonthNotReady: not over, not metered to its end, gaps that nobody accepted, or an earlier month is open.
            MonthClosed: it is closed.
        """
        tx, month = world.tx, month_named(intent.month)
        _must_be_ready(tx, month, accept_gaps=intent.accept_gaps)
        gaps = tx.execute(_GAPS, _bounds(month)).all()
        sha256, lines, amount = tx.execute(_DIGEST, {"month": month}).one()
        row = {
            "id": str(uuid7()), "tenant_id": str(_region(tx)), "month": str(month), "sha256": sha256, "lines": lines,
            "amount_micro_eur": int(amount), "gaps": len(gaps),
        }  # fmt: skip
        told = f"{lines} lines, {int(amount)} µEUR, SHA-256 {sha256}"
        return Draft(
            summary=f"Close {intent.month}: {lines} lines",
            commands=(commands.insert("closed_month", [row]),),
            impact=Impact(notes=tuple(f"missing: {_told(gap)}: {gap.reason}" for gap in gaps)),
            facts={
                "lines": 1, "sha256": sha256, "charges": lines, "amount_micro_eur": str(int(amount)), "gaps": len(gaps),
                "alterations": [
                    {"op": "+", "type": "closed_month", "id": row["id"], "name": intent.month, "lines": [told]}
                ],
            },
            undo_note="A closed month stays closed; it is corrected by lines of a later one.",
        )  # fmt: skip


class CorrectIntent(BaseModel):
    """A line that puts a closed month right.

    Attributes:
        tenant: code of the administration.
        corrects: the closed month.
        resource: id of the thing it is about, where it is about one.
        amount_micro_eur: what is added; less than zero gives back.
    """

    model_config = ConfigDict(extra="forbid")

    tenant: Annotated[str, StringConstraints(min_length=1, max_length=63)]
    corrects: _Month
    resource: UUID | None = None
    amount_micro_eur: Annotated[int, Field(ge=-(10**15), le=10**15, strict=True)]
    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=r"^[^\x00]*$")
    ]


class ChargeCorrect(ChangeKind[CorrectIntent]):
    """Put a closed month right by a line of the open one."""

    name = "hosting.charge.correct"
    title = "Correct a closed month"
    intent = CorrectIntent
    needs_network: ClassVar[bool] = False

    def plan(self, intent: CorrectIntent, world: World) -> Draft:
        """One line in the first open month.

        Raises:
            NotFound: no such administration, or nothing of it was metered under that id.
            MonthNotReady: the month to correct is open: it corrects itself.
        """
        tx, corrects = world.tx, month_named(intent.corrects, pointer="/corrects")
        tenant = tx.execute(text("select id from tenant where code = :code"), {"code": intent.tenant}).scalar()
        if tenant is None:
            raise NotFound(f"There is no administration {intent.tenant!r}.", pointer="/tenant")
        if corrects not in _closed(tx):
            raise MonthNotReady(
                f"{intent.corrects} is not closed: what is wrong in it is rated anew.", pointer="/corrects"
            )
        meter = None
        if intent.resource is not None:
            meter = tx.execute(_METER, {"resource": intent.resource, "tenant": tenant}).scalar()
            if meter is None:
                raise NotFound("Nothing of this administration was metered under that id.", pointer="/resource")
        booked: date = tx.execute(
            text("select open_month(region_day(cast(:now as timestamptz)))"), {"now": datetime.now(UTC)}
        ).scalar_one()
        row = {
            "id": str(uuid7()), "tenant_id": str(tenant), "booked": str(booked), "corrects": str(corrects),
            "meter_id": meter, "amount_micro_eur": intent.amount_micro_eur, "reason": intent.reason,
        }  # fmt: skip
        label = f"{intent.tenant}: {intent.amount_micro_eur} µEUR in {booked:%Y-%m} for {intent.corrects}"
        return Draft(
            summary=f"Correct {intent.corrects}: {label}"[:200],
            commands=(commands.insert("correction", [row]),),
            impact=Impact(tenants=(intent.tenant,)),
            facts={
                "lines": 1,
                "alterations": [
                    {"op": "+", "type": "correction", "id": row["id"], "name": label, "lines": [intent.reason]}
                ],
            },
            undo_note="The line is removed, while its month is open.",
        )


# ------------------------------------------------------------------------------------------------------------ inside
def _must_be_ready(tx: Connection, month: date, *, accept_gaps: bool) -> None:
    bounds = _bounds(month)
    closed = _closed(tx)
    if month in closed:
        raise MonthClosed(f"{month:%Y-%m} is closed already.", pointer="/month")
    if bounds["ends"] > datetime.now(UTC):
        raise MonthNotReady(f"{month:%Y-%m} is not over yet.", pointer="/month")
    behind = tx.execute(_BEHIND, bounds).scalars().all()
    if behind:
        raise MonthNotReady(
            f"Not metered to the end of {month:%Y-%m} yet: {', '.join(behind)}.", pointer="/month", sources=list(behind)
        )
    earlier = tx.execute(_EARLIER, {"month": month}).scalar()
    if earlier is not None:
        raise MonthNotReady(f"Months are closed in order: {earlier:%Y-%m} is open.", pointer="/month")
    gaps = tx.execute(_GAPS, bounds).all()
    if gaps and not accept_gaps:
        told = "; ".join(_told(gap) for gap in gaps[:5])
        raise MonthNotReady(f"{len(gaps)} gap(s) in {month:%Y-%m}: {told}.", pointer="/accept_gaps", gaps=len(gaps))


def _told(gap: Row[Any]) -> str:
    return f"{gap.source} {gap.begins:%Y-%m-%d %H:%M} to {gap.ends:%Y-%m-%d %H:%M} UTC"


def _bounds(month: date) -> dict[str, datetime]:
    begins, ends = month_of(month.year, month.month)
    return {"begins": begins, "ends": ends}


def _closed(tx: Connection) -> set[date]:
    return set(tx.execute(text("select month from closed_months()")).scalars())


def _region(tx: Connection) -> UUID:
    found: UUID = tx.execute(text("select id from tenant where kind = 'region' order by id limit 1")).scalar_one()
    return found


_DIGEST: Final = text("select sha256, lines, amount_micro_eur from month_digest(:month)")
_BEHIND: Final = text("select source from metering_mark where metered_until < :ends order by 1")
_EARLIER: Final = text("""
    select min(booked) from (select booked from charge union all select booked from correction) b
    where booked < :month and not exists (select from closed_months() c where c.month = b.booked)""")
_GAPS: Final = text("""
    select source, lower(held) as begins, upper(held) as ends, reason from metering_gap
    where closed_at is null and held && tstzrange(:begins, :ends) order by lower(held), source""")
_METER: Final = text("""
    select id from meter where resource_id = :resource and tenant_id = :tenant order by id desc limit 1""")
