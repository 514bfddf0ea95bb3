"""Another size: asked for, confirmed or taken back. Nova keeps the old one until then, and so does the quota."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import Connection, text

from datacenter.hosting import flavors
from datacenter.hosting.catalogue.offered import plan_named
from datacenter.hosting.changes import id_of_target, patient, watch
from datacenter.hosting.errors import CloudRefused
from datacenter.hosting.pricing import Cost, Line, of_plan
from datacenter.hosting.servers.changes.base import ServerIntent, ServerVerb, State
from datacenter.hosting.servers.errors import WrongStatus
from datacenter.hosting.servers.queries import ServerRow
from datacenter.hosting.servers.wire import sentence
from orchestrator.kinds import Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Plan

__all__ = ["ResizeIntent", "ServerConfirmResize", "ServerResize", "ServerRevertResize", "settle_resize"]


class ResizeIntent(ServerIntent):
    """To which plan of the catalogue."""

    plan: Annotated[str, Field(max_length=63)]


class ServerResize(ServerVerb[ResizeIntent]):
    """Give a server another size; it then waits to be confirmed or taken back."""

    name = "hosting.server.resize"
    title = "Resize a server"
    intent = ResizeIntent
    doing = "Resize"
    allowed = frozenset({"active", "stopped"})
    verify_seconds = 900

    def draft_for(self, intent: ResizeIntent, row: ServerRow, world: World) -> Draft:
        """The difference in size and money."""
        now = datetime.now(UTC)
        size = plan_named(world.tx, intent.plan, now)
        if size.id == row.plan_id:
            raise WrongStatus(f"{row.name} has the plan {size.code} already.", pointer="/plan")
        before = _line_of(world.tx, row, now)
        cost = Cost((of_plan(size),), vcpus=size.vcpus, before=(before,) if before else (), vcpus_before=row.vcpus)
        data = {
            "plan_id": str(size.id), "flavor": size.flavor, "vcpus": size.vcpus, "ram_mib": size.ram_mib,
            "disk_gib": size.disk_gib, "tenant_id": str(row.tenant_id),
            "from": {"plan_id": str(row.plan_id) if row.plan_id else None, "vcpus": row.vcpus,
                     "ram_mib": row.ram_mib, "disk_gib": row.disk_gib},
        }  # fmt: skip
        diff = (
            f"~ {row.name}: {row.vcpus} -> {size.vcpus} vCPU, {row.ram_mib} -> {size.ram_mib} MiB,"
            f" {row.disk_gib} -> {size.disk_gib} GiB"
        )
        more = {"vcpus": max(0, size.vcpus - row.vcpus), "ram_mib": max(0, size.ram_mib - row.ram_mib)}
        return self.drafted(
            row, f"Resize {row.name} to {size.code}", diff, data,
            facts={"vcpus": more["vcpus"], "money": max(0, cost.month), "takes": more},
            cost=cost.as_json(), undo_note="It goes back to the old size, as long as the new one was not confirmed.",
        )  # fmt: skip

    def take(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:
        """What is more than now counts from the order on."""
        target = plan.targets[0]
        data, old = target.data, target.data["from"]
        values: dict[str, Any] = {
            name: data[name] for name in ("tenant_id", "project_id", "plan_id", "vcpus", "ram_mib", "disk_gib")
        }
        tx.execute(
            _HOLD,
            {
                **values, "server": id_of_target(target), "order": change_id or _NOBODY, "from_plan": old["plan_id"],
                "from_vcpus": old["vcpus"], "from_ram": old["ram_mib"], "from_disk": old["disk_gib"],
            },
        )  # fmt: skip

    def release(self, change_id: UUID, tx: Connection) -> None:
        """The plan that is replaced holds nothing any more."""
        tx.execute(
            text("update server_resize set gone_at = now() where order_id = :id and gone_at is null"), {"id": change_id}
        )

    def prepare(self, step: Step, around: Surroundings) -> Outcome:  # noqa: ARG002 - the size is the cloud's, not a project's
        """The size is there, or is made."""
        data = step.target.data
        size = flavors.Size(data["flavor"], data["vcpus"], data["ram_mib"], data["disk_gib"])
        return Outcome({"flavor": patient(lambda: flavors.flavor_id(size), seconds=self.prepare_seconds / 2)})

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Asked for unless it has the size or is on its way to it."""
        servers, cloud_id, data = self.servers(step, around), self.cloud_id(step), step.target.data

        def resize() -> Outcome:
            now = servers.get(cloud_id)
            if now.status not in {"resized", "busy"} and not now.task and now.flavor != data["flavor"]:
                servers.resize(cloud_id, step.record["prepare"]["flavor"])
            return Outcome({"asked": True})

        try:
            return patient(resize, seconds=self.apply_seconds(step))
        except CloudRefused as error:
            flavors.forget()
            raise CloudRefused(sentence(error.message)) from None

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Until it waits to be confirmed with the new size. Back at the old one: no host had room."""
        servers, cloud_id, data = self.servers(step, around), self.cloud_id(step), step.target.data

        def look() -> State:
            now = servers.get(cloud_id)
            if now.flavor == data["flavor"] and not now.task and now.status in {"resized", "active", "stopped"}:
                return "ok", f"{now.name} has the new size and is {now.status}"
            if now.status == "error":
                return "failed", now.fault or f"{now.name} went into error."
            if now.status in {"active", "stopped"} and not now.task:
                return "failed", sentence("No valid host was found")
            return "wait", f"{now.name} is {now.status} {now.task}".rstrip()

        return watch(look, seconds=self.watch_seconds(step), first=0.5)

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """The row has the new size; what the way back needs counts until it is confirmed."""
        done = self.follow(step, around)
        with around.database.transaction("worker", around.scope) as tx:
            settle_resize(tx, id_of_target(step.target), "resized")
            now = tx.execute(text("select status from server where id = :id"), {"id": id_of_target(step.target)})
            if now.scalar_one() != "resized":  # the cloud confirms by itself
                settle_resize(tx, id_of_target(step.target), "confirmed")
        return done

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Back to the old size, if the new one was not confirmed."""
        servers, cloud_id = self.servers(step, around), self.cloud_id(step)
        if "began" not in step.record or "apply" not in step.record["began"]:
            return Outcome({}, "It kept its size.")

        def look() -> State:
            now = servers.get(cloud_id)
            if now.status == "resized" and not now.task:
                servers.act(cloud_id, "revert-resize")
            elif now.status in {"active", "stopped", "error"} and not now.task:
                return "ok", f"{now.name} is {now.status}"
            return "wait", f"{now.name} is {now.status} {now.task}".rstrip()

        back = watch(look, seconds=self.watch_seconds(step), first=0.5)
        if not back.ok:
            raise CloudRefused(f"{step.target.name} did not go back to its old size: {back.evidence[0]}")
        with around.database.transaction("worker", around.scope) as tx:
            settle_resize(tx, id_of_target(step.target), "reverted")
        return self.follow(step, around)


class _Resized(ServerVerb[ServerIntent]):
    """Ends a resize one way or the other."""

    intent = ServerIntent
    allowed = frozenset({"resized"})
    action: Any
    ends: str

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Asked for while it still waits."""
        servers, cloud_id = self.servers(step, around), self.cloud_id(step)

        def end() -> Outcome:
            now = servers.get(cloud_id)
            if now.status == "resized" and not now.task:
                servers.act(cloud_id, self.action)
            return Outcome({"asked": True})

        return patient(end, seconds=self.apply_seconds(step))

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Until it is an ordinary server again."""
        return self.watched(step, around, ["active", "stopped"], self.doing)

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Only one size counts from now on."""
        with around.database.transaction("worker", around.scope) as tx:
            settle_resize(tx, id_of_target(step.target), self.ends)
        return self.follow(step, around)

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Neither can be taken back; the row says how it is."""
        return self.follow(step, around) if "apply" in step.record else Outcome({}, "It still waits.")


class ServerConfirmResize(_Resized):
    """Keep the new size."""

    name = "hosting.server.confirm-resize"
    title = "Confirm a new size"
    doing = "Confirm the new size of"
    action, ends = "confirm-resize", "confirmed"


class ServerRevertResize(_Resized):
    """Go back to the old size."""

    name = "hosting.server.revert-resize"
    title = "Go back to the old size"
    doing = "Take back the new size of"
    action, ends = "revert-resize", "reverted"


def settle_resize(tx: Connection, server_id: UUID, how: str) -> None:
    """Let server and quota say how far a resize came: ``resized``, ``confirmed`` or ``reverted``.

    A statement each, the one that gives back before the one that takes: what is held never grows in between.
    """
    for statement in _SETTLED[how]:
        tx.execute(statement, {"server": server_id})


_NOBODY: Final = UUID(int=0)
_HOLD: Final = text(
    "insert into server_resize (tenant_id, project_id, server_id, order_id, vcpus, ram_mib, from_plan, from_vcpus,"
    " from_ram_mib, from_disk_gib, to_plan, to_vcpus, to_ram_mib, to_disk_gib)"
    " values (:tenant_id, :project_id, :server, :order, greatest(:vcpus - :from_vcpus, 0),"
    " greatest(:ram_mib - :from_ram, 0),"
    " :from_plan, :from_vcpus, :from_ram, :from_disk, :plan_id, :vcpus, :ram_mib, :disk_gib)"
)
_NEW_SIZE: Final = text(
    "update server s set plan_id = r.to_plan, vcpus = r.to_vcpus, ram_mib = r.to_ram_mib, disk_gib = r.to_disk_gib"
    " from server_resize r where r.server_id = s.id and r.gone_at is null and s.id = :server"
    " and (s.plan_id, s.vcpus, s.ram_mib) is distinct from (r.to_plan, r.to_vcpus, r.to_ram_mib)"
)
_OLD_SIZE: Final = text(
    "update server s set plan_id = r.from_plan, vcpus = r.from_vcpus, ram_mib = r.from_ram_mib,"
    " disk_gib = r.from_disk_gib from server_resize r where r.server_id = s.id and r.gone_at is null and s.id = :server"
)
_HOLD_NOTHING: Final = text(
    "update server_resize set vcpus = 0, ram_mib = 0 where server_id = :server and gone_at is null"
)
_HOLD_THE_WAY_BACK: Final = text(
    "update server_resize set vcpus = greatest(from_vcpus - to_vcpus, 0),"
    " ram_mib = greatest(from_ram_mib - to_ram_mib, 0)"
    " where server_id = :server and gone_at is null"
)
_OVER: Final = text("update server_resize set gone_at = now() where server_id = :server and gone_at is null")
_SETTLED: Final = {
    "resized": (_HOLD_NOTHING, _NEW_SIZE, _HOLD_THE_WAY_BACK),
    "confirmed": (_HOLD_NOTHING, _NEW_SIZE, _OVER),
    "reverted": (_HOLD_NOTHING, _OLD_SIZE, _OVER),
}


def _line_of(tx: Connection, row: ServerRow, at: datetime) -> Line | None:
    """What the server costs now; ``None`` for a size of its own, or one that is sold no more."""
    found = tx.execute(
        text(
            "select p.code, c.quarter_micro_eur from offering_plan p join price c on c.plan_id = p.id"
            " and c.component = 'server' and c.valid @> cast(:at as timestamptz) where p.id = :plan limit 1"
        ),
        {"plan": row.plan_id, "at": at},
    ).first()
    return Line(found.code, "server", 1, found.quarter_micro_eur) if found else None
