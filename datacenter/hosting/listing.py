"""Lists and single things of a project as JSON that PostgreSQL builds: one statement each, whatever is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from datacenter.hosting.networks.errors import NoSuchThing

__all__ = ["Asked", "Shown", "listed", "one"]


@dataclass(frozen=True, slots=True)
class Shown:
    """How the rows of a table are shown.

    Attributes:
        noun: what one of them is called.
        fields: name → SQL, with ``r`` for the row, ``p`` for its project and ``t`` for its administration.
        joins: further tables that ``fields`` name.
        name: SQL of the name by which people look for one.
        filters: what can be asked for besides; name → SQL, compared as text.
    """

    noun: str
    table: str
    fields: Mapping[str, str]
    joins: str = ""
    name: str = "r.name"
    filters: Mapping[str, str] = field(default_factory=dict)

    def select(self) -> str:
        """The statement up to its condition; gone rows are nowhere."""
        pairs = ", ".join(f"'{name}', {sql}" for name, sql in {**_COMMON, **self.fields, **_LAST}.items())
        return (
            f"select jsonb_build_object({pairs})::text as shown, r.id, r.version from {self.table} r"  # noqa: S608 - texts of this code alone
            f" join project p on p.id = r.project_id join tenant t on t.id = r.tenant_id {self.joins}"
            " where r.gone_at is null"
        )


_COMMON: Final = {"id": "r.id", "tenant": "t.code", "project": "p.code", "project_id": "p.id"}
_LAST: Final = {
    "status": "r.status",
    "fault": "r.fault",
    "findings": "r.findings",
    "order": "r.order_id",
    "version": "r.version",
    "created_at": "r.created_at",
    "updated_at": "r.updated_at",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a list is asked for.

    Attributes:
        tenant: whose, where one administration asks: row-level security compares texts, which no index knows.
        project: code or id.
        q: a part of the name, in any case of letters.
        more: further filters of the noun; those that are ``None`` ask for nothing.
        after: id of the last row of the page before.
    """

    tenant: UUID | None = None
    project: str | None = None
    status: str | None = None
    name: str | None = None
    q: str | None = None
    more: Mapping[str, str | None] = field(default_factory=dict)
    after: UUID | None = None


def listed(tx: Connection, what: Shown, asked: Asked, limit: int) -> Sequence[tuple[str, tuple[UUID]]]:
    """JSON text and cursor key of each row, oldest first."""
    terms: list[str] = []
    values: dict[str, Any] = {"limit": limit}

    def only(term: str, **given: Any) -> None:
        if all(value is not None for value in given.values()):
            terms.append(term)
            values.update(given)

    only("r.tenant_id = :tenant", tenant=asked.tenant)
    only("(p.code = :project or p.id::text = :project)", project=asked.project)
    only("r.status = :status", status=asked.status)
    only(f"{what.name} = :name", name=asked.name)
    only(f"position(lower(:q) in lower({what.name})) > 0", q=asked.q)
    only("r.id > :after", after=asked.after)
    for name, value in asked.more.items():
        only(f"({what.filters[name]})::text = :{name}", **{name: value})
    where = "".join(f" and {term}" for term in terms)
    found = tx.execute(text(f"{what.select()}{where} order by r.id limit :limit"), values)
    return [(row.shown, (row.id,)) for row in found]


def one(tx: Connection, what: Shown, thing: UUID) -> tuple[str, int]:
    """JSON text and version of one row.

    Raises:
        NoSuchThing: there is none, it is gone, or it is not yours.
    """
    found = tx.execute(text(f"{what.select()} and r.id = :id"), {"id": thing}).one_or_none()
    if found is None:
        raise NoSuchThing(f"There is no {what.noun} {thing}.")
    return str(found.shown), int(found.version)
