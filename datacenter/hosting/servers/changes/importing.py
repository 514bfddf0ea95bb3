"""Take over a server that was made in the cloud by hand: counted, shown and altered from here from then on."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, text

from core.ids import uuid7
from datacenter.hosting import lookup
from datacenter.hosting.changes import id_of_target, patient
from datacenter.hosting.cloud import tag_of
from datacenter.hosting.servers.changes.base import ServerKind, write, write_seen
from datacenter.hosting.servers.errors import NothingToImport
from datacenter.hosting.servers.names import fitting_name
from orchestrator.kinds import Outcome, Step, Surroundings, World
from orchestrator.plan import Draft, Plan, Target

__all__ = ["ImportIntent", "ServerImport"]


class ImportIntent(BaseModel):
    """Which servers of a project, by their ids in the cloud; every unknown one when none is named."""

    model_config = ConfigDict(extra="forbid")

    project: Annotated[str, Field(max_length=63)] = "main"
    servers: Annotated[list[UUID], Field(max_length=200)] = []


class ServerImport(ServerKind[ImportIntent]):
    """Servers that nobody ordered here become ordinary ones."""

    name = "hosting.server.import"
    title = "Take over servers"
    intent = ImportIntent

    def plan(self, intent: ImportIntent, world: World) -> Draft:
        """From what the standing look found in the project: each with the size that it has."""
        project = lookup.open_project(world.tx, world.scope, intent.project)
        found = {str(one["cloud_id"]): one for one in _foreign(world.tx, project.id)}
        wanted = [str(one) for one in intent.servers] or sorted(found)
        if not wanted:
            raise NothingToImport(f"Every server of {project.code} is known here.", pointer="/servers")
        for place, one in enumerate(wanted):
            if one not in found:
                raise NothingToImport(f"{one} is no unknown server of {project.code}.", pointer=f"/servers/{place}")
        names = _names(world.tx, project.id, [found[one] for one in wanted])
        targets = tuple(
            Target(
                f"server:{uuid7()}", names[one], "",
                f"+ server {names[one]}, as it stands: {found[one]['vcpus']} vCPU, {found[one]['ram_mib']} MiB",
                {**found[one], "name": names[one], "project_id": str(project.id), "tenant_id": str(project.tenant_id)},
                {"tenant": project.tenant_code},
            )
            for one in wanted
        )  # fmt: skip
        size = {name: sum(int(found[one][name]) for one in wanted) for name in ("vcpus", "ram_mib")}
        return Draft(
            f"Take over {len(wanted)} server{'s' if len(wanted) > 1 else ''} of {project.code}",
            targets=targets,
            facts={
                "bounded": True, "verify_seconds": self.verify_seconds, "vcpus": size["vcpus"],
                "takes": {"servers": len(wanted), **size},
            },
            undo_note="They are unknown again, and stay as they are in the cloud.",
        )  # fmt: skip

    def take(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:
        """Their rows, which count from now on."""
        rows = [
            {**{name: target.data[name] for name in _COLUMNS}, "id": str(id_of_target(target))}
            for target in plan.targets
        ]
        tx.execute(_INSERT, {"rows": json.dumps(rows), "order": change_id})

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Our tag is set beside its own."""
        servers, server_id = self.servers(step, around), id_of_target(step.target)
        cloud_id = str(step.target.data["cloud_id"])

        def mark() -> Outcome:
            now = servers.get(cloud_id)
            servers.mark(cloud_id, [tag_of(server_id), *now.tags], now.metadata)
            return Outcome({"tags": list(now.tags), "metadata": dict(now.metadata)})

        done = patient(mark, seconds=self.apply_seconds(step))
        write(around, server_id, status="busy", cloud_id=cloud_id)
        return done

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """The row says what the cloud says."""
        servers, cloud_id = self.servers(step, around), str(step.target.data["cloud_id"])
        now = patient(lambda: servers.get(cloud_id), seconds=self.apply_seconds(step))
        write_seen(
            around, id_of_target(step.target), now, metadata=dict(now.metadata), tags=list(now.tags),
            key_name=now.key_name, image=now.image,
        )  # fmt: skip
        return Outcome({}, f"{step.target.name} is {now.status}")

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """The tag is taken off; the server stays."""
        if "began" in step.record and "apply" in step.record["began"]:
            servers, cloud_id = self.servers(step, around), str(step.target.data["cloud_id"])
            now = servers.get(cloud_id)
            servers.mark(cloud_id, list(now.tags), now.metadata)
        with around.database.transaction("worker", around.scope) as tx:
            tx.execute(_GONE, {"id": id_of_target(step.target)})
        return Outcome({}, "It is unknown again.")


_COLUMNS: Final = ("tenant_id", "project_id", "name", "vcpus", "ram_mib", "disk_gib")
_INSERT: Final = text(
    "insert into server (id, tenant_id, project_id, name, vcpus, ram_mib, disk_gib, order_id)"
    " select id, tenant_id, project_id, name, vcpus, ram_mib, disk_gib, :order"
    " from jsonb_to_recordset(cast(:rows as jsonb)) as r(id uuid, tenant_id uuid, project_id uuid, name text,"
    " vcpus integer, ram_mib integer, disk_gib integer)"
)
_GONE: Final = text(
    "update server set status = 'gone', gone_at = now(), cloud_id = null where id = :id and gone_at is null"
)
_FOREIGN: Final = text(
    "select e from project p, jsonb_array_elements(p.findings) e where p.id = :id and e ->> 'kind' = 'foreign-server'"
)
_TAKEN: Final = text("select name from server where project_id = :id and gone_at is null and status <> 'vanished'")


def _foreign(tx: Connection, project: UUID) -> list[dict[str, Any]]:
    return list(tx.execute(_FOREIGN, {"id": project}).scalars())


def _names(tx: Connection, project: UUID, found: list[dict[str, Any]]) -> dict[str, str]:
    """A host name for each that nothing else of the project has."""
    taken = set(tx.execute(_TAKEN, {"id": project}).scalars())
    out: dict[str, str] = {}
    for one in found:
        cloud_id = str(one["cloud_id"])
        name = fitting_name(str(one["name"]), cloud_id)
        if name in taken:
            name = f"{name[:54]}-{UUID(cloud_id).hex[:8]}"
        taken.add(name)
        out[cloud_id] = name
    return out
