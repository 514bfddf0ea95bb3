"""From a request to an order: a Change at most once for its key, and in the answer the thing that it is about."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from fastapi.responses import Response
from sqlalchemy import Connection, text

from api.changes import record_answer
from api.dependencies import Caller
from api.idempotency import Answer, Creation
from api.shapes.changes import Ordered, done
from core.errors import IrisplaneError
from orchestrator import engine
from orchestrator.engine import ChangeRecord, ChangeRequest

__all__ = ["ORDERED", "answer_of", "order", "order_now", "pointing_at_the_body", "request_for"]

ORDERED: Final = done(Ordered)
"""Of an endpoint that orders something, for its ``responses``; 201 where only our tables alter, or nothing."""
_PLURAL: Final = {
    "server": "servers", "volume": "volumes", "network": "networks", "snapshot": "snapshots", "project": "projects",
    "security-group": "security-groups", "floating-address": "floating-addresses", "ssh-key": "ssh-keys",
}  # fmt: skip

# What only our own tables hold stands in the plan's one command instead.
_RESOURCE: Final = text("""
    select coalesce(outcome -> 'resource', case
               when plan #>> '{commands,0,op}' = 'insert' and jsonb_array_length(plan #> '{commands,0,rows}') = 1
               then jsonb_build_object('type', replace(plan #>> '{commands,0,table}', '_', '-'),
                                       'id', plan #> '{commands,0,rows,0,id}') end)
      from change where id = :id""")


def request_for(
    kind: str, intent: Mapping[str, Any], reason: str, *, tenant: UUID | None = None, **more: Any
) -> ChangeRequest:
    """What is asked for; one target needs neither canary nor share."""
    return ChangeRequest(kind=kind, intent=dict(intent), reason=reason, tenant=tenant, **more)


def order(
    creation: Creation, request: ChangeRequest, *, before: Callable[[Connection], None] | None = None
) -> Response:
    """Submit an order once for the request's ``Idempotency-Key``.

    Args:
        before: what is written in the same transaction first, such as a sealed text that the intent names.
    """
    caller = creation.caller

    def effect(tx: Connection) -> Answer:
        if before is not None:
            before(tx)
        with pointing_at_the_body():
            made = engine.submit(caller.database.joining(tx), caller.principal, request, caller.request_id)
        return answer_of(tx, made)

    return creation.in_one_transaction(effect, reason=request.reason or None)


def order_now(
    caller: Caller, request: ChangeRequest, *, before: Callable[[Connection], None] | None = None
) -> Response:
    """Submit an order that is no creation: its ``If-Match`` is what makes it happen once.

    Args:
        before: what is looked at in the same transaction first.
    """
    with caller.transaction(request.reason or None) as tx:
        if before is not None:
            before(tx)
        with pointing_at_the_body():
            made = engine.submit(caller.database.joining(tx), caller.principal, request, caller.request_id)
        answer = answer_of(tx, made)
    return answer.response()


def answer_of(tx: Connection, made: ChangeRecord) -> Answer:
    """The Change as an answer, with ``resource``: what it is about and where that is read."""
    answer = record_answer(made)
    resource = tx.execute(_RESOURCE, {"id": made.id}).scalar()
    if resource is None:
        return answer
    shown = {**resource, "href": f"/api/v1/{_PLURAL.get(resource['type'], resource['type'])}/{resource['id']}"}
    return replace(answer, body=f'{answer.body[:-1]}, "resource": {json.dumps(shown)}}}')


class pointing_at_the_body:  # noqa: N801 - used as a statement, like contextlib's own
    """Errors that point into a Change's intent point into the request's body instead: there the fields are the same."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, IrisplaneError) and error.pointer is not None:
            error.pointer = error.pointer.removeprefix("/intent")
            if "errors" in error.fields:
                error.fields = {
                    **error.fields,
                    "errors": [
                        {**one, "pointer": str(one.get("pointer", "")).removeprefix("/intent")}
                        for one in error.fields["errors"]  # type: ignore[attr-defined]  # IntentRefused's own shape
                    ],
                }
