"""``network.adopt``: what a router runs becomes its intent.

For drift that is right after all, and for brownfield: a router with a foreign configuration is taken over without
touching it. Lines that the model knows become pinned parts of it, the rest named opaque blocks, counted; secrets go to
the store. Afterwards the intent renders to exactly what runs: the next push has nothing to do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text

from network.changes.overlays import rows_of
from network.changes.planning import Running, read_running, selected
from network.changes.push import lay_overlays, still_ours, unlay_overlays
from network.changes.standing import standing_order
from network.device_model import OpaqueBlock
from network.diff import redacted_difference
from network.errors import NotAdoptable, NotReady
from network.fleet import Access, fleet_of, reach_one
from network.intent import Intended, Overlay, intended, relaid
from network.parse import adopt
from network.pins import pins_of
from network.render import normalise, render_unfilled
from network.secrets import fill_for, keep_found
from orchestrator.kinds import ChangeKind, Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Impact, Target

__all__ = ["AdoptIntent", "ConfigAdopt"]


class AdoptIntent(BaseModel):
    """Which routers' running configuration becomes their intent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    select: str = Field(min_length=1, max_length=2000)
    drift: bool = False


@dataclass(frozen=True, slots=True)
class Adopting:
    """How one device's overlays change so that its intent is what it runs."""

    add: tuple[Overlay, ...]
    drop: tuple[UUID, ...]
    secrets: Mapping[str, str]
    told: tuple[str, ...]
    opaque: int


class ConfigAdopt(ChangeKind[AdoptIntent]):
    """Take over what routers run. No router is altered."""

    name: ClassVar[str] = "network.adopt"
    title: ClassVar[str] = "Adopt running configurations"
    intent = AdoptIntent

    def plan(self, intent: AdoptIntent, world: World) -> Draft:
        """What would become a field, what stays opaque.

        Raises:
            NotReady: a router cannot be read.
            NotAdoptable: its platform is not read back, or its text cannot be reproduced.
        """
        devices = intended(world.tx, selected(world, intent.select))
        running = read_running(world, list(devices))
        silent = [one for one in running.values() if one.error]
        if silent:
            told = "; ".join(f"{one.access.name}: {one.error.message}" for one in silent[:5] if one.error)
            raise NotReady(
                f"{len(silent)} of {len(running)} routers cannot be read now: {told}",
                devices=[one.access.name for one in silent],
            )
        targets = [_target(world, one, running[key].value) for key, one in devices.items()]
        wanted = [target for target in targets if target is not None]
        opaque = sum(int(target.data["opaque"]) for target in wanted)
        return Draft(
            summary=f"Adopt what {len(wanted)} routers run ({opaque} opaque blocks)",
            targets=tuple(wanted),
            impact=Impact(
                sites=tuple(sorted({str(target.facts["site"]) for target in wanted})),
                notes=tuple(f"{t.name}: {t.data['opaque']} blocks stay opaque" for t in wanted if t.data["opaque"]),
            ),
            facts=standing_order(world, list(devices), "adopt") if intent.drift else {},
            undo_note="The intent is again what it was before; no router is touched.",
        )

    def plan_undo(self, done: Sequence[Step], world: World) -> Draft:  # noqa: ARG002 - every kind's signature
        """The overlays as they were before."""
        targets = tuple(
            Target(step.target.id, step.target.name, "", "", {**step.target.data, "back_from": str(step.change_id)},
                   step.target.facts)
            for step in done
        )  # fmt: skip
        return Draft(summary=f"Forget what was adopted from {len(targets)} routers", targets=targets)

    def fingerprint(self, target: Target, around: Surroundings) -> str:
        """The running configuration's fingerprint; an undo does not depend on it."""
        if "back_from" in target.data:
            return target.base
        with around.database.transaction("worker", around.scope) as tx:
            reach = reach_one(tx, _device(target))
        with fleet_of(around.database).session(around.scope, reach) as driver:
            return driver.fingerprint()

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Write pins, blocks and secrets; idempotent for the change."""
        device = _device(step.target)
        with around.database.transaction("worker", around.scope) as tx:
            reach = reach_one(tx, device)
            if "back_from" in step.target.data:
                still_ours(tx, step)
                unlay_overlays(tx, reach, UUID(step.target.data["back_from"]), step.target.data["overlays"])
                return Outcome({}, "The intent is as it was before.")
        with fleet_of(around.database).session(around.scope, reach) as driver:
            text_now = driver.running()
        with around.database.transaction("worker", around.scope) as tx:
            still_ours(tx, step)
            one = intended(tx, [device])[device]
            keep_found(tx, reach.tenant_id, dict(adopt(one.bare, text_now).secrets))
            lay_overlays(tx, reach, step.change_id, step.target.data["overlays"])
        counts = {"fields": step.target.data["fields"], "opaque": step.target.data["opaque"]}
        return Outcome(counts, f"{counts['fields']} parts pinned, {counts['opaque']} opaque blocks.")

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """The intent renders to what runs."""
        if "back_from" in step.target.data:
            return Verdict("ok")
        device = _device(step.target)
        with around.database.transaction("worker", around.scope) as tx:
            reach = reach_one(tx, device)
            one = intended(tx, [device])[device]
            wanted = fill_for(tx, reach.tenant_id, one.text)
        with fleet_of(around.database).session(around.scope, reach) as driver:
            diff = redacted_difference(driver.running(), wanted, reach.platform)
        return Verdict("failed", (f"{reach.name} still differs from its intent:\n{diff}",)) if diff else Verdict("ok")

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """The router is in step with its intent from here."""
        if "back_from" in step.target.data:
            return Outcome({})
        with around.database.transaction("worker", around.scope) as tx:
            still_ours(tx, step)
            reach = reach_one(tx, _device(step.target))
            _in_step(tx, reach, step.target.base)
        return Outcome({}, "What runs is the intent.")

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Back to the overlays before."""
        with around.database.transaction("worker", around.scope) as tx:
            still_ours(tx, step)
            reach = reach_one(tx, _device(step.target))
            if "back_from" in step.target.data:
                lay_overlays(tx, reach, UUID(step.target.data["back_from"]), step.target.data["overlays"])
            else:
                unlay_overlays(tx, reach, step.change_id, step.target.data["overlays"])
        return Outcome({}, "The intent is as it was before.")


def adopting(one: Intended, running: str) -> Adopting:
    """How overlays must change so that the intent is ``running`` (raw, normalised).

    Raises:
        NotAdoptable: no overlays reproduce it.
    """
    if service := next((overlay.name for overlay in one.overlays if overlay.name.startswith("service ")), None):
        raise NotAdoptable(
            f"{one.name} carries the {service}: adopting what runs would take its lines from it.",
            hint="Bring the device to its intent with 'irisplane config push', or remove its services first.",
        )
    found = adopt(one.bare, running)
    ours = {(block.context, block.text) for block in one.bare.opaque}
    blocks = [block for block in found.opaque if (block.context, block.text) not in ours]
    pins = pins_of(found.adopted)
    new = [Overlay("pinned", "adopted", pins)] if json.loads(pins) else []
    new += [Overlay("opaque", block.name, _block_json(block)) for block in blocks]
    wanted = normalise(_bare_text(one, running), one.platform)
    snippets = [overlay for overlay in one.overlays if overlay.kind == "snippet"]
    for kept in (snippets, []):
        if relaid(one, [*new, *kept]).text == wanted:
            drop = tuple(o.id for o in one.overlays if o not in kept and o.id is not None)
            told = tuple(f"{part.part}: {part.before!r} → {part.after!r}" for part in found.adopted)
            return Adopting(tuple(new), drop, found.secrets, told, len(blocks))
    raise NotAdoptable(
        f"What {one.name} runs cannot be reproduced from a model.",
        difference=redacted_difference(wanted, relaid(one, new).text, one.platform),
    )


def _bare_text(one: Intended, running: str) -> str:
    """The running text with references in place of secrets, named as the intent names them."""
    return render_unfilled(adopt(one.bare, running).model, one.platform)


def _target(world: World, one: Intended, running: Running | None) -> Target | None:
    assert running is not None, "silent routers were refused before"
    if one.platform != "frr":
        raise NotAdoptable(f"{one.name} runs {one.platform!r}: only frr is read back into a model.")
    filled = fill_for(world.tx, one.tenant_id, one.text)
    if filled == running.text:
        return None
    how = adopting(one, running.text)
    return Target(
        id=f"device:{one.device_id}",
        name=one.name,
        base=running.fingerprint,
        diff=redacted_difference(filled, running.text, one.platform),
        data={
            "overlays": {
                "add": [{"kind": new.kind, "name": new.name, "body": new.body} for new in how.add],
                "drop": [dict(row) for row in rows_of(world.tx, how.drop)],
            },
            "fields": len(how.told),
            "opaque": how.opaque,
        },
        facts={key: one.facts[key] for key in ("role", "site", "tenant", "platform")},
    )


def _block_json(block: OpaqueBlock) -> str:
    return json.dumps(
        {"name": block.name, "owner": "adoption", "text": block.text, "context": list(block.context)}, sort_keys=True
    )


def _in_step(tx: Any, reach: Access, fingerprint: str) -> None:
    tx.execute(
        text(
            "insert into device_state (device_id, tenant_id, reachable, seen_at, fingerprint, pushed)"
            " values (:device, :tenant, true, now(), :fingerprint, :fingerprint) on conflict (device_id) do update"
            " set fingerprint = excluded.fingerprint, pushed = excluded.pushed, drifted_since = null, drift_diff = null"
        ),
        {"device": reach.device_id, "tenant": reach.tenant_id, "fingerprint": fingerprint},
    )


def _device(target: Target) -> UUID:
    return UUID(target.id.removeprefix("device:"))
