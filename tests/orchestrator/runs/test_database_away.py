"""The database goes away under a run: a connection is cut, the server is stopped at once; the run goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.migrations import upgrade
from core.postgres_temporary import TemporaryPostgres
from orchestrator.durable import prepare_database
from orchestrator.states import State
from tests.orchestrator.runs.region import NEW, Region, region_at

LONG = os.environ.get("IRISPLANE_LONG") == "1"
PLACES = ["hold-after-prepare-d02", "hold-before-apply-d02", "hold-after-apply-d02", "hold-after-verify-d02"]
PLACES += ["hold-before-confirm-d02", "hold-after-confirm-d02"] if LONG else []


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[tuple[TemporaryPostgres, Region]]:
    """A server of this test's own, to be stopped."""
    with TemporaryPostgres(durable=True) as server:
        upgrade(server.dsn("owner"))
        prepare_database(server.dsn("owner"))
        with region_at(server.dsn, tmp_path) as region:
            yield server, region


@pytest.mark.parametrize("place", PLACES)
def test_cut_connections_are_made_again_and_the_run_goes_on(
    runs_pg: TemporaryPostgres, region: Region, place: str
) -> None:
    devices = region.devices(3)
    region.bad(place)
    change = region.change(devices, timer=120, canary=0, share=100)
    region.worker(lease=5)
    region.reached(place)
    for role in ("worker", "platform"):
        runs_pg.kill_backends(role)
    region.good(place)
    assert region.ended(change) is State.SUCCEEDED, region.story(change)
    assert {device.running for device in devices} == {NEW}
    assert all([line.split()[0] for line in device.log].count("commit") == 1 for device in devices)


@pytest.mark.parametrize("place", ["hold-after-apply-d02", "hold-before-confirm-d02"])
def test_a_server_stopped_at_once_and_started_again_loses_nothing(
    own_server: tuple[TemporaryPostgres, Region], place: str
) -> None:
    server, region = own_server
    devices = region.devices(3)
    region.bad(place)
    change = region.change(devices, timer=120, canary=0, share=100)
    region.worker(lease=5)
    region.reached(place)
    server.stop(at_once=True)
    region.good(place)
    server.start()
    assert region.ended(change, 90) is State.SUCCEEDED, region.story(change)
    assert {device.running for device in devices} == {NEW}
