"""Fifty requests at once for the next free prefix, rack unit and VLAN, through the API: no duplicate, no deadlock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.region.conftest import Region

pytestmark = pytest.mark.lab

_COUNT = 50


def _at_once(work: Callable[[int], dict[str, Any]]) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(_COUNT) as pool:
        return list(pool.map(work, range(_COUNT)))


@pytest.fixture
def rack(region: Region) -> Iterator[str]:
    """A rack of fifty units, and fifty devices that want one; forgotten afterwards."""
    devices = [
        {"name": f"race{n}", "role": "access", "device_type": "FRRouting/FRR", "site": "DC-ARTS"} for n in range(_COUNT)
    ]
    operations = [
        {"action": "create", "type": "rack", "values": [{"site": "DC-ARTS", "name": "RACE", "units": _COUNT}]},
        {"action": "create", "type": "device", "values": devices},
    ]
    made = region.submit("inventory.edit", {"operations": operations})
    assert made["state"] == "succeeded", made
    yield "DC-ARTS%2FRACE"
    _undone(region, made["id"])


def _undone(region: Region, change: str) -> dict[str, Any]:
    answer = region.api("POST", f"/api/v1/changes/{change}:undo", json={"reason": "the race is over"})
    assert answer.status_code in (201, 202), answer.text
    made: dict[str, Any] = answer.json()
    assert region.ended(made["id"])["state"] == "succeeded"
    return made


def test_fifty_at_once_get_fifty_different_ones(region: Region, rack: str) -> None:
    wanted: Mapping[str, Callable[[int], dict[str, Any]]] = {
        "/api/v1/prefixes/global%2010.64.0.0%2F12:allocate": lambda _: {"length": 26, "purpose": "service"},
        "/api/v1/vlan-groups/DC-ARTS:allocate": lambda n: {"name": f"race-{n}"},
        f"/api/v1/racks/{rack}:allocate": lambda n: {"device": f"race{n}", "size": 1},
    }
    changes: list[str] = []
    for path, body in wanted.items():

        def ask(n: int, path: str = path, body: Callable[[int], dict[str, Any]] = body) -> dict[str, Any]:
            answer = region.api("POST", path, json=body(n))
            assert answer.status_code == 201, answer.text
            changes.append(answer.headers["location"].rpartition("/")[2])
            made: dict[str, Any] = answer.json()
            return made

        values = [one["allocated"][0]["value"] for one in _at_once(ask)]
        assert len(set(values)) == _COUNT, sorted(values)
    assert len(set(changes)) == len(changes) == _COUNT * len(wanted)
    with ThreadPoolExecutor(8) as pool:  # and given back, also many at once
        list(pool.map(lambda change: _undone(region, change), changes))
