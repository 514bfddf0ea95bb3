"""The kinds of Change of a project: a new one, and one that is made to agree with the cloud again."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, text

from core.ids import uuid7
from core.scope import EVERY_TENANT
from datacenter.hosting import projects, reconcile
from datacenter.hosting.changes import CloudKind, Thing, id_of_target, patient
from datacenter.hosting.errors import CloudSilent, NoSuchProject
from orchestrator.kinds import Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Plan

__all__ = ["ProjectCreate", "ProjectIntent", "ProjectReconcile", "ReconcileIntent"]


class ProjectIntent(BaseModel):
    """A new project of the own administration."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    tenant: UUID | None = None


class ProjectCreate(CloudKind[ProjectIntent]):
    """Another project of an administration; it has no quota of its own until one is split off for it."""

    name = "hosting.project.create"
    title = "Make a project"
    intent = ProjectIntent
    noun = "project"

    def plan(self, intent: ProjectIntent, world: World) -> Draft:
        """Whose it is, and what it will be called in the cloud."""
        mine = world.scope.tenant if world.scope.tenant != EVERY_TENANT else intent.tenant
        row = world.tx.execute(_TENANT, {"id": mine, "region": mine is None}).one_or_none()
        if row is None or (intent.tenant is not None and intent.tenant != row.id):
            raise NoSuchProject("There is no such administration.", pointer="/tenant")
        data = {"tenant_id": str(row.id), "code": intent.code, "name": intent.name}
        thing = Thing(uuid7(), intent.code, f"+ project {row.code}-{intent.code}", data, {"tenant": row.code})
        return self.draft(
            f"Make the project {intent.code} of {row.code}", thing,
            facts={"bounded": False}, undo_note="The project is closed.",
        )  # fmt: skip

    def take(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:  # noqa: ARG002 - one shape
        """The row with its code, and quotas of nothing but its first network: the rest is split off later."""
        target = plan.targets[0]
        tx.execute(_INSERT, {**target.data, "id": id_of_target(target)})
        tx.execute(_QUOTAS, {**target.data, "id": id_of_target(target)})

    def release(self, change_id: UUID, tx: Connection) -> None:
        """The row of the plan that is replaced, which never stood in the cloud."""
        tx.execute(
            text(
                "delete from project p using change c where c.id = :id and p.status = 'asked' and p.cloud_id is null"
                " and p.id::text = c.outcome -> 'resource' ->> 'id'"
            ),
            {"id": change_id},
        )

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Brought into the cloud."""
        made = patient(
            lambda: projects.ensure(around.database, id_of_target(step.target)), seconds=self.apply_seconds(step)
        )
        return Outcome({"cloud_id": made.cloud_id}, f"It stands in the cloud as {made.cloud_name}.")

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Closed, if it stands: nothing can be ordered in it any more. What is in the cloud is left for a person."""
        with around.database.transaction("worker", around.scope) as tx:
            tx.execute(
                text("update project set status = 'closed' where id = :id and cloud_id is not null"),
                {"id": id_of_target(step.target)},
            )
        return Outcome({}, "It is closed, or was never made.")


class ReconcileIntent(BaseModel):
    """Which project."""

    model_config = ConfigDict(extra="forbid")

    project: UUID


class ProjectReconcile(CloudKind[ReconcileIntent]):
    """Make what is Irisplane's about a project in the cloud as it should be again."""

    name = "hosting.project.reconcile"
    title = "Mend a project"
    intent = ReconcileIntent
    noun = "project"

    def plan(self, intent: ReconcileIntent, world: World) -> Draft:
        """What was found at the last look."""
        project = projects.read(world.tx, intent.project)
        found = world.tx.execute(text("select findings from project where id = :id"), {"id": project.id}).scalar_one()
        said = [f"~ {one['said']}" for one in found if one.get("ours")]
        thing = Thing(
            project.id, project.code, "\n".join(said) or "= nothing was found at the last look",
            {"tenant_id": str(project.tenant_id)}, {"tenant": project.tenant_code},
        )  # fmt: skip
        return self.draft(f"Mend the project {project.code}", thing, undo_note="Nothing is taken back.")

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Made as it should be; the rest stays shown."""
        project_id = id_of_target(step.target)
        patient(lambda: projects.ensure(around.database, project_id), seconds=self.apply_seconds(step))
        left = patient(lambda: reconcile.mend(around.database, project_id), seconds=self.apply_seconds(step))
        reconcile.write(around.database, project_id, left)
        return Outcome({"left": left})

    def verify(self, step: Step, around: Surroundings) -> Verdict:  # noqa: ARG002 - one shape
        """Whether anything of ours is left."""
        left = [one["said"] for one in step.record["apply"]["left"]]
        return Verdict("failed", tuple(left)) if left else Verdict("ok", ("it agrees with the cloud",))

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """What was mended stays mended; the row says what is found now."""
        project_id = id_of_target(step.target)
        try:
            reconcile.write(around.database, project_id, reconcile.find(around.database, project_id))
        except CloudSilent:
            return Outcome({}, "It cannot be seen just now.")
        return Outcome({}, "What was mended stays mended.")


_TENANT: Final = text(
    "select id, code from tenant where case when cast(:region as boolean) then kind = 'region'"
    " else id = cast(:id as uuid) end limit 1"
)
_INSERT: Final = text("insert into project (id, tenant_id, code, name) values (:id, :tenant_id, :code, :name)")
_QUOTAS: Final = text(
    "insert into quota (tenant_id, project_id, resource, granted)"
    " select :tenant_id, :id, resource, case when resource = 'networks' then 1 else 0 end from quota"
    " where tenant_id = :tenant_id and project_id is null"
)
