"""What the tests of ``core`` share: a scope, a tenant, a key file."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from core.db import Database
from core.keyring import KeyFile
from core.scope import EVERY_TENANT, Scope


@pytest.fixture
def scope() -> Scope:
    """The region's own scope."""
    return Scope(EVERY_TENANT, request_id="req-test", reason="a test")


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    """A key file of this test's own."""
    made = KeyFile(tmp_path / "keys" / "master.json")
    made.ensure()
    return made


def add_tenant(database: Database, code: str, kind: str = "commune") -> UUID:
    """A tenant of that code."""
    with database.transaction("platform", Scope(EVERY_TENANT, reason="a test")) as tx:
        made: UUID = tx.execute(
            text(
                "insert into tenant (code, kind, name_fr, name_nl, name_en) values (:code, :kind, :code, :code, :code)"
                " on conflict (code) do update set active = true returning id"
            ),
            {"code": code, "kind": kind},
        ).scalar_one()
    return made
