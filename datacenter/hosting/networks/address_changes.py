"""The kinds of Change about floating addresses: create, assign to a server, release from it, delete."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, Row, text

from core.ids import uuid7
from datacenter.hosting import lookup
from datacenter.hosting.catalogue.offered import offering_of
from datacenter.hosting.changes import Thing, id_of_target, once, patient, watch
from datacenter.hosting.errors import CloudLacks
from datacenter.hosting.listing import Shown
from datacenter.hosting.names import Description, Ref
from datacenter.hosting.networks import addresses
from datacenter.hosting.networks.errors import GoneForGood, NotReady
from datacenter.hosting.pricing import Cost, of_offering
from datacenter.hosting.standing import StandingKind, must_be, must_be_version, place_of
from orchestrator.kinds import Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Plan

__all__ = [
    "ADDRESSES",
    "AddressAssign",
    "AddressAssignment",
    "AddressCreate",
    "AddressDelete",
    "AddressOrder",
    "AddressRef",
    "AddressRelease",
]

_RUNNING: Final = ("active", "stopped", "paused", "suspended", "resized", "busy")
"""States of a server that an address can lead to."""

ADDRESSES: Final = Shown(
    noun="floating address",
    table="floating_ip",
    fields={
        "address": "host(r.address)",
        "description": "r.description",
        "server": "case when s.id is null then null else jsonb_build_object('id', s.id, 'name', s.name) end",
        "server_id": "r.server_id",
        "fixed_address": "host(r.fixed_address)",
    },
    joins="left join server s on s.id = r.server_id",
    name="coalesce(host(r.address), '')",
    filters={"address": "host(r.address)", "server": "r.server_id"},
)


class AddressOrder(BaseModel):
    """A floating address that is ordered, for a server or to keep."""

    model_config = ConfigDict(extra="forbid")

    project: Ref = "main"
    description: Description = ""
    server: Ref | None = None


class AddressRef(BaseModel):
    """A floating address that is there."""

    model_config = ConfigDict(extra="forbid")

    address: Ref
    version: int | None = None


class AddressAssignment(AddressRef):
    """To which server it shall lead."""

    server: Ref


class _AddressKind(StandingKind[Any]):
    noun = "floating-address"
    table = "floating_ip"
    verify_seconds: ClassVar[int] = 60

    def lead(self, step: Step, around: Surroundings, server: str | None) -> Outcome:
        """Let the address lead to a server of ours, or nowhere.

        Raises:
            CloudLacks: the cloud has the address no more.
        """
        cloud = self.cloud(step, around)
        port = None if server is None else patient(
            lambda: addresses.port_of(cloud, self.cloud_server(around, server)), seconds=self.apply_seconds(step)
        )  # fmt: skip

        def again() -> Any:
            found = addresses.find(cloud, id_of_target(step.target))
            if found is None:
                raise CloudLacks(f"The cloud has the address {step.target.name} no more.")
            addresses.lead_to(cloud, found, port)
            return found

        found = patient(again, seconds=self.apply_seconds(step))
        data = {"cloud_id": str(found.id), "address": str(found.floating_ip_address), "server": server}
        if port is not None:
            data |= {"port": port[0], "fixed_address": port[1]}
        where = f"to {port[1]}" if port else "nowhere"
        return Outcome(data, f"{found.floating_ip_address} leads {where}")

    @staticmethod
    def cloud_server(around: Surroundings, server: str) -> str:
        """The id in the cloud of a server of ours.

        Raises:
            NotReady: it does not stand there yet.
        """
        with around.database.transaction("worker", around.scope) as tx:
            row = lookup.find(tx, "server", server, pointer="/server")
        if row.cloud_id is None:
            raise NotReady(f"The server {row.name} does not stand in the cloud yet.")
        return str(row.cloud_id)

    def as_applied(self, step: Step, around: Surroundings) -> Verdict:
        """Whether Neutron says what ``apply`` did."""
        cloud, wanted = self.cloud(step, around), step.record["apply"].get("port")

        def look() -> Any:
            found = addresses.find(cloud, id_of_target(step.target))
            if found is None:
                return "failed", "the cloud has the address no more"
            if found.port_id != wanted:
                return "wait", "it does not lead there yet"
            return "ok", f"{found.floating_ip_address} leads {'nowhere' if wanted is None else 'to the server'}"

        return watch(look, seconds=self.watch_seconds(step))

    def keep(self, step: Step, around: Surroundings, seen: Any, event: str) -> None:
        """Our row says where it leads."""
        self.write(
            step, around, event, status="free" if seen.get("server") is None else "assigned",
            server_id=seen.get("server"), fixed_address=seen.get("fixed_address"), cloud_id=seen["cloud_id"],
            address=seen["address"], fault="",
        )  # fmt: skip


class AddressCreate(_AddressKind):
    """A new address, leading to a server at once if one is named."""

    name = "hosting.floating_address.create"
    title = "Order a floating address"
    intent = AddressOrder

    def plan(self, intent: AddressOrder, world: World) -> Draft:
        """Priced by the catalogue; which address it is, the cloud says."""
        project = lookup.open_project(world.tx, world.scope, intent.project)
        server = _server(world.tx, intent.server, project.id) if intent.server else None
        cost = Cost((of_offering(offering_of(world.tx, "floating-ip", datetime.now(UTC))),))
        data = {
            **place_of(project), "tenant_id": str(project.tenant_id), "description": intent.description,
            "server": str(server.id) if server else None,
        }  # fmt: skip
        where = f" for {server.name}" if server else ""
        name = intent.description or f"floating address{where}"
        return self.draft(
            f"Order a floating address{where} in {project.code}",
            Thing(uuid7(), name, f"+ floating address{where}", data, {"tenant": project.tenant_code}),
            facts={"money": cost.month, "takes": {"floating_ips": 1}},
            cost=cost.as_json(),
            undo_note="Gives the address back; the same one may not be had again.",
        )

    def take(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:
        """The row, without an address yet."""
        target = plan.targets[0]
        tx.execute(
            text(
                "insert into floating_ip (id, tenant_id, project_id, description, order_id)"
                " values (:id, :tenant_id, :project_id, :description, :order)"
            ),
            {**target.data, "id": id_of_target(target), "order": change_id},
        )

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Found by its tag or given; then led to the server."""
        cloud, own = self.cloud(step, around), id_of_target(step.target)
        once(lambda: addresses.find(cloud, own), lambda: addresses.give(cloud, own), seconds=self.apply_seconds(step))
        return self.lead(step, around, step.target.data["server"])

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """It leads where it shall."""
        return self.as_applied(step, around)

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """It stands."""
        self.keep(step, around, step.record["apply"], "floating-address.created")
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Given back."""
        gone = addresses.take_back(self.cloud(step, around), id_of_target(step.target))
        self.let_go(step, around, "floating-address.deleted")
        return Outcome({}, "given back" if gone else "nothing was given")


class AddressAssign(_AddressKind):
    """Let an address lead to a server; from another one it is taken."""

    name = "hosting.floating_address.assign"
    title = "Lead a floating address to a server"
    intent = AddressAssignment

    def plan(self, intent: AddressAssignment, world: World) -> Draft:
        """The server is of the same project."""
        row = _address(world.tx, intent)
        server = _server(world.tx, intent.server, row.project_id)
        if row.server_id == server.id:
            return Draft(summary=f"{row.address} leads to {server.name} already")
        before = _holder(world.tx, row)
        diff = "\n".join([*([f"- leads to {before}"] if before else []), f"+ leads to {server.name}"])
        data = {
            "project_id": str(row.project_id), "project": row.project_code, "server": str(server.id),
            "before": str(row.server_id) if row.server_id else None,
        }  # fmt: skip
        return self.draft(
            f"Lead {row.address} to {server.name}",
            Thing(row.id, str(row.address), diff, data, {"tenant": row.tenant_code}),
            undo_note="Leads it where it led before.",
        )

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Led there."""
        return self.lead(step, around, str(step.target.data["server"]))

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """It leads there."""
        return self.as_applied(step, around)

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Our row says so."""
        self.keep(step, around, step.record["apply"], "floating-address.assigned")
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Led where it led before."""
        done = self.lead(step, around, step.target.data["before"])
        self.keep(step, around, done.data, "floating-address.assigned")
        return Outcome({}, done.note)


class AddressRelease(_AddressKind):
    """Let an address lead nowhere; it stays the project's."""

    name = "hosting.floating_address.release"
    title = "Take a floating address from its server"
    intent = AddressRef

    def plan(self, intent: AddressRef, world: World) -> Draft:
        """Nothing to do when it leads nowhere."""
        row = _address(world.tx, intent)
        before = _holder(world.tx, row)
        if before is None:
            return Draft(summary=f"{row.address} leads nowhere already")
        data = {
            "project_id": str(row.project_id), "project": row.project_code, "before": str(row.server_id),
        }  # fmt: skip
        return self.draft(
            f"Take {row.address} from {before}",
            Thing(row.id, str(row.address), f"- leads to {before}", data, {"tenant": row.tenant_code}),
            undo_note="Leads it where it led before.",
        )

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Led nowhere."""
        return self.lead(step, around, None)

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """It leads nowhere."""
        return self.as_applied(step, around)

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Our row says so."""
        self.keep(step, around, step.record["apply"], "floating-address.released")
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Led where it led before."""
        done = self.lead(step, around, step.target.data["before"])
        self.keep(step, around, done.data, "floating-address.assigned")
        return Outcome({}, done.note)


class AddressDelete(_AddressKind):
    """Give an address back, from whatever server it leads to."""

    name = "hosting.floating_address.delete"
    title = "Give a floating address back"
    intent = AddressRef

    def plan(self, intent: AddressRef, world: World) -> Draft:
        """Says which server is not reached by it any more."""
        row = lookup.find(world.tx, self.table, intent.address, pointer="/address")
        must_be_version(row, intent.version)
        must_be(row, "floating address", "free", "assigned", "error", "vanished")
        before = _holder(world.tx, row)
        data = {"project_id": str(row.project_id), "project": row.project_code}
        lines = [f"- {row.address}", *([f"- leads to {before}, which is not reached by it any more"] if before else [])]
        return self.draft(
            f"Give {row.address} back",
            Thing(row.id, str(row.address), "\n".join(lines), data, {"tenant": row.tenant_code}),
        )

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Given back, or gone already."""
        cloud, own = self.cloud(step, around), id_of_target(step.target)
        gone = patient(lambda: addresses.take_back(cloud, own), seconds=self.apply_seconds(step))
        return Outcome({"removed": gone})

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """The cloud has it no more."""
        cloud, own = self.cloud(step, around), id_of_target(step.target)
        return watch(
            lambda: ("ok", "gone") if addresses.find(cloud, own) is None else ("wait", "it is still there"),
            seconds=self.watch_seconds(step),
        )

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Gone here, too."""
        self.write(step, around, server_id=None, fixed_address=None)
        self.let_go(step, around, "floating-address.deleted")
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Only while the cloud still has it is there nothing to take back."""
        if addresses.find(self.cloud(step, around), id_of_target(step.target)) is None:
            raise GoneForGood(f"{step.target.name} was given back.")
        return Outcome({}, "it was not given back")


def _address(tx: Connection, intent: AddressRef) -> Row[Any]:
    row = lookup.find(tx, "floating_ip", intent.address, pointer="/address")
    must_be_version(row, intent.version)
    must_be(row, "floating address", "free", "assigned")
    return row


def _server(tx: Connection, ref: str, project: UUID) -> Row[Any]:
    row = lookup.find(tx, "server", ref, project=project, pointer="/server")
    must_be(row, "server", *_RUNNING)
    return row


def _holder(tx: Connection, row: Row[Any]) -> str | None:
    """Name of the server that an address leads to."""
    return tx.execute(text("select name from server where id = :id"), {"id": row.server_id}).scalar_one_or_none()
