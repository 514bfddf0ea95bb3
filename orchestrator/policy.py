"""May this person do this, and whose approval is needed? Cedar rules, read from ``policies/*.cedar``.

Two questions, one engine. ``may`` asks for a person at the door. ``missing`` asks for the run itself, with the
approvals that are there: each rule that still forbids names in its ``@approval`` annotation the role whose approval
would lift it. ``gate`` asks that again in the database at the moment of running, so what is denied or cancelled cannot
run.

Cedar leaves a rule out when it cannot be evaluated; here such a rule denies: a slip in a ``forbid`` must not open a
door.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

import cedarpy
import msgspec
from sqlalchemy import Connection, text

from core.errors import Denied
from core.roles import ROLES
from orchestrator.errors import BrokenRule, ChangeNotFound
from orchestrator.plan import ApprovalNeed, JsonObject
from orchestrator.states import State

__all__ = ["RULES", "ChangeFacts", "Decision", "Person", "Policy", "Requester", "frozen_facts", "gate", "policy"]

RULES: Final = Path(__file__).with_name("policies")
"""The rules that come with Irisplane."""

_LOOK_AGAIN_SECONDS: Final = 2.0


class Person(Protocol):
    """Who asks: what rules look at in a ``core.identity.Principal``."""

    @property
    def id(self) -> UUID: ...
    @property
    def handle(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def tenant_id(self) -> UUID: ...
    @property
    def roles(self) -> Collection[str]: ...
    @property
    def staff(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Requester:
    """The schema's ``User``: who asks at the door, and later who asked, as frozen into the plan."""

    id: str
    kind: str
    roles: tuple[str, ...]
    staff: bool
    tenant: str
    active: bool = True

    @classmethod
    def of(cls, person: Person) -> Requester:
        """The person as rules see them."""
        return cls(str(person.id), person.kind, tuple(sorted(person.roles)), person.staff, str(person.tenant_id))

    def attributes(self) -> dict[str, Any]:
        """As Cedar's JSON wants it."""
        return {
            "id": self.id, "kind": self.kind, "roles": list(self.roles), "staff": self.staff, "tenant": self.tenant,
            "active": self.active,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """What rules may look at in a Change; frozen into its plan (``facts.policy``), so the hash covers it."""

    kind: str
    tenant: str
    requester: str
    targets: int = 0
    roles: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    lines: int = 0
    emergency: bool = False
    recent_undo: bool = False
    standing: str = ""
    bounded: bool = False
    vcpus: int = 0
    money: int = 0
    data_class: str = ""

    @property
    def family(self) -> str:
        """The first word of the kind: ``network`` of ``network.config``."""
        return self.kind.partition(".")[0]

    def attributes(self) -> dict[str, Any]:
        """As the schema's ``Change``."""
        return {
            "kind": self.kind,
            "family": self.family,
            "tenant": self.tenant,
            "requester": self.requester,
            "targets": self.targets,
            "roles": list(self.roles),
            "sites": list(self.sites),
            "tenants": list(self.tenants),
            "tables": list(self.tables),
            "lines": self.lines,
            "emergency": self.emergency,
            "recent_undo": self.recent_undo,
            "standing": self.standing,
            "bounded": self.bounded,
            "vcpus": self.vcpus,
            "money": self.money,
            "data_class": self.data_class,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer, with the rules that gave it.

    Attributes:
        rules: ``@id`` of the deciding rules; none when no rule permits.
        texts: their ``@text``.
        needs: approvals that would lift what forbids, in the order of the rules.
        final: a rule forbids that no approval can lift.
    """

    allowed: bool
    rules: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    needs: tuple[ApprovalNeed, ...] = ()
    final: bool = False


class Policy:
    """The rules of some folders, parsed once.

    Args:
        folders: each ``*.cedar`` in them counts, in the order of folder and name; a folder may be absent.
    Raises:
        BrokenRule: a file does not parse, a rule has no ``@id`` or one that another has, or an approval names no role.
    """

    def __init__(self, *folders: Path) -> None:
        files = [path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.cedar"))]
        texts = {path: path.read_text(encoding="utf-8") for path in files}
        for path, rules in texts.items():
            try:
                cedarpy.PolicySet.from_str(rules)
            except ValueError as error:
                raise BrokenRule(f"{path.name}: {error}", file=str(path)) from error
        self.source = "\n".join(texts.values())
        self._set = cedarpy.PolicySet.from_str(self.source)
        self._annotations: dict[str, Mapping[str, str | None]] = {
            key: dict(rule.annotations) for key, rule in self._set.to_pst().static_policies.items()
        }
        self._check()

    def _check(self) -> None:
        seen: set[str] = set()
        for rule in self._annotations.values():
            name = rule.get("id")
            if not name or name in seen:
                raise BrokenRule(f"Every rule has an @id of its own; found {name!r}.", rule=name)
            seen.add(name)
            role = rule.get("approval")
            if role is not None and role not in ROLES:
                raise BrokenRule(f"The rule {name!r} asks for the approval of {role!r}, which is no role.", rule=name)

    def may(
        self, person: Person, action: str, resource: ChangeFacts | Mapping[str, str], **context: object
    ) -> Decision:
        """Whether a person may do something to a Change, or to another thing.

        Args:
            resource: facts of a Change, or ``{"kind": "token", "tenant": "…", "owner": "…"}``.
            context: what the schema lists for the action.
        """
        who = Requester.of(person)
        if isinstance(resource, ChangeFacts):
            return self._decide(who, action, "Change", resource.attributes(), context)
        return self._decide(who, action, "Thing", {"kind": "", "tenant": "", "owner": "", **resource}, context)

    def require(
        self, person: Person, action: str, resource: ChangeFacts | Mapping[str, str], **context: object
    ) -> None:
        """``may``, or an error.

        Raises:
            Denied: names the rule that forbids, or that no rule permits.
        """
        decision = self.may(person, action, resource, **context)
        if not decision.allowed:
            kind = resource.kind if isinstance(resource, ChangeFacts) else resource.get("kind", "")
            why = " ".join(decision.texts) or f"No rule lets {', '.join(sorted(person.roles)) or 'nobody'} do that."
            raise Denied(
                f"{person.handle} may not {action} this {kind}: {why}", rules=list(decision.rules), action=action
            )

    def missing(
        self,
        requester: Requester,
        facts: ChangeFacts,
        approvals: Mapping[str, int] | None = None,
        *,
        action: str = "run",
    ) -> Decision:
        """Whether a Change may run with these approvals, and which are missing.

        Args:
            approvals: persons who approved, by role.
            action: ``run``, or ``settle`` for the second look at an emergency.
        """
        counts = {**dict.fromkeys(ROLES, 0), **(approvals or {})}
        return self._decide(requester, action, "Change", facts.attributes(), {"approvals": counts})

    def approvals_needed(self, facts: ChangeFacts, person: Person) -> tuple[ApprovalNeed, ...]:
        """Every approval that policy asks for when nobody has approved yet; after-the-fact ones are marked so."""
        who = Requester.of(person)
        before = self.missing(who, facts).needs
        after = self.missing(who, facts, action="settle").needs
        return (*before, *(ApprovalNeed(need.role, need.rule, need.text, "after") for need in after))

    def _decide(
        self, who: Requester, action: str, sort: str, attributes: JsonObject, context: Mapping[str, object]
    ) -> Decision:
        principal = {"type": "User", "id": who.id}
        resource = {"type": sort, "id": "it"}
        result = cedarpy.is_authorized(
            {
                "principal": principal,
                "action": {"type": "Action", "id": action},
                "resource": resource,
                "context": dict(context),
            },
            self._set,
            [
                {"uid": principal, "attrs": who.attributes(), "parents": []},
                {"uid": resource, "attrs": dict(attributes), "parents": []},
            ],
        )
        if result.diagnostics.errors:
            return Decision(
                allowed=False, rules=("broken-rule",), texts=tuple(map(str, result.diagnostics.errors)), final=True
            )
        rules = sorted((self._annotations[key] for key in result.diagnostics.reasons), key=lambda rule: str(rule["id"]))
        names = tuple(str(rule["id"]) for rule in rules)
        texts = tuple(str(rule["text"]) for rule in rules if rule.get("text"))
        if result.allowed:
            return Decision(allowed=True, rules=names, texts=texts)
        needs = tuple(
            ApprovalNeed(str(rule["approval"]), str(rule["id"]), rule.get("text") or "")
            for rule in rules
            if rule.get("approval")
        )
        return Decision(
            allowed=False, rules=names, texts=texts, needs=needs, final=len(needs) < len(rules) or not rules
        )


def gate(tx: Connection, change_id: UUID, rules: Policy | None = None) -> Decision:
    """Whether a Change may run now: asked in the database, by the executor, at the moment of running.

    Counts only approvals of the present hash that have not lapsed. A Change that is neither approved nor under way, or
    that somebody asked to stop, may not run whatever the rules say.

    Raises:
        ChangeNotFound: no such Change in this scope.
    """
    rules = rules or policy()
    row = tx.execute(_GATE, {"id": change_id}).one_or_none()
    if row is None:
        raise ChangeNotFound(f"There is no change {change_id}.", change_id=str(change_id))
    if row.cancel_reason is not None or row.cancel_by is not None:
        return Decision(allowed=False, rules=("cancelled",), texts=("It was cancelled.",), final=True)
    if row.state not in {State.APPROVED, State.RUNNING}:
        return Decision(
            allowed=False, rules=("not-approved",), texts=(f"It is {row.state}.",), final=row.state != State.WAITING
        )
    facts, who = frozen_facts(row.facts)
    return rules.missing(replace(who, active=row.active), facts, row.approvals)


def frozen_facts(facts: JsonObject) -> tuple[ChangeFacts, Requester]:
    """What a plan froze for policy under ``facts.policy`` and ``facts.requester``."""
    return msgspec.convert(facts["policy"], ChangeFacts), msgspec.convert(facts["requester"], Requester)


_GATE: Final = text(
    """
    select c.state, c.cancel_by, c.cancel_reason, c.plan -> 'facts' as facts, p.active,
           coalesce((select jsonb_object_agg(role, n) from
               (select a.role, count(distinct a.decided_by) as n from change_approval a
                 where a.change_id = c.id and a.plan_hash = c.plan_hash and a.decision = 'approve'
                   and a.lapses_at > now()
                 group by a.role) counted), '{}') as approvals
      from change c join principal p on p.id = c.requested_by where c.id = :id
    """
)


@cache
def _holder(*folders: Path) -> _Reloading:
    return _Reloading(folders)


class _Reloading:
    """A policy that is read again when a file was added, altered or removed: adding a rule file is enough."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = folders
        self._lock = threading.Lock()
        self._stamp: tuple[tuple[str, int], ...] = ()
        self._looked = 0.0
        self._policy: Policy | None = None

    def get(self) -> Policy:
        with self._lock:
            now = time.monotonic()
            if self._policy is None or now - self._looked > _LOOK_AGAIN_SECONDS:
                stamp = tuple(
                    (str(path), path.stat().st_mtime_ns)
                    for folder in self._folders
                    if folder.is_dir()
                    for path in sorted(folder.glob("*.cedar"))
                )
                if self._policy is None or stamp != self._stamp:
                    self._policy, self._stamp = Policy(*self._folders), stamp
                self._looked = now
            return self._policy


def policy() -> Policy:
    """The rules in force: those that come with Irisplane and those the region added in ``<state>/policies``."""
    from core.settings import get_settings

    return _holder(RULES, get_settings().state_dir / "policies").get()
