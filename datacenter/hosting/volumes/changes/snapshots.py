"""Snapshots: what stands on a volume at one moment is kept, brought back, given up."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, text

from core.ids import uuid7
from datacenter.hosting import lookup
from datacenter.hosting.changes import Thing, id_of_target, once, patient, watch
from datacenter.hosting.errors import CloudRefused
from datacenter.hosting.names import Description, Name, Ref
from datacenter.hosting.networks.errors import GoneForGood, NoSuchThing, NotReady
from datacenter.hosting.standing import StandingKind, must_be, must_be_version
from datacenter.hosting.volumes.changes.base import VolumeKind, VolumeRef, data_of, volume_named, waited
from datacenter.hosting.volumes.disks import Disks, our_word
from datacenter.hosting.volumes.errors import NotTheNewest
from datacenter.hosting.volumes.rows import cost_of, newest_snapshot
from orchestrator.kinds import Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Plan

__all__ = ["Restoration", "SnapshotDelete", "SnapshotOrder", "SnapshotRef", "SnapshotTake", "VolumeRestore"]


class SnapshotOrder(BaseModel):
    """A snapshot that is ordered."""

    model_config = ConfigDict(extra="forbid")

    volume: Ref
    name: Name
    description: Description = ""
    schedule: UUID | None = None


class SnapshotRef(BaseModel):
    """A snapshot that is there."""

    model_config = ConfigDict(extra="forbid")

    snapshot: Ref
    version: int | None = None


class Restoration(VolumeRef):
    """To which snapshot a volume goes back."""

    snapshot: Ref


class _SnapshotKind(StandingKind[Any]):
    noun = "snapshot"
    table = "volume_snapshot"
    verify_seconds: ClassVar[int] = 300

    def disks(self, step: Step, around: Surroundings) -> Disks:
        """The project's volumes in the cloud."""
        return Disks(self.cloud(step, around))

    def give_up(self, step: Step, around: Surroundings) -> bool:
        """Begin to delete it; whether there was one."""
        disks, own = self.disks(step, around), id_of_target(step.target)
        found = disks.find_snapshot(own)
        if found is not None and found.status != "deleting":
            disks.delete_snapshot(found.id)
        return found is not None


class SnapshotTake(_SnapshotKind):
    """Keep what stands on a volume now, also while a server has it."""

    name = "hosting.volume.snapshot"
    title = "Take a snapshot of a volume"
    intent = SnapshotOrder

    def plan(self, intent: SnapshotOrder, world: World) -> Draft:
        """Priced by the volume's size."""
        row = volume_named(world.tx, intent.volume, None, "available", "attached")
        if intent.schedule is not None:
            known = world.tx.execute(
                text("select id from backup_schedule where id = :id and volume_id = :volume"),
                {"id": intent.schedule, "volume": row.id},
            ).one_or_none()
            if known is None:
                raise NoSuchThing(f"The volume {row.name} has no schedule {intent.schedule}.", pointer="/schedule")
        cost = cost_of(world.tx, "snapshot", row.size_gib)
        data = data_of(
            row, tenant_id=str(row.tenant_id), name=intent.name, description=intent.description,
            size_gib=row.size_gib, volume_id=str(row.id), schedule_id=str(intent.schedule) if intent.schedule else None,
        )  # fmt: skip
        return self.draft(
            f"Take the snapshot {intent.name} of the volume {row.name}",
            Thing(uuid7(), intent.name, f"+ {row.size_gib} GiB of {row.name}", data, {"tenant": row.tenant_code}),
            facts={"money": cost.month, "takes": {"snapshots": 1, "storage_gib": row.size_gib}},
            cost=cost.as_json(),
            undo_note="Deletes the snapshot; the volume stays as it is.",
        )

    def take(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:
        """The row; it counts from now on."""
        target = plan.targets[0]
        tx.execute(
            text(
                "insert into volume_snapshot (id, tenant_id, project_id, volume_id, schedule_id, name, description,"
                " size_gib, order_id) values (:id, :tenant_id, :project_id, :volume_id, :schedule_id, :name,"
                " :description, :size_gib, :order)"
            ),
            {**target.data, "id": id_of_target(target), "order": change_id},
        )

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Found by its tag or taken."""
        disks, own = self.disks(step, around), id_of_target(step.target)
        with around.database.transaction("worker", around.scope) as tx:
            volume = lookup.find(tx, "volume", str(step.target.data["volume_id"]))
        if volume.cloud_id is None:
            raise NotReady(f"The volume {volume.name} does not stand in the cloud.")
        made = once(
            lambda: disks.find_snapshot(own),
            lambda: disks.take_snapshot(own, step.target.name, str(volume.cloud_id)),
            seconds=self.apply_seconds(step),
        )
        return Outcome({"cloud_id": made.id, "taken_at": made.made_at})

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """It can be used."""
        disks, own = self.disks(step, around), id_of_target(step.target)

        def look() -> Any:
            found = disks.find_snapshot(own)
            if found is None:
                return "failed", "the cloud has the snapshot no more"
            if found.status == "available":
                return "ok", f"{found.size_gib} GiB are kept"
            failed = our_word(found.status) == "error"
            return ("failed" if failed else "wait"), f"it is {found.status}"

        return watch(look, seconds=self.watch_seconds(step))

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """It stands."""
        made = step.record["apply"]
        self.write(
            step, around, "snapshot.created", status="available", cloud_id=made["cloud_id"],
            taken_at=datetime.fromisoformat(f"{str(made['taken_at'])[:19]}+00:00"), fault="",
        )  # fmt: skip
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Deleted."""
        disks, own = self.disks(step, around), id_of_target(step.target)
        was = self.give_up(step, around)
        if not waited(lambda: disks.find_snapshot(own), lambda found: found is None):
            raise CloudRefused(f"The cloud has not deleted the snapshot {step.target.name} yet.")
        self.let_go(step, around, "snapshot.deleted")
        return Outcome({}, "deleted again" if was else "nothing was taken")


class SnapshotDelete(_SnapshotKind):
    """Give a snapshot up."""

    name = "hosting.snapshot.delete"
    title = "Delete a snapshot"
    intent = SnapshotRef

    def plan(self, intent: SnapshotRef, world: World) -> Draft:
        """What it held is lost; volumes that began as it stay."""
        row = lookup.find(world.tx, self.table, intent.snapshot, pointer="/snapshot")
        must_be_version(row, intent.version)
        must_be(row, "snapshot", "available", "error", "vanished")
        return self.draft(
            f"Delete the snapshot {row.name}",
            Thing(row.id, row.name, f"- {row.size_gib} GiB", data_of(row), {"tenant": row.tenant_code}),
            facts={"takes": {"snapshots": -1, "storage_gib": -row.size_gib}},
        )

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Deleted, or gone already."""
        return Outcome({"removed": patient(lambda: self.give_up(step, around), seconds=self.apply_seconds(step))})

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """The cloud has it no more."""
        disks, own = self.disks(step, around), id_of_target(step.target)

        def look() -> Any:
            found = disks.find_snapshot(own)
            if found is None:
                return "ok", "gone"
            failed = found.status == "error_deleting"
            return ("failed" if failed else "wait"), f"it is {found.status}"

        return watch(look, seconds=self.watch_seconds(step))

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Gone here, too."""
        self.let_go(step, around, "snapshot.deleted")
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Only while the cloud still has it is there nothing to take back."""
        found = self.disks(step, around).find_snapshot(id_of_target(step.target))
        if found is None or found.status == "deleting":
            raise GoneForGood(f"The snapshot {step.target.name} was deleted.")
        return Outcome({}, "it was not deleted")


class VolumeRestore(VolumeKind):
    """A volume goes back to its newest snapshot; what was written since is lost."""

    name = "hosting.volume.restore"
    title = "Bring a volume back to its snapshot"
    intent = Restoration
    verify_seconds: ClassVar[int] = 300

    def plan(self, intent: Restoration, world: World) -> Draft:
        """Only to the newest one, only of the same size, only while no server has it."""
        row = volume_named(world.tx, intent.volume, intent.version, "available")
        snapshot = lookup.find(
            world.tx, "volume_snapshot", intent.snapshot, project=row.project_id, pointer="/snapshot"
        )
        if snapshot.volume_id != row.id:
            raise NoSuchThing(f"The volume {row.name} has no snapshot {intent.snapshot!r}.", pointer="/snapshot")
        must_be(snapshot, "snapshot", "available")
        newest = newest_snapshot(world.tx, row.id)
        if newest is None or newest.id != snapshot.id:
            raise NotTheNewest(f"{snapshot.name} is not the newest snapshot of the volume {row.name}.")
        if snapshot.size_gib != row.size_gib:
            raise NotTheNewest(
                f"The volume {row.name} has grown to {row.size_gib} GiB since; {snapshot.name} has {snapshot.size_gib}."
            )
        return self.draft(
            f"Bring the volume {row.name} back to the snapshot {snapshot.name}",
            Thing(
                row.id, row.name, f"- what was written since {snapshot.taken_at:%Y-%m-%d %H:%M} UTC",
                data_of(row, snapshot=str(snapshot.id)), {"tenant": row.tenant_code},
            ),
            undo_note="There is no way back: what was written since the snapshot is lost.",
        )  # fmt: skip

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Asked for once; asked again it comes to the same."""
        disks, snapshot = self.disks(step, around), UUID(str(step.target.data["snapshot"]))

        def revert() -> str:
            disk, kept = self.disk(step, around), disks.find_snapshot(snapshot)
            if kept is None:
                raise CloudRefused("The cloud has the snapshot no more.")
            if disk.status != "reverting":
                disks.revert(disk.id, kept.id)
            return disk.id

        return Outcome({"cloud_id": patient(revert, seconds=self.apply_seconds(step))})

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """It can be used again."""
        return self.seen(step, around, {"available"})

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Told."""
        self.write(step, around, "volume.restored", status="available", fault="")
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Only before it was asked for is there nothing to take back."""
        if "apply" in step.record or self.disk(step, around).status == "reverting":
            raise GoneForGood(f"What was written on {step.target.name} since the snapshot is lost.")
        return Outcome({}, "it was not touched")
