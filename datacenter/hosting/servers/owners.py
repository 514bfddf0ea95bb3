"""Whose a project or a server is, for the region's staff who order on behalf of an administration."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

__all__ = ["owner_of_project", "owner_of_server"]


def owner_of_project(tx: Connection, project: str) -> UUID | None:
    """The administration of a project named by its id; ``None`` for a code, which is one of the own."""
    try:
        wanted = UUID(project)
    except ValueError:
        return None
    return tx.execute(text("select tenant_id from project where id = :id"), {"id": wanted}).scalar()


def owner_of_server(tx: Connection, server_id: UUID) -> UUID | None:
    """The administration of a server; ``None`` where there is none."""
    return tx.execute(text("select tenant_id from server where id = :id"), {"id": server_id}).scalar()
