"""A server's disk: made anew from an image, kept as an image, and such images deleted again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import Connection, text

from core.ids import uuid7
from datacenter.hosting.changes import id_of_target, once, patient, watch
from datacenter.hosting.errors import CloudLacks, CloudRefused
from datacenter.hosting.servers.changes.base import ServerIntent, ServerVerb, State
from datacenter.hosting.servers.names import checked_name
from datacenter.hosting.servers.ordering import chosen_image
from datacenter.hosting.servers.queries import ServerRow
from datacenter.hosting.servers.wire import sentence
from orchestrator.kinds import Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Plan

__all__ = [
    "DeleteImageIntent", "RebuildIntent", "ServerDeleteImage", "ServerRebuild", "ServerSnapshot", "SnapshotIntent",
]  # fmt: skip


class RebuildIntent(ServerIntent):
    """From which image: the code of an offering, or the name or id of one made of a server of the project."""

    image: Annotated[str, Field(max_length=63)]


class ServerRebuild(ServerVerb[RebuildIntent]):
    """Make a server anew from an image; name, addresses and volumes stay, its own disk does not."""

    name = "hosting.server.rebuild"
    title = "Rebuild a server"
    intent = RebuildIntent
    doing = "Rebuild"
    allowed = frozenset({"active", "stopped", "error"})
    verify_seconds = 600

    def draft_for(self, intent: RebuildIntent, row: ServerRow, world: World) -> Draft:
        """What is lost is said."""
        select, _ = chosen_image(world.tx, intent.image, datetime.now(UTC), row.project_id)
        diff = f"~ {row.name}: image {row.image or 'of its own'} -> {intent.image}; what is on its disk is lost"
        return self.drafted(
            row, f"Rebuild {row.name} from {intent.image}", diff, {"image": intent.image, "select": select},
            undo_note="There is no way back: the old disk is gone.",
        )  # fmt: skip

    def prepare(self, step: Step, around: Surroundings) -> Outcome:
        """The image is there."""
        servers = self.servers(step, around)
        found = patient(lambda: servers.image_id(step.target.data["select"]), seconds=self.prepare_seconds / 2)
        return Outcome({"image": found})

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Asked for unless it is under way; after a break again, which gives the same."""
        servers, cloud_id = self.servers(step, around), self.cloud_id(step)

        def rebuild() -> Outcome:
            if not servers.get(cloud_id).task.startswith("rebuild"):
                servers.rebuild(cloud_id, step.record["prepare"]["image"])
            return Outcome({"asked": True})

        try:
            return patient(rebuild, seconds=self.apply_seconds(step))
        except CloudRefused as error:
            raise CloudRefused(sentence(error.message)) from None

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Until it has the image and is what it was: running or stopped."""
        servers, cloud_id, image = self.servers(step, around), self.cloud_id(step), step.record["prepare"]["image"]

        def look() -> State:
            now = servers.get(cloud_id)
            if now.status == "error" and not now.task:
                return "failed", now.fault or f"{now.name} went into error."
            if now.image == image and now.status in {"active", "stopped"} and not now.task:
                return "ok", f"{now.name} was rebuilt and is {now.status}"
            return "wait", f"{now.name} is {now.status} {now.task}".rstrip()

        return watch(look, seconds=self.watch_seconds(step), first=0.5)

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """The row names the new image."""
        return self.follow(step, around, image=step.target.data["image"])

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """The old disk is gone; the row says how the server is now."""
        return self.follow(step, around) if "apply" in step.record else Outcome({}, "It was not rebuilt.")


class SnapshotIntent(ServerIntent):
    """What the image is called."""

    name: Annotated[str, Field(max_length=255)]


class ServerSnapshot(ServerVerb[SnapshotIntent]):
    """Keep a server's disk as an image of the project's own."""

    name = "hosting.server.snapshot"
    title = "Keep a server's disk as an image"
    intent = SnapshotIntent
    doing = "Keep the disk of"
    allowed = frozenset({"active", "stopped", "paused", "suspended"})
    verify_seconds = 1800

    def draft_for(self, intent: SnapshotIntent, row: ServerRow, world: World) -> Draft:  # noqa: ARG002 - one shape
        """The image's name is a plain one, so that it can be ordered by."""
        checked_name(intent.name)
        diff = f"+ image {intent.name} of the disk of {row.name}"
        data = {"image_name": intent.name, "image_row": str(uuid7()), "tenant_id": str(row.tenant_id)}
        return self.drafted(
            row, f"Keep the disk of {row.name} as {intent.name}", diff, data,
            facts={"takes": {"snapshots": 1}}, undo_note="The image is deleted.",
        )  # fmt: skip

    def take(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:
        """The image's row, which counts as a snapshot from now on."""
        target = plan.targets[0]
        tx.execute(_INSERT, {**target.data, "server": id_of_target(target), "order": change_id})

    def release(self, change_id: UUID, tx: Connection) -> None:
        """The row of the plan that is replaced."""
        tx.execute(_RELEASE, {"order": change_id})

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Looked for by the mark of its row, made if there is none."""
        servers, cloud_id, mark = self.servers(step, around), self.cloud_id(step), step.target.data["image_row"]

        def find() -> str | None:
            return next((one.id for one in servers.images(cloud_id) if one.properties["mark"] == mark), None)

        made = once(
            find, lambda: servers.snapshot(cloud_id, step.target.data["image_name"], mark),
            seconds=self.apply_seconds(step),
        )  # fmt: skip
        return Outcome({"image": made})

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Until the image can be used."""
        servers, image = self.servers(step, around), step.record["apply"]["image"]

        def look() -> State:
            now = next((one for one in servers.images(self.cloud_id(step)) if one.id == image), None)
            if now is None or now.status in {"killed", "deleted", "error"}:
                return "failed", "The cloud gave the image up."
            if now.status == "active":
                return "ok", f"The image {now.name} has {now.size:,} bytes"
            return "wait", f"The image is {now.status}"

        return watch(look, seconds=self.watch_seconds(step), first=0.5)

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """The row says what the cloud has."""
        image = step.record["apply"]["image"]
        found = patient(lambda: self.servers(step, around).images(self.cloud_id(step)), seconds=60)
        size = next((one.size for one in found if one.id == image), None)
        with around.database.transaction("worker", around.scope) as tx:
            tx.execute(_STANDS, {"id": step.target.data["image_row"], "cloud": image, "bytes": size})
        return self.follow(step, around)

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """The image with the row's mark is deleted, and the row is gone."""
        servers, mark = self.servers(step, around), step.target.data["image_row"]
        for one in servers.images(self.cloud_id(step)):
            if one.properties["mark"] == mark:
                servers.delete_image(one.id)
        with around.database.transaction("worker", around.scope) as tx:
            tx.execute(_GONE, {"id": mark})
        return Outcome({}, "There is no image of it.")


class DeleteImageIntent(ServerIntent):
    """Which image that was made of the server."""

    image: UUID


class ServerDeleteImage(ServerVerb[DeleteImageIntent]):
    """Delete an image that was made of a server, also of one that is gone: its images outlive it."""

    name = "hosting.server.delete-image"
    title = "Delete an image of a server"
    intent = DeleteImageIntent
    doing = "Delete an image of"
    allowed = frozenset(
        {"active", "stopped", "paused", "suspended", "resized", "busy", "error", "kept", "building", "vanished", "gone"}
    )
    also_gone = True

    def draft_for(self, intent: DeleteImageIntent, row: ServerRow, world: World) -> Draft:
        """Whether one that has no row here is the server's is seen when it runs."""
        ours = world.tx.execute(_OURS, {"image": str(intent.image), "server": row.id}).scalar_one()
        return self.drafted(
            row, f"Delete an image of {row.name}", f"- image {intent.image}",
            {"image": str(intent.image), "ours": ours},
            facts={"takes": {"snapshots": -1}} if ours else None, undo_note="There is no way back.",
        )  # fmt: skip

    def prepare(self, step: Step, around: Surroundings) -> Outcome:
        """It was made of this server; one of our rows may be lost in the cloud."""
        image = step.target.data["image"]
        if step.target.data["ours"]:
            return Outcome({})
        found = patient(lambda: self.servers(step, around).images(self.cloud_id(step)), seconds=60)
        if image not in {one.id for one in found}:
            raise CloudLacks(f"{step.target.name} has no image {image}.")
        return Outcome({})

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Deleted, whether or not it is still there."""
        patient(
            lambda: self.servers(step, around).delete_image(step.target.data["image"]),
            seconds=self.apply_seconds(step),
        )
        return Outcome({"deleted": step.target.data["image"]})

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Its row is gone, and counts no more."""
        with around.database.transaction("worker", around.scope) as tx:
            tx.execute(_DELETED, {"image": step.target.data["image"], "server": id_of_target(step.target)})
        return Outcome({})


_INSERT: Final = text(
    "insert into server_image (id, tenant_id, project_id, server_id, name, order_id)"
    " values (:image_row, :tenant_id, :project_id, :server, :image_name, :order)"
)
_RELEASE: Final = text(
    "update server_image set status = 'gone', gone_at = now()"
    " where order_id = :order and status = 'ordered' and gone_at is null"
)
_STANDS: Final = text(
    "update server_image set status = 'active', cloud_id = :cloud, bytes = :bytes where id = :id and gone_at is null"
)
_GONE: Final = text("update server_image set status = 'gone', gone_at = now() where id = :id and gone_at is null")
_OURS: Final = text(
    "select exists (select from server_image where cloud_id = :image and server_id = :server and gone_at is null)"
)
_DELETED: Final = text(
    "update server_image set status = 'gone', gone_at = now()"
    " where cloud_id = :image and server_id = :server and gone_at is null"
)
