"""Fifty requests at once for the next free prefix, rack unit and VLAN, through the API: no duplicate, no deadlock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    _forget(region, "device", [device["name"] for device in devices])
    _forget(region, "rack", ["DC-ARTS/RACE"])


def _forget(region: Region, kind: str, names: Sequence[str]) -> None:
    gone = {"action": "delete", "type": kind, "items": [{"ref": name} for name in names]}
    assert region.submit("inventory.edit", {"operations": [gone]})["state"] == "succeeded"


def test_fifty_at_once_get_fifty_different_ones(region: Region, rack: str) -> None:
    wanted: Mapping[str, Callable[[int], dict[str, Any]]] = {
        "/api/v1/prefixes/global%2010.64.0.0%2F12:allocate": lambda _: {"length": 26, "purpose": "service"},
        "/api/v1/vlan-groups/DC-ARTS:allocate": lambda n: {"name": f"race-{n}"},
        f"/api/v1/racks/{rack}:allocate": lambda n: {"device": f"race{n}", "size": 1},
    }
    made: dict[str, list[str]] = {}
    for path, body in wanted.items():

        def ask(n: int, path: str = path, body: Callable[[int], dict[str, Any]] = body) -> dict[str, Any]:
            answer = region.api("POST", path, json=body(n))
            assert answer.status_code == 201, answer.text
            told: dict[str, Any] = answer.json()
            return told

        got = _at_once(ask)
        values = [one["allocated"][0]["value"] for one in got]
        assert len(set(values)) == _COUNT, sorted(values)
        for one in (one for answer in got for one in answer["objects"]):
            made.setdefault(one["type"], []).append(one["key"])
    assert {kind: len(set(keys)) for kind, keys in made.items()} == dict.fromkeys(made, _COUNT)
    for kind, keys in made.items():
        _forget(region, kind, keys)
