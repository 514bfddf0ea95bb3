"""``network.enrol``: remember the host key of devices that have none yet. Afterwards any other key is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from core.errors import Conflict
from network.changes.planning import selected
from network.fleet import Access, access
from network.host_keys import key_fingerprint, shown_key
from orchestrator.kinds import ChangeKind, World
from orchestrator.plan import Draft, JsonObject

__all__ = ["EnrolIntent", "HostKeyEnrolment", "host_key_command"]


class EnrolIntent(BaseModel):
    """Which devices; those that have a key already are left out, and refused when they show another one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    select: str = Field(min_length=1, max_length=2000)


class HostKeyEnrolment(ChangeKind[EnrolIntent]):
    """First enrolment of host keys: the plan shows the fingerprints to compare with the devices' consoles."""

    name: ClassVar[str] = "network.enrol"
    title: ClassVar[str] = "Enrol host keys"
    intent = EnrolIntent

    def plan(self, intent: EnrolIntent, world: World) -> Draft:
        """The keys that the devices show now.

        Raises:
            DeviceUnreachable, DeviceHangs: a device shows none.
            Conflict: a device shows another key than the one enrolled.
        """
        reach = list(access(world.tx, selected(world, intent.select)).values())
        with ThreadPoolExecutor(24, thread_name_prefix="enrol") as pool:
            keys = list(pool.map(lambda one: shown_key(one.name, one.host, one.port), reach))
        new: list[tuple[Access, str]] = []
        for one, key in zip(reach, keys, strict=True):
            if one.host_key is None:
                new.append((one, key))
            elif one.host_key != key:
                raise Conflict(
                    f"{one.name} shows another host key ({key_fingerprint(key)}) than the one enrolled"
                    f" ({key_fingerprint(one.host_key)}).",
                    hint="If it was replaced: 'irisplane config replace'. If not, somebody may stand in between.",
                    device=one.name,
                )
        return Draft(
            summary=f"Enrol the host keys of {len(new)} devices",
            commands=(host_key_command(world, new),) if new else (),
            facts={"fingerprints": {one.name: key_fingerprint(key) for one, key in new}},
            undo_note="The keys are forgotten; the devices cannot be entered until they are enrolled again.",
        )


def host_key_command(world: World, keys: list[tuple[Access, str]]) -> JsonObject:
    """The inventory command that stores host keys."""
    rows = world.tx.exec_driver_sql(
        "select id::text, device_id::text, version, now()::text as now from device_access where device_id = any(%s)",
        ([one.device_id for one, _ in keys],),
    ).mappings()
    by_device = {row["device_id"]: row for row in rows}
    return {
        "op": "update",
        "table": "device_access",
        "rows": [
            {
                "id": by_device[str(one.device_id)]["id"],
                "version": by_device[str(one.device_id)]["version"],
                "host_key": key,
                "host_key_enrolled_at": by_device[str(one.device_id)]["now"],
            }
            for one, key in keys
        ],
    }
