"""The kinds of Change about schedules of copies: they write our own table only, so they are carried out on the spot."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Row, text

from core.ids import uuid7
from datacenter.hosting import lookup
from datacenter.hosting.names import Name, Ref
from datacenter.hosting.networks.errors import NoSuchThing
from datacenter.hosting.standing import must_be, must_be_version
from datacenter.hosting.volumes.errors import ScheduleRefused
from datacenter.hosting.volumes.schedules import latest_due
from orchestrator import commands
from orchestrator.kinds import ChangeKind, World
from orchestrator.plan import Draft

__all__ = ["ScheduleAlter", "ScheduleAlteration", "ScheduleCreate", "ScheduleDelete", "ScheduleOrder", "ScheduleRef",
           "schedule_json", "schedules_json"]  # fmt: skip

_LOCAL: Final = "(now() at time zone 'Europe/Brussels')"
_NEXT: Final = (
    "case when not r.active then null else (case when r.every = 'day'"
    f" then date_trunc('day', {_LOCAL}) + make_interval(hours => r.hour)"
    f" + case when date_trunc('day', {_LOCAL}) + make_interval(hours => r.hour) <= {_LOCAL}"
    " then interval '1 day' else interval '0' end"
    f" else date_trunc('week', {_LOCAL}) + make_interval(days => r.weekday - 1, hours => r.hour)"
    f" + case when date_trunc('week', {_LOCAL}) + make_interval(days => r.weekday - 1, hours => r.hour) <= {_LOCAL}"
    " then interval '7 days' else interval '0' end end) at time zone 'Europe/Brussels' end"
)
_FROM: Final = (
    "select jsonb_build_object('id', r.id, 'tenant', t.code, 'project', p.code, 'project_id', p.id, 'volume', v.name,"  # noqa: S608 - texts of this code alone
    " 'volume_id', r.volume_id, 'name', r.name, 'every', r.every, 'weekday', r.weekday, 'hour', r.hour,"
    " 'keep', r.keep, 'method', r.method, 'active', r.active, 'next_due', " + _NEXT + ", 'last_due', r.last_due,"
    " 'last_order', r.last_order, 'fault', r.fault, 'copies', (select count(*) from volume_snapshot s"
    " where s.schedule_id = r.id and s.status = 'available' and s.gone_at is null), 'version', r.version,"
    " 'created_at', r.created_at, 'updated_at', r.updated_at)::text as shown, r.id, r.version"
    " from backup_schedule r join volume v on v.id = r.volume_id join project p on p.id = v.project_id"
    " join tenant t on t.id = r.tenant_id where v.gone_at is null"
)


class ScheduleOrder(BaseModel):
    """When a volume is copied by itself, and how many copies are kept."""

    model_config = ConfigDict(extra="forbid")

    volume: Ref
    name: Name = Field(max_length=40)
    every: Literal["day", "week"] = "day"
    weekday: int | None = Field(default=None, ge=1, le=7)
    hour: int = Field(ge=0, le=23)
    keep: int = Field(default=7, ge=1, le=365)
    method: Literal["snapshot"] = "snapshot"


class ScheduleAlteration(BaseModel):
    """What becomes otherwise; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    schedule: UUID
    version: int | None = None
    every: Literal["day", "week"] | None = None
    weekday: int | None = Field(default=None, ge=1, le=7)
    hour: int | None = Field(default=None, ge=0, le=23)
    keep: int | None = Field(default=None, ge=1, le=365)
    active: bool | None = None


class ScheduleRef(BaseModel):
    """A schedule that is there."""

    model_config = ConfigDict(extra="forbid")

    schedule: UUID
    version: int | None = None


class ScheduleCreate(ChangeKind[ScheduleOrder]):
    """A volume is copied by itself from its next due time on."""

    name = "hosting.backup_schedule.create"
    title = "Copy a volume by itself"
    intent = ScheduleOrder
    undo_keeps = frozenset({"bounded"})
    needs_network: ClassVar[bool] = False

    def plan(self, intent: ScheduleOrder, world: World) -> Draft:
        """Each copy is an order of its own, within the quota of the day."""
        _must_fit(intent.every, intent.weekday)
        row = lookup.find(world.tx, "volume", intent.volume, pointer="/volume")
        must_be(row, "volume", "available", "attached", "busy")
        values = {
            "id": str(uuid7()), "tenant_id": str(row.tenant_id), "volume_id": str(row.id), "name": intent.name,
            "every": intent.every, "weekday": intent.weekday, "hour": intent.hour, "keep": intent.keep,
            "method": intent.method,
            "last_due": latest_due(intent.every, intent.weekday, intent.hour, datetime.now(UTC)).isoformat(),
        }  # fmt: skip
        when = _when(intent.every, intent.weekday, intent.hour)
        return Draft(
            f"Copy the volume {row.name} {when}, keep {intent.keep}",
            commands=(commands.insert("backup_schedule", [values]),),
            facts={"bounded": True},
            undo_note="No more copies are made; those that there are stay.",
        )


class ScheduleAlter(ChangeKind[ScheduleAlteration]):
    """Another time, another number, or a pause."""

    name = "hosting.backup_schedule.alter"
    title = "Alter a schedule of copies"
    intent = ScheduleAlteration
    undo_keeps = frozenset({"bounded"})
    needs_network: ClassVar[bool] = False

    def plan(self, intent: ScheduleAlteration, world: World) -> Draft:
        """From its next due time on."""
        row = _named(world.tx, intent.schedule)
        must_be_version(row, intent.version)
        every = intent.every or row.every
        weekday = None if every == "day" else intent.weekday or row.weekday
        _must_fit(every, intent.weekday if every == "day" else weekday)
        hour = row.hour if intent.hour is None else intent.hour
        values: dict[str, Any] = {
            "every": every, "weekday": weekday, "hour": hour, "keep": intent.keep or row.keep,
            "active": row.active if intent.active is None else intent.active,
        }  # fmt: skip
        if all(getattr(row, name) == value for name, value in values.items()):
            return Draft(summary=f"The schedule {row.name} is so already")
        # What was due before it was altered is not caught up under its new times.
        values["last_due"] = latest_due(every, weekday, hour, datetime.now(UTC)).isoformat()
        command = commands.update("backup_schedule", [{"id": str(row.id), "version": row.version, **values}])
        pause = "" if values["active"] else ", paused"
        return Draft(
            f"Alter the schedule {row.name}: {_when(every, weekday, hour)}, keep {values['keep']}{pause}",
            commands=(command,),
            facts={"bounded": True},
            undo_note="It is as it was before.",
        )


class ScheduleDelete(ChangeKind[ScheduleRef]):
    """No more copies by themselves; those that there are stay, and are nobody's to give up but yours."""

    name = "hosting.backup_schedule.delete"
    title = "End a schedule of copies"
    intent = ScheduleRef
    undo_keeps = frozenset({"bounded"})
    needs_network: ClassVar[bool] = False

    def plan(self, intent: ScheduleRef, world: World) -> Draft:
        """Copies stay."""
        row = _named(world.tx, intent.schedule)
        must_be_version(row, intent.version)
        return Draft(
            f"End the schedule {row.name}",
            commands=(commands.delete("backup_schedule", [{"id": str(row.id), "version": row.version}]),),
            facts={"bounded": True},
            undo_note="Copies are made again; earlier ones are not counted among them.",
        )


def schedules_json(
    tx: Connection, *, volume: UUID | None, project: str | None, after: UUID | None, limit: int
) -> list[tuple[str, tuple[UUID]]]:
    """JSON text and cursor key of each schedule, oldest first."""
    found = tx.execute(
        text(
            f"{_FROM} and (cast(:volume as uuid) is null or r.volume_id = :volume)"
            " and (cast(:project as text) is null or p.code = :project or p.id::text = :project)"
            " and (cast(:after as uuid) is null or r.id > :after) order by r.id limit :limit"
        ),
        {"volume": volume, "project": project, "after": after, "limit": limit},
    )
    return [(row.shown, (row.id,)) for row in found]


def schedule_json(tx: Connection, schedule: UUID) -> tuple[str, int]:
    """JSON text and version of one.

    Raises:
        NoSuchThing: there is none, or it is not yours.
    """
    found = tx.execute(text(f"{_FROM} and r.id = :id"), {"id": schedule}).one_or_none()
    if found is None:
        raise NoSuchThing(f"There is no schedule {schedule}.")
    return str(found.shown), int(found.version)


def _named(tx: Connection, schedule: UUID) -> Row[Any]:
    found = tx.execute(text("select * from backup_schedule where id = :id"), {"id": schedule}).one_or_none()
    if found is None:
        raise NoSuchThing(f"There is no schedule {schedule}.", pointer="/schedule")
    return found


def _must_fit(every: str, weekday: int | None) -> None:
    """Raises ``ScheduleRefused`` unless a weekday stands with every week, and with nothing else."""
    if (every == "week") != (weekday is not None):
        needs = "needs a weekday, from 1 (Monday) to 7" if every == "week" else "has no weekday"
        raise ScheduleRefused(f"Every {every} {needs}.", pointer="/weekday")


def _when(every: str, weekday: int | None, hour: int) -> str:
    days = ("", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    return f"every {days[weekday] if every == 'week' and weekday else 'day'} at {hour:02}:00"
