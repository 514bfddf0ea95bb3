"""Giving a server back, and having it back: stopped and kept for a time, then gone; protected against both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import text

from core.settings import get_settings
from datacenter.hosting.changes import id_of_target, patient
from datacenter.hosting.errors import CloudLacks, CloudSilent
from datacenter.hosting.servers.changes.base import ServerIntent, ServerVerb, gone, write, write_seen
from datacenter.hosting.servers.errors import Protected
from datacenter.hosting.servers.queries import ServerRow
from orchestrator.kinds import Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft

__all__ = ["DeleteIntent", "ServerDelete", "ServerProtect", "ServerRestore", "ServerUnprotect"]

_STANDING: Final = frozenset({"active", "stopped", "paused", "suspended", "resized", "busy", "building"})
_ANY: Final = _STANDING | {"error", "kept", "vanished", "deleting"}


class DeleteIntent(ServerIntent):
    """``now``: at once, without keeping it."""

    now: bool = False


class ServerDelete(ServerVerb[DeleteIntent]):
    """Give a server back: it is stopped and kept as long as the settings say, then deleted by another Change."""

    name = "hosting.server.delete"
    title = "Give a server back"
    intent = DeleteIntent
    doing = "Delete"
    allowed = _ANY

    def draft_for(self, intent: DeleteIntent, row: ServerRow, world: World) -> Draft:  # noqa: ARG002 - one shape
        """Kept or gone, and until when there is a way back."""
        if row.protected:
            raise Protected(f"{row.name} is protected against deletion.")
        hours = get_settings().server_keep_hours
        # What is broken, lost or given back already is not kept: there is nothing to have back.
        now = intent.now or hours == 0 or row.status not in _STANDING
        if now:
            return self.drafted(
                row, f"Delete {row.name}", f"- server {row.name}, with everything on its disk", {"now": True},
                undo_note="There is no way back.",
            )  # fmt: skip
        return self.drafted(
            row, f"Give {row.name} back", f"- server {row.name}: stopped, kept for {hours} hours, then deleted",
            {"now": False, "hours": hours, "ran": row.status != "stopped"},
            undo_note=f"For {hours} hours, ':restore' brings it back.",
        )  # fmt: skip

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Stopped, or deleted."""
        server_id, data = id_of_target(step.target), step.target.data
        if data["now"]:
            if data["was"] != "vanished":  # what is lost takes up neither name nor quota, on its way out neither
                write(around, server_id, status="deleting")
            if data["cloud_id"] is not None:
                servers = self.servers(step, around)
                patient(lambda: servers.delete(self.cloud_id(step)), seconds=self.apply_seconds(step))
            return Outcome({"asked": True})
        servers = self.servers(step, around)

        def stop() -> Outcome:
            seen = servers.get(self.cloud_id(step))
            if seen.status in {"active", "building"} and not seen.task:
                servers.act(self.cloud_id(step), "stop")
            return Outcome({"asked": True, "was": seen.status})

        return patient(stop, seconds=self.apply_seconds(step))

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Until it is stopped, or no longer there."""
        if step.target.data["now"]:
            if step.target.data["cloud_id"] is None:
                return Verdict("ok", ("it was not in the cloud",))
            return gone(self.servers(step, around), id_of_target(step.target), seconds=self.watch_seconds(step))
        resting = ["stopped", "paused", "suspended", "resized"]
        return self.watched(step, around, resting, "Stopping")

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Kept until its hour, or gone."""
        server_id, data = id_of_target(step.target), step.target.data
        now = datetime.now(UTC)
        if data["now"]:
            write(around, server_id, status="gone", gone_at=now, task="", fault="")
            with around.database.transaction("worker", around.scope) as tx:
                tx.execute(_OVER, {"server": server_id})
            return Outcome({}, "It is gone.")
        until = now + timedelta(hours=data["hours"])
        write(around, server_id, status="kept", task="", kept_at=now, purge_at=until, kept_running=data["ran"])
        return Outcome({"purge_at": until.isoformat()}, f"Kept until {until:%Y-%m-%d %H:%M} UTC.")

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """As long as it is there, it runs again as it did."""
        data = step.target.data
        if "began" not in step.record or "apply" not in step.record["began"]:
            return Outcome({}, "It was left as it is.")
        if data["now"]:
            try:
                seen = self.servers(step, around).get(self.cloud_id(step))
            except CloudLacks:
                raise CloudSilent(f"{step.target.name} is gone; order it again.") from None
            write_seen(around, id_of_target(step.target), seen)
            return Outcome({}, f"It is {seen.status}")
        return _back(self, step, around, ran=bool(data["ran"]))

    def inspect(self, step: Step, around: Surroundings) -> Verdict:
        """Whether it still runs."""
        seen = self.servers(step, around).get(self.cloud_id(step))
        return Verdict("ok", data={"is": "old" if seen.status == step.target.data["was"] else "new"})


class ServerRestore(ServerVerb[ServerIntent]):
    """Have a server back that was given back."""

    name = "hosting.server.restore"
    title = "Restore a server"
    intent = ServerIntent
    doing = "Restore"
    allowed = frozenset({"kept"})

    def draft_for(self, intent: ServerIntent, row: ServerRow, world: World) -> Draft:  # noqa: ARG002 - one shape
        """As it was."""
        ran = row.kept_running
        return self.drafted(
            row, f"Restore {row.name}", f"~ {row.name}: kept -> {'active' if ran else 'stopped'}", {"ran": ran}
        )

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Started, if it ran before."""
        _start(self, step, around, ran=bool(step.target.data["ran"]))
        return Outcome({"asked": True})

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Until it is as it was."""
        resting = ["active"] if step.target.data["ran"] else ["stopped", "paused", "suspended", "resized"]
        return self.watched(step, around, resting, "Restoring")

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Nothing waits to delete it any more."""
        return self.follow(step, around, kept_at=None, purge_at=None, kept_running=False)

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """It stays kept, until the hour that was said."""
        if "began" in step.record and "apply" in step.record["began"]:
            servers = self.servers(step, around)
            if servers.get(self.cloud_id(step)).status == "active":
                servers.act(self.cloud_id(step), "stop")
        return Outcome({}, "It stays kept.")


class _Protection(ServerVerb[ServerIntent]):
    """Our own row alone; nothing is asked of the cloud."""

    intent = ServerIntent
    allowed = frozenset(_ANY - {"kept", "deleting"}) | {"ordered"}
    protected: bool

    def draft_for(self, intent: ServerIntent, row: ServerRow, world: World) -> Draft:  # noqa: ARG002 - one shape
        """From and to."""
        said = {True: "protected", False: "not protected"}
        diff = f"~ {row.name}: {said[row.protected]} -> {said[self.protected]}"
        return self.drafted(row, f"{self.doing} {row.name}", diff, {"before": row.protected})

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Written."""
        write(around, id_of_target(step.target), protected=self.protected)
        return Outcome({"protected": self.protected})

    def confirm(self, step: Step, around: Surroundings) -> Outcome:  # noqa: ARG002 - one shape
        """It is written already."""
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """As before."""
        write(around, id_of_target(step.target), protected=bool(step.target.data["before"]))
        return Outcome({}, "As before.")


class ServerProtect(_Protection):
    """Protect a server against deletion."""

    name = "hosting.server.protect"
    title = "Protect a server"
    doing = "Protect"
    protected = True


class ServerUnprotect(_Protection):
    """Lift a server's protection."""

    name = "hosting.server.unprotect"
    title = "Lift a server's protection"
    doing = "Unprotect"
    protected = False


def _start(kind: ServerVerb[ServerIntent] | ServerDelete, step: Step, around: Surroundings, *, ran: bool) -> None:
    servers = kind.servers(step, around)

    def start() -> bool:
        if ran and servers.get(kind.cloud_id(step)).status == "stopped":
            servers.act(kind.cloud_id(step), "start")
        return True

    patient(start, seconds=kind.apply_seconds(step))


def _back(kind: ServerDelete, step: Step, around: Surroundings, *, ran: bool) -> Outcome:
    _start(kind, step, around, ran=ran)
    wanted = ["active"] if ran else ["stopped", "paused", "suspended", "resized"]
    seen = kind.watched(step, around, wanted, "Restoring")
    if not seen.ok:
        raise CloudSilent(f"{step.target.name} does not come back: {seen.evidence[0]}")
    return kind.follow(step, around, kept_at=None, purge_at=None, kept_running=False)


_OVER: Final = text("update server_resize set gone_at = now() where server_id = :server and gone_at is null")
