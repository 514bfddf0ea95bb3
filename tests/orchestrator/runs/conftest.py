"""A region of one's own for every test: a database, devices on a wire, and workers on demand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.migrations import upgrade
from core.postgres_temporary import TemporaryPostgres
from orchestrator.durable import prepare_database
from tests.orchestrator.runs.region import Region, region_at


@pytest.fixture(scope="package")
def runs_pg() -> Iterator[TemporaryPostgres]:
    """A server that waits for the disk as the real one does, with the durable engine's tables as well."""
    with TemporaryPostgres(durable=True) as server:
        upgrade(server.dsn("owner"))
        prepare_database(server.dsn("owner"))
        yield server


@pytest.fixture
def region(runs_pg: TemporaryPostgres, tmp_path: Path) -> Iterator[Region]:
    """A region with a database of its own."""
    with runs_pg.copy() as name, region_at(lambda role: runs_pg.dsn(role, name), tmp_path) as made:
        yield made
