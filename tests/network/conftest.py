"""The Brussels region with two wired routers, as an engineer would enter them: no equipment behind it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from core.bootstrap import ensure
from core.db import Database
from core.identity import Principal, principal_in
from core.keyring import KeyFile
from core.scope import EVERY_TENANT, Scope
from core.settings import get_settings
from inventory.region_import import built_in, prepare
from orchestrator.engine import ChangeRequest, submit

__all__ = ["SCOPE", "two_routers"]

SCOPE = Scope(EVERY_TENANT, None, "test", "a test")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A key file of the module's own, where the settings say."""
    path = tmp_path_factory.mktemp("keys") / "keys" / "master.json"
    before = os.environ.get("IRISPLANE_KEY_FILE")
    os.environ["IRISPLANE_KEY_FILE"] = str(path)
    get_settings.cache_clear()
    KeyFile(path).ensure()
    yield path
    if before is None:
        del os.environ["IRISPLANE_KEY_FILE"]
    else:
        os.environ["IRISPLANE_KEY_FILE"] = before
    get_settings.cache_clear()


@pytest.fixture(scope="module")
def engineer(database: Database, keys: Path) -> Principal:
    """Somebody who may submit."""
    ensure(database)
    with database.transaction("api", SCOPE) as tx:
        return principal_in(tx, "engineer", "paradigm")


@pytest.fixture(scope="module")
def routers(database: Database, engineer: Principal) -> dict[str, UUID]:
    """``cr91`` (core) and ``ac91`` (access), joined by a fibre, with loopbacks and a service prefix."""
    with database.transaction("api", engineer.scope("test", "region")) as tx:
        region = prepare(tx, engineer.scope("test", "region"), built_in())
    for kind, intent in (("inventory.import", region.intent), ("inventory.edit", {"operations": two_routers()})):
        done = submit(database, engineer, ChangeRequest(kind=kind, intent=intent, reason="a test"), "test")
        assert done.state == "succeeded"
    with database.transaction("api", SCOPE) as tx:
        rows = tx.execute(text("select name, id from device")).all()
    return {row.name: row.id for row in rows}


def _device(name: str, role: str, site: str, interface: str) -> dict[str, object]:
    return {
        "name": name, "role": role, "device_type": "FRRouting/FRR", "site": site, "status": "active",
        "interfaces": [{"name": "lo", "kind": "loopback"}, {"name": interface}],
    }  # fmt: skip


def two_routers() -> list[dict[str, object]]:
    """What enters them into the region's inventory."""
    return [
        {"action": "create", "type": "device", "values": [_device("cr91", "core", "DC-ARTS", "to-ac91"),
                                                            _device("ac91", "access", "TH-21004", "to-cr91")]},
        {"action": "create", "type": "link", "values": [
            {"name": "cr91-ac91", "a": "cr91:to-ac91", "b": "ac91:to-cr91"}]},
        {"action": "create", "type": "prefix", "values": [
            {"cidr": "10.254.9.0/31", "kind": "assigned", "purpose": "link"},
            {"cidr": "10.64.91.0/24", "kind": "assigned", "purpose": "service", "site": "TH-21004"}]},
        {"action": "create", "type": "address", "values": [
            {"prefix": "global 10.255.0.0/24", "address": "10.255.0.91/32", "interface": "cr91:lo"},
            {"prefix": "global 10.255.0.0/24", "address": "10.255.0.92/32", "interface": "ac91:lo"},
            {"prefix": "global 10.254.9.0/31", "address": "10.254.9.0/31", "interface": "cr91:to-ac91"},
            {"prefix": "global 10.254.9.0/31", "address": "10.254.9.1/31", "interface": "ac91:to-cr91"}]},
    ]  # fmt: skip
