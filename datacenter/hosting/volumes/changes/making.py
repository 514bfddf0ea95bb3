"""Volumes come and go: create, delete; and what they are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Row, text

from core.errors import InvalidInput
from core.ids import uuid7
from datacenter.hosting import lookup
from datacenter.hosting.catalogue.offered import image_named
from datacenter.hosting.changes import Thing, id_of_target, once, patient, watch
from datacenter.hosting.errors import CloudRefused
from datacenter.hosting.names import Description, Name, Ref
from datacenter.hosting.networks.errors import GoneForGood, NotReady, StillUsed
from datacenter.hosting.standing import must_be, place_of
from datacenter.hosting.volumes.changes.base import VolumeKind, VolumeRef, data_of, volume_named, waited
from datacenter.hosting.volumes.errors import SizeRefused
from datacenter.hosting.volumes.rows import cost_of, snapshots_of
from orchestrator.kinds import Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Plan, canonical_json, digest_of

__all__ = ["VolumeAlteration", "VolumeCreate", "VolumeDelete", "VolumeOrder", "VolumeRename"]


class VolumeOrder(BaseModel):
    """A volume that is ordered: empty, or a copy of a snapshot or an image."""

    model_config = ConfigDict(extra="forbid")

    project: Ref = "main"
    name: Name
    description: Description = ""
    size_gib: int | None = Field(default=None, ge=1, le=65536, description="That of the snapshot when absent.")
    snapshot: Ref | None = None
    image: Ref | None = None


class VolumeAlteration(VolumeRef):
    """What it is called; what is absent stays."""

    name: Name | None = None
    description: Description | None = None


class VolumeCreate(VolumeKind):
    """A new volume."""

    name = "hosting.volume.create"
    title = "Create a volume"
    intent = VolumeOrder
    verify_seconds: ClassVar[int] = 300

    def plan(self, intent: VolumeOrder, world: World) -> Draft:
        """Priced by its size."""
        project = lookup.open_project(world.tx, world.scope, intent.project)
        if intent.snapshot and intent.image:
            raise InvalidInput("A volume begins as a snapshot or as an image, not as both.", pointer="/image")
        snapshot = _snapshot(world.tx, intent.snapshot, project.id) if intent.snapshot else None
        chosen: Mapping[str, str] = {}
        if intent.image:
            chosen = dict(image_named(world.tx, intent.image, datetime.now(UTC)).select)
        size = _size(intent.size_gib, snapshot)
        cost = cost_of(world.tx, "volume", size)
        data = {
            **place_of(project), "tenant_id": str(project.tenant_id), "name": intent.name,
            "description": intent.description, "size_gib": size, "image": intent.image or "", "select": chosen,
            "snapshot_id": str(snapshot.id) if snapshot else None,
        }  # fmt: skip
        begins = f" from the snapshot {snapshot.name}" if snapshot else f" from {intent.image}" if intent.image else ""
        return self.draft(
            f"Create the volume {intent.name} of {size} GiB{begins} in {project.code}",
            Thing(uuid7(), intent.name, f"+ {size} GiB{begins}", data, {"tenant": project.tenant_code}),
            facts={"money": cost.month, "takes": {"volumes": 1, "storage_gib": size}},
            cost=cost.as_json(),
            undo_note="Deletes the volume with everything on it.",
        )

    def take(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:
        """The row; it counts from now on."""
        target = plan.targets[0]
        tx.execute(
            text(
                "insert into volume (id, tenant_id, project_id, name, description, size_gib, snapshot_id, image,"
                " order_id) values (:id, :tenant_id, :project_id, :name, :description, :size_gib, :snapshot_id, :image,"
                " :order)"
            ),
            {**target.data, "id": id_of_target(target), "order": change_id},
        )

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Found by its tag or made."""
        disks, own, data = self.disks(step, around), id_of_target(step.target), step.target.data
        image = disks.image_id(data["select"]) if data["select"] else ""
        snapshot = _cloud_snapshot(around, data["snapshot_id"])
        made = once(
            lambda: disks.find(own),
            lambda: disks.create(own, step.target.name, int(data["size_gib"]), snapshot=snapshot, image=image),
            seconds=self.apply_seconds(step),
        )
        return Outcome({"cloud_id": made.id})

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """It can be used."""
        return self.seen(step, around, {"available"})

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """It stands."""
        made = step.record["apply"]["cloud_id"]
        self.write(step, around, "volume.created", status="available", cloud_id=made, fault="")
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Deleted with everything on it."""
        disks, own = self.disks(step, around), id_of_target(step.target)
        found = disks.find(own)
        if found is not None:
            if found.held:
                raise StillUsed(f"The volume {step.target.name} is attached to a server.")
            if found.status != "deleting":
                disks.delete(found.id)
            if not waited(lambda: disks.find(own), lambda disk: disk is None):
                raise CloudRefused(f"The cloud has not deleted the volume {step.target.name} yet.")
        self.let_go(step, around, "volume.deleted")
        return Outcome({}, "deleted again" if found else "nothing was made")


class VolumeDelete(VolumeKind):
    """A volume that no server has, with everything on it."""

    name = "hosting.volume.delete"
    title = "Delete a volume"
    intent = VolumeRef

    def plan(self, intent: VolumeRef, world: World) -> Draft:
        """Refused while a server has it, or snapshots hang on it."""
        row = volume_named(
            world.tx, intent.volume, intent.version, "available", "attached", "busy", "error", "vanished"
        )
        if row.server_id is not None:
            server = world.tx.execute(text("select name from server where id = :id"), {"id": row.server_id}).scalar()
            raise StillUsed(
                f"The volume {row.name} is attached to the server {server}.",
                hint=f"Detach it first: 'irisplane volume detach {row.name}'.",
                server=server,
            )
        must_be(row, "volume", "available", "error", "vanished")
        hanging = snapshots_of(world.tx, row.id)
        if hanging:
            raise StillUsed(
                f"The volume {row.name} has snapshots: {', '.join(hanging[:5])}.",
                hint="Delete them first; they cannot be without the volume.",
                snapshots=hanging[:20],
            )
        return self.draft(
            f"Delete the volume {row.name} ({row.size_gib} GiB) with everything on it",
            Thing(row.id, row.name, f"- {row.size_gib} GiB", data_of(row), {"tenant": row.tenant_code}),
            facts={"takes": {"volumes": -1, "storage_gib": -row.size_gib}},
        )

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Deleted, or gone already."""
        disks, own = self.disks(step, around), id_of_target(step.target)

        def delete() -> bool:
            found = disks.find(own)
            if found is not None and found.status != "deleting":
                disks.delete(found.id)
            return found is not None

        return Outcome({"removed": patient(delete, seconds=self.apply_seconds(step))})

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """The cloud has it no more."""
        disks, own = self.disks(step, around), id_of_target(step.target)

        def look() -> Any:
            found = disks.find(own)
            if found is None:
                return "ok", "gone"
            if found.status == "error_deleting":
                return "failed", "the cloud could not delete it"
            return "wait", f"it is {found.status}"

        return watch(look, seconds=self.watch_seconds(step))

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Gone here, too, with its schedules."""
        with around.database.transaction("worker", around.scope) as tx:
            tx.execute(text("delete from backup_schedule where volume_id = :id"), {"id": id_of_target(step.target)})
        self.let_go(step, around, "volume.deleted")
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Only while the cloud still has it is there nothing to take back."""
        found = self.disks(step, around).find(id_of_target(step.target))
        if found is None or found.status == "deleting":
            raise GoneForGood(f"The volume {step.target.name} was deleted.")
        return Outcome({}, "it was not deleted")


class VolumeRename(VolumeKind):
    """Another name or description."""

    name = "hosting.volume.rename"
    title = "Rename a volume"
    intent = VolumeAlteration
    verify_seconds: ClassVar[int] = 60

    def plan(self, intent: VolumeAlteration, world: World) -> Draft:
        """Nothing to do when it is called so already."""
        row = volume_named(world.tx, intent.volume, intent.version, "available", "attached", "busy", "error")
        name = intent.name or row.name
        description = row.description if intent.description is None else intent.description
        if (name, description) == (row.name, row.description):
            return Draft(summary=f"The volume {name} is called so already")
        data = data_of(
            row, name=name, description=description, before={"name": row.name, "description": row.description}
        )
        lines = [f"- {row.name}\n+ {name}"] if name != row.name else []
        lines += [f"- {row.description}\n+ {description}"] if description != row.description else []
        draft = self.draft(
            f"Rename the volume {row.name}",
            Thing(row.id, name, "\n".join(lines), data, {"tenant": row.tenant_code}),
            undo_note="It is called as before.",
        )
        return replace(draft, targets=(replace(draft.targets[0], base=_called(row)),))

    def take(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:  # noqa: ARG002 - the base's signature
        """Another name is taken only if it is free; tried, and written when it is done."""
        target, tried = plan.targets[0], tx.begin_nested()
        try:
            tx.execute(
                text("update volume set name = :name where id = :id"),
                {"name": target.data["name"], "id": id_of_target(target)},
            )
        finally:
            tried.rollback()

    def fingerprint(self, target: Any, around: Surroundings) -> str:
        """Of what it is called here, now."""
        with around.database.transaction("worker", around.scope) as tx:
            return _called(lookup.find(tx, "volume", id_of_target(target)))

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Called so in the cloud."""
        self._call(step, around, step.target.data)
        return Outcome({})

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """And here."""
        data = step.target.data
        self.write(step, around, "volume.renamed", name=data["name"], description=data["description"])
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """As before, in the cloud and here."""
        before = step.target.data["before"]
        self._call(step, around, before)
        self.write(step, around, "volume.renamed", name=before["name"], description=before["description"])
        return Outcome({}, f"called {before['name']} again")

    def _call(self, step: Step, around: Surroundings, data: Mapping[str, Any]) -> None:
        disk, disks = self.disk(step, around), self.disks(step, around)
        patient(lambda: disks.rename(disk.id, str(data["name"])), seconds=self.apply_seconds(step))


def _snapshot(tx: Connection, ref: str, project: UUID) -> Row[Any]:
    row = lookup.find(tx, "volume_snapshot", ref, project=project, pointer="/snapshot")
    must_be(row, "snapshot", "available")
    return row


def _size(asked: int | None, snapshot: Row[Any] | None) -> int:
    if asked is None:
        if snapshot is None:
            raise InvalidInput("A volume needs a size in GiB.", pointer="/size_gib")
        return int(snapshot.size_gib)
    if snapshot is not None and asked < snapshot.size_gib:
        raise SizeRefused(
            f"The snapshot {snapshot.name} has {snapshot.size_gib} GiB; a volume of it has at least as many.",
            pointer="/size_gib",
        )
    return asked


def _cloud_snapshot(around: Surroundings, snapshot: str | None) -> str:
    """The id in the cloud of the snapshot that a volume begins as; empty without one."""
    if snapshot is None:
        return ""
    with around.database.transaction("worker", around.scope) as tx:
        row = lookup.find(tx, "volume_snapshot", snapshot, pointer="/snapshot")
    if row.cloud_id is None:
        raise NotReady(f"The snapshot {row.name} does not stand in the cloud.")
    return str(row.cloud_id)


def _called(row: Row[Any]) -> str:
    return digest_of(canonical_json([row.name, row.description]))
