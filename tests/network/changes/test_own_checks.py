"""Checks that engineers attach through the configuration context: read, judged after a commit, worth a roll-back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from core.errors import InvalidInput, IrisplaneError
from orchestrator.states import State
from tests.network.changes.routing import known_again
from tests.network.changes.small_region import SCOPE, SmallRegion

pytestmark = pytest.mark.lab
_FUNCTION = """
from network.expectations import Observations, checking

@checking("few_routes")
def few_routes(seen: Observations, *, most: int) -> bool | None:
    return None if seen.routes is None else len(seen.routes) <= most
"""


def _context(checks: list[dict[str, Any]], *, name: str = "own-checks", **place: Any) -> dict[str, Any]:
    return {
        "action": "create", "type": "config_context",
        "values": [{"name": name, **(place or {"scope": "device", "device": "ac01"}), "data": {"checks": checks}}],
    }  # fmt: skip


def _forget(small: SmallRegion, name: str = "own-checks") -> None:
    small.edit({"action": "delete", "type": "config_context", "items": [{"ref": name}]})


@pytest.mark.parametrize(
    ("checks", "place", "words"),
    [
        ([{"check": "route"}], "/0/prefix", "Field required"),
        ([{"check": "pings", "target": "10.255.0.1"}], "/checks/0", "pings"),
        ([{"check": "reachable"}, {"check": "python", "function": "nowhere"}], "/1/function", "no check function"),
        ("- check: reachable", "/checks", "checks are a list"),
    ],
)
def test_a_wrong_check_is_refused_when_the_context_is_written(
    small: SmallRegion, checks: Any, place: str, words: str
) -> None:
    with pytest.raises(IrisplaneError) as refused:
        small.edit(_context(checks))
    assert place in refused.value.message
    assert words in refused.value.message


def test_a_wrong_check_that_got_there_another_way_is_named_when_a_plan_needs_it(small: SmallRegion) -> None:
    small.edit(_context([{"check": "reachable"}]))
    with small.database.transaction("owner", SCOPE) as tx:
        tx.execute(
            text("update config_context set data = jsonb_set(data, '{checks,0,check}', '\"routte\"')"
                 " where name = 'own-checks'")
        )  # fmt: skip
    try:
        with pytest.raises(InvalidInput, match=r"context own-checks, at /checks/0.*routte"):
            small.submit("network.snippet", {"select": "name=ac01", "template": "log syslog warnings\n"})
    finally:
        _forget(small)


def test_what_checks_ask_for_is_looked_at_and_the_lines_stay_when_they_are_met(small: SmallRegion) -> None:
    known_again(small, "ac01")  # whatever a test before cut or switched off: what was so before is no finding
    folder = small.state / "checks"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "routes.py").write_text(_FUNCTION)
    small.edit(
        _context(
            [
                {"check": "ping", "target": "10.255.0.1"},
                {"check": "ping", "target": "fd00:1715:255::1"},
                {"check": "python", "function": "few_routes", "arguments": {"most": 500}},
            ]
        )
    )
    try:
        done = small.carried_out("network.snippet", {"select": "name=ac01", "template": "log syslog warnings\n"})
        assert done.state is State.SUCCEEDED, small.steps(done.id)
        told, *before = small.steps(done.id)["ac01"].record["verify"]["evidence"]
        met, of = told.split(" of ")[0].split()[-1], told.split(" of ")[1].split()[0]
        assert met == of, before
        assert int(of) > 3
    finally:
        _forget(small)


@pytest.mark.parametrize(
    ("checks", "template", "words"),
    [
        (
            [{"check": "route", "prefix": "10.64.4.0/24", "name": "the town hall"}],
            "no ip route 10.64.4.0/24 blackhole\n",
            "route to the town hall (10.64.4.0/24): no",
        ),
        (
            [{"check": "ping", "target": "10.255.0.1"}],
            "ip route 10.255.0.1/32 blackhole\n",
            "ping 10.255.0.1: no",
        ),
    ],
    ids=["route", "ping"],
)
def test_a_check_that_fails_takes_the_lines_back(
    small: SmallRegion, checks: list[dict[str, Any]], template: str, words: str
) -> None:
    ac01 = next(router for router in small.lab.topology.routers if router.name == "ac01")
    checks = [{key: value.replace("10.64.4.", f"10.64.{ac01.number}.") for key, value in one.items()} for one in checks]
    template, words = (one.replace("10.64.4.", f"10.64.{ac01.number}.") for one in (template, words))
    before = small.everything()
    small.edit(_context(checks))
    try:
        done = small.carried_out("network.snippet", {"select": "name=ac01", "template": template})
        assert done.state is State.ROLLED_BACK
        assert words in small.last["summary"]
        assert small.everything() == before
    finally:
        _forget(small)
