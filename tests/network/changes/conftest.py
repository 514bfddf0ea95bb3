"""One small region for all tests of the network's Changes: making it takes most of their time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.postgres_temporary import TemporaryPostgres
from tests.lab.running import RunningLab, lab
from tests.network.changes.small_region import SmallRegion, small_region

__all__ = ["lab"]


@pytest.fixture(scope="session")
def small(lab: RunningLab, pg: TemporaryPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallRegion]:
    """Four routers that run their intent, and a worker."""
    with (
        pg.copy() as name,
        small_region(lab, lambda role: pg.dsn(role, name), tmp_path_factory.mktemp("small")) as made,
    ):
        yield made
