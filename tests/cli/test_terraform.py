"""`irisplane terraform`: the block that is pasted, and what can be done with states that are kept."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from cli.main import main
from tests.api.people import Person
from tests.api.serving import serve
from tests.datacenter.terraforming import TERRAFORM, needs_terraform

STATE = "/api/v1/terraform/state/"
Run = Callable[..., tuple[int, str, str]]


def a_state(serial: int) -> bytes:
    return json.dumps({"version": 4, "serial": serial, "lineage": "l", "resources": ["secret-in-a-state"]}).encode()


@pytest.fixture(scope="module")
def address(app: FastAPI) -> Iterator[str]:
    with serve(app) as url:
        yield url


@pytest.fixture
def run(
    address: str, agent: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.setenv("IRISPLANE_URL", address)
    monkeypatch.setenv("IRISPLANE_TOKEN", agent.token)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def run_one(*arguments: str) -> tuple[int, str, str]:
        code = main(("terraform", *arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return run_one


def test_states_are_listed_and_shown_without_what_stands_in_them(run: Run, agent: Person) -> None:
    assert run("state", "list")[1].strip() == "No states."
    agent.send("POST", STATE + "web", content=a_state(1))
    agent.send("POST", STATE + "web", content=a_state(2))
    agent.send("LOCK", STATE + "web", json={"ID": "lock-1", "Who": "ann@desk", "Operation": "OperationTypePlan"})
    shown = [run("state", "list"), run("state", "show", "web"), run("state", "versions", "web")]
    assert [code for code, _, _ in shown] == [0, 0, 0]
    assert not any("secret-in-a-state" in out for _, out, _ in shown)
    assert "ann@desk (agent)" in shown[0][1]
    assert "lock-1" in shown[1][1]
    assert json.loads(run("state", "show", "web", "--version", "1", "--json")[1])["serial"] == 1
    assert run("state", "show", "web", "--version", "1", "--content")[1].encode() == a_state(1)
    assert run("state", "show", "nowhere")[0] == 4
    assert run("state", "show", "web", "--version", "9")[0] == 4


def test_a_lock_left_behind_is_freed_and_a_version_restored(run: Run, agent: Person) -> None:
    agent.send("POST", STATE + "left", content=a_state(1))
    agent.send("POST", STATE + "left", content=a_state(2))
    agent.send("LOCK", STATE + "left", json={"ID": "lock-2", "Who": "gone@desk"})
    code, _, err = run("state", "restore", "left", "1", "--yes")
    assert (code, "HST-203" in err, "gone@desk" in err) == (5, True, True)
    assert "gone@desk" in run("state", "unlock", "left", "--yes", "--reason", "its machine is gone")[1]
    assert run("state", "unlock", "left", "--yes")[0] == 4
    assert "this is version 3" in run("state", "restore", "left", "1", "--yes")[1]
    assert agent.get(STATE + "left").json()["serial"] == 3
    assert run("state", "delete", "left", "--yes")[0] == 0
    assert "left" not in run("state", "list")[1]
    assert "left" in run("state", "list", "--deleted")[1]
    assert run("state", "delete", "left", "--purge", "--yes")[0] == 0
    assert "left" not in run("state", "list", "--deleted")[1]


def test_a_version_that_is_not_there_cannot_be_restored(run: Run, agent: Person) -> None:
    agent.send("POST", STATE + "short", content=a_state(1))
    assert run("state", "restore", "short", "7", "--yes")[0] == 4
    assert run("state", "restore", "nowhere", "1", "--yes")[0] == 4


@needs_terraform
def test_the_block_works_as_it_is_pasted(run: Run, agent: Person, tmp_path: Path) -> None:
    assert TERRAFORM is not None
    code, out, err = run("backend", "pasted")
    assert code == 0
    assert "TF_HTTP_PASSWORD" in err
    folder = tmp_path / "configuration"
    folder.mkdir()
    (folder / "backend.tf").write_text(out)
    (folder / "main.tf").write_text('resource "terraform_data" "one" {}\n')
    (folder / "cli.tfrc").touch()
    environment = {
        **os.environ, "TF_HTTP_USERNAME": "irisplane", "TF_HTTP_PASSWORD": agent.token, "CHECKPOINT_DISABLE": "1",
        "TF_CLI_CONFIG_FILE": str(folder / "cli.tfrc"),
    }  # fmt: skip
    for verb in (["init"], ["apply", "-auto-approve"]):
        done = subprocess.run(
            [TERRAFORM, *verb], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert agent.get(STATE + "pasted").status_code == 200
    assert run("backend", "not a name")[0] == 2
