"""What does a play's check say of each host, as parts of a plan?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from network.errors import NotOffered, NotReady
from network.plays.catalogue import Play
from network.plays.hosts import target_of
from network.plays.keeper import Keeper
from network.plays.process import PlayHost
from network.plays.results import HostResult
from orchestrator.kinds import World
from orchestrator.plan import Target, canonical_json, digest_of

__all__ = ["facts_of", "must_be_playable", "notes_of", "states_of", "target_of_play", "undo_note_of"]


def must_be_playable(chosen: Play, results: Mapping[str, HostResult]) -> None:
    """Raises ``NotReady`` where the play could not run now, ``NotOffered`` where it is for other hosts."""
    away = [one for one in results.values() if one.status == "unreachable"]
    if away:
        told = "; ".join(f"{one.name}: {one.why}" for one in away[:5])
        raise NotReady(
            f"{len(away)} of {len(results)} hosts cannot be reached; what the play would do there is unknown: {told}",
            devices=[one.name for one in away],
        )
    foreign = sorted(one.name for one in results.values() if one.status == "not for it")
    if foreign:
        raise NotOffered(
            f"The play {chosen.name} is not for {', '.join(foreign)}: it is for hosts of {chosen.hosts}.",
            hint="Select hosts of these groups; 'irisplane inventory ansible --list' names them.",
            devices=foreign,
        )
    broken = [one for one in results.values() if one.status == "failed"]
    if broken:
        told = "; ".join(f"{one.name} at {one.task!r}: {one.why}" for one in broken[:5])
        raise NotReady(
            f"On {len(broken)} of {len(results)} hosts the play would fail: {told}",
            hint="Correct the named variable, or leave these hosts out of the selection.",
            devices=[one.name for one in broken],
        )


def states_of(hosts: Mapping[UUID, PlayHost], paths: Mapping[str, Sequence[str]]) -> dict[str, Mapping[str, Any]]:
    """What stands at the paths that the play alters on each host."""

    def look(host: PlayHost) -> Mapping[str, Any]:
        own = set(paths[host.name])
        above = {str(parent) for path in own for parent in PurePosixPath(path).parents} - own
        with Keeper(target_of(host)) as keeper:
            seen = keeper.states(sorted(own | above))
        # Of the folders above, only those that are not there: the play makes them on its way.
        return {path: one for path, one in seen.items() if path in own or one["kind"] == "absent"}

    if not hosts:
        return {}
    with ThreadPoolExecutor(min(24, len(hosts)), thread_name_prefix="keeper") as pool:
        return dict(zip([host.name for host in hosts.values()], pool.map(look, hosts.values()), strict=True))


def target_of_play(
    key: UUID, result: HostResult, states: Mapping[str, Any], chosen: Play, variables: str, facts: Mapping[str, Any]
) -> Target:
    """A host of the plan; its base is what stands at the paths now."""
    return Target(
        id=f"device:{key}",
        name=result.name,
        base=digest_of(canonical_json(states)),
        diff=result.diff,
        data={
            "play": chosen.name, "digest": chosen.digest, "variables": variables, "paths": sorted(states),
            "handlers": list(result.handlers),
        },
        facts=facts,
    )  # fmt: skip


def facts_of(world: World, ids: Sequence[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """What policy and people see of each host."""
    rows = world.tx.exec_driver_sql(
        "select d.id, d.role, s.code as site, t.code as tenant, d.platform from device d"
        " join site s on s.id = d.site_id join tenant t on t.id = d.tenant_id where d.id = any(%s)",
        (list(ids),),
    ).mappings()
    return {row["id"]: {name: row[name] for name in ("role", "site", "tenant", "platform")} for row in rows}


def notes_of(results: Mapping[str, HostResult], targets: Sequence[Target]) -> list[str]:
    """What happens afterwards, and on which hosts nothing is to be done."""
    handlers = sorted({str(name) for target in targets for name in target.data["handlers"]})
    same = sorted(one.name for one in results.values() if not one.alterations)
    notes = [f"Afterwards: {', '.join(handlers)}"] if handlers else []
    if targets and same:
        notes.append(f"Already so: {', '.join(same)}")
    return notes


def undo_note_of(results: Sequence[HostResult]) -> str:
    """What an undo would put back, and what stays."""
    lasting = sorted({task for result in results for task in result.lasting})
    if lasting:
        return (
            "The files that the play alters are put back as they were, and their services read them again. What"
            f" stands in no file stays: {', '.join(lasting)}."
        )
    return "The files that the play alters are put back as they were, and their services read them again."
