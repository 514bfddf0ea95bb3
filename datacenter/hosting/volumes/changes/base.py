"""What the kinds about volumes share: where the volume is, waiting for a state, how that is said."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, Row

from datacenter.hosting import lookup
from datacenter.hosting.changes import id_of_target, patient, watch
from datacenter.hosting.errors import CloudLacks
from datacenter.hosting.names import Ref
from datacenter.hosting.standing import StandingKind, must_be, must_be_version
from datacenter.hosting.volumes.disks import Disk, Disks, our_word
from orchestrator.kinds import Step, Surroundings, Verdict
from orchestrator.plan import JsonObject

__all__ = ["VolumeKind", "VolumeRef", "data_of", "volume_named", "waited"]

_UNDO_SECONDS = 30.0


class VolumeRef(BaseModel):
    """A volume that is there."""

    model_config = ConfigDict(extra="forbid")

    volume: Ref
    version: int | None = None


class VolumeKind(StandingKind[Any]):
    """A kind about one volume."""

    noun = "volume"
    table = "volume"
    verify_seconds: ClassVar[int] = 180

    def disks(self, step: Step, around: Surroundings) -> Disks:
        """The project's volumes in the cloud."""
        return Disks(self.cloud(step, around))

    def disk(self, step: Step, around: Surroundings) -> Disk:
        """The volume as the cloud has it now.

        Raises:
            CloudLacks: it has it no more.
        """
        disks, own = self.disks(step, around), id_of_target(step.target)
        found = patient(lambda: disks.find(own), seconds=self.apply_seconds(step))
        if found is None:
            raise CloudLacks(f"The cloud has the volume {step.target.name} no more.")
        return found

    def seen(
        self, step: Step, around: Surroundings, good: Collection[str], also: Callable[[Disk], bool] = lambda _: True,
        *, otherwise: str = "",
    ) -> Verdict:  # fmt: skip
        """Wait until the volume is in one of these states of Cinder's, and ``also`` holds.

        Args:
            otherwise: what it may mean when it does not come to be.
        """
        disks, own = self.disks(step, around), id_of_target(step.target)

        def look() -> Any:
            found = disks.find(own)
            if found is None:
                return "failed", "the cloud has the volume no more"
            if found.status in good and also(found):
                return "ok", f"{found.status}, {found.size_gib} GiB"
            if our_word(found.status) == "error":
                return "failed", f"the cloud says {found.status}"
            return "wait", f"it is {found.status}{otherwise}"

        return watch(look, seconds=self.watch_seconds(step))


def volume_named(tx: Connection, ref: str, version: int | None, *states: str) -> Row[Any]:
    """The row of a volume that an order is about, in one of these states.

    Raises:
        NoSuchThing, StaleVersion, NotReady: see there.
    """
    row = lookup.find(tx, "volume", ref, pointer="/volume")
    must_be_version(row, version)
    must_be(row, "volume", *states)
    return row


def data_of(row: Row[Any], **more: Any) -> JsonObject:
    """What a target's data say of the project, and more."""
    return {"project_id": str(row.project_id), "project": row.project_code, **more}


def waited(find: Callable[[], Disk | None], done: Callable[[Disk | None], bool]) -> bool:
    """Whether something came to be while it is taken back, where nobody watches any more."""
    end = time.monotonic() + _UNDO_SECONDS
    while not done(find()):
        if time.monotonic() > end:
            return False
        time.sleep(0.3)
    return True
