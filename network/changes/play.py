"""``network.play``: an Ansible play on routers, edge routers and servers.

Its plan is what ``--check --diff`` says of each host; its run is the play, host by host, under the run's epoch; it is
verified by a second check that would alter nothing. Undo puts back the files that it altered, byte for byte, from
what the host kept (``network.plays.keeper``), and has their services read them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from core.errors import Conflict
from network.changes.briefing import device_of
from network.changes.planning import impact_of, selected
from network.changes.play_checks import facts_of, must_be_playable, notes_of, states_of, target_of_play, undo_note_of
from network.errors import DeviceStuck, DeviceUnreachable, NetworkError, PlayFailed
from network.plays.catalogue import Play, play
from network.plays.hosts import hosts_for, target_of
from network.plays.keeper import Keeper
from network.plays.process import PlayHost, run
from network.plays.results import Heard, HostResult
from network.plays.variables import checked
from orchestrator.errors import StalePlan
from orchestrator.kinds import ChangeKind, Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Target, canonical_json, digest_of
from orchestrator.runs.telling import tell

__all__ = ["HostPlay", "PlayIntent"]

_SECONDS: Final = 300.0
_SECONDS_EACH: Final = 10
_RELOAD: Final = "reload"
"""The playbook that has services read their files again, beside a role's handlers."""


class PlayIntent(BaseModel):
    """Which play on which hosts, with which variables; secrets among them as ``{{ secret('NAME') }}``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    play: str = Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")
    select: str = Field(min_length=1, max_length=2000)
    variables: dict[str, Any] = Field(default_factory=dict, max_length=200)


@dataclass(frozen=True, slots=True)
class _Work:
    """What a target's data mean here and now."""

    play: Play
    host: PlayHost


class HostPlay(ChangeKind[PlayIntent]):
    """Run a play on hosts."""

    name: ClassVar[str] = "network.play"
    title: ClassVar[str] = "Run a play on hosts"
    intent = PlayIntent
    call_seconds: ClassVar[float] = _SECONDS + 30.0
    prepare_seconds: ClassVar[float] = 120.0

    def plan(self, intent: PlayIntent, world: World) -> Draft:
        """What the play would alter on each host; those where it would alter nothing are left out.

        Raises:
            InvalidInput: there is no such play, or a variable is not as it takes it.
            NotReady: a host cannot be reached or read, or the play would fail there.
            NotOffered: the play is not for one of the hosts.
        """
        chosen = play(intent.play)
        variables = checked(chosen, intent.variables)
        ids = selected(world, intent.select)
        hosts = hosts_for(world.tx, ids, chosen, variables)
        results = run(chosen.name, list(hosts.values()), check=True, seconds=_SECONDS + _SECONDS_EACH * len(hosts))
        must_be_playable(chosen, results)
        altered = {key: host for key, host in hosts.items() if results[host.name].alterations}
        states = states_of(altered, {host.name: results[host.name].paths for host in altered.values()})
        blob = canonical_json(variables)
        facts = facts_of(world, list(altered))
        targets = tuple(
            target_of_play(key, results[host.name], states[host.name], chosen, digest_of(blob), facts[key])
            for key, host in sorted(altered.items(), key=lambda item: item[1].name)
        )
        return Draft(
            summary=f"Run the play {chosen.name} on {len(targets)} host{'' if len(targets) == 1 else 's'}",
            targets=targets,
            blobs={digest_of(blob): blob} if targets else {},
            impact=impact_of(world, list(altered), notes_of(results, targets)),
            facts={
                "lines": sum(_count(target.diff) for target in targets),
                "verify_seconds": int(_SECONDS) + _SECONDS_EACH * len(targets),
                "timed": False,
            },
            undo_note=undo_note_of([results[host.name] for host in altered.values()]),
        )

    def plan_undo(self, done: Sequence[Step], world: World) -> Draft:
        """Each host's files as they were, where nobody altered them since.

        Raises:
            Conflict: somebody did; names host and files.
            NothingKept: a host keeps nothing of it any more.
        """
        steps = [step for step in reversed(done) if "confirm" in step.record or "apply" in step.record]
        hosts = hosts_for(world.tx, [device_of(step.target) for step in steps])
        targets = []
        for step in steps:
            change = str(step.change_id)
            with Keeper(target_of(hosts[device_of(step.target)])) as keeper:
                seen = keeper.look(change)
            _must_be_untouched(step.target.name, seen)
            if seen["now"] != seen["before"]:
                data = {key: step.target.data[key] for key in ("play", "digest", "handlers", "paths", "variables")}
                targets.append(
                    replace(
                        step.target, base=digest_of(canonical_json(seen["now"])), diff=_turned(step.target.diff),
                        data={**data, "put_back": change},
                    )
                )  # fmt: skip
        blobs = {str(one.data["variables"]): world.read_blob(str(one.data["variables"])) for one in targets}
        return Draft(
            summary=f"Put files back on {len(targets)} host{'' if len(targets) == 1 else 's'}",
            targets=tuple(targets),
            blobs=blobs,
            impact=impact_of(world, [device_of(target) for target in targets]),
            facts={"verify_seconds": int(_SECONDS) + _SECONDS_EACH * len(targets), "timed": False},
            undo_note="The files that were put back are replaced by what the play had written.",
        )

    def fingerprint(self, target: Target, around: Surroundings) -> str:
        """What stands at the files that the play alters; nothing, where the play itself is another one by now."""
        work = _of(target, around)
        if _is_another(work.play, target):
            return ""
        with Keeper(target_of(work.host)) as keeper:
            return digest_of(canonical_json(keeper.states(target.data["paths"])))

    def gather(self, phase: str, targets: Sequence[Target], around: Surroundings) -> object:
        """Every target's host, with passwords and variables, in a few statements."""
        del phase  # each needs the same
        return {target.id: work for target, work in zip(targets, _works(targets, around), strict=True)}

    def prepare(self, step: Step, around: Surroundings) -> Outcome:
        """The host keeps the files as they are."""
        host = _of(step.target, around).host
        with Keeper(target_of(host)) as keeper:
            before = keeper.keep(str(step.change_id), step.target.data["paths"])
        if digest_of(canonical_json(before)) != step.target.base:
            raise StalePlan(f"{host.name} is no longer as the plan saw it.", target=host.name)
        places = f"{len(before)} place{'' if len(before) == 1 else 's'}"
        return Outcome({"kept": len(before)}, f"The host keeps what stands at {places}.")

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """The play; or, of a Change that takes back, the files and their services."""
        work = _of(step.target, around)
        if "put_back" in step.target.data:
            return self._put_back(step, around, work, str(step.target.data["put_back"]))
        if _is_another(work.play, step.target):
            raise StalePlan(f"The play {work.play.name} is another one than was planned.", target=step.target.name)
        with Keeper(target_of(work.host)) as keeper:
            python, again = keeper.enter(str(step.change_id), step.epoch)
        host = replace(work.host, python=python)

        def heard(word: Heard) -> None:
            tell(around, step, "apply", word.status, word.task)

        done = run(work.play.name, [host], check=False, seconds=_SECONDS, heard=heard)[host.name]
        _must_have_gone(work.play, done)
        note = f"{len(done.alterations)} altered"
        if again:
            # A worker died in the middle: what it had altered calls no handler any more, so all of them are called.
            _reload(work.play, host, step.target.data["handlers"])
            note += ", and every service was told again, because the run was taken up again"
        altered = [one.task for one in done.alterations]
        return Outcome({"tasks": altered, "handlers": list(done.handlers), "again": again}, f"{note}.")

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """A second check, over a new connection, would alter nothing."""
        work = _of(step.target, around)
        try:
            if "put_back" in step.target.data:
                return _as_kept(work.host, str(step.target.data["put_back"]))
            found = run(work.play.name, [work.host], check=True, seconds=_SECONDS)[work.host.name]
        except (DeviceUnreachable, PlayFailed) as error:
            return Verdict("unknown", (error.message,))
        if found.status == "unreachable":
            return Verdict("unknown", (f"{found.name} cannot be reached: {found.why}",))
        if found.status == "failed":
            return Verdict("failed", (f"{found.name}: a second run would fail at {found.task!r}: {found.why}",))
        if found.alterations:
            tasks = ", ".join(dict.fromkeys(one.task for one in found.alterations))
            return Verdict("failed", (f"{found.name}: a second run would again alter: {tasks}",))
        return Verdict("ok", ("A second run would alter nothing.",))

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """The host remembers how it is now."""
        with Keeper(target_of(_of(step.target, around).host)) as keeper:
            after = keeper.settle(str(step.change_id))
        return Outcome({"after": digest_of(canonical_json(after))}, "It stays; the host keeps what was before.")

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """The files as they were kept, and their services told."""
        if "prepare" not in step.record:
            return Outcome({}, "Nothing was done here.")
        return self._put_back(step, around, _of(step.target, around), str(step.change_id))

    def inspect(self, step: Step, around: Surroundings) -> Verdict:
        """By what stands at its files: as kept before, as after, or neither."""
        with Keeper(target_of(_of(step.target, around).host)) as keeper:
            seen = keeper.look(str(step.change_id))
        if seen["now"] == seen["before"]:
            return Verdict("ok", ("the files are as they were",), {"is": "old"})
        if seen["now"] == seen["after"]:
            return Verdict("ok", ("the files are as the play wrote them",), {"is": "new"})
        return Verdict("unknown", ("some files are as they were, others not",), {"is": "other"})

    def _put_back(self, step: Step, around: Surroundings, work: _Work, change: str) -> Outcome:
        with Keeper(target_of(work.host)) as keeper:
            said = keeper.put_back(change, step.epoch)
        if said["left"]:
            raise DeviceStuck(
                f"{work.host.name} could not be put back: {', '.join(said['left'][:5])}.",
                device=work.host.name,
                hint="Look at the named files on the host.",
                unexpected=said["left"],
            )
        tell(around, step, "undo", "changed", f"{len(said['restored'])} put back")
        # Also when every file is as before: a worker may have died between the files and the services.
        _reload(work.play, replace(work.host, python=str(said["python"])), step.target.data["handlers"])
        return Outcome({"restored": said["restored"]}, f"{len(said['restored'])} files are as they were.")


def _must_be_untouched(name: str, seen: Mapping[str, Any]) -> None:
    after = seen["after"] or {}
    since = [path for path, now in seen["now"].items() if now not in (after.get(path, now), seen["before"][path])]
    if since:
        raise Conflict(
            f"Somebody altered {', '.join(since[:5])} on {name} since the play.",
            hint="Look at the named files; then run the play with the variables that you want.",
            device=name,
            files=since,
        )


def _turned(diff: str) -> str:
    """A difference the other way round."""
    sign = {"+": "-", "-": "+"}
    lines = []
    for line in diff.splitlines():
        place = line.split(" ") if line.startswith("@@ -") else []
        if len(place) == 4:
            line = f"@@ -{place[2][1:]} +{place[1][1:]} @@"  # noqa: PLW2901 - the same place, seen from the other side
        elif line[:1] in sign:
            line = sign[line[0]] + line[1:]  # noqa: PLW2901 - as above
        lines.append(line)
    return "".join(f"{line}\n" for line in lines)


def _count(diff: str) -> int:
    return sum(line[:1] in ("+", "-") for line in diff.splitlines())


# --------------------------------------------------------------------------------------------------------------- run
def _works(targets: Sequence[Target], around: Surroundings) -> list[_Work]:
    if not targets:
        return []
    data = targets[0].data
    chosen = play(str(data["play"]))
    variables = msgspec.json.decode(around.read_blob(str(data["variables"])))
    with around.database.transaction("worker", around.scope) as tx:
        hosts = hosts_for(tx, [device_of(target) for target in targets], chosen, variables)
    return [_Work(chosen, hosts[device_of(target)]) for target in targets]


def _work(target: Target, around: Surroundings) -> _Work:
    return _works([target], around)[0]


def _of(target: Target, around: Surroundings) -> _Work:
    known = around.gathered
    if isinstance(known, dict) and target.id in known:
        found = known[target.id]
        assert isinstance(found, _Work)
        return found
    return _work(target, around)


def _is_another(chosen: Play, target: Target) -> bool:
    """Whether its files differ from those that the plan was made with; to put files back, that is no matter."""
    return "put_back" not in target.data and chosen.digest != target.data["digest"]


def _must_have_gone(chosen: Play, done: HostResult) -> None:
    if done.status == "unreachable":
        raise DeviceUnreachable(f"{done.name} cannot be reached: {done.why}", device=done.name)
    if done.status != "ok":
        raise PlayFailed(
            f"The play {chosen.name} failed on {done.name} at {done.task!r}: {done.why}", device=done.name,
            task=done.task,
        )  # fmt: skip


def _reload(chosen: Play, host: PlayHost, handlers: Sequence[str]) -> None:
    if not handlers:
        return
    variables = {**host.variables, "irisplane_role": chosen.role, f"{chosen.role}_reload": list(handlers)}
    done = run(_RELOAD, [replace(host, variables=variables)], check=False, seconds=_SECONDS)[host.name]
    _must_have_gone(chosen, done)


def _as_kept(host: PlayHost, change: str) -> Verdict:
    try:
        with Keeper(target_of(host)) as keeper:
            seen = keeper.look(change)
    except DeviceUnreachable as error:
        return Verdict("unknown", (error.message,))
    except NetworkError as error:
        return Verdict("failed", (error.message,))
    other = [path for path, now in seen["now"].items() if now != seen["before"][path]]
    if other:
        return Verdict("failed", (f"{host.name}: {', '.join(other[:5])} is not as it was",))
    return Verdict("ok", ("Every file is as it was.",))
