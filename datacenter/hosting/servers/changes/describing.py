"""What a server is called and marked with."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from sqlalchemy.exc import IntegrityError

from datacenter.hosting.changes import id_of_target, patient
from datacenter.hosting.cloud import tag_of
from datacenter.hosting.errors import NameTaken
from datacenter.hosting.servers.changes.base import ServerIntent, ServerVerb, write
from datacenter.hosting.servers.changes.create import Metadata, Tags
from datacenter.hosting.servers.names import checked_name
from datacenter.hosting.servers.queries import ServerRow, name_taken
from orchestrator.kinds import Outcome, Step, Surroundings, World
from orchestrator.plan import Draft

__all__ = ["AlterIntent", "RenameIntent", "ServerAlter", "ServerRename"]

_STANDING = frozenset({"active", "stopped", "paused", "suspended", "resized", "error", "busy"})


class RenameIntent(ServerIntent):
    """Another name."""

    name: Annotated[str, Field(max_length=255)]


class ServerRename(ServerVerb[RenameIntent]):
    """Give a server another name."""

    name = "hosting.server.rename"
    title = "Rename a server"
    intent = RenameIntent
    doing = "Rename"
    allowed = _STANDING

    def draft_for(self, intent: RenameIntent, row: ServerRow, world: World) -> Draft:
        """From and to."""
        checked_name(intent.name)
        if name_taken(world.tx, row.project_id, intent.name, beside=row.id):
            raise _taken()
        diff = f"~ {row.name} -> {intent.name}"
        return self.drafted(row, f"Rename {row.name} to {intent.name}", diff, {"name": intent.name, "before": row.name})

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Our row first: a name that was taken meanwhile alters nothing in the cloud."""
        self._rename(step, around, step.target.data["name"])
        return Outcome({"name": step.target.data["name"]})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """The old name."""
        if "began" in step.record and "apply" in step.record["began"]:
            self._rename(step, around, step.target.data["before"])
        return Outcome({}, f"It is called {step.target.data['before']}.")

    def _rename(self, step: Step, around: Surroundings, name: str) -> None:
        try:
            write(around, id_of_target(step.target), name=name)
        except IntegrityError:
            raise _taken() from None
        patient(lambda: self.servers(step, around).rename(self.cloud_id(step), name), seconds=self.apply_seconds(step))


class AlterIntent(ServerIntent):
    """What is named is replaced as a whole."""

    metadata: Metadata | None = None
    tags: Tags | None = None


class ServerAlter(ServerVerb[AlterIntent]):
    """Let a server's metadata and tags be these."""

    name = "hosting.server.alter"
    title = "Mark a server"
    intent = AlterIntent
    doing = "Mark"
    allowed = _STANDING

    def draft_for(self, intent: AlterIntent, row: ServerRow, world: World) -> Draft:  # noqa: ARG002 - one shape
        """Before and after."""
        metadata = row.metadata if intent.metadata is None else intent.metadata
        tags = row.tags if intent.tags is None else sorted(set(intent.tags))
        after, before = {"metadata": metadata, "tags": tags}, {"metadata": row.metadata, "tags": row.tags}
        diff = "\n".join(f"~ {name}: {before[name]} -> {after[name]}" for name in after if before[name] != after[name])
        return self.drafted(row, f"Mark {row.name}", diff or "= as it is", {"after": after, "before": before})

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """The cloud's first, then ours."""
        self._mark(step, around, "after")
        return Outcome({"marked": True})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """As before."""
        if "began" in step.record and "apply" in step.record["began"]:
            self._mark(step, around, "before")
        return Outcome({}, "As before.")

    def _mark(self, step: Step, around: Surroundings, which: str) -> None:
        server_id, marks = id_of_target(step.target), step.target.data[which]
        tags = [tag_of(server_id), *marks["tags"]]
        patient(
            lambda: self.servers(step, around).mark(self.cloud_id(step), tags, marks["metadata"]),
            seconds=self.apply_seconds(step),
        )
        write(around, server_id, metadata=marks["metadata"], tags=marks["tags"])


def _taken() -> NameTaken:
    return NameTaken("A server of this name stands in the project.", pointer="/name", rule="server_name_once")
