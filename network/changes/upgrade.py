"""``network.upgrade``: another version of the routers' software, in waves, each router drained while it is worked on.

A wave goes: drain, run the play, look whether version, adjacencies, sessions and routes are there, undrain. None
loses two neighbours in one wave, so what is drained has a way round it. Undo is the play with the version before.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, text

from core.errors import InvalidInput
from network import store
from network.changes.briefing import Brief, brief_for, device_of, gather
from network.changes.entering import enter, let_go
from network.changes.planning import impact_of, read_running, refuse_silent, selected
from network.changes.push import settle_state, still_ours
from network.changes.telling import forget, watch_and_tell
from network.drain import DRAINED_BY, drained
from network.drivers.ansible import PLAYBOOKS, run_play
from network.drivers.frr.driver import FRRConfigDriver
from network.drivers.protocol import ConfigDriver
from network.errors import DeviceMisbehaves, DeviceStuck, NotOffered
from network.fleet import Access, fleet_of, snapshot
from network.intent import Intended, intended
from network.verify import baseline
from network.waves import waves_apart
from orchestrator.kinds import ChangeKind, Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Options, Target

__all__ = ["SoftwareUpgrade", "UpgradeIntent"]

_PLAY_SECONDS: Final = 240.0
_VERIFY_SECONDS: Final = 300.0
"""More than ConnectRetryTime (120 s, RFC 4271 section 10) twice: a session whose first try met a router still
restarting, and whose second was made before the way to it was told again (``telling``)."""
_MOVE_AWAY_SECONDS: Final = 2.0
"""Until neighbours have computed their ways round a drained router: a few SPF runs."""


class UpgradeIntent(BaseModel):
    """Which routers, which Debian version of FRR, and the play in ``playbooks/`` that brings them there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    select: str = Field(min_length=1, max_length=2000)
    version: str = Field(pattern=r"^[0-9][A-Za-z0-9.+:~-]{0,99}$")
    playbook: str = Field("frr_upgrade", pattern=r"^[a-z0-9_]{1,60}_upgrade$")


class SoftwareUpgrade(ChangeKind[UpgradeIntent]):
    """Upgrade routers in waves. The version that is installed already means: start the daemons anew."""

    name: ClassVar[str] = "network.upgrade"
    title: ClassVar[str] = "Upgrade router software"
    intent = UpgradeIntent
    call_seconds: ClassVar[float] = _VERIFY_SECONDS + 120.0

    def plan(self, intent: UpgradeIntent, world: World) -> Draft:
        """Which version each router has, and who its neighbours are.

        Raises:
            InvalidInput: there is no such playbook.
            NotOffered: a router is not upgraded by a play of ours.
            NotReady: a router cannot be read.
        """
        if not (PLAYBOOKS / f"{intent.playbook}.yml").is_file():
            known = ", ".join(sorted(path.stem for path in PLAYBOOKS.glob("*_upgrade.yml")))
            raise InvalidInput(
                f"There is no playbook {intent.playbook!r}.", hint=f"There is: {known}.", pointer="/intent/playbook"
            )
        return self._draft(world, dict.fromkeys(selected(world, intent.select), intent.version), intent.playbook)

    def plan_undo(self, done: Sequence[Step], world: World) -> Draft:
        """The same waves, to the versions that the routers had."""
        before = {
            device_of(step.target): str(step.record["prepare"]["version"]) for step in done if "prepare" in step.record
        }
        return self._draft(world, before, str(done[0].target.data["playbook"]) if done else "frr_upgrade")

    def waves(self, targets: Sequence[Target], options: Options) -> Sequence[Sequence[str]]:
        """Canary, share and rest, each cut so that no router loses two neighbours at once.

        Raises:
            InvalidInput: all at once is asked for.
        """
        if options.atomic:
            raise InvalidInput(
                "An upgrade goes in waves: all routers at once would leave no way round them.",
                hint="Leave 'atomic' out.",
                pointer="/options/atomic",
            )
        neighbours = {target.id: frozenset((target.name, *target.data["neighbours"])) for target in targets}
        return waves_apart(neighbours, options)

    def fingerprint(self, target: Target, around: Surroundings) -> str:
        """The running configuration's fingerprint."""
        with brief_for("lock", target, around).session(around) as driver:
            return driver.fingerprint()

    def gather(self, phase: str, targets: Sequence[Target], around: Surroundings) -> object:
        """How to reach the routers, and what should be seen of them."""
        return gather("verify", targets, around) if phase in ("prepare", "verify") else gather(phase, targets, around)

    def prepare(self, step: Step, around: Surroundings) -> Outcome:
        """Keep what runs, and see what is broken already. Nothing is altered."""
        brief = brief_for("verify", step.target, around)
        with brief.session(around) as driver:
            running, version = driver.running(), _frr(driver).package()
            broken = baseline(driver, brief.expectation.checks, running)
        with around.database.transaction("worker", around.scope) as tx:
            before = _kept(tx, around, brief.reach, running, step.change_id, "before")
        return Outcome(
            {"before": before, "version": version, "broken_before": broken}, f"FRR {version or 'of no package'} runs."
        )

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Drain, then run the play."""
        brief = brief_for("apply", step.target, around)
        before = _text_before(step, around, brief.reach)
        with brief.session(around) as driver:
            enter(driver, step, "drain", drained(before))
            expected = driver.fingerprint()
        time.sleep(_MOVE_AWAY_SECONDS)
        version = _play(step, around, brief, str(step.target.data["version"]))
        return Outcome({"version": version, "drained": expected}, f"FRR {version} is installed, its daemons are new.")

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Version, configuration, adjacencies, sessions and routes, while it is still drained."""
        brief, wanted = brief_for("verify", step.target, around), str(step.target.data["version"])
        name = brief.reach.name
        with brief.session(around, fresh=True) as driver:
            version, found = _frr(driver).package(), driver.fingerprint()
            if version != wanted:
                return Verdict("failed", (f"{name} has FRR {version}, not {wanted}",))
            if found != step.record["apply"]["drained"]:
                return Verdict("failed", (f"{name} does not run its configuration after the restart",))
            before, broken = _text_before(step, around, brief.reach), step.record["prepare"]["broken_before"]
            return watch_and_tell(driver, step, before, brief.expectation, broken, _VERIFY_SECONDS)

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Undrain; the inventory says which version runs."""
        brief = brief_for("confirm", step.target, around)
        with brief.session(around) as driver:
            return self._undrained(step, around, brief, driver, "undrain", str(step.target.data["version"]))

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """The version before, where it is another one or the daemons do not answer; then undrain."""
        before = step.record.get("prepare")
        if not before:
            return Outcome({}, "Nothing was done here.")
        brief = brief_for("undo", step.target, around)
        note = "The version was not altered."
        try:
            with brief.session(around, fresh=True) as driver:
                there = _frr(driver).package() == before["version"] and bool(driver.fingerprint())
        except DeviceMisbehaves:
            there = False
        if not there:
            note = f"The play brought FRR {_play(step, around, brief, str(before['version']))} back."
        with brief.session(around, fresh=True) as driver:
            for what in ("drain", "undrain"):
                let_go(driver, step, what)
            forget(driver, step)
            done = self._undrained(step, around, brief, driver, "back", str(before["version"]))
        return Outcome(done.data, f"{note} {done.note}")

    def inspect(self, step: Step, around: Surroundings) -> Verdict:
        """By version and configuration: old, new, or neither."""
        with brief_for("inspect", step.target, around).session(around) as driver:
            version, found = _frr(driver).package(), driver.fingerprint()
        if found != step.target.base:
            return Verdict("unknown", ("it is drained, or runs another text",), {"is": "other"})
        if version == (step.record.get("prepare") or {}).get("version", version):
            return Verdict("ok", (f"FRR {version} runs, undrained",), {"is": "old"})
        return Verdict("ok", (f"FRR {version} runs, undrained",), {"is": "new"})

    def _draft(self, world: World, versions: Mapping[UUID, str], playbook: str) -> Draft:
        devices = intended(world.tx, list(versions))
        foreign = sorted(one.name for one in devices.values() if one.platform != "frr")
        if foreign:
            raise NotOffered(f"No play of ours upgrades {', '.join(foreign)}.", devices=foreign)
        running = read_running(world, list(devices))
        refuse_silent(running)
        installed = _installed(world, list(running.values()))
        targets = []
        for key, one in sorted(devices.items(), key=lambda item: item[1].name):
            answer = running[key].value
            assert answer is not None, "silent routers were refused before"
            targets.append(_target(one, answer.fingerprint, installed[key], versions[key], playbook))
        names = sorted(set(versions.values()))
        return Draft(
            summary=f"FRR {', '.join(names)} on {len(targets)} router{'' if len(targets) == 1 else 's'}",
            targets=tuple(targets),
            impact=impact_of(
                world, list(devices), [f"{target.name} carries its own traffic only, meanwhile" for target in targets]
            ),
            facts={"verify_seconds": int(_PLAY_SECONDS + _VERIFY_SECONDS + 60)},
            undo_note="The play is run again with the version that each router had, in the same waves.",
        )

    def _undrained(
        self, step: Step, around: Surroundings, brief: Brief, driver: ConfigDriver, what: str, version: str
    ) -> Outcome:
        """The text before, saved; the inventory's word on what runs."""
        enter(driver, step, what, _text_before(step, around, brief.reach))
        running, fingerprint = snapshot(driver)
        if fingerprint != step.target.base:
            raise DeviceStuck(
                f"{brief.reach.name} does not run what it ran before it was drained.",
                device=brief.reach.name,
                expected=step.target.base,
                found=fingerprint,
            )
        with around.database.transaction("worker", around.scope) as tx:
            still_ours(tx, step)
            _kept(tx, around, brief.reach, running, step.change_id, "after")
            settle_state(tx, brief.reach, fingerprint)
            _say_version(tx, brief.reach, version)
        return Outcome({"fingerprint": fingerprint}, "Traffic goes through it again.")


def _play(step: Step, around: Surroundings, brief: Brief, version: str) -> str:
    """Run the play; the version that is installed afterwards."""
    target = fleet_of(around.database).target(around.scope, brief.reach, brief.secret)
    told = run_play(str(step.target.data["playbook"]), target, {"version": version}, seconds=_PLAY_SECONDS)
    return told.messages[-1] if told.messages else version


def _text_before(step: Step, around: Surroundings, reach: Access) -> str:
    with around.database.transaction("worker", around.scope) as tx:
        return store.raw(tx, fleet_of(around.database).keyring, reach.tenant_id, step.record["prepare"]["before"])


def _target(one: Intended, fingerprint: str, installed: str, version: str, playbook: str) -> Target:
    diff = f"-frr {installed}\n+frr {version}" if installed != version else f"~frr {version} is there: a restart"
    return Target(
        id=f"device:{one.device_id}",
        name=one.name,
        base=fingerprint,
        diff=f"{diff}\n drained meanwhile: {DRAINED_BY}",
        data={"version": version, "playbook": playbook, "neighbours": sorted(set(one.neighbours.values()))},
        facts={key: one.facts[key] for key in ("role", "site", "tenant", "platform")},
    )


def _installed(world: World, devices: Sequence[Any]) -> dict[UUID, str]:
    """Debian versions by device; empty where FRR did not come as a package."""
    reach = [one.access for one in devices]
    answers = fleet_of(world.surroundings().database).ask(world.scope, reach, lambda driver, _: _frr(driver).package())
    refuse_silent({answer.access.device_id: answer for answer in answers})
    return {answer.access.device_id: answer.value or "" for answer in answers}


def _frr(driver: object) -> FRRConfigDriver:
    if not isinstance(driver, FRRConfigDriver):
        raise NotOffered("Only FRR routers are upgraded by a play of ours.")
    return driver


def _say_version(tx: Connection, reach: Access, package: str) -> None:
    """What the inventory says runs there: FRR's own number, as the router tells it."""
    tx.execute(
        text("update device set software_version = :version where id = :id and software_version <> :version"),
        {"id": reach.device_id, "version": package.partition("-")[0]},
    )


def _kept(tx: Connection, around: Surroundings, reach: Access, running: str, change_id: UUID, source: str) -> str:
    return store.keep(
        tx,
        fleet_of(around.database).keyring,
        device_id=reach.device_id,
        tenant_id=reach.tenant_id,
        platform=reach.platform,
        configuration=running,
        source=source,
        change_id=change_id,
    )
