"""Keep every running configuration, now and then, also of routers that nobody changes."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from core.db import Database
from core.scope import EVERY_TENANT, Scope
from network import store
from network.drivers.protocol import ConfigDriver
from network.fleet import Access, access, fleet_of

__all__ = ["keep_all"]

_SCOPE: Final = Scope(EVERY_TENANT, request_id="backup", reason="configuration backup")


def keep_all(database: Database) -> None:
    """Keep what every reachable router runs; the same text is not kept twice."""
    with database.transaction("worker", _SCOPE) as tx:
        ids = list(
            tx.execute(
                text(
                    "select d.id from device d join device_state s on s.device_id = d.id"
                    " where d.status in ('active', 'maintenance') and s.reachable"
                )
            ).scalars()
        )
        reach = list(access(tx, ids).values())

    def ask(driver: ConfigDriver, _: Access) -> str:
        return driver.running()

    for answer in fleet_of(database).ask(_SCOPE, reach, ask, concurrency=8):
        if answer.value is None:
            continue
        with database.transaction("worker", _SCOPE) as tx:
            store.keep(
                tx,
                fleet_of(database).keyring,
                device_id=answer.access.device_id,
                tenant_id=answer.access.tenant_id,
                platform=answer.access.platform,
                configuration=answer.value,
                source="backup",
            )
