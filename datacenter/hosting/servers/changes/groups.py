"""Which security groups a server is in: set as a whole, one added, one taken away; of all its ports at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import Connection

from datacenter.hosting import projects
from datacenter.hosting.changes import id_of_target, patient, watch
from datacenter.hosting.networks import server_ports
from datacenter.hosting.networks.group_rows import lets_members_in, rules_of_groups
from datacenter.hosting.networks.groups import BASE, ensure_base
from datacenter.hosting.networks.rules import Rule, difference
from datacenter.hosting.servers.changes.base import ServerIntent, ServerVerb, State, Verb
from datacenter.hosting.servers.errors import WrongStatus
from datacenter.hosting.servers.ordering import ChosenGroup, chosen_group
from datacenter.hosting.servers.queries import ServerRow, read
from orchestrator.kinds import Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Target, canonical_json, digest_of

__all__ = ["GroupIntent", "GroupsIntent", "ServerAddGroup", "ServerRemoveGroup", "ServerSetGroups"]

_STANDING: Final = frozenset({"active", "stopped", "paused", "suspended", "resized", "error"})
Named = Annotated[str, Field(max_length=100)]


class GroupsIntent(ServerIntent):
    """All that it shall be in; none: ``base``."""

    security_groups: Annotated[list[Named], Field(max_length=10)]


class GroupIntent(ServerIntent):
    """One, by name or id."""

    security_group: Named


class _Groups(ServerVerb[Verb], ABC):
    """What the three have in common; each says which groups it shall be."""

    doing = "Set the security groups of"
    allowed = _STANDING

    @abstractmethod
    def wanted(self, intent: Verb, row: ServerRow, tx: Connection) -> Sequence[ChosenGroup]:
        """The groups afterwards; those that the server keeps by name alone."""

    def draft_for(self, intent: Verb, row: ServerRow, world: World) -> Draft:
        """Which groups come and go, and what that opens and closes."""
        chosen = self.wanted(intent, row, world.tx) or [ChosenGroup(BASE)]
        names = sorted({one.name for one in chosen})
        if names == row.security_groups:
            return Draft(summary=f"{row.name} is in {_said(names)} already")
        ids = {one.name: one.cloud_id for one in chosen}
        draft = self.drafted(
            row, f"{row.name} is in {_said(names)}", _diff(world.tx, row, names),
            {"groups": [{"name": name, "cloud_id": ids[name]} for name in names]},
            undo_note="Every port gets the groups back that it had.",
        )  # fmt: skip
        return replace(draft, targets=(replace(draft.targets[0], base=_fingerprint(row.security_groups)),))

    def fingerprint(self, target: Target, around: Surroundings) -> str:
        """Of the groups that it is in now, as far as was seen."""
        with around.database.transaction("worker", around.scope) as tx:
            return _fingerprint(read(tx, id_of_target(target)).security_groups)

    def prepare(self, step: Step, around: Surroundings) -> Outcome:
        """The groups are there, and what each port has now is written down."""
        cloud = self._cloud(step, around)

        def look() -> Outcome:
            before = server_ports.groups_by_port(cloud, self.cloud_id(step))
            return Outcome({"groups": sorted(self._ids(step, cloud)), "before": before})

        return patient(look, seconds=self.prepare_seconds / 2)

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Every port gets them."""
        return self._let_have(step, around, {}, step.record["prepare"]["groups"])

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Until every port has them."""
        cloud, groups = self._cloud(step, around), step.record["prepare"]["groups"]

        def look() -> State:
            there = server_ports.groups_by_port(cloud, self.cloud_id(step))
            other = [port for port, has in there.items() if has != groups]
            return ("wait", f"{len(other)} of its ports have others") if other else ("ok", f"on {len(there)} ports")

        return watch(look, seconds=self.watch_seconds(step))

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Every port as it was; one that came since gets what the others had together."""
        if "began" not in step.record or "apply" not in step.record["began"]:
            return Outcome({}, "It stayed in its groups.")
        before: dict[str, list[str]] = step.record["prepare"]["before"]
        done = self._let_have(step, around, before, sorted({one for groups in before.values() for one in groups}))
        self.follow(step, around)
        return Outcome({}, f"as before: {done.note}")

    def _let_have(
        self, step: Step, around: Surroundings, known: Mapping[str, Sequence[str]], other: Sequence[str]
    ) -> Outcome:
        cloud = self._cloud(step, around)

        def bring() -> Outcome:
            there = server_ports.groups_by_port(cloud, self.cloud_id(step))
            altered = server_ports.let_have(cloud, {port: known.get(port, other) for port in there})
            return Outcome({"ports": sorted(there)}, f"{altered} of {len(there)} ports altered")

        return patient(bring, seconds=self.apply_seconds(step))

    @staticmethod
    def _cloud(step: Step, around: Surroundings) -> Any:
        return projects.of(around.database, UUID(step.target.data["project_id"]))

    @staticmethod
    def _ids(step: Step, cloud: Any) -> Iterable[str]:
        for one in step.target.data["groups"]:
            if one["cloud_id"] is not None:
                yield one["cloud_id"]
            else:
                yield ensure_base(cloud) if one["name"] == BASE else server_ports.group_named(cloud, one["name"])


class ServerSetGroups(_Groups[GroupsIntent]):
    """Let a server be in exactly these security groups."""

    name = "hosting.server.set-security-groups"
    title = "Set a server's security groups"
    intent = GroupsIntent

    def wanted(self, intent: GroupsIntent, row: ServerRow, tx: Connection) -> Sequence[ChosenGroup]:
        """What is named."""
        return [
            chosen_group(tx, row.project_id, name, pointer=f"/security_groups/{place}")
            for place, name in enumerate(intent.security_groups)
        ]


class ServerAddGroup(_Groups[GroupIntent]):
    """Put a server into one more security group."""

    name = "hosting.server.add-security-group"
    title = "Add a security group to a server"
    intent = GroupIntent

    def wanted(self, intent: GroupIntent, row: ServerRow, tx: Connection) -> Sequence[ChosenGroup]:
        """What it has, and this one."""
        more = chosen_group(tx, row.project_id, intent.security_group, pointer="/security_group")
        return [more, *_kept(tx, row, without=more.name)]


class ServerRemoveGroup(_Groups[GroupIntent]):
    """Take a server out of a security group; of the last one into ``base``."""

    name = "hosting.server.remove-security-group"
    title = "Take a security group from a server"
    intent = GroupIntent

    def wanted(self, intent: GroupIntent, row: ServerRow, tx: Connection) -> Sequence[ChosenGroup]:
        """What it has, without this one; that one may be unknown here, as long as the server has it."""
        name = intent.security_group
        if name not in (row.security_groups or ()):
            name = chosen_group(tx, row.project_id, name, pointer="/security_group").name
        return _kept(tx, row, without=name)


def _kept(tx: Connection, row: ServerRow, *, without: str) -> list[ChosenGroup]:
    """The groups that the server goes on having; of one that is not ours only the name is known."""
    if row.security_groups is None:
        raise WrongStatus(f"The security groups of {row.name} were not seen in the cloud yet.", status=row.status)
    ours = rules_of_groups(tx, row.project_id, row.security_groups).keys() - {BASE}
    return [
        chosen_group(tx, row.project_id, name, pointer="/security_group") if name in ours else ChosenGroup(name)
        for name in row.security_groups
        if name != without
    ]


def _diff(tx: Connection, row: ServerRow, after: Sequence[str]) -> str:
    """Groups that come and go, the rules that open and close with them, and who lets its members in."""
    before = row.security_groups or []
    rules = rules_of_groups(tx, row.project_id, sorted({*before, *after}))
    lines = [*(f"- group {name}" for name in before if name not in after)]
    lines += [f"+ group {name}" for name in after if name not in before]
    lines.append(difference(_rules(rules, before), _rules(rules, after)))
    let = {name: lets_members_in(tx, row.project_id, names) for name, names in (("-", before), ("+", after))}
    lines += [f"- {group} no longer lets it through: {rule}" for group, rule in sorted(let["-"] - let["+"])]
    lines += [f"+ {group} lets it through: {rule}" for group, rule in sorted(let["+"] - let["-"])]
    strange = sorted({*before, *after} - rules.keys())
    lines += [f"? {name}: its rules are kept in the cloud alone" for name in strange]
    if row.security_groups is None:
        lines.append("? the groups that it is in now were not seen yet")
    return "\n".join(line for line in lines if line)


def _rules(rules: Mapping[str, Sequence[Rule]], names: Iterable[str]) -> set[Rule]:
    return {rule for name in names for rule in rules.get(name, ())}


def _said(names: Sequence[str]) -> str:
    return f"the security group{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _fingerprint(names: Sequence[str] | None) -> str:
    return digest_of(canonical_json(names))
