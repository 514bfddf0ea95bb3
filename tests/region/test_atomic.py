"""`--atomic` on twelve routers while one hangs: afterwards all twelve are alike, and the result says which."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from core.errors import IrisplaneError
from lab.network import control
from tests.region.conftest import LONG, Region, eventually
from tests.region.watching import Watch, carrier_of, frozen

pytestmark = pytest.mark.lab

_HUNG = "ag03"
_TIMER = 20
"""Shorter than the engine would choose: the router that hangs takes its commit back while we look."""
_MARK = "ip prefix-list TOGETHER seq 5 permit 10.67.0.0/16"


@pytest.fixture
def watch(region: Region) -> Iterator[Watch]:
    made = Watch(region)
    yield made
    made.close()
    with suppress(IrisplaneError):
        control.resume(_HUNG, region.instance)


def _pushed(region: Region, watch: Watch, stage: str) -> str:
    """A push of all routers, one of which hangs from the moment that it is at a stage."""
    made = region.submit(
        "network.snippet", {"select": "status=active", "template": f"{_MARK}\n", "name": "together"},
        options={"atomic": True, "timer": _TIMER},
    )  # fmt: skip
    with watch.held(made["id"], stage):
        region.approve(made)
        watch.reached(made["id"], stage)
        with frozen(watch, carrier_of(watch, made["id"])):  # so that nothing happens before the router hangs
            control.hang(_HUNG, region.instance)
    return str(made["id"])


def _has_it(region: Region) -> dict[str, bool]:
    return {name: _MARK in text for name, text in region.everything().items()}


def _resumed_when(region: Region, before: str) -> None:
    """The router's own timer takes back what it has, though nobody can reach it; then it wakes."""
    eventually(lambda: region.running(_HUNG) == before, seconds=_TIMER + 30)
    control.resume(_HUNG, region.instance)


def _said(end: dict[str, Any]) -> str:
    return str(end["outcome"]["summary"])


@pytest.mark.parametrize("stage", ["prepare", "apply", "verify"])
def test_a_router_that_hangs_before_the_decision_takes_all_twelve_back(
    region: Region, watch: Watch, stage: str
) -> None:
    before = region.everything()
    change = _pushed(region, watch, stage)
    eventually(lambda: region.change(change)["state"] != "running", seconds=120)
    _resumed_when(region, before[_HUNG])
    end = region.ended(change)
    assert end["state"] == ("failed" if stage == "prepare" else "rolled_back"), end["outcome"]
    assert region.everything() == before
    assert _HUNG in _said(end)


def test_a_router_that_hangs_at_its_confirmation_is_brought_along_when_it_wakes(region: Region, watch: Watch) -> None:
    before = region.everything()
    change = _pushed(region, watch, "decide")
    _resumed_when(region, before[_HUNG])
    end = region.ended(change)
    assert end["state"] == "succeeded", end["outcome"]
    assert all(_has_it(region).values())
    assert _said(end) == "12 targets verified and confirmed"
    undo = region.api("POST", f"/api/v1/changes/{change}:undo", json={"reason": "as it was"}).json()
    assert region.ended(undo["id"])["state"] == "succeeded"
    assert region.everything() == before


@pytest.mark.long
@pytest.mark.skipif(not LONG, reason="waits until patience ends; runs with IRISPLANE_LONG=1")
def test_a_router_that_never_confirms_takes_the_confirmed_ones_back(region: Region, watch: Watch) -> None:
    before = region.everything()
    change = _pushed(region, watch, "decide")
    eventually(lambda: region.change(change)["state"] == "rolling_back", seconds=180)
    _resumed_when(region, before[_HUNG])
    end = region.ended(change)
    assert end["state"] == "rolled_back", end["outcome"]
    assert region.everything() == before
    assert _HUNG in _said(end)


@pytest.mark.long
@pytest.mark.skipif(not LONG, reason="waits until patience ends; runs with IRISPLANE_LONG=1")
def test_a_router_that_nobody_can_see_again_is_unknown_and_never_called_good(region: Region, watch: Watch) -> None:
    before = region.everything()
    change = _pushed(region, watch, "apply")
    end = region.ended(change)
    assert end["state"] == "unknown", end["outcome"]
    assert [one["target"] for one in end["outcome"]["unknown"]] == [_HUNG]
    control.resume(_HUNG, region.instance)
    # What was on its way when it fell silent may still arrive; nobody confirms it, so the router takes it back itself.
    eventually(lambda: region.everything() == before, seconds=180)
