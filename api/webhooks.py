"""`/api/v1/webhooks`: where events are sent, what was not taken, and sending it again."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, text

from api.answers import json_text, json_value
from api.dependencies import Caller, require, settings_of
from api.idempotency import Answer, Creation, creating
from api.shapes import answers, page_of
from api.shapes.journal import Delivery, Redelivered, Webhook, WebhookAdded
from core.errors import NotFound
from core.journal.record import record
from orchestrator import webhooks as hooks

__all__ = ["router"]

router = APIRouter(tags=["webhooks"])

_DELIVERIES = text("""
    select coalesce(json_agg(d order by d.seq desc), '[]')::text from (
        select id, seq, attempts, due_at, done_at, dead_at, answer from webhook_delivery
         where webhook_id = :id and (not :dead or dead_at is not null) order by seq desc limit :limit) d""")


class WebhookIn(BaseModel):
    """Where to send what."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=2000)
    actions: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(
        default_factory=list,
        max_length=50,
        description="Prefixes of actions, `change.`; none: all your tenant may see.",
    )


@router.get("/api/v1/webhooks", summary="Webhooks", responses=answers(page_of(Webhook)))
def webhooks(caller: Annotated[Caller, Depends(require("webhook:read"))]) -> Response:
    """Your tenant's webhooks with the state of their deliveries; never a secret."""
    with caller.transaction() as tx:
        return json_text('{"items":' + hooks.listed(tx) + ',"next":null}')


@router.post("/api/v1/webhooks", status_code=201, summary="Add a webhook", responses=answers(WebhookAdded, 201))
def add_webhook(body: WebhookIn, creation: Annotated[Creation, Depends(creating("webhook:write"))]) -> Response:
    """Add a webhook. The answer is the only place where its signing secret ever stands."""
    caller = creation.caller

    def effect(tx: Connection) -> Answer:
        made = hooks.add(
            caller.database.joining(tx),
            caller.principal,
            body.url,
            body.actions,
            reason=caller.reason,
            request_id=caller.request_id,
            settings=settings_of(caller.request),
        )
        shown = {"id": str(made.id), **body.model_dump()}
        whole = json.dumps({**shown, "secret": made.secret.reveal()}, ensure_ascii=False)
        location = {"Location": f"/api/v1/webhooks/{made.id}"}
        return Answer(201, whole, location, kept=json.dumps(shown, ensure_ascii=False))

    return creation.in_one_transaction(effect)


@router.delete("/api/v1/webhooks/{webhook_id}", status_code=204, summary="Remove a webhook")
def remove_webhook(webhook_id: UUID, caller: Annotated[Caller, Depends(require("webhook:write"))]) -> Response:
    """Forget a webhook, its secret, and what was to be delivered."""
    hooks.remove(
        caller.database,
        caller.principal,
        webhook_id,
        reason=caller.reason,
        request_id=caller.request_id,
        settings=settings_of(caller.request),
    )
    return Response(status_code=204)


@router.get(
    "/api/v1/webhooks/{webhook_id}/deliveries", summary="Deliveries of a webhook", responses=answers(page_of(Delivery))
)
def deliveries(
    webhook_id: UUID,
    caller: Annotated[Caller, Depends(require("webhook:read"))],
    *,
    dead: Annotated[bool, Query(description="Only those that were given up.")] = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """What was sent or is to be sent, newest first, with the receiver's last answer."""
    with caller.transaction() as tx:
        _must_exist(tx, webhook_id)
        items = tx.execute(_DELIVERIES, {"id": webhook_id, "dead": dead, "limit": limit}).scalar_one()
    return json_text('{"items":' + str(items) + ',"next":null}')


@router.post(
    "/api/v1/webhooks/{webhook_id}:redeliver", summary="Send again what was given up", responses=answers(Redelivered)
)
def redeliver(webhook_id: UUID, caller: Annotated[Caller, Depends(require("webhook:write"))]) -> Response:
    """Send again every delivery that was given up; says how many. Doing it twice sends nothing twice."""
    caller.must_write("webhook")
    with caller.transaction() as tx:
        _must_exist(tx, webhook_id)
        count = hooks.redeliver(tx, webhook_id)
        body = {"deliveries": count}
        record(
            tx, "audit", "webhook.redelivered", "webhook", webhook_id, body=body, tenant_id=caller.principal.tenant_id
        )
    return json_value({"deliveries": count})


def _must_exist(tx: Connection, webhook_id: UUID) -> None:
    if tx.execute(text("select 1 from webhook where id = :id"), {"id": webhook_id}).scalar() is None:
        raise NotFound(f"There is no webhook {webhook_id}.")
