"""Start, stop, start anew."""

from __future__ import annotations

from typing import ClassVar, Literal

from datacenter.hosting.changes import patient
from datacenter.hosting.drivers.protocol import Action
from datacenter.hosting.servers.changes.base import ServerIntent, ServerVerb
from datacenter.hosting.servers.queries import ServerRow
from orchestrator.kinds import Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft

__all__ = ["RebootIntent", "ServerReboot", "ServerStart", "ServerStop"]


class _Power(ServerVerb[ServerIntent]):
    """Brings a server into a status that it then has."""

    intent = ServerIntent
    action: ClassVar[Action]
    back: ClassVar[Action]
    wanted: ClassVar[str]

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Asked for unless it is so already or under way."""
        return self._bring(step, around, self.action, self.wanted)

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Until it is so."""
        return self.watched(step, around, [self.wanted], self.doing)

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """The other way round, as it was."""
        was = str(step.target.data["was"])
        if "apply" in step.record and was in {"active", "stopped"} and was != self.wanted:
            self._bring(step, around, self.back, was)
            self.watched(step, around, [was], "Taking back")
            return self.follow(step, around)
        return Outcome({}, "It was left as it is.")

    def _bring(self, step: Step, around: Surroundings, action: Action, wanted: str) -> Outcome:
        servers, cloud_id = self.servers(step, around), self.cloud_id(step)

        def bring() -> Outcome:
            now = servers.get(cloud_id)
            if now.status != wanted and not now.task:
                servers.act(cloud_id, action)
                return Outcome({"asked": True})
            return Outcome({"asked": False}, f"It is {now.status} {now.task}".rstrip())

        return patient(bring, seconds=self.apply_seconds(step))


class ServerStart(_Power):
    """Start it."""

    name = "hosting.server.start"
    title = "Start a server"
    doing = "Start"
    allowed = frozenset({"stopped"})
    action, back, wanted = "start", "stop", "active"


class ServerStop(_Power):
    """Stop it."""

    name = "hosting.server.stop"
    title = "Stop a server"
    doing = "Stop"
    allowed = frozenset({"active", "error"})
    action, back, wanted = "stop", "start", "stopped"


class RebootIntent(ServerIntent):
    """``soft`` asks the system to, ``hard`` cuts the power."""

    how: Literal["soft", "hard"] = "soft"


class ServerReboot(ServerVerb[RebootIntent]):
    """Start it anew."""

    name = "hosting.server.reboot"
    title = "Start a server anew"
    intent = RebootIntent
    doing = "Reboot"
    allowed = frozenset({"active", "error"})

    def draft_for(self, intent: RebootIntent, row: ServerRow, world: World) -> Draft:  # noqa: ARG002 - one shape
        """With how it is asked for."""
        diff = f"{row.status} -> {intent.how} reboot -> active"
        return self.drafted(row, f"Reboot {row.name}", diff, {"how": intent.how})

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Asked for once; after a break it may be asked for again, which does no harm that the first did not."""
        servers, cloud_id = self.servers(step, around), self.cloud_id(step)
        action: Action = "hard-reboot" if step.target.data["how"] == "hard" else "soft-reboot"

        def reboot() -> Outcome:
            if not servers.get(cloud_id).task.startswith("reboot"):
                servers.act(cloud_id, action)
            return Outcome({"asked": True})

        return patient(reboot, seconds=self.apply_seconds(step))

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Until it runs again."""
        return self.watched(step, around, ["active"], self.doing)

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """A reboot cannot be taken back; the row says how it is now."""
        return self.follow(step, around) if "apply" in step.record else Outcome({}, "It was not rebooted.")
