"""One small region for all tests of the network's Changes: making it takes most of their time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.postgres_temporary import TemporaryPostgres
from tests.lab.running import RunningLab, lab
from tests.network.changes.ordering import nothing, tenants
from tests.network.changes.small_region import SmallRegion, in_force, small_region

__all__ = ["lab", "nothing", "tenants"]


@pytest.fixture(scope="session")
def small(lab: RunningLab, pg: TemporaryPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallRegion]:
    """Four routers that run their intent, and a worker."""
    with (
        pg.copy() as name,
        small_region(lab, lambda role: pg.dsn(role, name), tmp_path_factory.mktemp("small")) as made,
    ):
        yield made


@pytest.fixture(autouse=True)
def _settings_of_the_small_region(request: pytest.FixtureRequest) -> Iterator[None]:
    """While one of its tests runs, this process's settings are the small region's."""
    if "small" not in request.fixturenames:
        yield
        return
    small: SmallRegion = request.getfixturevalue("small")
    with in_force(small.environment):
        yield
