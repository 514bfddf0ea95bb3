"""The API on a port, and the lab's routers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from api.app import create_app
from core.db import Database
from core.identity import create_principal, grant
from core.keyring import KeyFile
from core.settings import load
from core.tokens import issue
from tests.documented import watched
from tests.inventory.conftest import SYSTEM, engineer_of
from tests.lab.running import lab

__all__ = ["lab"]


@dataclass(frozen=True)
class Served:
    """Where the API is, and a token that reads."""

    url: str
    token: str


@pytest.fixture(scope="module")
def served(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("state")
    settings = load({"IRISPLANE_INSTANCE": "test", "IRISPLANE_STATE_DIR": str(folder)})
    KeyFile(settings.key_file).ensure()
    person = engineer_of(database)
    with database.transaction("owner", SYSTEM) as tx:
        who = create_principal(tx, handle="ansible", kind="service", display_name="ansible", email=None)
        grant(tx, principal_id=who, tenant_id=person.tenant_id, role="engineer", granted_by=None)
        token = issue(
            tx, principal_id=who, tenant_id=person.tenant_id, name="t", scopes=("inventory:read",)
        ).token.reveal()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(watched(create_app(database, settings)), port=port, log_config=None, lifespan="off")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield Served(f"http://127.0.0.1:{port}", token)
    server.should_exit = True
    thread.join(20)
