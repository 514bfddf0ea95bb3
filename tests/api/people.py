"""The API in process on a database of its own, with people to call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import text

from api.app import create_app
from core.db import Database
from core.identity import create_principal, grant
from core.keyring import KeyFile
from core.scope import EVERY_TENANT, Scope
from core.settings import Settings, load
from core.tokens import issue
from tests.documented import watched

SYSTEM = Scope(EVERY_TENANT, None, "test", "set up the test")


@dataclass(frozen=True)
class Person:
    """Somebody with a token, and a client that sends it."""

    id: UUID
    handle: str
    token: str
    client: TestClient

    def get(self, path: str, **kwargs: object) -> Response:
        return self.client.get(path, headers=self._headers(kwargs), **kwargs)  # type: ignore[arg-type]  # passed on

    def post(self, path: str, *, key: str | None = None, **kwargs: object) -> Response:
        headers = {**self._headers(kwargs), "Idempotency-Key": key or uuid4().hex}
        return self.client.post(path, headers=headers, **kwargs)  # type: ignore[arg-type]  # passed on

    def send(self, method: str, path: str, **kwargs: object) -> Response:
        return self.client.request(method, path, headers=self._headers(kwargs), **kwargs)  # type: ignore[arg-type]  # passed on

    def _headers(self, kwargs: dict[str, object]) -> dict[str, str]:
        given = kwargs.pop("headers", {})
        assert isinstance(given, dict)
        return {"Authorization": f"Bearer {self.token}", **given}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder: Path = tmp_path_factory.mktemp("state")
    made = load({"IRISPLANE_INSTANCE": "test", "IRISPLANE_STATE_DIR": str(folder)})
    KeyFile(made.key_file).ensure()
    return made


@pytest.fixture(scope="module")
def app(database: Database, settings: Settings) -> FastAPI:
    return watched(create_app(database, settings))


@pytest.fixture(scope="module")
def client(app: FastAPI) -> TestClient:
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def tenants(database: Database) -> dict[str, UUID]:
    """The region and two administrations."""
    rows = {"region": "region", "ixelles": "commune", "uccle": "commune"}
    with database.transaction("owner", SYSTEM) as tx:
        return {
            code: tx.execute(
                text(
                    "insert into tenant (code, kind, name_fr, name_nl, name_en)"
                    " values (:code, :kind, :code, :code, :code)"
                    " on conflict (code) do update set name_en = excluded.name_en returning id"
                ),
                {"code": code, "kind": kind},
            ).scalar_one()
            for code, kind in rows.items()
        }


Hire = Callable[..., Person]


@pytest.fixture(scope="module")
def hire(database: Database, client: TestClient, tenants: dict[str, UUID]) -> Hire:
    """Make a person with roles in a tenant, and a token: ``hire("ann", "engineer")``."""

    def make(handle: str, *roles: str, tenant: str = "region", scopes: tuple[str, ...] = ("*",)) -> Person:
        with database.transaction("owner", SYSTEM) as tx:
            who = create_principal(tx, handle=handle, kind="person", display_name=handle, email=f"{handle}@example.org")
            for role in roles:
                grant(tx, principal_id=who, tenant_id=tenants[tenant], role=role, granted_by=None)
            made = issue(tx, principal_id=who, tenant_id=tenants[tenant], name="test", scopes=scopes)
        return Person(who, handle, made.token.reveal(), client)

    return make


@pytest.fixture(scope="module")
def engineer(hire: Hire) -> Person:
    return hire("engineer", "engineer")


@pytest.fixture(scope="module")
def lead(hire: Hire) -> Person:
    return hire("lead", "network-lead")


@pytest.fixture(scope="module")
def manager(hire: Hire) -> Person:
    return hire("manager", "platform-manager")


@pytest.fixture(scope="module")
def agent(hire: Hire) -> Person:
    """An administration's own administrator."""
    return hire("agent", "agency-admin", tenant="ixelles")
