"""Bought equipment: what its driver cannot do is told in the plan, not at the end of the road."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import text

from core.db import Database
from core.identity import Principal
from network.changes.offered import must_be_offered
from network.changes.running import Running
from network.drivers.napalm_based import PLATFORMS, NapalmConfigDriver
from network.drivers.netmiko_based import NetmikoConfigDriver
from network.drivers.protocol import Target
from network.errors import NotOffered
from network.fleet import Access, access
from orchestrator.engine import ChangeRequest, submit
from tests.network.conftest import SCOPE

_REACH = Access(UUID(int=1), UUID(int=2), "xr01", "iosxr", "192.0.2.1", 22, "u", "s", None)
_TARGET = Target("xr01", "192.0.2.1", "u")


@pytest.mark.parametrize(("platform", "safe"), [("eos", True), ("junos", True), ("iosxr", False), ("nxos", False)])
def test_without_a_timer_on_the_device_nothing_is_planned_until_somebody_accepts_it(
    platform: str, *, safe: bool
) -> None:
    running = Running("", "", timed_commit=NapalmConfigDriver(_TARGET, PLATFORMS[platform]).timed_commit)
    if safe:
        assert must_be_offered(_REACH, running) == ()
        return
    with pytest.raises(NotOffered, match=r"xr01 .* has no commit with a timer") as refused:
        must_be_offered(_REACH, running)
    assert "untimed: accept" in str(refused.value.hint)
    (note,) = must_be_offered(replace(_REACH, options=(("untimed", "accept"),)), running)
    assert note.startswith("timed commit: none")


def test_a_device_that_takes_only_lines_is_given_no_configuration() -> None:
    assert NetmikoConfigDriver.takes_whole is False
    with pytest.raises(NotOffered, match="only be told lines"):
        must_be_offered(_REACH, Running("", "", timed_commit="none", takes_whole=NetmikoConfigDriver.takes_whole))


def test_a_drivers_options_come_from_the_context_and_snippets_are_for_frr(
    database: Database, engineer: Principal, routers: dict[str, UUID]
) -> None:
    def edit(**operation: object) -> None:
        intent = {"operations": [operation]}
        done = submit(database, engineer, ChangeRequest(kind="inventory.edit", intent=intent, reason="a test"), "test")
        assert done.state == "succeeded"

    edit(action="update", type="device", items=[
        {"ref": "ac91", "set": {"platform": "nxos", "management_address": "192.0.2.91"}}])  # fmt: skip
    edit(action="create", type="device_access", values=[{"device": "ac91", "username": "u", "secret_name": "s"}])
    context = {"name": "untimed", "scope": "device", "device": "ac91", "data": {"driver": {"untimed": "accept"}}}
    edit(action="create", type="config_context", values=[context])
    with database.transaction("api", SCOPE) as tx:
        assert access(tx, [routers["ac91"]])[routers["ac91"]].options == (("untimed", "accept"),)
        assert tx.execute(text("select platform from device where name = 'ac91'")).scalar_one() == "nxos"
    lines = {"select": "name=ac91", "template": "hostname other\n"}
    with pytest.raises(NotOffered, match="FRR only"):
        submit(database, engineer, ChangeRequest(kind="network.snippet", intent=lines, reason="a test"), "test")
    # There are no templates for it, so its intent is empty, and never pushed: an empty configuration wipes a device.
    whole = ChangeRequest(kind="network.config", intent={"select": "name=ac91"}, reason="a test")
    with pytest.raises(NotOffered, match="no templates"):
        submit(database, engineer, whole, "test")
