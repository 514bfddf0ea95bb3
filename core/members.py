"""Members of a tenant: who holds a role there, and how somebody leaves it.

Removing ends everything at once: roles from claims and granted ones, tokens and sessions of that tenant. Claims alone
do not bring a removed person back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from core.errors import Conflict, InvalidInput, NotFound
from core.identity import grant
from core.journal.record import record
from core.roles import ROLES

__all__ = ["LastAdministrator", "Member", "keep_an_administrator", "list_members", "remove_member", "set_role"]


class LastAdministrator(Conflict):
    """Without this person nobody could manage the administration's people any more."""

    code = "CORE-143"
    title = "Last administrator"
    hint = "Make somebody else agency-admin first, or ask a platform-manager of the region."


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a role in a tenant.

    Attributes:
        roles: role → where it comes from, ``granted``, ``claims`` or both.
        last_seen_at: of a session or a token in this tenant; ``None``: never.
    """

    handle: str
    kind: str
    display_name: str
    email: str | None
    roles: dict[str, list[str]]
    since: datetime
    last_seen_at: datetime | None


def list_members(tx: Connection, tenant_id: UUID) -> list[Member]:
    """Who holds a role in a tenant now, by handle. One statement."""
    rows = tx.execute(
        text(
            "select p.handle, p.kind, p.display_name, p.email, r.roles, r.since,"
            " greatest((select max(seen_at) from session s where s.principal_id = p.id and s.tenant_id = :tenant),"
            "          (select max(last_used_at) from api_token a where a.principal_id = p.id"
            "             and a.tenant_id = :tenant)) as last_seen_at"
            " from (select principal_id, jsonb_object_agg(role, sources) as roles, min(since) as since"
            "         from (select principal_id, role, jsonb_agg(source order by source) as sources,"
            "                      min(lower(held)) as since from membership"
            "                where tenant_id = :tenant and held @> now() group by principal_id, role) one"
            "        group by principal_id) r join principal p on p.id = r.principal_id and p.active order by p.handle"
        ),
        {"tenant": tenant_id},
    )
    return [Member(**row._mapping) for row in rows]  # noqa: SLF001 - public in SQLAlchemy


def keep_an_administrator(tx: Connection, tenant_id: UUID, without: UUID) -> None:
    """See that somebody could still manage a tenant's people without this one; two at once wait for each other.

    Raises:
        LastAdministrator: nobody else could.
    """
    tx.execute(text("select pg_advisory_xact_lock(hashtextextended(:tenant, 13))"), {"tenant": f"admins {tenant_id}"})
    row = tx.execute(
        text(
            "select coalesce(bool_or(m.principal_id = :without), false) as is_one,"
            " coalesce(bool_or(m.principal_id <> :without and p.kind = 'person'), false) as another"
            " from membership m join principal p on p.id = m.principal_id and p.active"
            " where m.tenant_id = :tenant and m.role = 'agency-admin' and m.held @> now()"
        ),
        {"tenant": tenant_id, "without": without},
    ).one()
    if row.is_one and not row.another:
        raise LastAdministrator("This is the last agency-admin of the administration.")


def remove_member(tx: Connection, *, tenant_id: UUID, principal_id: UUID, removed_by: UUID) -> None:
    """Take somebody out of a tenant at once: every role there, every token and session there.

    Raises:
        NotFound: no member of that tenant.
    """
    values = {"tenant": tenant_id, "principal": principal_id, "by": removed_by}
    ended = (
        tx.execute(
            text(
                "update membership"
                " set held = tstzrange(lower(held), greatest(now(), lower(held) + interval '1 microsecond'))"
                " where principal_id = :principal and tenant_id = :tenant and held @> now() returning role"
            ),
            values,
        )
        .scalars()
        .all()
    )
    if not ended:
        raise NotFound("There is no such member.")
    tx.execute(
        text(
            "insert into removal (tenant_id, principal_id, removed_by) values (:tenant, :principal, :by)"
            " on conflict (tenant_id, principal_id) do update set removed_at = now(), removed_by = excluded.removed_by"
        ),
        values,
    )
    tx.execute(
        text(
            "update api_token set revoked_at = now()"
            " where principal_id = :principal and tenant_id = :tenant and revoked_at is null"
        ),
        values,
    )
    tx.execute(
        text(
            "update session set ended_at = now()"
            " where principal_id = :principal and tenant_id = :tenant and ended_at is null"
        ),
        values,
    )
    body = {"roles": sorted(set(ended))}
    record(tx, "audit", "member.removed", "principal", principal_id, body=body, tenant_id=tenant_id)


def set_role(tx: Connection, *, tenant_id: UUID, principal_id: UUID, role: str, granted_by: UUID) -> None:
    """Let a member hold exactly this role of those that people grant; roles from claims stay what the claims say.

    Raises:
        InvalidInput: no such role.
        NotFound: no member of that tenant.
    """
    if role not in ROLES:
        raise InvalidInput(f"There is no role {role!r}.", hint=f"One of: {', '.join(ROLES)}.", pointer="/role")
    held = tx.execute(
        text(
            "select role, source from membership"
            " where principal_id = :principal and tenant_id = :tenant and held @> now()"
        ),
        {"principal": principal_id, "tenant": tenant_id},
    ).all()
    if not held:
        raise NotFound("There is no such member.")
    ended = tx.execute(
        text(
            "update membership"
            " set held = tstzrange(lower(held), greatest(now(), lower(held) + interval '1 microsecond'))"
            " where principal_id = :principal and tenant_id = :tenant and source = 'granted' and role <> :role"
            " and held @> now() returning role"
        ),
        {"principal": principal_id, "tenant": tenant_id, "role": role},
    ).scalars()
    for gone in ended:
        record(tx, "audit", "role.revoked", "principal", principal_id, body={"role": gone}, tenant_id=tenant_id)
    if not any(row.role == role for row in held):
        grant(tx, principal_id=principal_id, tenant_id=tenant_id, role=role, granted_by=granted_by)
