"""``network.replace``: a new router stands where a dead one stood: remember its key, give it the intent."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from core.errors import InvalidInput
from network.changes.enrol import host_key_command
from network.changes.planning import must_be_intended, selected
from network.changes.push import PushKind
from network.diff import redacted_difference
from network.fleet import access, fleet_of
from network.host_keys import key_fingerprint, shown_key
from network.intent import intended
from network.secrets import fill_for
from orchestrator.kinds import World
from orchestrator.plan import Draft, Impact, Target, digest_of

__all__ = ["ReplaceIntent", "RouterReplacement"]


class ReplaceIntent(BaseModel):
    """Which device was replaced, the host key the engineer read at the new one's console, and its serial number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str = Field(min_length=1, max_length=63)
    fingerprint: str = Field(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")


class RouterReplacement(PushKind[ReplaceIntent]):
    """Take a replaced router into service: its key must be the one that was read at its console."""

    name: ClassVar[str] = "network.replace"
    title: ClassVar[str] = "Replace a dead router"
    intent = ReplaceIntent

    def plan(self, intent: ReplaceIntent, world: World) -> Draft:
        """The whole intent as a difference from what the new router runs.

        Raises:
            InvalidInput: the router shows another key than the one in the intent.
            NotOffered: nothing says what it should be.
        """
        (device_id,) = selected(world, f"name={intent.device}", pointer="/intent/device")
        reach = access(world.tx, [device_id])[device_id]
        key = shown_key(reach.name, reach.host, reach.port)
        if key_fingerprint(key) != intent.fingerprint:
            raise InvalidInput(
                f"{reach.name} shows the key {key_fingerprint(key)}, not {intent.fingerprint}.",
                hint="Read the fingerprint at the new router's console; never take it from the network.",
                pointer="/intent/fingerprint",
            )
        one = intended(world.tx, [device_id])[device_id]
        must_be_intended(one)
        around = world.surroundings()
        with fleet_of(around.database).session(world.scope, replace(reach, host_key=key), fresh=True) as driver:
            running, fingerprint = driver.running(), driver.fingerprint()
        digest = digest_of(one.text)
        target = Target(
            id=f"device:{device_id}",
            name=one.name,
            base=fingerprint,
            diff=redacted_difference(running, fill_for(world.tx, one.tenant_id, one.text), one.platform),
            data={"candidate": digest, "overlays": {"add": [], "drop": []}, "host_key": key},
            facts={name: one.facts[name] for name in ("role", "site", "tenant", "platform")},
        )
        return Draft(
            summary=f"Take the new {one.name} into service",
            targets=(target,),
            commands=(host_key_command(world, [(reach, key)]),),
            blobs={digest: one.text},
            impact=Impact(sites=(str(one.facts["site"]),), tenants=(str(one.facts["tenant"]),)),
            facts={"lines": one.text.count("\n"), "fingerprints": {one.name: intent.fingerprint}, "verify_seconds": 70},
            undo_note="The new router gets back what it ran when it was unpacked.",
        )
