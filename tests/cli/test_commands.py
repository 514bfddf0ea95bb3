"""The command line against a really served API: what it shows, and with which code it ends."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from cli import live, session
from cli.client import connect
from cli.main import main
from core.db import Database
from core.errors import Unavailable
from core.journal.sequencer import Sequencer
from orchestrator import moves
from orchestrator.states import State
from tests.api.example_kind import only_example
from tests.api.people import SYSTEM, Person
from tests.api.serving import serve

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def address(app: FastAPI) -> Iterator[str]:
    with only_example(), serve(app) as url:
        yield url


@pytest.fixture
def profiles(address: str, engineer: Person, lead: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The profiles of a local instance, as ``irisplane up`` writes them."""
    known = {person.handle: {"token": person.token, "handle": person.handle} for person in (engineer, lead)}
    file = tmp_path / "credentials" / "cli.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"url": address, "profiles": known}))
    monkeypatch.setenv("IRISPLANE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return file


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(profiles: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run_one(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return run_one


def _submitted(run: Run, reason: str) -> dict[str, Any]:
    from cli.asking import submit

    session.take_options(["--json"])
    with redirect_stdout(io.StringIO()) as out:
        submit({"kind": "network.example", "intent": {"names": ["ac01", "ac02"]}, "reason": reason})
    found: dict[str, Any] = json.loads(out.getvalue())
    assert json.loads(run("change", "list", "--json")[1])[0]["id"] == found["id"]
    assert found["reason"] == reason
    return found


def test_a_plan_reads_well_and_ends_with_the_next_command(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    from cli.asking import submit

    session.take_options([])
    submit({"kind": "network.example", "intent": {"names": ["ac01", "ac02"]}, "reason": "look"})
    out = capsys.readouterr().out
    assert "2 alike: ac01, ac02" in out
    assert out.count("+ line of all") == 1
    assert "BXL-1" in out
    assert "[rule network-needs-a-lead]" in out
    assert "1. ac01 (canary)" in out
    assert "change approve" in out
    assert "\x1b[" not in out


def test_submit_approve_show_cancel(run: Run) -> None:
    made = _submitted(run, "the whole road")
    code, _, err = run("change", "list", "--device", "ac01", "--waiting")
    assert (code, "--device goes with --limit alone" in err) == (2, True)
    code, _, err = run("change", "list", "--device", "nobody")
    assert (code, "nobody" in err) == (4, True), err
    code, _, err = run("change", "approve", made["id"], "--hash", made["plan_hash"], "--reason", "mine")
    assert (code, "ORC-110" in err, "request cli-" in err) == (3, True, True)
    code, _, err = run("change", "approve", "last", "--reason", "unread", "--profile", "lead")
    assert (code, "--hash" in err) == (2, True)
    code, out, _ = run(
        "change", "approve", made["id"], "--hash", made["plan_hash"], "--reason", "read", "--profile=lead"
    )
    assert (code, "approved" in out) == (0, True)
    code, out, _ = run("change", "show", made["id"][-12:], "--plan")
    assert code == 0
    for word in ("the whole road", made["plan_hash"], "engineer", "lead", "approve", "submitted", "+ line of all"):
        assert word in out
    code, out, _ = run("change", "cancel", made["id"], "--reason", "enough", "--json")
    assert json.loads(out)["state"] == "cancelled"
    assert run("change", "cancel", made["id"], "--reason", "again")[0] == 5
    assert run("change", "wait", made["id"])[0] == 1


def test_plays_and_the_inventory_of_ansible(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("play", "show", "edge_router")
    assert (code, "networks[].reaches" in out, "must be given" in out) == (0, True, True)
    assert {one["name"] for one in json.loads(run("play", "list", "--json")[1])} >= {"edge_router", "router_baseline"}
    code, _, err = run("play", "show", "wifi")
    assert (code, "There is: edge_router" in err) == (4, True), err
    code, _, err = run("play", "run", "edge_router", "--select", "all", "--reason", "x", "--set", "networks")
    assert (code, "sets nothing" in err) == (2, True), err
    (tmp_path / "list.yaml").write_text("- one\n")
    asked = (
        "play",
        "run",
        "edge_router",
        "--select",
        "all",
        "--reason",
        "x",
        "--variables",
        str(tmp_path / "list.yaml"),
    )
    code, _, err = run(*asked)
    assert (code, "holds no variables" in err) == (2, True), err
    code, out, _ = run("inventory", "ansible", "--list")
    assert (code, "hostvars" in json.loads(out)["_meta"]) == (0, True)
    code, _, err = run("inventory", "ansible")
    assert (code, "--list, or --host NAME" in err) == (2, True), err


def test_codes_mean_something(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("change", "show", "00000000-0000-7000-8000-000000000000")[0] == 4
    assert run("change", "frobnicate")[0] == 2
    assert run("--profile")[0] == 2
    assert run("tenant", "add", "x", "--kind", "commune", "--name-fr", "x", "--name-nl", "x", "--name-en", "x")[0] in {
        2,
        3,
    }
    assert run("device", "list", "--profile", "nobody")[0] == 3
    assert run("token", "whoami", "--url", "http://127.0.0.1:9")[0] == 7
    assert run("token", "whoami", "--url", "http://example.org")[0] == 2
    monkeypatch.setenv("IRISPLANE_TOKEN", "irp_nonsense")
    assert run("token", "whoami")[0] == 3


def test_an_error_is_json_for_programs_and_never_a_traceback(run: Run) -> None:
    code, out, err = run("change", "show", "00000000-0000-7000-8000-000000000000", "--json")
    problem = json.loads(err)
    assert (code, out, problem["code"]) == (4, "", "ORC-104")
    assert problem["request_id"].startswith("cli-")


def test_a_token_is_printed_alone(run: Run) -> None:
    code, out, err = run("token", "create", "desk", "--scope", "network:read")
    assert code == 0
    assert out.startswith("irp_")
    assert len(out.split()) == 1
    assert "Shown once" in err
    assert out.strip() not in run("token", "list", "--all")[1]


def test_a_secret_comes_from_a_file_not_the_command_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_text("s3cret-canary\n")
    assert run("secret", "put", "device/cr01/test", "--file", str(file))[0] == 0
    code, out, _ = run("secret", "list")
    assert (code, "device/cr01/test" in out, "canary" in out) == (0, True, False)
    assert run("secret", "put", "device/cr01/test", "s3cret")[0] == 2
    assert run("secret", "remove", "device/cr01/test")[0] == 0
    assert run("secret", "remove", "device/cr01/test")[0] == 4


def test_a_file_that_is_not_there_is_said_so(run: Run) -> None:
    code, _, err = run("config", "push", "--all", "--snippet", "/nowhere/x.j2", "--reason", "r")
    assert (code, "/nowhere/x.j2" in err) == (4, True)
    assert run("config", "push", "--reason", "r")[0] == 2
    assert run("config", "push", "--all", "--select", "role=core", "--reason", "r")[0] == 2
    assert run("config", "push", "--all", "--at", "tomorrow", "--reason", "r")[0] == 2


def test_the_journal_verifies_here_and_elsewhere(run: Run, database: Database, tmp_path: Path) -> None:
    Sequencer(database, None).drain()
    code, out, _ = run("audit", "verify")
    assert (code, "Intact" in out) == (0, True), out
    file = tmp_path / "journal.jsonl"
    assert run("audit", "export", str(file))[0] == 0
    assert run("audit", "verify", "--file", str(file))[0] == 0
    file.write_text(file.read_text().replace("the whole road", "another road"))
    code, out, _ = run("audit", "verify", "--file", str(file), "--json")
    assert code == 1
    assert json.loads(out)["findings"]
    assert run("audit", "list", "--action", "change.", "--limit", "3")[0] == 0


def test_a_change_is_followed_live_to_its_end(run: Run, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    made = _submitted(run, "live")
    sequencer = Sequencer(database, None)
    seen = threading.Event()

    def end_it() -> None:
        with database.transaction("worker", SYSTEM.for_change(UUID(made["id"]))) as tx:
            moves.move(tx, UUID(made["id"]), State.CANCELLED, body={"summary": "stopped by the test"})
        while not seen.wait(0.1):
            sequencer.drain()

    thread = threading.Thread(target=end_it)
    thread.start()
    code, out, _ = run("change", "watch", made["id"], "--timeout", "60")
    seen.set()
    thread.join()
    assert code == 1
    assert "submitted" in out
    assert "stopped by the test" in out


def test_following_goes_on_after_a_broken_connection(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _submitted(run, "broken")
    Sequencer(database, None).drain()
    monkeypatch.setattr(live, "_RECONNECT", 0.05)
    real = live._events
    broken: list[bool] = []

    def once_broken(lines: Iterator[str]) -> Iterator[dict[str, Any] | None]:
        for event in real(lines):
            yield event
            if event is not None and not broken:
                broken.append(True)
                return  # as if the connection had ended after the first event

    monkeypatch.setattr(live, "_events", once_broken)
    run("change", "cancel", made["id"], "--reason", "done")
    for _ in range(5):
        Sequencer(database, None).drain()
    session.take_options([])
    with connect() as client:
        told = [event["action"] for event in live.follow(client, made["id"], timeout=120)]
    assert broken
    assert told == ["change.submitted", "change.cancelled"]


def test_a_long_stream_that_breaks_is_taken_up_again(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _submitted(run, "long")
    run("change", "cancel", made["id"], "--reason", "done")
    for _ in range(5):
        Sequencer(database, None).drain()
    monkeypatch.setattr(live, "_RECONNECT", 0.05)
    monkeypatch.setattr(live, "_AWAY", 2.0)
    real = live._events
    broken: list[bool] = []

    def breaks_late(lines: Iterator[str]) -> Iterator[dict[str, Any] | None]:
        for event in real(lines):
            if not broken:
                time.sleep(2.5)  # it lasts longer than the API may be away
            yield event
            if not broken:
                broken.append(True)
                raise Unavailable("The API restarts.")

    monkeypatch.setattr(live, "_events", breaks_late)
    session.take_options([])
    with connect() as client:
        told = [event["action"] for event in live.follow(client, made["id"], timeout=120)]
    assert told == ["change.submitted", "change.cancelled"]


def test_waiting_runs_out_with_its_own_code(run: Run) -> None:
    made = _submitted(run, "slow")
    assert run("change", "wait", made["id"], "--timeout", "0.5")[0] == 6


def test_control_characters_of_others_do_not_reach_the_terminal(run: Run) -> None:
    from cli.output import clean

    assert clean("a\x1b[31mb\x07\u202ec\nd\te") == "a\ufffd[31mb\ufffd\ufffdc\nd\te"


def test_help_imports_no_engine() -> None:
    heavy = ("dbos", "fastapi", "httpx2", "napalm", "pydantic", "sqlalchemy")
    script = f"import sys; from cli.main import main; main(['--help']); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"
