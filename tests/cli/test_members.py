"""`irisplane member` and service accounts of the own administration, against a really served API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from cli.main import main
from tests.api.people import Hire, Person
from tests.api.serving import serve

CONFLICT, DENIED, MISSING, WRONG = 5, 3, 4, 2

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def address(app: FastAPI) -> Iterator[str]:
    with serve(app) as url:
        yield url


@pytest.fixture
def run(
    address: str, agent: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run one command as an agency's administrator."""
    monkeypatch.setenv("IRISPLANE_URL", address)
    monkeypatch.setenv("IRISPLANE_TOKEN", agent.token)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def run_one(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return run_one


def test_inviting_prints_the_link_alone_and_says_the_rest_beside_it(run: Run) -> None:
    code, out, err = run("member", "invite", "eva@ixelles.example", "--locale", "nl")
    assert (code, out.count("\n")) == (0, 1)
    assert "/sign-in?invitation=irpi_" in out
    assert "shown once" in err
    assert run("member", "invite", "eva@ixelles.example")[0] == CONFLICT
    assert run("member", "invite", "eva")[0] == WRONG
    listed = json.loads(run("member", "invitations", "--json")[1])
    assert [(one["email"], one["state"]) for one in listed] == [("eva@ixelles.example", "open")]
    assert run("member", "withdraw", listed[0]["id"])[0] == 0
    assert run("member", "withdraw", listed[0]["id"])[0] == MISSING


def test_members_are_listed_altered_and_removed(run: Run, hire: Hire) -> None:
    fay = hire("fay-cli", "agency-user", tenant="ixelles")
    code, out, _ = run("member", "list")
    assert code == 0
    assert "agency-user (granted)" in out
    code, out, _ = run("member", "role", "fay-cli", "agency-admin")
    assert (code, "fay-cli holds: agency-admin (granted)." in out) == (0, True)
    assert run("member", "role", "fay-cli", "engineer")[0] == WRONG
    assert run("member", "remove", "fay-cli", "--reason", "left")[0] == 0
    assert fay.get("/api/v1/me").status_code == 401
    assert run("member", "remove", "fay-cli")[0] == MISSING
    assert run("member", "remove", "agent")[0] == DENIED
    assert run("member", "list", "--tenant", "uccle")[0] == MISSING


def test_a_service_account_and_its_token(run: Run) -> None:
    added = run("person", "add", "cli-bot", "--service", "--name", "Bot", "--role", "agency-user")
    assert added[0] == 0, added
    code, out, err = run("token", "create", "ci", "--holder", "ixelles.cli-bot", "--scope", "hosting:read")
    assert (code, out.startswith("irp_")) == (0, True), err
    assert run("person", "close", "ixelles.cli-bot")[0] == 0
    code, _, err = run("person", "add", "x-bot", "--service", "--name", "X", "--role", "agency-user", "--issuer", "lab")
    assert (code, "belong together" in err) == (WRONG, True)
