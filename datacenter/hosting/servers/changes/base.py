"""What the Changes of a server share: its row, the cloud as its project sees it, writing down what is seen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar, Final, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text

from core.db import changes_rows
from core.keyring import KeyFile
from core.secrets import SecretStore
from core.settings import get_settings
from datacenter.hosting.changes import CloudKind, Thing, id_of_target, patient, watch
from datacenter.hosting.cloud import tag_of
from datacenter.hosting.drivers.openstack import servers_of
from datacenter.hosting.drivers.protocol import ServerCloud
from datacenter.hosting.servers.errors import WrongStatus
from datacenter.hosting.servers.queries import ServerRow, read
from datacenter.hosting.servers.wire import Seen
from orchestrator.kinds import Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, JsonObject

__all__ = ["ServerIntent", "ServerKind", "ServerVerb", "gone", "secrets", "write", "write_seen"]

_GONE_SECONDS: Final = 60.0


class ServerIntent(BaseModel):
    """Which server."""

    model_config = ConfigDict(extra="forbid")

    server: UUID


Intent = TypeVar("Intent", bound=BaseModel)
Verb = TypeVar("Verb", bound=ServerIntent)
State = tuple[Literal["wait", "ok", "failed"], str]


class ServerKind(CloudKind[Intent]):
    """A Change whose target is ``server:<uuid>``; its data names the project."""

    noun = "server"

    @staticmethod
    def servers(step: Step, around: Surroundings) -> ServerCloud:
        """The servers of the target's project, as its own account sees them."""
        return servers_of(around.database, UUID(step.target.data["project_id"]))


class ServerVerb(ServerKind[Verb]):
    """A Change of a server that stands.

    Attributes:
        allowed: in which statuses it can be asked for.
        doing: what is done, for people: ``"Stop"``.
        also_gone: whether it can be asked for of a server that is gone.
    """

    allowed: ClassVar[frozenset[str]]
    doing: ClassVar[str]
    also_gone: ClassVar[bool] = False

    def plan(self, intent: Verb, world: World) -> Draft:
        """Whether it can be asked for as the server is now, and what it would do."""
        row = read(world.tx, intent.server, "/server", gone=self.also_gone)
        if row.status not in self.allowed:
            raise WrongStatus(
                f"{row.name} is {row.status}; to {self.doing.lower()}, it must be {' or '.join(sorted(self.allowed))}.",
                status=row.status,
            )
        return self.draft_for(intent, row, world)

    def draft_for(self, intent: Verb, row: ServerRow, world: World) -> Draft:  # noqa: ARG002 - for those that need it
        """The draft of what is asked of this server."""
        return self.drafted(row, f"{self.doing} {row.name}", f"{row.status} -> {self.doing.lower()}")

    def drafted(
        self, row: ServerRow, summary: str, diff: str, data: JsonObject | None = None, *,
        facts: JsonObject | None = None, cost: JsonObject | None = None, undo_note: str = "",
    ) -> Draft:  # fmt: skip
        """A draft with this server as its target."""
        thing = Thing(
            row.id,
            row.name,
            diff,
            {"project_id": str(row.project_id), "cloud_id": row.cloud_id, "was": row.status, **(data or {})},
            {"tenant": row.tenant},
        )
        return self.draft(f"{summary} of {row.project}", thing, facts=facts, cost=cost, undo_note=undo_note)

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Our row says what the cloud says."""
        return self.follow(step, around)

    @staticmethod
    def cloud_id(step: Step) -> str:
        """The target's id in the cloud."""
        return str(step.target.data["cloud_id"])

    def follow(self, step: Step, around: Surroundings, **more: Any) -> Outcome:
        """Write down how the cloud has the server now, and what else is to stand in its row."""
        now = patient(lambda: self.servers(step, around).get(self.cloud_id(step)), seconds=self.apply_seconds(step))
        write_seen(around, id_of_target(step.target), now, **more)
        return Outcome({}, f"{now.name} is {more.get('status', now.status)}")

    def watched(self, step: Step, around: Surroundings, wanted: Sequence[str], doing: str) -> Verdict:
        """Watch until the server has one of these statuses and nothing is under way."""
        servers, cloud_id = self.servers(step, around), self.cloud_id(step)

        def look() -> State:
            now = servers.get(cloud_id)
            if now.status in wanted and not now.task:
                return "ok", f"{now.name} is {now.status}"
            if now.status == "error" and "error" not in wanted and not now.task:
                return "failed", now.fault or f"{now.name} went into error."
            return "wait", f"{doing}: {now.name} is still {now.status} {now.task}".rstrip()

        return watch(look, seconds=self.watch_seconds(step))


def write_seen(around: Surroundings, server_id: UUID, now: Seen, **more: Any) -> None:
    """Let the row say what was seen, and more by column."""
    values = {
        "status": now.status, "task": now.task, "fault": now.fault, "cloud_id": now.id,
        "addresses": list(now.addresses), "security_groups": list(now.security_groups), "launched_at": now.launched_at,
        **more,
    }  # fmt: skip
    write(around, server_id, **values)


def write(around: Surroundings, server_id: UUID, **values: Any) -> None:
    """Set columns of a server's row; values as JSON has them."""
    with around.database.transaction("worker", around.scope) as tx:
        given = {"id": server_id, "values": json.dumps(values, default=str)}
        changes_rows(tx, _WRITE, given, expect=1, what="server")


_WRITE: Final = text("""
    update server s set name = n.name, plan_id = n.plan_id, vcpus = n.vcpus, ram_mib = n.ram_mib, disk_gib = n.disk_gib,
           image = n.image, status = n.status, task = n.task, fault = n.fault, cloud_id = n.cloud_id,
           addresses = n.addresses, security_groups = n.security_groups, key_name = n.key_name,
           metadata = n.metadata, tags = n.tags, protected = n.protected, launched_at = n.launched_at,
           kept_at = n.kept_at, purge_at = n.purge_at, kept_running = n.kept_running, gone_at = n.gone_at
    from (select (jsonb_populate_record(o, cast(:values as jsonb))).* from server o where o.id = :id) n
    where s.id = n.id""")


def gone(servers: ServerCloud, server_id: UUID, *, seconds: float = _GONE_SECONDS) -> Verdict:
    """Delete every server with the tag of a row, and wait until the cloud has none any more."""
    tag = tag_of(server_id)

    def look() -> State:
        left = servers.find(tag)
        for one in left:
            if one.task != "deleting":
                servers.delete(one.id)
        return ("wait", f"{left[0].name} is still there") if left else ("ok", "it is gone")

    return watch(look, seconds=seconds)


def secrets() -> SecretStore:
    """Where what a person typed as user data is sealed."""
    return SecretStore(KeyFile(get_settings().key_file))
