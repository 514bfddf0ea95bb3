"""What time does to servers that were given back: they are deleted when their hour has come, by a Change of its own."""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy import text

from core.bootstrap import REGION, SYSTEM
from core.db import Database
from core.errors import IrisplaneError
from core.identity import principal_in
from core.scope import EVERY_TENANT, Scope
from core.settings import get_settings
from orchestrator.engine import ChangeRequest, submit

__all__ = ["delete_due", "forget_user_data"]

_LOG: Final = logging.getLogger(__name__)
_SCOPE: Final = Scope(EVERY_TENANT, reason="kept long enough")
_AT_ONCE: Final = 50


def delete_due(database: Database) -> int:
    """Order the deletion of every kept server whose hour has come; how many."""
    with database.transaction("worker", _SCOPE) as tx:
        due = tx.execute(_DUE, {"limit": _AT_ONCE}).all()
        if not due:
            return 0
        system = principal_in(tx, SYSTEM, REGION)
    ordered = 0
    for row in due:
        request = ChangeRequest(
            kind="hosting.server.delete",
            intent={"server": str(row.id), "now": True},
            reason=f"{row.name} was given back and its time to come back is over.",
            tenant=row.tenant_id,
        )
        try:
            submit(database, system, request, "purge")
            ordered += 1
        except IrisplaneError as error:
            _LOG.warning("server %s is not deleted yet: %s", row.id, error.message)
    return ordered


def forget_user_data(database: Database) -> None:
    """Sealed user data of orders that never ran and can run no more."""
    days = get_settings().change_expiry_hours // 24 + 7
    with database.transaction("worker", _SCOPE.because("of orders that can run no more")) as tx:
        tx.execute(_STALE, {"days": days})


_DUE: Final = text(
    "select s.id, s.tenant_id, s.name from server s where s.status = 'kept' and s.purge_at < now()"
    " and not exists (select from change c where c.kind in ('hosting.server.delete', 'hosting.server.restore')"
    " and c.state in ('waiting', 'approved', 'running', 'rolling_back')"
    " and c.outcome -> 'resource' ->> 'id' = s.id::text)"
    " order by s.purge_at limit :limit"
)
_STALE: Final = text(
    "delete from secret where name like 'hosting/user-data/%' and updated_at < now() - make_interval(days => :days)"
)
