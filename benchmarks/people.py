"""People of a benchmark: a role in a tenant, and a token each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection

__all__ = ["hired"]


def hired(
    tx: Connection,
    tenants: Mapping[str, UUID],
    people: Iterable[tuple[str, str, str]],
    *,
    kind: Literal["person", "service"] = "service",
) -> dict[str, str]:
    """Make them by handle, role and tenant's code; gives each one's token by its handle."""
    from core.identity import create_principal, grant
    from core.tokens import issue

    tokens = {}
    for handle, role, code in people:
        who = create_principal(tx, handle=handle, kind=kind, display_name="bench", email=None)
        grant(tx, principal_id=who, tenant_id=tenants[code], role=role, granted_by=None)
        tokens[handle] = issue(
            tx, principal_id=who, tenant_id=tenants[code], name="bench", scopes=("*",)
        ).token.reveal()
    return tokens
