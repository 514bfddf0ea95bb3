"""The kinds of Change about security groups: create, alter (rules as a set, and plain fields), delete."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Connection, text

from core.errors import InvalidInput
from core.ids import uuid7
from datacenter.hosting import lookup
from datacenter.hosting.changes import Thing, id_of_target, once, patient, watch
from datacenter.hosting.names import Description, Name, Ref
from datacenter.hosting.networks import groups
from datacenter.hosting.networks.errors import GoneForGood, NotReady, RuleRefused, StillUsed
from datacenter.hosting.networks.group_rows import (
    cloud_ids,
    groups_named,
    held_by,
    put_rules,
    rename_on_servers,
    rules_of_row,
    used_by,
)
from datacenter.hosting.networks.rules import (
    MOST_RULES,
    NAME_OF_GROUP,
    CloudRule,
    Rule,
    RuleIn,
    cloud_rules,
    difference,
    distinct,
)
from datacenter.hosting.standing import StandingKind, must_be, must_be_version, place_of
from orchestrator.kinds import Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Plan, Target, canonical_json, digest_of

__all__ = ["GroupAlter", "GroupAlteration", "GroupCreate", "GroupDelete", "GroupOrder", "GroupRef"]

_SECONDS: Final = 60
_SECONDS_OF_A_RULE: Final = 3
"""What one rule may take in the cloud, as a share of the timer: half a second and some patience."""

Rules = list[RuleIn]


class GroupOrder(BaseModel):
    """A security group that is ordered, with its rules."""

    model_config = ConfigDict(extra="forbid")

    project: Ref = "main"
    name: Name
    description: Description = ""
    rules: Rules = Field(default_factory=list, max_length=1000)


class GroupAlteration(BaseModel):
    """What of a group becomes otherwise; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    group: Ref
    version: int | None = None
    name: Name | None = None
    description: Description | None = None
    rules: Rules | None = Field(default=None, max_length=1000, description="All of them.")
    allow: Rules = Field(default_factory=list, max_length=1000, description="Rules that come to those there are.")
    deny: Rules = Field(default_factory=list, max_length=1000, description="Rules that go.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.rules is not None and (self.allow or self.deny):
            raise ValueError("give either all rules, or those that come and go")
        return self


class GroupRef(BaseModel):
    """A group that is there."""

    model_config = ConfigDict(extra="forbid")

    group: Ref
    version: int | None = None


class _GroupKind(StandingKind[Any]):
    """What all of them share."""

    noun = "security-group"
    table = "security_group"

    def wanted(self, step: Step, around: Surroundings, rules: list[Rule]) -> frozenset[CloudRule]:
        """The rules as the cloud shall have them.

        Raises:
            NotReady: a rule names a group that does not stand in the cloud.
        """
        named: dict[str, str] = dict(step.target.data["groups"])
        with around.database.transaction("worker", around.scope) as tx:
            known = cloud_ids(tx, named)
        own = str(id_of_target(step.target))
        for name, ours in named.items():
            if known[name] is None and ours == own:
                known[name] = str(step.record.get("apply", {}).get("cloud_id") or "") or None
            if known[name] is None:
                raise NotReady(f"The security group {name}, which a rule names, does not stand in the cloud yet.")
        return cloud_rules(rules, {name: str(one) for name, one in known.items()})

    def compare(self, step: Step, around: Surroundings) -> Verdict:
        """Whether the cloud has exactly the planned rules."""
        rules = _rules_in(step.target)
        cloud = self.cloud(step, around)

        def look() -> Any:
            found = groups.find(cloud, id_of_target(step.target))
            if found is None:
                return "failed", f"The cloud has no security group {step.target.name}."
            there = groups.shown_rules(found.security_group_rules).keys()
            wanted = self.wanted(step, around, rules)
            if there == wanted:
                return "ok", f"{len(rules)} rules, as planned"
            return "wait", f"{len(wanted - there)} rules are missing and {len(there - wanted)} too many"

        return watch(look, seconds=self.watch_seconds(step))


class GroupCreate(_GroupKind):
    """A new group with its rules."""

    name = "hosting.security_group.create"
    title = "Create a security group"
    intent = GroupOrder

    def plan(self, intent: GroupOrder, world: World) -> Draft:
        """Names in the rules are looked up in the project."""
        project = lookup.open_project(world.tx, world.scope, intent.project)
        _may_be_called(intent.name)
        rules = distinct(intent.rules)
        group = uuid7()
        named = groups_named(world.tx, project.id, rules, (intent.name, group))
        data = {
            **place_of(project), "tenant_id": str(project.tenant_id), "name": intent.name,
            "description": intent.description, "rules": [rule.as_dict() for rule in rules], "groups": named,
        }  # fmt: skip
        return self.draft(
            f"Create the security group {intent.name} with {len(rules)} rules in {project.code}",
            Thing(group, intent.name, difference((), rules), data, {"tenant": project.tenant_code}),
            facts={**_patience(len(rules)), "takes": {"security_groups": 1}},
            undo_note="Deletes the group, once no server has it.",
        )

    def take(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:
        """The row with its rules."""
        target = plan.targets[0]
        tx.execute(
            text(
                "insert into security_group (id, tenant_id, project_id, name, description, order_id)"
                " values (:id, :tenant_id, :project_id, :name, :description, :order)"
            ),
            {**target.data, "id": id_of_target(target), "order": change_id},
        )
        put_rules(tx, id_of_target(target), _rules_in(target), dict(target.data["groups"]))

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Found by its tag or made; then its rules."""
        cloud, data = self.cloud(step, around), step.target.data
        own = id_of_target(step.target)
        found = once(
            lambda: groups.find(cloud, own),
            lambda: groups.make(cloud, own, str(data["name"])),
            seconds=self.apply_seconds(step),
        )
        made = str(found.id)
        with_id = replace(step, record={**step.record, "apply": {"cloud_id": made}})
        wanted = self.wanted(with_id, around, _rules_in(step.target))
        done = patient(lambda: groups.converge(cloud, made, wanted), seconds=self.apply_seconds(step))
        return Outcome({"cloud_id": made}, f"{done.added} rules came, {done.removed} went")

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """The cloud has it with these rules."""
        return self.compare(step, around)

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """It stands."""
        self.write(step, around, "security-group.created", status="active", cloud_id=step.record["apply"]["cloud_id"])
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Gone from the cloud and from here."""
        removed = groups.remove(self.cloud(step, around), id_of_target(step.target), step.target.name)
        self.let_go(step, around, "security-group.deleted")
        return Outcome({}, "deleted again" if removed else "nothing was made")


class GroupAlter(_GroupKind):
    """Other rules, another name or description."""

    name = "hosting.security_group.alter"
    title = "Alter a security group"
    intent = GroupAlteration

    def plan(self, intent: GroupAlteration, world: World) -> Draft:
        """The difference of the rules is what people read."""
        row = lookup.find(world.tx, self.table, intent.group, pointer="/group")
        must_be_version(row, intent.version)
        must_be(row, "security group", "active")
        before = rules_of_row(world.tx, row.id)
        name, description = (
            intent.name or row.name,
            row.description if intent.description is None else intent.description,
        )
        if name != row.name:
            _may_be_called(name)
        rules = _altered(before, intent)
        if name != row.name:  # rules that name the group itself go on doing so
            old, new = f"{NAME_OF_GROUP}{row.name}", f"{NAME_OF_GROUP}{name}"
            rules = tuple(sorted(replace(rule, remote=new) if rule.remote == old else rule for rule in rules))
        named = groups_named(world.tx, row.project_id, rules, (name, row.id))
        lines = [difference(before, rules)]
        lines += [f"- name {row.name}\n+ name {name}"] if name != row.name else []
        lines += [f"- {row.description}\n+ {description}"] if description != row.description else []
        diff = "\n".join(filter(None, lines))
        if not diff and row.findings:
            diff = "= as ordered, which the cloud is not"
        if not diff:
            return Draft(summary=f"The security group {name} is so already")
        data = {
            "project_id": str(row.project_id), "project": row.project_code, "name": name, "description": description,
            "rules": [rule.as_dict() for rule in rules], "groups": named, "cloud_id": row.cloud_id,
            "before": {
                "name": row.name, "description": row.description, "rules": [rule.as_dict() for rule in before],
                "groups": groups_named(world.tx, row.project_id, before, (row.name, row.id)),
            },
        }  # fmt: skip
        thing = Thing(row.id, name, diff, data, {"tenant": row.tenant_code})
        draft = self.draft(
            f"Alter the security group {name}",
            thing,
            facts=_patience(len(set(before) ^ set(rules))),
            undo_note="Brings the rules back that were there.",
        )
        return replace(
            draft, targets=(replace(draft.targets[0], base=_fingerprint(row.name, row.description, before)),)
        )

    def take(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:  # noqa: ARG002 - the base's signature
        """Another name is taken only if it is free; tried, and written when it is done."""
        target = plan.targets[0]
        if target.data["name"] != target.data["before"]["name"]:
            tried = tx.begin_nested()
            try:
                tx.execute(
                    text("update security_group set name = :name where id = :id"),
                    {"name": target.data["name"], "id": id_of_target(target)},
                )
            finally:
                tried.rollback()

    def fingerprint(self, target: Target, around: Surroundings) -> str:
        """Of what the group is here, now."""
        with around.database.transaction("worker", around.scope) as tx:
            row = lookup.find(tx, self.table, id_of_target(target))
            return _fingerprint(row.name, row.description, rules_of_row(tx, row.id))

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Bring the rules in the cloud to what was planned."""
        return self._bring(step, around, step.target.data)

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """The cloud has these rules."""
        return self.compare(step, around)

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Our rows say the same."""
        self._keep(step, around, step.target.data)
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """As before, in the cloud and here."""
        before = {**step.target.data, **step.target.data["before"]}
        done = self._bring(step, around, before)
        self._keep(step, around, before)
        return Outcome({}, f"as before: {done.note}")

    def _bring(self, step: Step, around: Surroundings, data: Any) -> Outcome:
        target = replace(step.target, data={**step.target.data, **data})
        as_planned = replace(step, target=target)
        cloud = self.cloud(step, around)
        wanted = self.wanted(as_planned, around, _rules_in(target))
        group = str(data["cloud_id"])
        done = patient(lambda: groups.converge(cloud, group, wanted), seconds=self.apply_seconds(step))
        patient(lambda: groups.rename(cloud, group, str(data["name"])), seconds=self.apply_seconds(step))
        return Outcome({"cloud_id": group}, f"{done.added} rules came, {done.removed} went")

    def _keep(self, step: Step, around: Surroundings, data: Any) -> None:
        rules = [Rule.of(RuleIn.model_validate(one)) for one in data["rules"]]
        with around.database.transaction("worker", around.scope) as tx:
            rename_on_servers(tx, id_of_target(step.target), str(data["name"]))
            self.write_in(
                tx, step, "security-group.altered", name=data["name"], description=data["description"],
                status="active", findings="[]",
            )  # fmt: skip
            put_rules(tx, id_of_target(step.target), rules, dict(data["groups"]))


class GroupDelete(_GroupKind):
    """A group that nothing has any more."""

    name = "hosting.security_group.delete"
    title = "Delete a security group"
    intent = GroupRef
    verify_seconds: ClassVar[int] = _SECONDS

    def plan(self, intent: GroupRef, world: World) -> Draft:
        """Refused while rules of other groups name it."""
        row = lookup.find(world.tx, self.table, intent.group, pointer="/group")
        must_be_version(row, intent.version)
        must_be(row, "security group", "active", "error", "vanished")
        others = used_by(world.tx, row.id)
        if others:
            raise StillUsed(f"Rules of {', '.join(others)} name the security group {row.name}.", groups=others)
        servers = held_by(world.tx, row.project_id, row.name)
        if servers:
            raise StillUsed(
                f"The security group {row.name} is on {', '.join(servers)}.", servers=servers,
                hint="Take it from them first: 'irisplane server remove-security-group'.",
            )  # fmt: skip
        data = {"project_id": str(row.project_id), "project": row.project_code}
        rules = rules_of_row(world.tx, row.id)
        return self.draft(
            f"Delete the security group {row.name}",
            Thing(row.id, row.name, difference(rules, ()), data, {"tenant": row.tenant_code}),
        )

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Deleted, or gone already."""
        cloud, own = self.cloud(step, around), id_of_target(step.target)
        removed = patient(lambda: groups.remove(cloud, own, step.target.name), seconds=self.apply_seconds(step))
        return Outcome({"removed": removed})

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """The cloud has it no more."""
        cloud, own = self.cloud(step, around), id_of_target(step.target)
        return watch(
            lambda: ("ok", "gone") if groups.find(cloud, own) is None else ("wait", "it is still there"),
            seconds=self.watch_seconds(step),
        )

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Gone here, too."""
        self.let_go(step, around, "security-group.deleted")
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Only while the cloud still has it is there nothing to take back."""
        if groups.find(self.cloud(step, around), id_of_target(step.target)) is None:
            raise GoneForGood(f"The security group {step.target.name} was deleted.")
        return Outcome({}, "it was not deleted")


def _altered(before: tuple[Rule, ...], intent: GroupAlteration) -> tuple[Rule, ...]:
    """The rules as they shall be.

    Raises:
        RuleRefused: a rule that shall go is not there, or there are too many.
    """
    if intent.rules is not None:
        return distinct(intent.rules)
    come, go = set(distinct(intent.allow)), set(distinct(intent.deny))
    missing = sorted(go - set(before))
    if missing:
        raise RuleRefused(f"The group has no rule '{missing[0]}' that could go.", pointer="/deny")
    after = tuple(sorted((set(before) - go) | come))
    if len(after) > MOST_RULES:
        raise RuleRefused(f"{len(after)} rules are more than the {MOST_RULES} a group can have.", pointer="/allow")
    return after


def _may_be_called(name: str) -> None:
    if name in groups.RESERVED:
        raise InvalidInput(
            f"Every project has a security group {name!r} of its own.", hint="Choose another name.", pointer="/name"
        )


def _patience(rules: int) -> dict[str, int]:
    return {"verify_seconds": _SECONDS + _SECONDS_OF_A_RULE * rules}


def _rules_in(target: Target) -> list[Rule]:
    return [Rule.of(RuleIn.model_validate(one)) for one in target.data["rules"]]


def _fingerprint(name: str, description: str, rules: tuple[Rule, ...]) -> str:
    return digest_of(canonical_json([name, description, [rule.as_dict() for rule in rules]]))
