"""What kinds of Change about one row of a project have in common: the project stands, the row says what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Connection, Row, text

from core.errors import StaleVersion
from core.journal.record import record
from datacenter.hosting import lookup, projects
from datacenter.hosting.changes import CloudKind, id_of_target, patient
from datacenter.hosting.networks.errors import NoSuchThing, NotReady
from orchestrator.kinds import Outcome, Step, Surroundings
from orchestrator.plan import JsonObject

if TYPE_CHECKING:
    from openstack.connection import Connection as Cloud

__all__ = ["StandingKind", "must_be", "must_be_version", "place_of"]

Intent = TypeVar("Intent", bound=BaseModel)

_PATIENCE_SHARE: Final = 0.7
"""Of the time that preparing may take: the last call has the rest."""


class StandingKind(CloudKind[Intent]):
    """A kind about one row of ``table``; the target's data name its ``project_id``.

    Attributes:
        table: one of ``lookup.NOUNS``.
    """

    table: ClassVar[str]

    def release(self, change_id: UUID, tx: Connection) -> None:
        """The row that was ordered makes room for that of the next plan."""
        tx.execute(
            text(
                f"update {self.table} set status = 'gone', gone_at = now()"  # noqa: S608 - one of NOUNS
                " where order_id = :order and status = 'ordered' and gone_at is null"
            ),
            {"order": change_id},
        )

    def prepare(self, step: Step, around: Surroundings) -> Outcome:
        """The project stands in the cloud."""
        named = _project(step)
        seconds = self.prepare_seconds * _PATIENCE_SHARE
        project = patient(lambda: projects.ensure(around.database, named), seconds=seconds)
        return Outcome({"project": project.cloud_id})

    def cloud(self, step: Step, around: Surroundings) -> Cloud:
        """The connection of the project's own account."""
        return projects.of(around.database, _project(step))

    def row(self, step: Step, around: Surroundings) -> Row[Any]:
        """Our row, as it is now.

        Raises:
            NoSuchThing: it is gone.
        """
        with around.database.transaction("worker", around.scope) as tx:
            return lookup.find(tx, self.table, id_of_target(step.target))

    def write(self, step: Step, around: Surroundings, event: str = "", **columns: Any) -> None:
        """Let our row say what the cloud says, and tell it; a row that is gone stays gone.

        Args:
            event: ``volume.attached``, with the row's name and project.
        """
        with around.database.transaction("worker", around.scope) as tx:
            self.write_in(tx, step, event, **columns)

    def write_in(self, tx: Connection, step: Step, event: str = "", **columns: Any) -> None:
        """The same in a transaction that writes other rows as well."""
        sets = ", ".join(f"{name} = :{name}" for name in columns)
        done = tx.execute(
            text(f"update {self.table} set {sets} where id = :row and gone_at is null returning tenant_id"),  # noqa: S608 - names of this code alone
            {**columns, "row": id_of_target(step.target)},
        ).one_or_none()
        if done is not None and event:
            thing = id_of_target(step.target)
            body = {"name": step.target.name, "project": step.target.data.get("project")}
            record(tx, "event", event, self.noun, thing, body=body, tenant_id=done.tenant_id)

    def let_go(self, step: Step, around: Surroundings, event: str = "") -> None:
        """The row is gone, and counts against no quota any more."""
        self.write(step, around, event, status="gone", gone_at=datetime.now(UTC), fault="", findings="[]")


def must_be(row: Row[Any], noun: str, *states: str) -> None:
    """Raises ``NotReady`` when the row is in another state than these."""
    if row.status not in states:
        raise NotReady(
            f"The {noun} {getattr(row, 'name', None) or row.id} is {row.status}; this needs one that is"
            f" {' or '.join(states)}.",
            status=row.status,
        )


def must_be_version(row: Row[Any], version: int | None) -> None:
    """Raises ``StaleVersion`` when somebody altered the row since it was read; ``None`` takes any version."""
    if version is not None and row.version != version:
        raise StaleVersion(f"This is version {row.version}; you read {version}.", version=row.version)


def place_of(project: Row[Any]) -> JsonObject:
    """What every target's data say of its project."""
    return {"project_id": str(project.id), "project": project.code}


def _project(step: Step) -> UUID:
    named = step.target.data.get("project_id")
    if named is None:
        raise NoSuchThing(f"The order of {step.target.name} names no project.")
    return UUID(str(named))
