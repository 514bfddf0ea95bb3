"""A volume becomes larger; it never becomes smaller."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID, uuid4

from pydantic import Field
from sqlalchemy import Connection, text

from datacenter.hosting.changes import Thing, id_of_target, patient
from datacenter.hosting.networks.errors import GoneForGood, NotReady
from datacenter.hosting.pricing import Cost
from datacenter.hosting.volumes.changes.base import VolumeKind, VolumeRef, data_of, volume_named
from datacenter.hosting.volumes.errors import SizeRefused
from datacenter.hosting.volumes.rows import cost_of
from orchestrator.kinds import Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Plan

__all__ = ["VolumeExtend", "VolumeGrowth"]


class VolumeGrowth(VolumeRef):
    """How large it becomes."""

    size_gib: int = Field(ge=1, le=65536)


class VolumeExtend(VolumeKind):
    """More GiB, also while a server has it."""

    name = "hosting.volume.extend"
    title = "Make a volume larger"
    intent = VolumeGrowth
    verify_seconds: ClassVar[int] = 300

    def plan(self, intent: VolumeGrowth, world: World) -> Draft:
        """Priced by the difference."""
        row = volume_named(world.tx, intent.volume, intent.version, "available", "attached")
        if intent.size_gib < row.size_gib:
            raise SizeRefused(
                f"The volume {row.name} has {row.size_gib} GiB and does not become smaller.", pointer="/size_gib"
            )
        if intent.size_gib == row.size_gib:
            return Draft(summary=f"The volume {row.name} has {row.size_gib} GiB already")
        more = intent.size_gib - row.size_gib
        after, before = cost_of(world.tx, "volume", intent.size_gib), cost_of(world.tx, "volume", row.size_gib)
        cost = Cost(after.lines, before=before.lines)
        data = data_of(row, size_gib=intent.size_gib, before=row.size_gib)
        return self.draft(
            f"Make the volume {row.name} larger: {row.size_gib} to {intent.size_gib} GiB",
            Thing(
                row.id, row.name, f"- {row.size_gib} GiB\n+ {intent.size_gib} GiB", data, {"tenant": row.tenant_code}
            ),
            facts={"money": cost.month, "takes": {"storage_gib": more}},
            cost=cost.as_json(),
            undo_note="There is no way back: a volume does not become smaller.",
        )

    def take(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:
        """The larger size counts from now on; one order at a time.

        Raises:
            NotReady: another order makes it larger already.
        """
        target = plan.targets[0]
        done = tx.execute(
            text(
                "update volume set wanted_gib = :gib, wanted_by = :order"
                " where id = :id and gone_at is null and wanted_by is null"
            ),
            {"gib": target.data["size_gib"], "order": change_id or uuid4(), "id": id_of_target(target)},
        )
        if done.rowcount != 1:
            raise NotReady(f"Another order makes the volume {target.name} larger already.")

    def release(self, change_id: UUID, tx: Connection) -> None:
        """What it has now counts again."""
        tx.execute(
            text("update volume set wanted_gib = null, wanted_by = null where wanted_by = :order"),
            {"order": change_id},
        )

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Asked for, unless it is so large already."""
        wanted = int(step.target.data["size_gib"])

        def extend() -> str:
            disk = self.disk(step, around)
            if disk.size_gib < wanted and disk.status != "extending":
                self.disks(step, around).extend(disk.id, wanted)
            return disk.id

        return Outcome({"cloud_id": patient(extend, seconds=self.apply_seconds(step))})

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """It is so large, and can be used."""
        wanted = int(step.target.data["size_gib"])
        return self.seen(step, around, {"available", "in-use"}, lambda disk: disk.size_gib >= wanted)

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Our row says so."""
        wanted = int(step.target.data["size_gib"])
        self.write(step, around, "volume.extended", size_gib=wanted, wanted_gib=None, wanted_by=None, fault="")
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Only while it has not grown is there nothing to take back."""
        disk = self.disk(step, around)
        if disk.size_gib > int(step.target.data["before"]):
            self.write(step, around, size_gib=disk.size_gib)
            raise GoneForGood(
                f"The volume {step.target.name} has {disk.size_gib} GiB and does not become smaller.",
                hint="Order a smaller one and copy what is on it.",
            )
        return Outcome({}, "it has not grown")
