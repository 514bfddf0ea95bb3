"""The command line of hosting against a really served API: lists, orders that wait, names that are nobody's, errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from cli.main import main
from tests.api.people import Person
from tests.api.serving import serve

Hire = Callable[..., Person]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def address(app: FastAPI) -> Iterator[str]:
    with serve(app) as url:
        yield url


@pytest.fixture(scope="module")
def people(hire: Hire, manager: Person) -> dict[str, Person]:
    """Somebody of two administrations, and a platform manager."""
    return {
        "agency": hire("bruno", "agency-user", tenant="ixelles"),
        "agency2": hire("dirk", "agency-user", tenant="uccle"),
        "manager": manager,
    }


@pytest.fixture
def run(
    address: str,
    people: dict[str, Person],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """A command as somebody types it, without a terminal; as ``agency`` unless a profile is named."""
    known = {name: {"token": person.token} for name, person in people.items()}
    file = tmp_path / "credentials" / "cli.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"url": address, "profiles": known}))
    monkeypatch.setenv("IRISPLANE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("IRISPLANE_PROFILE", "agency")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")

    def run_one(*words: str) -> tuple[int, str, str]:
        code = main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return run_one


@pytest.fixture(scope="module")
def catalogue(people: dict[str, Person]) -> None:
    """The lab's catalogue, as ``irisplane up`` imports it."""
    answer = people["manager"].post("/api/v1/catalogue:import?builtin=lab")
    assert answer.status_code in (200, 201), answer.text


@pytest.mark.usefixtures("catalogue")
def test_the_catalogue_speaks_the_desk_s_language(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = run("catalogue", "list")
    assert (code, "a month" in out, "Floating address" in out) == (0, True, True)
    monkeypatch.setenv("LANG", "fr_BE.UTF-8")
    assert "Adresse flottante" in run("catalogue", "list")[1]
    assert run("catalogue", "show", "floating-ip")[0] == 0
    assert run("catalogue", "show", "castle")[0] == 4
    flavors = json.loads(run("flavor", "list", "--json")[1])
    assert "small" in {one["code"] for one in flavors}
    assert run("catalogue", "import", "--builtin", "lab")[0] == 3
    assert run("catalogue", "import", "--builtin", "lab", "--profile", "manager")[0] == 0


def test_more_quota_is_shown_then_asked_for_and_waits(run: Run) -> None:
    code, out, err = run("quota", "request", "networks", "9", "--project", "main")
    assert code == 2
    assert "platform-manager" in out
    assert "Nothing was ordered" in err
    assert json.loads(run("order", "list", "--json")[1]) == []
    code, out, _ = run("quota", "request", "networks", "9", "--project", "main", "--yes")
    assert code == 6
    assert "It waits for: platform-manager" in out
    (order,) = json.loads(run("order", "list", "--json")[1])
    assert order["reason"] == "irisplane quota request networks 9 --project main --yes"
    code, _, err = run("order", "approve", order["id"], "--hash", order["plan_hash"], "--reason", "mine")
    assert code == 3
    code, out, _ = run("order", "reject", order["id"], "--reason", "not this year", "--profile", "manager")
    assert (code, "rejected" in out) == (0, True)
    assert "not this year" in run("order", "show", order["id"])[1]


def test_a_dry_run_orders_nothing_and_json_is_one_document(run: Run) -> None:
    before = run("order", "list", "--json")[1]
    code, out, _ = run("quota", "request", "vcpus", "40", "--dry-run", "--json")
    assert (code, json.loads(out)["quota_after"]["vcpus"]["granted"]) == (0, 40)
    assert run("order", "list", "--json")[1] == before
    code, out, _ = run("quota", "request", "vcpus", "40", "--yes", "--json", "--reason", "more")
    told: dict[str, Any] = json.loads(out)
    assert (code, told["change"]["state"], told["change"]["waiting_for"]) == (6, "waiting", ["platform-manager"])


def test_support_is_asked_answered_and_nobody_else_s(run: Run) -> None:
    code, out, _ = run("support", "ask", "web1 is slow", "--text", "since Monday", "--json")
    request = json.loads(out)["id"]
    assert code == 0
    assert run("support", "reply", request, "--text", "look at its console", "--profile", "manager")[0] == 0
    out = run("support", "show", request)[1]
    assert "since Monday" in out
    assert "manager (the region)" in out
    assert run("support", "show", request, "--profile", "agency2")[0] == 4
    assert run("support", "solve", request)[0] == 0
    assert json.loads(run("support", "list", "--json")[1])[0]["state"] == "solved"


def test_zones_are_kept_by_the_region(run: Run) -> None:
    assert run("zone", "set", "arts", "--data", "open")[0] == 3
    code, _, err = run("zone", "set", "arts", "--data", "open", "--availability-zone", "nova", "--profile", "manager")
    assert code == 0, err
    assert "arts" in run("zone", "list")[1]


def test_months_and_limits(run: Run) -> None:
    assert run("showback", "show", "2026-01")[0] == 0
    assert run("showback", "show", "january")[0] == 2
    code, out, _ = run("showback", "limit")
    assert (code, "none" in out) == (0, True)
    assert run("showback", "limit", "50", "--yes", "--profile", "manager", "--tenant", "ixelles")[0] == 0
    assert "50.00 EUR" in run("showback", "limit")[1]
    assert run("showback", "limit", "--none", "--yes", "--profile", "manager", "--tenant", "ixelles")[0] == 0
    assert json.loads(run("showback", "limit", "--json")[1])["limit_micro_eur"] is None
    assert run("showback", "close", "2026-01", "--reason", "over", "--yes")[0] == 3
    assert run("showback", "close", "2026-01", "--reason", "over", "--yes", "--profile", "manager")[0] == 0
    assert "closed" in run("showback", "show", "2026-01")[1]
    told = ("showback", "correct", "2026-01", "ixelles", "-5000000", "--reason", "a bad day", "--yes")
    assert run(*told, "--profile", "manager")[0] == 0
    assert run("usage", "compare")[0] == 3
