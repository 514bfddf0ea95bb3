"""The real Terraform keeps its state with us: init, apply, apply again, locks, a killed run, a restored version."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fastapi import FastAPI

from core.db import Database
from core.keyring import KeyFile
from core.rotation import rotate
from core.settings import Settings
from tests.api.people import SYSTEM, Person
from tests.api.serving import serve
from tests.datacenter.terraforming import Folder, needs_terraform

pytestmark = [needs_terraform, pytest.mark.slow]

STATE = "/api/v1/terraform/state/"

WITH_LOCK_ADDRESS = """
    lock_address   = "{address}/lock"
    unlock_address = "{address}/lock"
    lock_method    = "PUT"
    unlock_method  = "DELETE"
"""
WITH_OWN_METHODS = """
    lock_address   = "{address}"
    unlock_address = "{address}"
"""
CONFIGURATION = """
terraform {{
  backend "http" {{
    address = "{address}"
    {locking}
  }}
}}
variable "content" {{ default = "first" }}
resource "terraform_data" "one" {{ input = var.content }}
"""
SLOW = """
resource "terraform_data" "slow" {{
  provisioner "local-exec" {{ command = "touch {reached}; for n in $(seq 3000); do [ -e {go_on} ] || sleep 0.1; done" }}
}}
"""


@pytest.fixture(scope="module")
def address(app: FastAPI) -> Iterator[str]:
    with serve(app) as url:
        yield url


Configure = Callable[..., Folder]


@pytest.fixture
def configure(address: str, tmp_path: Path, agent: Person) -> Configure:
    """Write a configuration whose state is kept under a name: ``configure("website")``."""

    def make(name: str, *, folder: str = "one", locking: str = WITH_LOCK_ADDRESS, more: str = "") -> Folder:
        path = tmp_path / folder
        path.mkdir()
        at = f"{address}{STATE}{name}"
        text = CONFIGURATION.format(address=at, locking=locking.format(address=at)) + more
        (path / "main.tf").write_text(text)
        (path / "cli.tfrc").touch()
        access = {"TF_HTTP_USERNAME": "irisplane", "TF_HTTP_PASSWORD": agent.token, "TF_HTTP_RETRY_MAX": "0"}
        made = Folder(path, access)
        made.must("init")
        return made

    return make


@pytest.mark.parametrize("locking", [WITH_LOCK_ADDRESS, WITH_OWN_METHODS], ids=["PUT", "LOCK"])
def test_apply_plan_and_destroy_keep_their_state_here(
    configure: Configure, agent: Person, locking: str, request: pytest.FixtureRequest
) -> None:
    name = f"whole-{request.node.callspec.id}"
    folder = configure(name, locking=locking)
    assert folder.changes()
    folder.must("apply")
    assert not folder.changes()
    assert agent.get(STATE + name).json()["resources"][0]["name"] == "one"
    assert agent.get(f"{STATE}{name}/lock").status_code == 404
    assert not any(path.suffix == ".tfstate" for path in folder.path.iterdir())
    folder.must("destroy")
    assert agent.get(STATE + name).json()["resources"] == []


def test_a_second_run_waits_or_is_told_who_holds_the_lock(configure: Configure, tmp_path: Path, agent: Person) -> None:
    reached, go_on = tmp_path / "reached", tmp_path / "go-on"
    first = configure("held", folder="first", more=SLOW.format(reached=reached, go_on=go_on))
    second = configure("held", folder="second", more=SLOW.format(reached=tmp_path / "other", go_on=go_on))
    run = first.start("apply", "-auto-approve", "-no-color")
    _until(reached.exists)
    code, said = second.run("apply")
    assert code == 1
    assert "Error acquiring the state lock" in said
    holder = agent.get(f"{STATE}held/lock").json()
    assert holder["ID"] in said
    assert holder["held_by"] == "agent"
    threading.Timer(2, go_on.touch).start()
    said = second.must("apply", lock_timeout="120s")
    assert run.wait(120) == 0
    assert run.stdout is not None
    run.stdout.close()
    assert "0 added" in said, "the first run's resources are in the state that the second one read"
    assert len(agent.get(f"{STATE}held/versions").json()["items"]) == 1, "the second run had nothing to write"


def test_a_killed_run_leaves_its_lock_and_force_unlock_frees_it(
    configure: Configure, tmp_path: Path, agent: Person
) -> None:
    reached, go_on = tmp_path / "reached", tmp_path / "go-on"
    folder = configure("killed", more=SLOW.format(reached=reached, go_on=go_on))
    run = folder.start("apply", "-auto-approve", "-no-color")
    _until(reached.exists)
    _kill(run)
    lock = agent.get(f"{STATE}killed/lock").json()
    code, said = folder.run("plan")
    assert (code, lock["ID"] in said) == (1, True)
    folder.must("force-unlock", "-force", lock["ID"])
    assert agent.get(f"{STATE}killed/lock").status_code == 404
    go_on.touch()
    folder.must("apply")
    assert not folder.changes()


def test_a_change_of_keys_between_two_runs_is_not_noticed(
    configure: Configure, database: Database, settings: Settings
) -> None:
    folder = configure("keys")
    folder.must("apply")
    before = KeyFile(settings.key_file).ring().current
    assert before in rotate(database, KeyFile(settings.key_file), SYSTEM).dropped
    assert not folder.changes()
    folder.must("apply", var={"content": "second"})


def test_a_restored_version_is_what_the_next_plan_starts_from(configure: Configure, agent: Person) -> None:
    folder = configure("restored")
    folder.must("apply")
    folder.must("apply", var={"content": "second"})
    saved = folder.must("plan", detailed_exitcode=None, out="saved.plan", var={"content": "third"})
    assert "1 to change" in saved
    versions = agent.get(f"{STATE}restored/versions").json()["items"]
    made = agent.send(
        "POST", f"{STATE}restored/versions/{versions[-1]['version']}:restore",
        headers={"If-Match": f'"{versions[0]["version"]}"'},
    )  # fmt: skip
    assert made.json()["serial"] > versions[0]["serial"]
    code, said = folder.run("apply", "saved.plan", skip_plan=False)
    assert code == 1
    assert "stale" in said, "a plan made on another version must not be carried out"
    assert not folder.changes(), "the first version had the first content"


def test_a_token_that_is_no_longer_valid_is_said_plainly(configure: Configure) -> None:
    folder = configure("refused")
    stranger = Folder(folder.path, {**folder.environment, "TF_HTTP_PASSWORD": "irp_nonsense"})
    code, said = stranger.run("plan")
    assert code == 1
    assert "requires auth" in said


def _until(ready: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < until, "it did not come so far"
        time.sleep(0.05)


def _kill(run: subprocess.Popen[str]) -> None:
    """All of the run at once, as when a machine is lost."""
    with suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)
    run.wait(60)
    assert run.stdout is not None
    run.stdout.close()
