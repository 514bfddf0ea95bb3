"""A volume comes to a server, and leaves it."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text

from datacenter.hosting import lookup
from datacenter.hosting.changes import Thing, id_of_target, once, patient
from datacenter.hosting.errors import CloudRefused
from datacenter.hosting.names import Ref
from datacenter.hosting.networks.errors import NotReady
from datacenter.hosting.standing import must_be
from datacenter.hosting.volumes.changes.base import VolumeKind, VolumeRef, data_of, volume_named, waited
from datacenter.hosting.volumes.disks import Disk
from orchestrator.kinds import Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft

__all__ = ["Attachment", "Detachment", "VolumeAttach", "VolumeDetach"]

_TAKING: Final = ("active", "stopped", "paused")
"""States of a server that a volume can be given to."""


class Attachment(VolumeRef):
    """Which server takes it."""

    server: Ref


class Detachment(BaseModel):
    """A volume, and from which server it is taken when that is said."""

    model_config = ConfigDict(extra="forbid")

    volume: Ref
    server: Ref | None = None
    version: int | None = None


class _AttachingKind(VolumeKind):
    verify_seconds: ClassVar[int] = 240

    def bring(self, step: Step, around: Surroundings) -> Outcome:
        """Give it to the server, unless that has it."""
        disks, server = self.disks(step, around), _cloud_server(around, str(step.target.data["server"]))

        def there() -> Disk | None:
            disk = self.disk(step, around)
            return disk if _on(disk, server) or disk.status == "attaching" else None

        def attach() -> Disk:
            disk = self.disk(step, around)
            disks.attach(disk.id, server)
            return disk

        disk = once(there, attach, seconds=self.apply_seconds(step))
        return Outcome({"cloud_id": disk.id, "server": server})

    def take_away(self, step: Step, around: Surroundings) -> Outcome:
        """Take it from whatever server has it."""

        def detach() -> Disk:
            disk = self.disk(step, around)
            if disk.status != "detaching":
                for held in disk.held:
                    self.disks(step, around).detach(disk.id, held.server)
            return disk

        return Outcome({"cloud_id": patient(detach, seconds=self.apply_seconds(step)).id})

    def attached(self, step: Step, around: Surroundings) -> None:
        """Our rows say who has it, and as what."""
        disk = self.disk(step, around)
        device = disk.held[0].device if disk.held else ""
        self.write(
            step, around, "volume.attached", status="attached", server_id=step.target.data["server"], device=device,
            fault="",
        )  # fmt: skip

    def detached(self, step: Step, around: Surroundings) -> None:
        """Our rows say that nobody has it."""
        self.write(step, around, "volume.detached", status="available", server_id=None, device="", fault="")


class VolumeAttach(_AttachingKind):
    """A server gets a volume."""

    name = "hosting.volume.attach"
    title = "Attach a volume to a server"
    intent = Attachment

    def plan(self, intent: Attachment, world: World) -> Draft:
        """Both stand in one project."""
        row = volume_named(world.tx, intent.volume, intent.version, "available", "attached")
        server = lookup.find(world.tx, "server", intent.server, project=row.project_id, pointer="/server")
        must_be(server, "server", *_TAKING)
        if row.server_id == server.id:
            return Draft(summary=f"The volume {row.name} is attached to {server.name} already")
        must_be(row, "volume", "available")
        return self.draft(
            f"Attach the volume {row.name} to the server {server.name}",
            Thing(
                row.id, row.name, f"+ attached to {server.name}", data_of(row, server=str(server.id)),
                {"tenant": row.tenant_code},
            ),
            undo_note="Takes it from the server again.",
        )  # fmt: skip

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Found on it or given to it."""
        return self.bring(step, around)

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """The server has it."""
        server = str(step.record["apply"]["server"])
        return self.seen(step, around, {"in-use"}, lambda disk: _on(disk, server))

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Volume and server agree."""
        self.attached(step, around)
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Taken away again."""
        return _taken_away(self, step, around)


class VolumeDetach(_AttachingKind):
    """A volume leaves its server; what it holds stays."""

    name = "hosting.volume.detach"
    title = "Detach a volume from its server"
    intent = Detachment

    def plan(self, intent: Detachment, world: World) -> Draft:
        """Nothing to do when no server has it."""
        row = volume_named(world.tx, intent.volume, intent.version, "available", "attached", "busy")
        named = (
            lookup.find(world.tx, "server", intent.server, project=row.project_id, pointer="/server")
            if intent.server else None
        )  # fmt: skip
        if row.server_id is None or (named is not None and named.id != row.server_id):
            whom = f"the server {named.name}" if named is not None else "no server"
            if named is None:
                return Draft(summary=f"The volume {row.name} is attached to no server")
            raise NotReady(f"The volume {row.name} is not attached to {whom}.", pointer="/server")
        name = world.tx.execute(text("select name from server where id = :id"), {"id": row.server_id}).scalar()
        return self.draft(
            f"Detach the volume {row.name} from the server {name}",
            Thing(
                row.id, row.name, f"- attached to {name}", data_of(row, server=str(row.server_id)),
                {"tenant": row.tenant_code},
            ),
            undo_note="Gives it to the server again.",
        )  # fmt: skip

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Asked for, unless nobody has it."""
        return self.take_away(step, around)

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Nobody has it; a server in which it is mounted may hold on to it."""
        return self.seen(
            step, around, {"available"}, lambda disk: not disk.held,
            otherwise=": the server does not let go of it; is it still mounted there?",
        )  # fmt: skip

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Volume and server agree."""
        self.detached(step, around)
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Given to the server again."""
        server = _cloud_server(around, str(step.target.data["server"]))
        disks, own = self.disks(step, around), id_of_target(step.target)
        disk = disks.find(own)
        if disk is None or not _on(disk, server):
            waited(lambda: disks.find(own), lambda seen: seen is not None and seen.status in {"available", "in-use"})
            self.bring(step, around)
        if not waited(lambda: disks.find(own), lambda seen: seen is not None and _on(seen, server)):
            raise CloudRefused(f"The volume {step.target.name} has not come back to its server.")
        self.attached(step, around)
        return Outcome({}, "attached again")


def _taken_away(kind: _AttachingKind, step: Step, around: Surroundings) -> Outcome:
    disks, own = kind.disks(step, around), id_of_target(step.target)
    if disks.find(own) is None:
        return Outcome({}, "the cloud has the volume no more")
    kind.take_away(step, around)
    if not waited(lambda: disks.find(own), lambda disk: disk is not None and disk.status == "available"):
        raise CloudRefused(f"The server does not let go of the volume {step.target.name}.")
    kind.detached(step, around)
    return Outcome({}, "detached again")


def _on(disk: Disk, server: str) -> bool:
    return any(held.server == server for held in disk.held)


def _cloud_server(around: Surroundings, server: str) -> str:
    with around.database.transaction("worker", around.scope) as tx:
        row: Any = lookup.find(tx, "server", server, pointer="/server")
    if row.cloud_id is None:
        raise NotReady(f"The server {row.name} does not stand in the cloud yet.")
    return str(row.cloud_id)
