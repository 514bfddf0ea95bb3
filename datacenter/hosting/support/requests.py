"""Support requests: an administration asks about anything it has, the region answers.

What is written stands in the request's own rows. The journal says that something was asked or answered, by whom and
about what, and never the words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, text

from core.errors import StaleVersion
from core.identity import Principal
from core.ids import uuid7
from core.journal.record import record
from datacenter.hosting.support.errors import NoSuchRequest, RequestClosed
from datacenter.hosting.support.resources import must_be_named

__all__ = ["Wanted", "alter", "listed", "one", "open_request", "say"]

_SHOWN: Final = """json_build_object('id', r.id, 'tenant', t.code, 'subject', r.subject, 'state', r.state,
    'resource', case when r.resource_id is not null then json_build_object('type', r.resource_type, 'id', r.resource_id,
        'name', r.resource_name) end,
    'opened_by', p.handle, 'messages', (select count(*) from support_message m where m.request_id = r.id),
    'created_at', r.created_at, 'updated_at', r.updated_at, 'version', r.version)"""
_MESSAGES: Final = """(select coalesce(json_agg(json_build_object('id', m.id, 'author', a.handle,
    'of_staff', m.of_staff, 'body', m.body, 'created_at', m.created_at) order by m.id), '[]')
    from support_message m left join principal a on a.id = m.author where m.request_id = r.id)"""
_FROM: Final = """support_request r join tenant t on t.id = r.tenant_id left join principal p on p.id = r.opened_by"""
_LIST: Final = text(
    f"select {_SHOWN}::text as body, r.id::text as key from {_FROM}"  # noqa: S608 - parts are constants above
    " where (cast(:state as text) is null or r.state = :state) and (cast(:tenant as text) is null or t.code = :tenant)"
    " and (cast(:resource as uuid) is null or r.resource_id = :resource)"
    " and (cast(:q as text) is null or strpos(lower(r.subject), lower(:q)) > 0)"
    " and (cast(:before as uuid) is null or r.id < :before) order by r.id desc limit :limit"
)
_ONE: Final = text(
    f"select (to_jsonb({_SHOWN}) || jsonb_build_object('messages', {_MESSAGES}))::text as body, r.version"  # noqa: S608 - same
    f" from {_FROM} where r.id = :id"
)
_LOCK: Final = text("select id, tenant_id, state, version from support_request where id = :id for update")
_OPEN: Final = text(
    "insert into support_request (id, tenant_id, subject, resource_type, resource_id, resource_name, opened_by)"
    " values (:id, :tenant, :subject, :type, :resource, :name, :by)"
)
_SAY: Final = text(
    "insert into support_message (id, tenant_id, request_id, author, of_staff, body)"
    " values (:id, :tenant, :request, :by, :staff, :body)"
)
_MOVE: Final = text(
    "update support_request set state = :state, subject = coalesce(cast(:subject as text), subject) where id = :id"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests: ``tenant`` is a code, ``resource`` the id of what they are about, ``q`` a part of the subject."""

    state: str | None = None
    tenant: str | None = None
    resource: UUID | None = None
    q: str | None = None


def listed(tx: Connection, wanted: Wanted, before: UUID | None, limit: int) -> list[tuple[str, tuple[str]]]:
    """Requests of this scope, newest first: JSON text and cursor key of each. One statement."""
    values = {
        "state": wanted.state, "tenant": wanted.tenant, "resource": wanted.resource, "q": wanted.q, "before": before,
        "limit": limit,
    }  # fmt: skip
    return [(row.body, (row.key,)) for row in tx.execute(_LIST, values)]


def one(tx: Connection, request_id: UUID) -> tuple[str, int]:
    """A request with everything that was said, as JSON text, and its version.

    Raises:
        NoSuchRequest: no such request in this scope.
    """
    row = tx.execute(_ONE, {"id": request_id}).one_or_none()
    if row is None:
        raise NoSuchRequest(f"There is no support request {request_id}.")
    return row.body, row.version


def open_request(
    tx: Connection, person: Principal, tenant: UUID, subject: str, body: str, about: tuple[str, UUID] | None
) -> UUID:
    """Open a request with its first message; gives its id.

    Args:
        tenant: whose; staff may ask in the name of an administration.
        about: type and id of what it is about.
    Raises:
        UnknownResourceType, NoSuchResource: it is about nothing of this scope.
    """
    name = must_be_named(tx, *about) if about else ""
    kind, resource = about or (None, None)
    made = uuid7()
    tx.execute(
        _OPEN,
        {"id": made, "tenant": tenant, "subject": subject, "type": kind, "resource": resource, "name": name,
         "by": person.id},
    )  # fmt: skip
    _write(tx, person, made, tenant, body)
    facts = {"state": "open", "resource": {"type": kind, "id": str(resource)} if kind else None}
    _tell(tx, "support.opened", made, tenant, person, facts)
    return made


def say(tx: Connection, person: Principal, request_id: UUID, body: str) -> UUID:
    """Add a message; the state says whose turn it is afterwards. Gives the message's id.

    Raises:
        NoSuchRequest: no such request in this scope.
        RequestClosed: it is closed.
    """
    request = _locked(tx, request_id)
    if request.state == "closed":
        raise RequestClosed("This request is closed.", id=str(request_id))
    made = _write(tx, person, request_id, request.tenant_id, body)
    state = "answered" if person.staff else "open"
    tx.execute(_MOVE, {"id": request_id, "state": state, "subject": None})
    action = "support.answered" if person.staff else "support.asked"
    _tell(tx, action, request_id, request.tenant_id, person, {"state": state, "before": request.state})
    return made


def alter(
    tx: Connection, person: Principal, request_id: UUID, version: int | None, *, state: str | None, subject: str | None
) -> None:
    """Say that it is solved, open it again, close it for good, or call it otherwise.

    Args:
        version: what was read; ``None``: whatever it is now.
    Raises:
        NoSuchRequest: no such request in this scope.
        StaleVersion: somebody altered it since.
        RequestClosed: it is closed.
    """
    request = _locked(tx, request_id)
    if version is not None and request.version != version:
        raise StaleVersion("The request was altered since you read it.")
    if request.state == "closed":
        raise RequestClosed("This request is closed.", id=str(request_id))
    tx.execute(_MOVE, {"id": request_id, "state": state or request.state, "subject": subject})
    if state is not None and state != request.state:
        action = "support.reopened" if state == "open" else f"support.{state}"
        _tell(tx, action, request_id, request.tenant_id, person, {"state": state, "before": request.state})


def _locked(tx: Connection, request_id: UUID) -> Row[Any]:
    row = tx.execute(_LOCK, {"id": request_id}).one_or_none()
    if row is None:
        raise NoSuchRequest(f"There is no support request {request_id}.")
    return row


def _write(tx: Connection, person: Principal, request_id: UUID, tenant: UUID, body: str) -> UUID:
    made = uuid7()
    values = {"id": made, "tenant": tenant, "request": request_id, "by": person.id, "staff": person.staff}
    tx.execute(_SAY, {**values, "body": body})
    return made


def _tell(
    tx: Connection, action: str, request_id: UUID, tenant: UUID, person: Principal, facts: Mapping[str, object]
) -> None:
    body = {key: value for key, value in {**facts, "of_staff": person.staff}.items() if value is not None}
    record(tx, "audit", action, "support-request", request_id, body=body, tenant_id=tenant)
    record(tx, "event", action, "support-request", request_id, body=body, tenant_id=tenant)
