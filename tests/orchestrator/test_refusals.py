"""What the database says no with, in words that a person can act on."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from core.db import Database
from core.errors import Unavailable
from core.scope import EVERY_TENANT, Scope
from orchestrator.refusals import said_plainly


@pytest.mark.parametrize(
    "statement",
    [
        "select pg_sleep(5)",
        "do $$ begin raise disk_full; end $$",
        "do $$ begin raise too_many_connections; end $$",
    ],
)
def test_a_database_that_cannot_now_is_not_called_a_defect(database: Database, statement: str) -> None:
    def ask() -> None:
        with said_plainly(), database.transaction("api", Scope(EVERY_TENANT)) as tx:
            tx.execute(text("set local statement_timeout = '50ms'"))
            tx.execute(text(statement))

    with pytest.raises(Unavailable):
        ask()
