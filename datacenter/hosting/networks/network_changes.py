"""The kinds of Change about private networks: create, delete."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Network
from typing import Any, ClassVar, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, text

from core.ids import uuid7
from datacenter.hosting import lookup
from datacenter.hosting.catalogue.offered import offering_of
from datacenter.hosting.changes import Thing, id_of_target, once, patient, watch
from datacenter.hosting.errors import NotOffered
from datacenter.hosting.listing import Shown
from datacenter.hosting.names import Name, Ref
from datacenter.hosting.networks import nets
from datacenter.hosting.networks.errors import GoneForGood, RangeTaken, StillUsed
from datacenter.hosting.networks.ranges import private_range
from datacenter.hosting.pricing import Cost, of_offering
from datacenter.hosting.private_network import place
from datacenter.hosting.projects import PRIVATE, PRIVATE_CIDR
from datacenter.hosting.standing import StandingKind, must_be, must_be_version, place_of
from orchestrator.kinds import Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Plan

__all__ = ["NETWORKS", "NetworkCreate", "NetworkDelete", "NetworkOrder", "NetworkRef"]

_CHOSEN_FROM: Final = IPv4Network("10.64.0.0/10")
"""Where a network is put that names no range of its own."""

NETWORKS: Final = Shown(
    noun="network",
    table="cloud_network",
    fields={
        "name": "r.name",
        "cidr": "r.cidr::text",
        "routed": "r.routed",
        "servers": (
            "coalesce((select jsonb_agg(jsonb_build_object('id', s.id, 'name', s.name) order by s.name) from server s"
            " where s.project_id = r.project_id and s.gone_at is null"
            " and jsonb_path_exists(s.addresses, '$[*] ? (@.network == $name)', jsonb_build_object('name', r.name))),"
            " '[]')"
        ),
    },
)


class NetworkOrder(BaseModel):
    """A private network that is ordered."""

    model_config = ConfigDict(extra="forbid")

    project: Ref = "main"
    name: Name
    cidr: str | None = None
    routed: bool = True


class NetworkRef(BaseModel):
    """A network that is there."""

    model_config = ConfigDict(extra="forbid")

    network: Ref
    version: int | None = None


class _NetworkKind(StandingKind[Any]):
    noun = "network"
    table = "cloud_network"
    verify_seconds: ClassVar[int] = 120

    def stand(self, step: Step, around: Surroundings) -> Outcome:
        """Bring it into the cloud, or find it there whole."""
        cloud, own, data = self.cloud(step, around), id_of_target(step.target), step.target.data
        routed = bool(data["routed"])
        placed = once(
            lambda: nets.whole(cloud, own, routed=routed),
            lambda: place(cloud, own, step.target.name, str(data["cidr"]), routed=routed),
            seconds=self.apply_seconds(step),
        )
        return Outcome({"network": placed.network, "subnet": placed.subnet, "router": placed.router})

    def must_be_empty(self, step: Step, around: Surroundings) -> None:
        """Raises ``StillUsed`` with the names of the servers that stand in the network."""
        cloud, own = self.cloud(step, around), id_of_target(step.target)
        there = patient(lambda: nets.devices_in(cloud, own), seconds=self.apply_seconds(step))
        if there:
            with around.database.transaction("worker", around.scope) as tx:
                named = _servers(tx, there)
            raise StillUsed(f"In the network {step.target.name} stand {named or f'{len(there)} ports'}.")


class NetworkCreate(_NetworkKind):
    """A private network, with a router to the outside unless it shall be isolated."""

    name = "hosting.network.create"
    title = "Create a private network"
    intent = NetworkOrder

    def plan(self, intent: NetworkOrder, world: World) -> Draft:
        """The range is chosen here when none is named."""
        project = lookup.open_project(world.tx, world.scope, intent.project)
        taken = _taken(world.tx, project.id)
        if intent.cidr is None:
            cidr = _free(taken)
        else:
            cidr = private_range(intent.cidr)
            for name, other in taken:
                if other.overlaps(cidr):
                    raise RangeTaken(f"{cidr} overlaps {other}, the network {name} of the project.", pointer="/cidr")
        cost = _cost(world.tx)
        data = {
            **place_of(project), "tenant_id": str(project.tenant_id), "name": intent.name, "cidr": str(cidr),
            "routed": intent.routed,
        }  # fmt: skip
        way = "with a way outside" if intent.routed else "isolated"
        return self.draft(
            f"Create the network {intent.name} ({cidr}, {way}) in {project.code}",
            Thing(uuid7(), intent.name, f"+ {cidr}\n+ {way}", data, {"tenant": project.tenant_code}),
            facts={"money": cost.month, "takes": {"networks": 1}},
            cost=cost.as_json(),
            undo_note="Deletes the network, once nothing stands in it.",
        )

    def take(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:
        """The row; the database sees to it that ranges of a project do not overlap."""
        target = plan.targets[0]
        tx.execute(
            text(
                "insert into cloud_network (id, tenant_id, project_id, name, cidr, routed, order_id)"
                " values (:id, :tenant_id, :project_id, :name, cast(:cidr as cidr), :routed, :order)"
            ),
            {**target.data, "id": id_of_target(target), "order": change_id},
        )

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Found by its tag or made."""
        return self.stand(step, around)

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """It stands whole."""
        cloud, own, routed = self.cloud(step, around), id_of_target(step.target), bool(step.target.data["routed"])

        def look() -> Any:
            there = nets.whole(cloud, own, routed=routed)
            return ("wait", "it is not whole yet") if there is None else ("ok", "it stands")

        return watch(look, seconds=self.watch_seconds(step))

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Servers can be put into it."""
        made = step.record["apply"]
        self.write(
            step, around, "network.created", status="active", cloud_id=made["network"], subnet_id=made["subnet"],
            router_id=made["router"], fault="",
        )  # fmt: skip
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Gone, if nothing stands in it."""
        self.must_be_empty(step, around)
        gone = nets.remove(self.cloud(step, around), id_of_target(step.target), step.target.name)
        self.let_go(step, around, "network.deleted")
        return Outcome({}, "deleted again" if gone else "nothing was made")


class NetworkDelete(_NetworkKind):
    """A network in which nothing stands any more."""

    name = "hosting.network.delete"
    title = "Delete a private network"
    intent = NetworkRef

    def plan(self, intent: NetworkRef, world: World) -> Draft:
        """What stands in it is asked of the cloud when it is carried out."""
        row = lookup.find(world.tx, self.table, intent.network, pointer="/network")
        must_be_version(row, intent.version)
        must_be(row, "network", "active", "error", "vanished")
        data = {
            "project_id": str(row.project_id), "project": row.project_code, "cidr": str(row.cidr),
            "routed": row.routed,
        }  # fmt: skip
        return self.draft(
            f"Delete the network {row.name} ({row.cidr})",
            Thing(row.id, row.name, f"- {row.cidr}", data, {"tenant": row.tenant_code}),
            facts={"takes": {"networks": -1}},
        )

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Refused while something stands in it: then nothing was touched."""
        self.must_be_empty(step, around)
        cloud, own = self.cloud(step, around), id_of_target(step.target)
        gone = patient(lambda: nets.remove(cloud, own, step.target.name), seconds=self.apply_seconds(step))
        return Outcome({"removed": gone})

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """The cloud has it no more."""
        cloud, own = self.cloud(step, around), id_of_target(step.target)
        return watch(
            lambda: ("ok", "gone") if nets.find(cloud, own) is None else ("wait", "it is still there"),
            seconds=self.watch_seconds(step),
        )

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Gone here, too."""
        self.let_go(step, around, "network.deleted")
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Made whole again while it is not quite gone."""
        if nets.find(self.cloud(step, around), id_of_target(step.target)) is None:
            raise GoneForGood(f"The network {step.target.name} was deleted.")
        return Outcome(self.stand(step, around).data, "it stands as before")


def _taken(tx: Connection, project: UUID) -> list[tuple[str, IPv4Network]]:
    """Names and ranges of the project's networks, that which it gets with its first order among them."""
    found = tx.execute(
        text("select name, cidr::text as cidr from cloud_network where project_id = :id and gone_at is null"),
        {"id": project},
    )
    ranges = {row.name: IPv4Network(row.cidr) for row in found}
    return list({PRIVATE: IPv4Network(PRIVATE_CIDR), **ranges}.items())


def _free(taken: Iterable[tuple[str, IPv4Network]]) -> IPv4Network:
    """The first range that overlaps none of these."""
    others = [other for _, other in taken]
    return next(one for one in _CHOSEN_FROM.subnets(new_prefix=24) if not any(one.overlaps(other) for other in others))


def _cost(tx: Connection) -> Cost:
    """Free where the catalogue does not price networks."""
    try:
        return Cost((of_offering(offering_of(tx, "network", datetime.now(UTC))),))
    except NotOffered:
        return Cost(())


def _servers(tx: Connection, devices: Sequence[str]) -> str:
    found = tx.execute(
        text("select name from server where cloud_id = any(:ids) and gone_at is null order by name"),
        {"ids": list(devices)},
    )
    names = [f"the server {row.name}" for row in found]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
