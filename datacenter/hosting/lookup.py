"""Which row an order names, by id or by name in a project: one statement, whether it is there or somebody else's."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, text

from core.scope import EVERY_TENANT, Scope
from datacenter.hosting.errors import NoSuchProject, ProjectClosed
from datacenter.hosting.networks.errors import NoSuchThing

__all__ = ["NOUNS", "find", "open_project"]

NOUNS: Final = {
    "volume": "volume",
    "volume_snapshot": "snapshot",
    "cloud_network": "network",
    "security_group": "security group",
    "floating_ip": "floating address",
    "server": "server",
}
"""Table → what its rows are called."""

_NO_ID: Final = UUID(int=0)


def open_project(tx: Connection, scope: Scope, ref: str, pointer: str = "/project") -> Row[Any]:
    """The project that an order names: ``id``, ``tenant_id``, ``code``, ``tenant_code``.

    Args:
        ref: code of one of the own administration's (of the region's, for its staff), or the id of any that is seen.

    Raises:
        NoSuchProject: there is none, or it is not yours.
        ProjectClosed: nothing more is ordered in it.
    """
    found = tx.execute(
        text(
            "select p.id, p.tenant_id, p.code, p.status, t.code as tenant_code from project p"
            " join tenant t on t.id = p.tenant_id where p.id = :id or (p.code = :code"
            " and case when :every then t.kind = 'region' else t.id::text = :tenant end)"
            " order by p.id = :id desc, t.id limit 1"  # two regions on one database: the first one's
        ),
        {"id": _as_id(ref), "code": ref, "every": scope.tenant == EVERY_TENANT, "tenant": str(scope.tenant)},
    ).one_or_none()
    if found is None:
        raise NoSuchProject(f"There is no project {ref[:60]!r}.", pointer=pointer)
    if found.status == "closed":
        raise ProjectClosed(f"The project {found.code} is closed.", pointer=pointer)
    return found


def find(tx: Connection, table: str, ref: str | UUID, *, project: UUID | None = None, pointer: str = "") -> Row[Any]:
    """The row of a table of ``NOUNS`` that is named and not gone, whole, with ``project_code`` and ``tenant_code``.

    Args:
        project: in which a name is looked for, and to which an id must belong; without it only ids are taken.
    Raises:
        NoSuchThing: there is none, or it is not yours, or stands in another project.
    """
    noun = NOUNS[table]  # also keeps anything else out of the statement
    named = "" if project is None or table == "floating_ip" else " or r.name = :name"
    within = "" if project is None else " and r.project_id = :project"
    found = tx.execute(
        text(
            f"select r.*, p.code as project_code, t.code as tenant_code from {table} r"  # noqa: S608 - one of NOUNS
            " join project p on p.id = r.project_id join tenant t on t.id = r.tenant_id"
            f" where r.gone_at is null and (r.id = :id{named}){within}"
            " order by r.id = :id desc, r.status = 'vanished', r.id desc limit 1"  # what is lost keeps no name
        ),
        {"id": _as_id(str(ref)), "name": str(ref), "project": project},
    ).one_or_none()
    if found is None:
        raise NoSuchThing(f"There is no {noun} {str(ref)!r}.", pointer=pointer or None)
    return found


def _as_id(ref: str) -> UUID:
    """The id that a text is; one that nothing has where it is none, so that the statement is the same."""
    try:
        return UUID(ref)
    except ValueError:
        return _NO_ID
