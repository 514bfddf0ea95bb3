"""Write one journal entry in the transaction of its effect."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection, text

from core.masking import mask_json

__all__ = ["Kind", "record", "record_events"]

Kind = Literal["audit", "event"]
"""``audit``: somebody did or decided something. ``event``: something happened that others may wait for."""

_INSERT: Final = text(
    "insert into journal"
    " (kind, actor, action, subject_type, subject_id, change_id, request_id, reason, tenant_id, body)"
    " select :kind, irisplane_setting('actor')::uuid, :action, :subject_type, :subject_id,"
    " irisplane_setting('change_id')::uuid, coalesce(irisplane_setting('request_id'), ''),"
    " coalesce(irisplane_setting('reason'), ''), :tenant_id, cast(:body as jsonb)"
    " where irisplane_setting('preview') is distinct from 'on'"
)


_INSERT_EVENTS: Final = text(
    "insert into journal"
    " (kind, actor, action, subject_type, subject_id, change_id, request_id, reason, tenant_id, body)"
    " select 'event', irisplane_setting('actor')::uuid, :action, :subject_type, :subject_id,"
    " irisplane_setting('change_id')::uuid, coalesce(irisplane_setting('request_id'), ''),"
    " coalesce(irisplane_setting('reason'), ''), :tenant_id, b.body"
    " from jsonb_array_elements(cast(:bodies as jsonb)) with ordinality as b(body, place)"
    " where irisplane_setting('preview') is distinct from 'on' order by b.place"
)


def record(
    tx: Connection,
    kind: Kind,
    action: str,
    subject_type: str,
    subject_id: str | UUID,
    *,
    body: Mapping[str, Any] | None = None,
    tenant_id: UUID | None = None,
) -> None:
    """Write what happened; actor, request, reason and Change come from the scope of the transaction.

    A preview writes nothing. Whatever looks like a secret in ``body`` is masked before it is written.

    Args:
        kind: ``audit`` or ``event``; row images (``log``) are written by the database alone.
        action: what, as ``subject.verb`` in the past tense: ``change.approved``.
        subject_type: of what, ``device``.
        subject_id: which one.
        body: JSON-able facts, never floats of measured quantities, never secrets.
        tenant_id: whose; ``None``: the region's own business, which agencies do not see.
    Raises:
        TypeError: ``body`` is not JSON-able.
    """
    tx.execute(
        _INSERT,
        {
            "kind": kind,
            "action": action,
            "subject_type": subject_type,
            "subject_id": str(subject_id),
            "tenant_id": tenant_id,
            "body": json.dumps(mask_json(body or {}), ensure_ascii=False, allow_nan=False),
        },
    )


def record_events(
    tx: Connection,
    action: str,
    subject_type: str,
    subject_id: str | UUID,
    bodies: Sequence[Mapping[str, Any]],
    *,
    tenant_id: UUID | None = None,
) -> None:
    """Write several events of one subject, in one statement and in this order; see :func:`record`."""
    if not bodies:
        return
    tx.execute(
        _INSERT_EVENTS,
        {
            "action": action,
            "subject_type": subject_type,
            "subject_id": str(subject_id),
            "tenant_id": tenant_id,
            "bodies": json.dumps([mask_json(body) for body in bodies], ensure_ascii=False, allow_nan=False),
        },
    )
