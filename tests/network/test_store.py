"""Configurations kept: content-addressed, redacted in the open, sealed otherwise."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from core.db import Database
from core.errors import NotFound
from core.keyring import KeyFile
from network import store
from network.diff import difference, group_equal, redacted_difference
from tests.network.conftest import SCOPE

ONE = "hostname ac91\n!\nrouter bgp 1\n neighbor 192.0.2.1 password zeer-geheim-1\nexit\n"
TWO = ONE.replace("ac91", "ac92")


def _keep(database: Database, keys: Path, device: UUID, body: str, source: str = "backup") -> str:
    with database.transaction("worker", SCOPE) as tx:
        tenant = tx.execute(text("select tenant_id from device where id = :id"), {"id": device}).scalar_one()
        return store.keep(
            tx, KeyFile(keys), device_id=device, tenant_id=tenant, platform="frr", configuration=body, source=source
        )


def test_the_same_text_is_kept_once_and_its_secrets_only_sealed(
    database: Database, routers: dict[str, UUID], keys: Path
) -> None:
    device = routers["ac91"]
    first = _keep(database, keys, device, ONE)
    assert _keep(database, keys, device, ONE) == first
    second = _keep(database, keys, device, TWO)
    with database.transaction("worker", SCOPE) as tx:
        kept = store.versions(tx, device)
        assert [version.digest for version in kept] == [second, first]
        tenant = tx.execute(text("select tenant_id from device where id = :id"), {"id": device}).scalar_one()
        assert "zeer-geheim-1" not in store.redacted(tx, tenant, first)
        assert store.raw(tx, KeyFile(keys), tenant, first) == ONE
        assert store.version(tx, device, "@1").digest == first
        assert store.version(tx, device, second[:8]).digest == second
        with pytest.raises(NotFound, match="no version"):
            store.version(tx, device, "@9")
        for odd in ("@²", "@99999999999999999999"):
            with pytest.raises(NotFound, match="no version"):
                store.version(tx, device, odd)
        dump = tx.execute(text("select string_agg(t::text, ' ') from config_text t")).scalar_one()
    assert "zeer-geheim-1" not in dump


def test_going_back_to_an_older_text_is_a_version_of_its_own(
    database: Database, routers: dict[str, UUID], keys: Path
) -> None:
    device = routers["cr91"]
    for body in (ONE, TWO, ONE):
        _keep(database, keys, device, body)
    with database.transaction("worker", SCOPE) as tx:
        assert len(store.versions(tx, device)) == 3


def test_differences_are_read_under_their_contexts() -> None:
    old = "interface a\n ip ospf cost 1\nexit\nrouter ospf\nexit\n"
    new = "interface a\n ip ospf cost 2\nexit\nrouter ospf\nexit\n"
    assert difference(old, new) == " interface a\n-  ip ospf cost 1\n+  ip ospf cost 2"
    assert difference(old, old) == ""


def test_where_only_secrets_differ_that_is_said_and_no_more() -> None:
    other = ONE.replace("zeer-geheim-1", "zeer-geheim-2")
    assert redacted_difference(ONE, other, "frr") == "~ only secrets differ"


def test_equal_differences_are_shown_once() -> None:
    groups = group_equal([("a", "+x"), ("b", "+y"), ("c", "+x")])
    assert [(group.names, group.diff) for group in groups] == [(("a", "c"), "+x"), (("b",), "+y")]
