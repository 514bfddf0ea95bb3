"""``hosting.server.create``: a server, made once, found by its tag whatever becomes of the answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Connection, text

from core.errors import InvalidInput, NotFound
from core.ids import uuid7
from core.secrets import SecretValue
from datacenter.hosting import flavors, projects
from datacenter.hosting.catalogue.offered import offering_of, plan_named
from datacenter.hosting.changes import Thing, id_of_target, once, patient, watch
from datacenter.hosting.cloud import tag_of
from datacenter.hosting.drivers.openstack import servers_of
from datacenter.hosting.drivers.protocol import ServerOrder
from datacenter.hosting.errors import CloudRefused, CloudSilent
from datacenter.hosting.pricing import Cost, of_offering, of_plan
from datacenter.hosting.servers.changes import attached
from datacenter.hosting.servers.changes.base import ServerKind, State, gone, secrets, write, write_seen
from datacenter.hosting.servers.errors import NoSuchServer, Protected
from datacenter.hosting.servers.names import checked_name
from datacenter.hosting.servers.ordering import choose, chosen_groups, chosen_image, chosen_key
from datacenter.hosting.servers.queries import read
from datacenter.hosting.servers.wire import Seen, sentence
from orchestrator.kinds import Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Plan

__all__ = ["DataClass", "Metadata", "ServerCreate", "ServerOrderIntent", "ServerWanted", "Short", "Tags"]

DataClass = Literal["open", "internal", "personal", "sensitive"]
Short = Annotated[str, Field(max_length=255)]
Tags = Annotated[list[Annotated[str, Field(pattern=r"^[A-Za-z0-9._:=-]{1,60}$")]], Field(max_length=40)]
Metadata = Annotated[
    dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,255}$")], Short], Field(max_length=100)
]  # fmt: skip


class ServerWanted(BaseModel):
    """A server as a person describes it.

    Attributes:
        plan: code of a size in the catalogue.
        image: code of an image in the catalogue, or name or id of one that was made of a server of the project.
        project: code or id.
        networks: names or ids of the project's.
        key: name of an SSH key of the project.
        zone: code; without, ``datacenter.hosting.placement`` chooses.
        near, apart: names or ids of servers of the project, in whose zone it must, or must not, stand.
        lease_until: when the server is given back by itself.
        floating_address: reachable from outside from its first minute.
    """

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=255)]
    plan: Annotated[str, Field(max_length=63)]
    image: Annotated[str, Field(max_length=63)]
    project: Annotated[str, Field(max_length=63)] = "main"
    networks: Annotated[list[Annotated[str, Field(max_length=100)]], Field(min_length=1, max_length=8)] = ["private"]
    key: Annotated[str, Field(max_length=100)] | None = None
    security_groups: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=10)] = []
    data_class: DataClass = "internal"
    zone: Annotated[str, Field(max_length=31)] | None = None
    near: Annotated[list[Annotated[str, Field(max_length=63)]], Field(max_length=10)] = []
    apart: Annotated[list[Annotated[str, Field(max_length=63)]], Field(max_length=10)] = []
    metadata: Metadata = {}
    tags: Tags = []
    lease_until: AwareDatetime | None = None
    floating_address: bool = False


class ServerOrderIntent(ServerWanted):
    """A server as it is ordered.

    Attributes:
        user_data_secret: name of the secret that holds what the person typed; the API seals it there.
    """

    user_data_secret: Annotated[str, Field(pattern=r"^hosting/user-data/[0-9a-f-]{36}$")] | None = None


class ServerCreate(ServerKind[ServerOrderIntent]):
    """A new server."""

    name = "hosting.server.create"
    title = "Create a server"
    intent = ServerOrderIntent
    verify_seconds = 600

    # ----------------------------------------------------------------------------------------------------------- plan
    def plan(self, intent: ServerOrderIntent, world: World) -> Draft:
        """Everything is chosen from our own rows; the cloud is not asked."""
        checked_name(intent.name)
        now = datetime.now(UTC)
        if intent.lease_until is not None and intent.lease_until <= now:
            raise InvalidInput("The lease would have ended already.", pointer="/lease_until")
        size = plan_named(world.tx, intent.plan, now)
        chosen = choose(
            world.tx, world.scope, project=intent.project, name=intent.name, networks=intent.networks,
            data_class=intent.data_class, zone=intent.zone, near=intent.near, apart=intent.apart,
        )  # fmt: skip
        select, known = chosen_image(world.tx, intent.image, now, chosen.project_id)
        if size.disk_gib and size.disk_gib < int(known.get("min_disk_gib", 0)):
            raise InvalidInput(
                f"The image {intent.image} needs a disk of {known['min_disk_gib']} GiB; the plan {size.code} has"
                f" {size.disk_gib}.", pointer="/plan", hint="Choose a larger plan.",
            )  # fmt: skip
        lines = [of_plan(size)]
        if intent.floating_address:
            lines.append(of_offering(offering_of(world.tx, "floating-ip", now, pointer="/floating_address")))
        cost = Cost(tuple(lines), vcpus=size.vcpus)
        server_id = uuid7()
        takes = {"servers": 1, "vcpus": size.vcpus, "ram_mib": size.ram_mib}
        if intent.floating_address:
            takes["floating_ips"] = 1
        data = {
            "project_id": str(chosen.project_id), "tenant_id": str(chosen.tenant_id), "name": intent.name,
            "plan_id": str(size.id), "flavor": size.flavor, "vcpus": size.vcpus, "ram_mib": size.ram_mib,
            "disk_gib": size.disk_gib, "image": intent.image, "select": select,
            "networks": [{"name": name, "id": found} for name, found in chosen.networks],
            "key": chosen_key(world.tx, chosen.tenant_id, intent.key),
            "security_groups": chosen_groups(world.tx, chosen.project_id, intent.security_groups),
            "floating": str(uuid7()) if intent.floating_address else None, "user_data": intent.user_data_secret,
            "data_class": intent.data_class, "zone_id": str(chosen.place.id) if chosen.place.id else None,
            "availability_zone": chosen.place.availability_zone, "metadata": intent.metadata, "tags": intent.tags,
            "lease_until": intent.lease_until.isoformat() if intent.lease_until else None,
        }  # fmt: skip
        diff = (
            f"+ server {intent.name}: {size.code} ({size.vcpus} vCPU, {size.ram_mib} MiB, {size.disk_gib} GiB),"
            f" {intent.image}, {', '.join(intent.networks)}"
        )
        where = {"zone": chosen.place.code, "why": chosen.place.why}
        return self.draft(
            f"Create the server {intent.name} of {chosen.project}",
            Thing(server_id, intent.name, diff, data, {"tenant": chosen.tenant}),
            facts={
                "vcpus": size.vcpus,
                "money": cost.month,
                "data_class": intent.data_class,
                "placement": where,
                "takes": takes,
            },
            cost=cost.as_json(),
            undo_note="The server is deleted, with everything on its disk.",
        )

    def take(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:
        """The row, which counts against the quotas from now on."""
        data = plan.targets[0].data
        tx.execute(
            _INSERT,
            {
                **{name: data[name] for name in _COLUMNS},
                "id": id_of_target(plan.targets[0]),
                "order": change_id,
                "metadata": json.dumps(data["metadata"]),
                "key": (data["key"] or {}).get("name", ""),
            },
        )
        if data["floating"] is not None:
            attached.reserve(tx, plan.targets[0], change_id)  # fmt: skip

    def release(self, change_id: UUID, tx: Connection) -> None:
        """The row of the plan that is replaced is gone."""
        tx.execute(
            text("update server set status = 'gone', gone_at = now() where order_id = :id and status = 'ordered'"),
            {"id": change_id},
        )

    # ------------------------------------------------------------------------------------------------------------ run
    def prepare(self, step: Step, around: Surroundings) -> Outcome:
        """The project stands in the cloud; image, size and networks are still there."""
        data, seconds = step.target.data, self.prepare_seconds / 2
        project = UUID(data["project_id"])
        patient(lambda: projects.ensure(around.database, project), seconds=seconds)
        servers = servers_of(around.database, project)
        size = flavors.Size(data["flavor"], data["vcpus"], data["ram_mib"], data["disk_gib"])
        key = data["key"]
        return Outcome(
            {
                "groups": patient(lambda: attached.groups(around.database, project, data), seconds=seconds),
                "key": patient(lambda: attached.key(around.database, project, key), seconds=seconds) if key else "",
                "flavor": patient(lambda: flavors.flavor_id(size), seconds=seconds),
                "image": patient(lambda: servers.image_id(data["select"]), seconds=seconds),
                "networks": _networks(around, project, data["networks"]),
            }
        )

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Looked for by its tag, made if it is not there."""
        servers, server_id = self.servers(step, around), id_of_target(step.target)
        tag = tag_of(server_id)

        def find() -> Seen | None:
            return next(iter(servers.find(tag)), None)

        try:
            made = once(find, lambda: servers.create(_order(step, around, tag)), seconds=self.apply_seconds(step))
        except CloudRefused as error:
            flavors.forget()
            raise CloudRefused(sentence(error.message)) from None
        write(around, server_id, status="building", cloud_id=made.id)
        return Outcome({"cloud_id": made.id}, "The cloud has taken the order.")

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Until it runs, or cannot."""
        servers, cloud_id = self.servers(step, around), step.record["apply"]["cloud_id"]

        def look() -> State:
            now = servers.get(cloud_id)
            if now.status == "active":
                key_name = (step.target.data["key"] or {}).get("name", "")
                write_seen(
                    around, id_of_target(step.target), now, key_name=key_name
                )  # whoever waits for it sees it now
                return "ok", f"{now.name} is active"
            if now.status in {"error", "gone"}:
                return "failed", now.fault or f"{now.name} went into {now.status}."
            return "wait", f"{now.name} is {now.status} {now.task}".rstrip()

        return watch(look, seconds=self.watch_seconds(step))

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Our row says what the cloud says; a second server that a lost answer left behind is removed."""
        servers, server_id = self.servers(step, around), id_of_target(step.target)
        cloud_id = step.record["apply"]["cloud_id"]
        found = patient(lambda: servers.find(tag_of(server_id)), seconds=self.apply_seconds(step))
        for twin in found:
            if twin.id != cloud_id:
                servers.delete(twin.id)
        now = next((one for one in found if one.id == cloud_id), None)
        if now is None:
            raise CloudSilent(f"{step.target.name} is not to be seen just now.")
        if step.target.data["floating"] is not None:
            now = _reachable(now, *attached.lead(step, around, cloud_id))
        write_seen(around, server_id, now, key_name=(step.target.data["key"] or {}).get("name", ""))
        _forget_user_data(step, around)
        shown = ", ".join(str(one["address"]) for one in now.addresses)
        return Outcome(
            {"addresses": list(now.addresses)}, f"{now.name} is {now.status}{f' at {shown}' if shown else ''}"
        )

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Whatever has its tag is deleted; its row is gone."""
        server_id = id_of_target(step.target)
        if "began" in step.record and "apply" in step.record["began"]:
            seen = gone(self.servers(step, around), server_id)
            if not seen.ok:
                raise CloudSilent(f"{step.target.name} could not be deleted: {seen.evidence[0]}")
        with around.database.transaction("worker", around.scope) as tx:
            tx.execute(
                text(
                    "update server set status = 'gone', gone_at = now(), task = '' where id = :id and gone_at is null"
                ),
                {"id": server_id},
            )
        if step.target.data["floating"] is not None:
            attached.take_back(step, around)
        _forget_user_data(step, around)
        return Outcome({}, "It is not in the cloud.")

    def must_be_undoable(self, done: Sequence[Step], world: World) -> None:
        """As giving it back: what is protected by now stays."""
        for step in done:
            with suppress(NoSuchServer):
                row = read(world.tx, id_of_target(step.target))
                if row.protected:
                    raise Protected(f"{row.name} is protected against deletion.")

    def inspect(self, step: Step, around: Surroundings) -> Verdict:
        """Whether something with its tag is there."""
        found = self.servers(step, around).find(tag_of(id_of_target(step.target)))
        return Verdict("ok", data={"is": "new" if found else "old"})


def _order(step: Step, around: Surroundings, tag: str) -> ServerOrder:
    data, prepared = step.target.data, step.record["prepare"]
    return ServerOrder(
        tag=tag,
        name=data["name"],
        image=prepared["image"],
        flavor=prepared["flavor"],
        networks=tuple(prepared["networks"]),
        key_name=prepared["key"],
        security_groups=tuple(prepared["groups"]),
        user_data=_user_data(step, around),
        zone=data["availability_zone"],
        metadata=data["metadata"],
        tags=tuple(data["tags"]),
    )


def _reachable(now: Seen, address: str, fixed: str) -> Seen:
    """With the address that now leads to it: Nova hears of it from Neutron a little later."""
    network = next((one["network"] for one in now.addresses if one["address"] == fixed), "")
    more = {"network": network, "address": address, "kind": "floating"}
    known = any(one["address"] == address for one in now.addresses)
    return now if known else replace(now, addresses=[*now.addresses, more])


def _user_data(step: Step, around: Surroundings) -> SecretValue | None:
    name = step.target.data["user_data"]
    if name is None:
        return None
    with around.database.transaction("worker", around.scope) as tx:
        return secrets().get(tx, UUID(step.target.data["tenant_id"]), name)


def _forget_user_data(step: Step, around: Surroundings) -> None:
    """Nova has it now, or nobody needs it any more."""
    name = step.target.data["user_data"]
    if name is not None:
        with suppress(NotFound), around.database.transaction("worker", around.scope) as tx:
            secrets().delete(tx, UUID(step.target.data["tenant_id"]), name)


def _networks(around: Surroundings, project: UUID, wanted: list[dict[str, Any]]) -> list[str]:
    """The networks' ids in the cloud, in the order that was asked for."""
    with around.database.transaction("worker", around.scope) as tx:
        rows = tx.execute(
            text("select id::text, name, cloud_id from cloud_network where project_id = :id and status = 'active'"),
            {"id": project},
        ).all()
    found = []
    for one in wanted:
        row = next(
            (row for row in rows if one["id"] == row.id or (one["id"] is None and one["name"] == row.name)), None
        )
        if row is None:
            raise CloudRefused(f"The network {one['name']} is no longer there.")
        found.append(str(row.cloud_id))
    return found


_COLUMNS: Final = (
    "tenant_id", "project_id", "name", "plan_id", "vcpus", "ram_mib", "disk_gib", "image", "data_class", "zone_id",
    "tags", "lease_until",
)  # fmt: skip
_INSERT: Final = text(
    "insert into server (id, tenant_id, project_id, name, plan_id, vcpus, ram_mib, disk_gib, image, data_class,"
    " zone_id, key_name, metadata, tags, lease_until, order_id)"
    " values (:id, :tenant_id, :project_id, :name, :plan_id, :vcpus, :ram_mib, :disk_gib, :image, :data_class,"
    " :zone_id, :key, cast(:metadata as jsonb), :tags, :lease_until, :order)"
)
