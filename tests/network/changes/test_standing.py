"""A standing order is the system's: for people it would be a way around the second pair of eyes."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from core.bootstrap import SYSTEM
from core.db import Database
from core.errors import Denied
from core.scope import EVERY_TENANT, Scope
from network.changes.standing import standing_order
from orchestrator.kinds import Surroundings


@dataclass(frozen=True)
class Reading:
    """What a plan reads, without devices."""

    tx: Connection
    scope: Scope

    def read_blob(self, digest: str) -> str:
        raise AssertionError(f"nothing is to be read: {digest}")

    def surroundings(self) -> Surroundings:
        raise AssertionError("nothing is to be done")


def _account(database: Database, kind: str, handle: str) -> UUID:
    with database.transaction("owner", Scope(EVERY_TENANT)) as tx:
        made: UUID = tx.execute(
            text("insert into principal (kind, handle, display_name) values (:kind, :handle, 'x') returning id"),
            {"kind": kind, "handle": handle},
        ).scalar_one()
    return made


def test_the_system_alone_carries_out_a_standing_order(database: Database) -> None:
    people = {(kind, handle): _account(database, kind, handle) for kind, handle in
              (("person", "engineer"), ("service", "ticket-robot"), ("service", SYSTEM))}  # fmt: skip
    for (_, handle), who in people.items():
        scope = Scope(EVERY_TENANT, who)
        with database.transaction("api", scope) as tx:
            if handle == SYSTEM:
                assert standing_order(Reading(tx, scope), [], "restore") == {"standing": "restore"}
            else:
                with pytest.raises(Denied, match="the system alone"):
                    standing_order(Reading(tx, scope), [], "restore")
