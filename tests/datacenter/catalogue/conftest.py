"""A region whose platform manager imports catalogues."""

from __future__ import annotations

from typing import Any

import pytest

from core.db import Database
from core.identity import Principal
from tests.api.people import app, client, hire, manager, settings, tenants
from tests.inventory.conftest import Submit, engineer_of, submitter

__all__ = ["app", "client", "hire", "manager", "settings", "tenants"]


@pytest.fixture
def platform(fresh_database: Database) -> Principal:
    """A platform manager on a database of this one test's own."""
    return engineer_of(fresh_database, role="platform-manager")


@pytest.fixture
def submit(fresh_database: Database, platform: Principal) -> Submit:
    """Submit a change as the platform manager."""
    return submitter(fresh_database, platform)


def texts(name: str) -> dict[str, str]:
    return {"fr": f"{name} fr", "nl": f"{name} nl", "en": f"{name} en"}


def offering(code: str = "volume", **more: Any) -> dict[str, Any]:
    return {"code": code, "kind": "volume", "name": texts(code), **more}


def price(amount: int, begins: object = None, component: str = "gib") -> dict[str, Any]:
    made: dict[str, Any] = {"component": component, "quarter_micro_eur": amount}
    return made if begins is None else {**made, "from": str(begins)}


def plan(code: str = "small", *, vcpus: int = 1, amount: int = 100, **more: Any) -> dict[str, Any]:
    size = {"flavor": f"SCS-{vcpus}V-2-10", "vcpus": vcpus, "ram_mib": 2048, "disk_gib": 10}
    return {"code": code, "name": texts(code), **size, "prices": [price(amount, component="server")], **more}


def servers(*plans: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"code": "server", "kind": "server", "name": texts("server"), "plans": list(plans), **more}
