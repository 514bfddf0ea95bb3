"""Webhooks: signed CloudEvents 1.0 to addresses that a tenant chose, from the numbered journal, at least once.

``enqueue_due`` turns numbered events into deliveries, ``deliver_due`` sends what is due: again after a growing pause
when it was not taken, given up (``dead``) after a day. A receiver checks ``webhook-signature`` with the secret
that was shown once, and drops what it has seen by ``webhook-id``.
"""

from __future__ import annotations

import base64
import logging
import secrets as chance
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Row, text

from core.db import Database, changes_rows
from core.errors import IrisplaneError, NotFound
from core.ids import uuid7
from core.journal.reader import last_seq
from core.journal.record import record
from core.keyring import KeyFile
from core.scope import EVERY_TENANT, Scope
from core.secrets import SecretStore, SecretValue
from core.settings import Settings, get_settings
from orchestrator.errors import AddressRefused
from orchestrator.policy import Policy, policy
from orchestrator.refusals import said_plainly
from orchestrator.webhook_wire import Answer, check_url, post, signature

if TYPE_CHECKING:
    from core.identity import Principal

__all__ = ["Made", "add", "deliver_due", "enqueue_due", "listed", "redeliver", "remove"]

_LOG = logging.getLogger(__name__)

READER: Final = "webhooks"

_ATTEMPTS: Final = 10
_AT_ONCE: Final = 32
_AT_ONCE_EACH: Final = 4
"""Of one webhook: a receiver that hangs keeps its own events waiting, and nobody else's."""
_THREADS: Final = 8
_SCOPE: Final = Scope(EVERY_TENANT, reason="deliver webhooks")


@dataclass(frozen=True, slots=True)
class Made:
    """A webhook just made: the only moment its signing secret is shown."""

    id: UUID
    secret: SecretValue


def add(
    database: Database,
    person: Principal,
    url: str,
    actions: Sequence[str] = (),
    *,
    tenant: UUID | None = None,
    reason: str = "",
    request_id: str = "",
    settings: Settings | None = None,
    rules: Policy | None = None,
) -> Made:
    """Make a webhook with a signing secret of its own.

    Args:
        actions: prefixes of journal actions (``change.``); none: everything the tenant may see.
    Raises:
        Denied: who may is said in ``policies/things.cedar``.
        AddressRefused: webhooks may not go there.
    """
    settings = settings or get_settings()
    owner = tenant or person.tenant_id
    (rules or policy()).require(person, "write", {"kind": "webhook", "tenant": str(owner)})
    check_url(url, allow_private=settings.webhook_allow_private)
    hook_id = uuid7()
    secret = SecretValue("whsec_" + base64.b64encode(chance.token_bytes(32)).decode())
    name = f"webhook/{hook_id}"
    with said_plainly(), database.transaction("api", person.scope(request_id, reason)) as tx:
        SecretStore(KeyFile(settings.key_file)).put(tx, owner, name, secret)
        tx.execute(
            text(
                "insert into webhook (id, tenant_id, url, actions, secret) values (:id, :tenant, :url, :actions,"
                " :secret)"
            ),
            {"id": hook_id, "tenant": owner, "url": url, "actions": list(actions), "secret": name},
        )
        body = {"url": url, "actions": list(actions)}
        record(tx, "audit", "webhook.added", "webhook", hook_id, body=body, tenant_id=owner)
    return Made(hook_id, secret)


def remove(
    database: Database,
    person: Principal,
    webhook_id: UUID,
    *,
    reason: str = "",
    request_id: str = "",
    settings: Settings | None = None,
    rules: Policy | None = None,
) -> None:
    """Forget a webhook, its secret and what was to be delivered.

    Raises:
        NotFound: no such webhook in this scope.
        Denied: as ``add``.
    """
    settings = settings or get_settings()
    with said_plainly(), database.transaction("api", person.scope(request_id, reason)) as tx:
        row = tx.execute(text("select tenant_id, secret from webhook where id = :id"), {"id": webhook_id}).one_or_none()
        if row is None:
            raise NotFound(f"There is no webhook {webhook_id}.")
        (rules or policy()).require(person, "write", {"kind": "webhook", "tenant": str(row.tenant_id)})
        changes_rows(tx, text("delete from webhook where id = :id"), {"id": webhook_id}, expect=1, what="Webhook")
        SecretStore(KeyFile(settings.key_file)).delete(tx, row.tenant_id, row.secret)
        record(tx, "audit", "webhook.removed", "webhook", webhook_id, tenant_id=row.tenant_id)


def listed(tx: Connection) -> str:
    """Webhooks of this scope with their state of delivery, as a JSON array; never a secret."""
    return str(tx.execute(_LISTED).scalar_one())


def redeliver(tx: Connection, webhook_id: UUID) -> int:
    """Send again what was given up; gives how many deliveries."""
    return tx.execute(
        text(
            "update webhook_delivery set dead_at = null, attempts = 0, due_at = now()"
            " where webhook_id = :id and dead_at is not null"
        ),
        {"id": webhook_id},
    ).rowcount


def enqueue_due(database: Database) -> int:
    """Make deliveries of the events numbered since the last time; gives how many. One statement, however many hooks."""
    with database.transaction("platform", _SCOPE) as tx:
        tx.execute(
            text("insert into reader_position (reader, seq) values (:reader, 0) on conflict do nothing"),
            {"reader": READER},
        )
        position = tx.execute(
            text("select seq from reader_position where reader = :reader for update"), {"reader": READER}
        ).scalar_one()
        head = min(last_seq(tx), position + 5000)
        if head <= position:
            return 0
        made = tx.execute(_ENQUEUE, {"after": position, "upto": head}).rowcount
        tx.execute(
            text("update reader_position set seq = :seq where reader = :reader"), {"seq": head, "reader": READER}
        )
        return made


def deliver_due(database: Database, settings: Settings | None = None) -> int:
    """Send what is due; gives how many were taken. Called by the worker every second or so.

    A delivery is claimed for a minute before it is sent: who dies while sending leaves it to be sent again.
    """
    settings = settings or get_settings()
    enqueue_due(database)
    with database.transaction("platform", _SCOPE) as tx:
        claimed = tx.execute(_CLAIM, {"limit": _AT_ONCE, "each": _AT_ONCE_EACH}).all()
    if not claimed:
        return 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="webhook") as pool:
        answers = list(pool.map(lambda row: _send(database, row, settings), claimed))
    with database.transaction("platform", _SCOPE) as tx:
        for row, answer in zip(claimed, answers, strict=True):
            _settle(tx, row, answer)
    return sum(answer.taken for answer in answers)


def event_of(row: Row[Any], settings: Settings) -> dict[str, Any]:
    """A journal entry as a CloudEvent (structured JSON)."""
    return {
        "specversion": "1.0",
        "id": str(row.journal_id),
        "source": f"{settings.public_url}/",
        "type": f"irisplane.{row.action}",
        "subject": f"{row.subject_type}/{row.subject_id}",
        "time": row.at.isoformat(),
        "datacontenttype": "application/json",
        "sequence": str(row.seq),
        "data": {
            "action": row.action,
            "actor": str(row.actor) if row.actor else None,
            "change_id": str(row.change_id) if row.change_id else None,
            "request_id": row.request_id,
            "reason": row.reason,
            **row.body,
        },
    }


def _send(database: Database, row: Row[Any], settings: Settings) -> Answer:
    try:
        with database.transaction("platform", Scope(row.tenant_id, reason="sign a webhook")) as tx:
            secret = SecretStore(KeyFile(settings.key_file)).get(tx, row.tenant_id, row.secret)
        body = msgspec.json.encode(event_of(row, settings))
        now = int(time.time())
        headers = {
            "content-type": "application/cloudevents+json; charset=utf-8",
            "user-agent": "Irisplane",
            "webhook-id": str(row.journal_id),
            "webhook-timestamp": str(now),
            "webhook-signature": signature(secret.reveal(), str(row.journal_id), now, body),
        }
        return post(row.url, body, headers, allow_private=settings.webhook_allow_private)
    except AddressRefused as error:
        return Answer(0, error.message)
    except IrisplaneError as error:
        return Answer(0, f"{error.code}: {error.message}")
    except Exception as error:  # noqa: BLE001 - see below; it is logged, and is this delivery's answer
        # The others that were claimed with it have left already: they must be marked, or they are sent again for ever.
        _LOG.exception("webhook %s, event %s could not be sent", row.webhook_id, row.seq)
        return Answer(0, f"not sent: {type(error).__name__}")


def _settle(tx: Connection, row: Row[Any], answer: Answer) -> None:
    if answer.taken:
        tx.execute(_TAKEN, {"id": row.id, "answer": answer.text})
        return
    dead = row.attempts >= _ATTEMPTS or answer.status == 410  # 410 Gone: the receiver wants no more of it
    tx.execute(_REFUSED, {"id": row.id, "answer": answer.text, "dead": dead})
    _LOG.warning("webhook %s, event %s: %s%s", row.webhook_id, row.seq, answer.text, ", given up" if dead else "")
    if dead:
        body = {"seq": row.seq, "answer": answer.text, "attempts": row.attempts}
        record(tx, "audit", "webhook.gave_up", "webhook", row.webhook_id, body=body, tenant_id=row.tenant_id)


_LISTED: Final = text(
    """
    select coalesce(jsonb_agg(to_jsonb(w) order by w.id), '[]')::text from (
        select h.id, t.code as tenant, h.url, h.actions, h.active, h.created_at, h.version,
               count(d.id) filter (where d.done_at is not null) as delivered,
               count(d.id) filter (where d.done_at is null and d.dead_at is null) as waiting,
               count(d.id) filter (where d.dead_at is not null) as dead,
               (array_agg(d.answer order by d.seq desc) filter (where d.answer is not null))[1] as last_answer
          from webhook h join tenant t on t.id = h.tenant_id left join webhook_delivery d on d.webhook_id = h.id
         group by h.id, t.code) w
    """
)
# A region's hook hears everything, an agency's what is its own; nobody hears what webhooks themselves cause.
_ENQUEUE: Final = text(
    """
    insert into webhook_delivery (webhook_id, tenant_id, seq)
    select w.id, w.tenant_id, n.seq
      from journal_chain n join journal j on j.id = n.journal_id and j.kind = 'event'
      join webhook w on w.active and w.created_at <= j.at
      join tenant t on t.id = w.tenant_id and (t.kind = 'region' or j.tenant_id = w.tenant_id)
     where n.seq > :after and n.seq <= :upto and not starts_with(j.action, 'webhook.')
       and (cardinality(w.actions) = 0 or exists (select from unnest(w.actions) a where starts_with(j.action, a)))
    on conflict do nothing
    """
)
_CLAIM: Final = text(
    """
    with next as (
        select id, row_number() over (partition by webhook_id order by due_at, seq) as place
          from webhook_delivery where done_at is null and dead_at is null and due_at <= now())
    , due as (
        select d.id from webhook_delivery d join next on next.id = d.id and next.place <= :each
         where d.done_at is null and d.dead_at is null and d.due_at <= now()
         order by d.due_at, d.seq limit :limit for update of d skip locked)
    update webhook_delivery d set attempts = d.attempts + 1, due_at = now() + interval '1 minute'
      from due, webhook w, journal_chain n, journal j
     where d.id = due.id and w.id = d.webhook_id and n.seq = d.seq and j.id = n.journal_id
    returning d.id, d.webhook_id, d.tenant_id, d.seq, d.attempts, w.url, w.secret, j.id as journal_id, j.at,
              j.action, j.actor, j.subject_type, j.subject_id, j.change_id, j.request_id, j.reason, j.body
    """
)
_TAKEN: Final = text("update webhook_delivery set done_at = now(), answer = :answer where id = :id")
_REFUSED: Final = text(
    "update webhook_delivery set answer = :answer, dead_at = case when :dead then now() end,"
    " due_at = now() + least(interval '10 seconds' * power(4, attempts - 1), interval '6 hours') where id = :id"
)
