"""The road of every Change that gives routers a configuration: prepare, timed commit, verify, confirm, or back.

A target's frozen data say which text the router will have (a digest; secrets are placeholders in it) and which overlays
its intent gains and loses. The overlays are written when the router's commit is confirmed, so intent and router move
together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Connection, text

from network import store
from network.changes.briefing import brief_for, gather
from network.changes.entering import enter
from network.drivers.protocol import Candidate, ConfigDriver, Mark
from network.errors import AlreadyConfirmed, BaseMoved, ConfirmRefused, DeviceStuck, FencedOut, NotPrepared
from network.fleet import Access, Fleet, fleet_of, snapshot
from network.verify import baseline, verify_device
from orchestrator.errors import StalePlan
from orchestrator.kinds import ChangeKind, Outcome, Step, Surroundings, Verdict
from orchestrator.plan import Target

__all__ = ["PushKind", "lay_overlays", "mark_of", "settle_state", "unlay_overlays"]

Intent = TypeVar("Intent", bound=BaseModel)


class PushKind(ChangeKind[Intent], Generic[Intent]):
    """Whatever brings routers to a text; kinds differ in how they plan it."""

    needs_network: ClassVar[bool] = True

    def fingerprint(self, target: Target, around: Surroundings) -> str:
        """The running configuration's fingerprint now."""
        with brief_for("lock", target, around).session(around) as driver:
            return driver.fingerprint()

    def gather(self, phase: str, targets: Sequence[Target], around: Surroundings) -> object:
        """How to reach the routers; what should be seen of them; what they are to become."""
        return gather(phase, targets, around)

    def prepare(self, step: Step, around: Surroundings) -> Outcome:
        """Load the candidate; the router checks it and says what a commit would do."""
        brief = brief_for("prepare", step.target, around)
        reach = brief.reach
        with brief.session(around) as driver:
            try:
                prepared = driver.prepare(Candidate(brief.wanted), mark_of(step), base=step.target.base)
            except BaseMoved as moved:
                raise StalePlan(
                    f"{reach.name} runs something else than when the change was planned.", target=reach.name
                ) from moved
            broken = baseline(driver, brief.expectation.checks, prepared.reverse)
        with around.database.transaction("worker", around.scope) as tx:
            before = store.keep(
                tx,
                fleet_of(around.database).keyring,
                device_id=reach.device_id,
                tenant_id=reach.tenant_id,
                platform=reach.platform,
                configuration=prepared.reverse,
                source="before",
                change_id=step.change_id,
            )
        lines = "1 line" if prepared.commands == 1 else f"{prepared.commands} lines"
        return Outcome(
            {
                "base": prepared.base,
                "wanted": prepared.wanted,
                "before": before,
                "commands": prepared.commands,
                "idle": prepared.nothing_to_do,
                "broken_before": broken,
            },
            "It is already so." if prepared.nothing_to_do else f"The router accepts it: {lines} to enter.",
        )

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Commit with the timer on the router."""
        if step.record["prepare"]["idle"]:
            return Outcome({"state": "idle"}, "Nothing to enter.")
        with brief_for("apply", step.target, around).session(around) as driver:
            try:
                status = driver.commit(mark_of(step), step.timer)
            except NotPrepared:
                # The router lost the candidate (it was restarted, or its timer ran out before a resumed run came back).
                self.prepare(step, around)
                status = driver.commit(mark_of(step), step.timer)
        return Outcome(
            {"state": status.state, "timer": step.timer},
            f"In force; unless confirmed, the router takes it back in {step.timer} s.",
        )

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Reachable again, exactly the text that was planned, and neighbours and routes as intended."""
        brief = brief_for("verify", step.target, around)
        return verify_device(step, brief.expectation, lambda: brief.session(around, fresh=True))

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Stop the timer, save on the router, and write the overlays that are now part of its intent."""
        brief, fleet = brief_for("confirm", step.target, around), fleet_of(around.database)
        reach = brief.reach
        with brief.session(around) as driver:
            if not step.record["prepare"]["idle"]:
                with suppress(AlreadyConfirmed):  # a resumed run: the router has done it
                    driver.confirm(mark_of(step))
            running, fingerprint = snapshot(driver)
        with around.database.transaction("worker", around.scope) as tx:
            still_ours(tx, step)
            after = self._kept(tx, fleet, reach, running, step.change_id, "after")
            lay_overlays(tx, reach, step.change_id, step.target.data.get("overlays") or {})
            self.confirmed(tx, step, reach)
            settle_state(tx, reach, fingerprint)
        return Outcome({"after": after, "fingerprint": fingerprint}, "Confirmed and saved on the router.")

    def confirmed(self, tx: Connection, step: Step, reach: Access) -> None:
        """What else becomes true with the confirmation; in its transaction."""

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Back to the text before: by the router's own rollback, or by pushing that text where it was confirmed."""
        prepared = step.record.get("prepare")
        brief, fleet = brief_for("undo", step.target, around), fleet_of(around.database)
        reach = brief.reach
        with brief.session(around, fresh=True) as driver:
            note = self._back(step, around, reach, driver, prepared)
            running, fingerprint = snapshot(driver)
        if prepared and not prepared["idle"] and fingerprint != prepared["base"]:
            raise DeviceStuck(
                f"{reach.name} is not as it was before: its configuration differs from the one that was kept.",
                device=reach.name,
                expected=prepared["base"],
                found=fingerprint,
            )
        with around.database.transaction("worker", around.scope) as tx:
            still_ours(tx, step)
            self._kept(tx, fleet, reach, running, step.change_id, "after")
            unlay_overlays(tx, reach, step.change_id, step.target.data.get("overlays") or {})
            settle_state(tx, reach, fingerprint, first=False)
        return Outcome({"fingerprint": fingerprint}, note)

    def inspect(self, step: Step, around: Surroundings) -> Verdict:
        """Is the router as before, as planned, or neither?"""
        with brief_for("inspect", step.target, around).session(around) as driver:
            found = driver.fingerprint()
        prepared = step.record.get("prepare") or {}
        if found == prepared.get("wanted"):
            return Verdict("ok", ("the planned text runs",), {"is": "new"})
        if found == prepared.get("base", step.target.base):
            return Verdict("ok", ("the text before runs",), {"is": "old"})
        return Verdict("unknown", ("another text runs",), {"is": "other"})

    def _back(
        self, step: Step, around: Surroundings, reach: Access, driver: ConfigDriver, prepared: Mapping[str, Any] | None
    ) -> str:
        mark = mark_of(step)
        status = driver.status(mark)
        if status.state in ("prepared", "committed-pending"):
            try:
                driver.rollback(mark)
            except AlreadyConfirmed:
                status = driver.status(mark)
            else:
                return "Taken back by the router."
        if status.state == "confirmed" and prepared and not prepared["idle"]:
            with around.database.transaction("worker", around.scope) as tx:
                before = store.raw(tx, fleet_of(around.database).keyring, reach.tenant_id, prepared["before"])
            try:
                enter(driver, step, "undo", before)
            except (ConfirmRefused, NotPrepared):
                if driver.fingerprint() != prepared["base"]:
                    raise
            return "It was confirmed: the text before was pushed again."
        if status.state == "reverted":
            return f"The router took it back itself ({status.reason or 'timer'})."
        return "Nothing was in force."

    def _kept(
        self, tx: Connection, fleet: Fleet, reach: Access, running: str, change_id: UUID, source: str
    ) -> str:  # fmt: skip
        return store.keep(
            tx,
            fleet.keyring,
            device_id=reach.device_id,
            tenant_id=reach.tenant_id,
            platform=reach.platform,
            configuration=running,
            source=source,
            change_id=change_id,
        )


def still_ours(tx: Connection, step: Step) -> None:
    """Nobody has taken this run over; held until the transaction ends.

    Raises:
        FencedOut: a newer epoch carries it.
    """
    statement = text("select 1 from change where id = :id and epoch = :epoch for share")
    if tx.execute(statement, {"id": step.change_id, "epoch": step.epoch}).scalar() is None:
        raise FencedOut("Another worker has taken this change over; nothing was written.", epoch=step.epoch)


def lay_overlays(tx: Connection, reach: Access, change_id: UUID, wanted: Mapping[str, Any]) -> None:
    """Write a target's overlays. Asked again, it writes nothing new."""
    for overlay in wanted.get("add", ()):
        tx.execute(
            text(
                "insert into config_overlay (device_id, tenant_id, kind, name, body, change_id)"
                " values (:device, :tenant, :kind, :name, :body, :change) on conflict do nothing"
            ),
            {"device": reach.device_id, "tenant": reach.tenant_id, "change": change_id, **overlay},
        )
    tx.execute(
        text("delete from config_overlay where device_id = :device and id = any(:ids)"),
        {"device": reach.device_id, "ids": [UUID(row["id"]) for row in wanted.get("drop", ())]},
    )


def unlay_overlays(tx: Connection, reach: Access, change_id: UUID, wanted: Mapping[str, Any]) -> None:
    """Take a change's overlays away again and put back the ones that it took away, at their places."""
    tx.execute(
        text("delete from config_overlay where device_id = :device and change_id = :change"),
        {"device": reach.device_id, "change": change_id},
    )
    for row in wanted.get("drop", ()):
        tx.execute(
            text(
                "insert into config_overlay (id, device_id, tenant_id, kind, name, body, ordinal, change_id)"
                " overriding system value values (:id, :device, :tenant, :kind, :name, :body, :ordinal, :change_id)"
                " on conflict do nothing"
            ),
            {"device": reach.device_id, "tenant": reach.tenant_id, **row},
        )


def settle_state(tx: Connection, reach: Access, fingerprint: str, *, first: bool = True) -> None:
    """Remember what runs; ``first``: also of a device that never had a configuration of ours."""
    tx.execute(
        text(
            "insert into device_state (device_id, tenant_id, reachable, seen_at, fingerprint, pushed)"
            " values (:device, :tenant, true, now(), :fingerprint, case when :first then :fingerprint end)"
            " on conflict (device_id) do update"
            " set reachable = true, seen_at = now(), tried_at = now(), fingerprint = excluded.fingerprint,"
            " pushed = case when :first or device_state.pushed is not null then excluded.fingerprint end,"
            " drifted_since = null, drift_diff = null, error = null"
        ),
        {"device": reach.device_id, "tenant": reach.tenant_id, "fingerprint": fingerprint, "first": first},
    )


def mark_of(step: Step) -> Mark:
    """The mark that this step's commands carry to the router."""
    return Mark(str(step.change_id), str(step.step_id), step.epoch)
