"""Asking for more, and splitting what there is: the Changes that alter what is granted.

Both freeze the rows they write, so what was approved is what is granted; who granted something else meanwhile makes
them stale. The cloud's own quotas of a project follow in the same step.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, text

from core.errors import InvalidInput
from core.identity import tenant_by_code
from core.journal.record import record
from core.scope import EVERY_TENANT
from datacenter.hosting import cloud, projects, quotas
from datacenter.hosting.changes import patient
from datacenter.hosting.errors import QuotaNotLowered, SplitTooLarge
from datacenter.hosting.quotas import Bound, Resource
from orchestrator.kinds import ChangeKind, Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Impact, Plan, Target

__all__ = ["QuotaGrant", "QuotaGrantIntent", "QuotaSplit", "QuotaSplitIntent"]

Amount = Annotated[int, Field(ge=0, le=1_000_000_000)]
Amounts = Annotated[dict[Resource, Amount], Field(min_length=1)]
Intent = TypeVar("Intent", bound=BaseModel)

_APPLY_SHARE: Final = 0.3
"""Of the Change's timer, for the cloud to answer."""


class QuotaGrantIntent(BaseModel):
    """How much there should be in all.

    Attributes:
        project: code or id; the administration's own bound rises with it, as far as the project could not be filled
            otherwise. Without one, only the administration's own bound is altered.
        tenant: code, for the region's staff.
    """

    model_config = ConfigDict(extra="forbid")

    resources: Amounts
    project: str | None = Field(default=None, max_length=63)
    tenant: str | None = Field(default=None, max_length=63)


class QuotaSplitIntent(BaseModel):
    """How much each project may hold of what the administration has.

    Attributes:
        shares: code or id of a project → resource → how much.
        tenant: code, for the region's staff.
    """

    model_config = ConfigDict(extra="forbid")

    shares: Annotated[dict[Annotated[str, Field(max_length=63)], Amounts], Field(min_length=1, max_length=100)]
    tenant: str | None = Field(default=None, max_length=63)


class _QuotaKind(ChangeKind[Intent]):
    """What the two have in common: one target, the administration's quotas, and the rows that are written."""

    needs_network: ClassVar[bool] = False

    @abstractmethod
    def plan(self, intent: Intent, world: World) -> Draft:
        """Say what would be granted."""

    def draft(self, tx: Connection, tenant: UUID, wanted: Iterable[tuple[Bound, int]], notes: Sequence[str]) -> Draft:
        """The draft that grants these; what is granted already is left out."""
        altered = [(bound, granted) for bound, granted in wanted if bound.granted != granted]
        code = tx.execute(text("select code from tenant where id = :id"), {"id": tenant}).scalar_one()
        rows = [
            {"project_id": bound.project_id, "project": bound.project, "resource": bound.resource, "was": bound.granted,
             "granted": granted}
            for bound, granted in altered
        ]  # fmt: skip
        resources = sorted({bound.resource for bound, _ in altered})
        target = Target(
            f"quota:{tenant}",
            f"quota of {code}",
            quotas.fingerprint(tx, tenant, resources),
            "".join(_line(bound, granted) for bound, granted in altered),
            {"tenant_id": tenant, "rows": rows, "resources": resources},
            {"tenant": code},
        )
        return Draft(
            f"{self.title} of {code}: {', '.join(resources)}" if rows else "Nothing to grant",
            targets=(target,) if rows else (),
            impact=Impact(tenants=(code,), notes=(*notes, *_too_little(altered))),
            facts={"bounded": True},  # it costs nothing by itself: rules of its own say who decides
            undo_note="What was granted before is granted again; what is used by then stays.",
        )

    def reserve(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:
        """Say on the Change which project it is about, when it is one."""
        about = {row["project_id"] for target in plan.targets for row in target.data["rows"] if row["project_id"]}
        if change_id is not None and len(about) == 1:
            tx.execute(
                text(
                    "update change set outcome = outcome || jsonb_build_object('resource', jsonb_build_object("
                    "'type', 'project', 'id', cast(:id as text))) where id = :change"
                ),
                {"id": str(about.pop()), "change": change_id},
            )

    def fingerprint(self, target: Target, around: Surroundings) -> str:
        """What is granted now."""
        with around.database.transaction("worker", around.scope) as tx:
            return quotas.fingerprint(tx, UUID(str(target.data["tenant_id"])), target.data["resources"])

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Let the cloud's quotas be as high, then ours: nobody is promised what the cloud would refuse."""
        synced = self._follow(step, around, "granted")
        altered = self._write(step, around, "granted", "quota.granted")
        return Outcome({"altered": altered, "projects": synced}, "granted")

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Every row grants what was approved."""
        with around.database.transaction("worker", around.scope) as tx:
            now = {(str(b.project_id), b.resource): b.granted for b in quotas.bounds(tx, _tenant(step))}
        wrong = [
            f"{row['resource']} of {row['project'] or 'all'} is {now.get(_key(row))}, not {row['granted']}"
            for row in step.target.data["rows"]
            if now.get(_key(row)) != row["granted"]
        ]
        return Verdict("failed", tuple(wrong)) if wrong else Verdict("ok", ("Every bound is as approved.",))

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Grant again what was granted before."""
        self._write(step, around, "was", "quota.taken_back")
        return Outcome({"projects": self._follow(step, around, "was")}, "as before")

    def _write(self, step: Step, around: Surroundings, column: str, action: str) -> dict[str, list[str]]:
        rows = step.target.data["rows"]
        with around.database.transaction("worker", around.scope) as tx:
            altered = quotas.write(tx, _tenant(step), rows, column)
            if altered:
                body = {"rows": rows}
                record(tx, "audit", action, "quota", _tenant(step), body=body, tenant_id=_tenant(step))
                record(tx, "event", action, "quota", _tenant(step), body=body, tenant_id=_tenant(step))
        return altered

    @staticmethod
    def _follow(step: Step, around: Surroundings, column: str) -> list[str]:
        """Write the cloud's quotas of the projects that stand in it; gives their codes."""
        by_project: dict[UUID, dict[str, int]] = {}
        for row in step.target.data["rows"]:
            if row["project_id"]:
                by_project.setdefault(UUID(str(row["project_id"])), {})[row["resource"]] = int(row[column])
        done = []
        for project_id, limits in sorted(by_project.items()):
            with around.database.transaction("worker", around.scope) as tx:
                project = projects.read(tx, project_id)
                whole = {**projects.granted(tx, project_id), **limits}
            if project.status != "ready" or project.cloud_id is None:
                continue  # it is brought into the cloud with its first order, as granted then
            there = project.cloud_id
            patient(lambda: projects.write_quotas(cloud.admin(), there, whole), seconds=step.timer * _APPLY_SHARE)  # noqa: B023 - called at once
            done.append(project.code)
        return done


class QuotaGrant(_QuotaKind[QuotaGrantIntent]):
    """More (or less) than there was: an administration asks, a platform manager decides."""

    name = "hosting.quota.grant"
    title = "Quota"
    intent = QuotaGrantIntent

    def plan(self, intent: QuotaGrantIntent, world: World) -> Draft:
        """Grant a project or an administration so much in all."""
        tenant, project = _whose(world, intent.tenant, intent.project)
        every = quotas.bounds(world.tx, tenant)
        wanted: list[tuple[Bound, int]] = []
        for resource, granted in intent.resources.items():
            own = _bound(every, project, resource)
            if granted < own.granted and world.scope.tenant != EVERY_TENANT:
                raise QuotaNotLowered(
                    f"{own.granted} {resource} are granted; {granted} are fewer.",
                    pointer=f"/resources/{resource}",
                    granted=own.granted,
                )
            wanted.append((own, granted))
            if project is not None:
                whole = _bound(every, None, resource)
                wanted.append((whole, max(whole.granted, whole.used - own.used + granted)))
        return self.draft(world.tx, tenant, wanted, ())


class QuotaSplit(_QuotaKind[QuotaSplitIntent]):
    """The administration's own quota among its projects."""

    name = "hosting.quota.split"
    title = "Split the quota"
    intent = QuotaSplitIntent

    def plan(self, intent: QuotaSplitIntent, world: World) -> Draft:
        """Let each project hold so much; together no more than there is."""
        tenant, _ = _whose(world, intent.tenant, None)
        every = quotas.bounds(world.tx, tenant)
        wanted: list[tuple[Bound, int]] = []
        for ref, amounts in intent.shares.items():
            project, code, _ = quotas.project_named(world.tx, tenant, ref, f"/shares/{_escaped(ref)}")
            wanted += [(_bound(every, project, name, code), granted) for name, granted in amounts.items()]
        _must_fit(every, wanted)
        return self.draft(world.tx, tenant, wanted, ())


def _whose(world: World, tenant: str | None, project: str | None) -> tuple[UUID, UUID | None]:
    """The administration and the project that are meant."""
    owner = tenant_by_code(world.tx, tenant) if tenant else None
    if owner is None and world.scope.tenant != EVERY_TENANT:
        owner = world.scope.tenant
    found = quotas.project_named(world.tx, owner, project, "/project") if project else None
    if owner is None and found is None:
        raise InvalidInput("Whose quota?", pointer="/tenant", hint="Name the administration by its code.")
    return owner or found[2], found[0] if found else None  # type: ignore[index]  # one of the two is there


def _bound(every: Sequence[Bound], project: UUID | None, resource: str, code: str | None = None) -> Bound:
    """The row of a resource; one that is not there yet grants nothing."""
    found = (bound for bound in every if bound.project_id == project and bound.resource == resource)
    named = code or next((bound.project for bound in every if bound.project_id == project), None)
    return next(found, Bound(project, named, resource, 0, 0))


def _must_fit(every: Sequence[Bound], wanted: Sequence[tuple[Bound, int]]) -> None:
    """Shares may exceed the whole only where they do so already, and by no more."""
    for resource in sorted({bound.resource for bound, _ in wanted}):
        whole = _bound(every, None, resource).granted
        shares = {b.project_id: b.granted for b in every if b.resource == resource and b.project_id is not None}
        after = shares | {bound.project_id: granted for bound, granted in wanted if bound.resource == resource}
        if sum(after.values()) > max(whole, sum(shares.values())):
            raise SplitTooLarge(
                f"The projects would hold {sum(after.values())} {resource} together; there are {whole}.",
                pointer="/shares",
                resource=resource,
                granted=whole,
                together=sum(after.values()),
            )


def _too_little(altered: Sequence[tuple[Bound, int]]) -> list[str]:
    return [
        f"{bound.used} {bound.resource} are used{f' in {bound.project}' if bound.project else ''}, more than the"
        f" {granted} granted then: nothing is taken away, and nothing more is ordered until fewer are used."
        for bound, granted in altered
        if granted < bound.used
    ]


def _line(bound: Bound, granted: int) -> str:
    place = f"project {bound.project}" if bound.project_id else "administration"
    return f"- {place}: {bound.granted} {bound.resource}\n+ {place}: {granted} {bound.resource}\n"


def _tenant(step: Step) -> UUID:
    return UUID(str(step.target.data["tenant_id"]))


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["project_id"]), str(row["resource"])


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
