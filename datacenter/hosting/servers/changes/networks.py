"""A server's networks: one attached, one detached."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import Connection, text

from datacenter.hosting import projects
from datacenter.hosting.changes import once, patient, watch
from datacenter.hosting.networks import server_ports
from datacenter.hosting.networks.groups import ensure_base
from datacenter.hosting.servers.changes.base import ServerIntent, ServerVerb, State
from datacenter.hosting.servers.errors import NoSuchNetwork
from datacenter.hosting.servers.queries import ServerRow
from orchestrator.kinds import Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft

__all__ = ["NetworkIntent", "ServerAttachNetwork", "ServerDetachNetwork"]


class NetworkIntent(ServerIntent):
    """A network of the project by name or id."""

    network: Annotated[str, Field(max_length=100)]


class _Network(ServerVerb[NetworkIntent]):
    intent = NetworkIntent
    allowed = frozenset({"active", "stopped", "paused"})
    sign: str

    def draft_for(self, intent: NetworkIntent, row: ServerRow, world: World) -> Draft:
        """Which network."""
        network = _network(world.tx, row.project_id, intent.network)
        return self.drafted(
            row, f"{self.doing} {row.name} {network.name}", f"{self.sign} network {network.name} of {row.name}",
            {"network": network.cloud_id, "network_name": network.name},
        )  # fmt: skip

    def plugged(self, step: Step, around: Surroundings) -> str | None:
        """The port that joins the server to the network."""
        return self.servers(step, around).interfaces(self.cloud_id(step)).get(step.target.data["network"])

    def plug(self, step: Step, around: Surroundings) -> None:
        """Attached once."""
        servers = self.servers(step, around)

        def attach() -> str:
            servers.plug(self.cloud_id(step), step.target.data["network"])
            return "attached"

        once(lambda: self.plugged(step, around), attach, seconds=self.apply_seconds(step))

    def join_groups(self, step: Step, around: Surroundings) -> None:
        """The port in this network gets the groups of the server's other ports; of a server without any, ``base``."""
        cloud = projects.of(around.database, UUID(step.target.data["project_id"]))

        def join() -> bool:
            port = self.plugged(step, around)
            there = server_ports.groups_by_port(cloud, self.cloud_id(step))
            wanted = sorted({group for other, groups in there.items() if other != port for group in groups})
            if port in there:
                server_ports.let_have(cloud, {str(port): wanted or [ensure_base(cloud)]})
            return True

        patient(join, seconds=self.apply_seconds(step))

    def unplug(self, step: Step, around: Surroundings) -> None:
        """Detached, if it is attached."""
        servers = self.servers(step, around)

        def detach() -> bool:
            port = self.plugged(step, around)
            if port is not None:
                servers.unplug(self.cloud_id(step), port)
            return True

        patient(detach, seconds=self.apply_seconds(step))

    def until(self, step: Step, around: Surroundings, *, attached: bool) -> Verdict:
        """Watch until the network is, or is not, among the server's addresses."""
        servers, name = self.servers(step, around), step.target.data["network_name"]

        def look() -> State:
            there = self.plugged(step, around) is not None
            shown = any(one["network"] == name for one in servers.get(self.cloud_id(step)).addresses)
            if there == shown == attached:
                return "ok", f"{name} is {'attached' if attached else 'detached'}"
            return "wait", f"{name} is {'still' if there else 'not yet'} attached"

        return watch(look, seconds=self.watch_seconds(step))


class ServerAttachNetwork(_Network):
    """Attach a server to a network."""

    name = "hosting.server.attach-network"
    title = "Attach a network"
    doing = "Attach"
    sign = "+"

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Attached once, into the groups that the server has elsewhere: Nova puts a new port into ``default``."""
        self.plug(step, around)
        self.join_groups(step, around)
        return Outcome({"attached": True})

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Until its address is seen."""
        return self.until(step, around, attached=True)

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Detached again."""
        if "began" in step.record and "apply" in step.record["began"]:
            self.unplug(step, around)
            self.until(step, around, attached=False)
            return self.follow(step, around)
        return Outcome({}, "It was not attached.")


class ServerDetachNetwork(_Network):
    """Detach a server from a network."""

    name = "hosting.server.detach-network"
    title = "Detach a network"
    doing = "Detach"
    sign = "-"

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Detached."""
        self.unplug(step, around)
        return Outcome({"detached": True})

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Until its address is no longer seen."""
        return self.until(step, around, attached=False)

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Attached again, with another address."""
        if "began" in step.record and "apply" in step.record["began"]:
            self.plug(step, around)
            self.join_groups(step, around)
            self.until(step, around, attached=True)
            return self.follow(step, around)
        return Outcome({}, "It was not detached.")


_NETWORK: Final = text(
    "select name, cloud_id from cloud_network where project_id = :project and status = 'active'"
    " and (name = :network or id::text = :network)"
)


def _network(tx: Connection, project: UUID, network: str) -> Any:
    row = tx.execute(_NETWORK, {"project": project, "network": network}).first()
    if row is None:
        raise NoSuchNetwork(f"The project has no network {network[:60]!r} that is ready.", pointer="/network")
    return row
