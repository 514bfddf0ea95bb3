"""The configuration contexts of devices, read from the database and matched in one pass for any number of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from inventory.context import Context

__all__ = ["contexts_of"]

_CONTEXTS: Final = text("select name, scope, role, site_id, device_id, weight, data from config_context where active")
_DEVICES: Final = text("select id, role, site_id from device where id = any(:ids)")


def contexts_of(tx: Connection, device_ids: Sequence[UUID]) -> Mapping[UUID, list[Context]]:
    """The contexts that apply to each device; ``inventory.context.merged`` and ``explain`` take them as they are."""
    known = [
        (Context(row.name, row.scope, row.weight, row.data), row.scope, row.role, row.site_id, row.device_id)
        for row in tx.execute(_CONTEXTS)
    ]
    return {
        device.id: [
            context
            for context, scope, role, site, own in known
            if scope == "region" or role == device.role or site == device.site_id or own == device.id
        ]
        for device in tx.execute(_DEVICES, {"ids": list(device_ids)})
    }
