"""Wrong input and bad days on real routers: a clear error each time, nothing lost, no router half configured.

What needs no region is tested where it lives: tokens and large input in ``tests/api``, approvals and stale hashes in
``tests/orchestrator``, each driver's own bad days in ``tests/network/drivers``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.network import control
from tests.region.conftest import Region, eventually
from tests.region.watching import Watch, carrier_of, frozen

pytestmark = pytest.mark.lab

_HARMLESS = "ip prefix-list BADDAY seq 5 permit 10.68.0.0/16\n"


@pytest.fixture
def watch(region: Region) -> Iterator[Watch]:
    made = Watch(region)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def as_before(region: Region) -> Iterator[None]:
    """Whatever happened: every router runs afterwards exactly what it ran before."""
    before = region.everything()
    yield
    assert region.everything() == before


def _asked(region: Region, select: str, template: str, *, name: str = "badday", **options: Any) -> dict[str, Any]:
    """A snippet on some routers, asked for."""
    return region.submit("network.snippet", {"select": select, "template": template, "name": name}, options=options)


@contextmanager
def _stopped(region: Region, watch: Watch, made: dict[str, Any], stage: str) -> Iterator[None]:
    """A change that is approved and comes as far as a stage; meanwhile its worker does nothing."""
    with watch.held(made["id"], stage):
        region.approve(made)
        watch.reached(made["id"], stage)
        with frozen(watch, carrier_of(watch, made["id"])):
            yield


def _take_back(region: Region, change: str) -> None:
    answer = region.api("POST", f"/api/v1/changes/{change}:undo", json={"reason": "as it was"})
    assert answer.status_code == 202, answer.text
    region.approve(answer.json())
    assert region.ended(answer.json()["id"])["state"] == "succeeded"


def _refused(region: Region, tmp_path: Path, select: str, template: str) -> dict[str, Any]:
    """What the command says to a push that cannot even be planned."""
    snippet = tmp_path / "bad-day.j2"
    snippet.write_text(template)
    done = region.run(
        "config", "push", "--select", select, "--snippet", str(snippet), "--reason", "try", "--yes", "--json", code=None
    )
    assert done.returncode == 2, done
    said: dict[str, Any] = json.loads(done.stdout or done.stderr)
    assert said["code"]
    assert said["hint"]
    return said


def _hung_up(region: Region, router: str) -> None:
    """End every session on a router, so that the next word needs a new log-in."""
    for line in region.console(router, "ps", "ax", "-o", "pid=,args=").splitlines():
        pid, _, program = line.strip().partition(" ")
        if program.lstrip().startswith("sshd: irisplane"):
            region.console(router, "kill", "-KILL", pid)


def _codes(region: Region, change: str) -> set[str]:
    return {step["error"]["code"] for step in region.steps(change) if step["error"]}


# -------------------------------------------------------------------------------------------------------- wrong input
def test_a_selector_that_means_nothing_names_what_exists(region: Region, tmp_path: Path) -> None:
    said = _refused(region, tmp_path, "role=acess", _HARMLESS)
    assert "access" in said["detail"] + said["hint"]


def test_a_template_with_a_mistake_names_file_line_and_variable(region: Region, tmp_path: Path) -> None:
    said = _refused(region, tmp_path, "name=ac01", "! first\n! second\nhostname {{ nme }}\n")
    for word in ("bad-day", "line 3", "nme"):
        assert word in said["detail"], said


def test_a_line_that_the_router_does_not_take_is_named_as_it_was_written(region: Region, tmp_path: Path) -> None:
    lines = "{# customers #}\nip prefix-list A seq 5 permit 10.0.0.0/8\nip prefx-list B\n"
    said = _refused(region, tmp_path, "name=ac01", lines)
    assert said["code"] == "NET-010"
    for word in ("bad-day", "line 3", "ip prefx-list B"):
        assert word in said["detail"], said


# -------------------------------------------------------------------------------------- routers that cannot be read now
def test_a_wrong_password_is_said_and_never_shown(region: Region) -> None:
    secret = json.loads((region.instance.state_dir / "lab" / "credentials.json").read_text())["irisplane"]["password"]
    made = region.submit("network.snippet", {"select": "name=ac01", "template": _HARMLESS, "name": "badday"})
    try:
        control.execute("ac01", ["chpasswd"], region.instance, stdin="irisplane:another-one\n")
        _hung_up(region, "ac01")
        region.approve(made)
        end = region.ended(made["id"])
        assert end["state"] == "failed", end["outcome"]
        assert _codes(region, made["id"]) == {"NET-003"}
        assert secret not in json.dumps(end)
        answer = region.api("POST", "/api/v1/changes:preview", json={
            "kind": "network.snippet", "reason": "x",
            "intent": {"select": "name=ac01", "template": _HARMLESS, "name": "badday"}})  # fmt: skip
        assert answer.status_code == 503, answer.text
        assert "NET-003" in answer.text
        assert answer.json()["hint"]
    finally:
        control.execute("ac01", ["chpasswd"], region.instance, stdin=f"irisplane:{secret}\n")


@contextmanager
def _another_host_key(region: Region, router: str) -> Iterator[None]:
    """A router that shows another key than the one that is enrolled."""
    folder = "/etc/ssh"

    def shell(*lines: str) -> None:
        region.console(router, "sh", "-c", " && ".join(lines))

    restart = "kill $(cat /run/sshd.pid) && sleep 0.3 && /usr/sbin/sshd -f /etc/ssh/sshd_config"
    shell(
        f"cd {folder}", "mv ssh_host_ed25519_key kept", "mv ssh_host_ed25519_key.pub kept.pub",
        "ssh-keygen -q -t ed25519 -N '' -f ssh_host_ed25519_key", restart,
    )  # fmt: skip
    _hung_up(region, router)
    try:
        yield
    finally:
        shell(f"cd {folder}", "mv kept ssh_host_ed25519_key", "mv kept.pub ssh_host_ed25519_key.pub", restart)
        _hung_up(region, router)


def test_a_changed_host_key_stops_everything_before_the_log_in(region: Region) -> None:
    made = region.submit("network.snippet", {"select": "name=ac02", "template": _HARMLESS, "name": "badday"})
    with _another_host_key(region, "ac02"):
        region.approve(made)
        end = region.ended(made["id"])
    assert end["state"] == "failed", end["outcome"]
    assert _codes(region, made["id"]) == {"NET-005"}
    assert "SHA256:" in json.dumps(region.steps(made["id"]))


def test_a_router_that_accepts_and_says_nothing_is_called_hanging(region: Region) -> None:
    _hung_up(region, "ac03")
    control.hang("ac03", region.instance)
    try:
        answer = region.api("POST", "/api/v1/changes:preview", json={
            "kind": "network.snippet", "reason": "x",
            "intent": {"select": "name=ac03", "template": _HARMLESS, "name": "badday"}})  # fmt: skip
        assert answer.status_code == 503, answer.text
        assert "NET-002" in answer.text
        assert "ac03" in answer.json()["detail"]
    finally:
        control.resume("ac03", region.instance)


# ---------------------------------------------------------------------------------------------------- while it is run
def test_a_router_lost_between_commit_and_confirm_comes_back_as_it_was(region: Region, watch: Watch) -> None:
    made = _asked(region, "role=access", _HARMLESS, atomic=True, timer=20)
    with _stopped(region, watch, made, "verify"):
        control.power_off("ac04", region.instance)
    try:
        eventually(lambda: region.change(made["id"])["state"] == "rolling_back", seconds=150)
    finally:
        control.power_on("ac04", region.instance)
    end = region.ended(made["id"])
    assert end["state"] == "rolled_back", end["outcome"]
    assert "ac04" in end["outcome"]["summary"]


def test_a_change_that_cuts_off_the_management_is_taken_back_by_the_router(region: Region) -> None:
    made = _asked(region, "name=ac01", "interface mgmt0\n shutdown\n", timer=15)
    region.approve(made)
    eventually(lambda: "shutdown" in region.running("ac01"), seconds=120)
    eventually(lambda: "shutdown" not in region.running("ac01"), seconds=120)
    end = region.ended(made["id"])
    assert end["state"] == "rolled_back", end["outcome"]
    assert "failed on ac01" in end["outcome"]["summary"]
    assert all(one["error"]["code"] and one["error"]["hint"] for one in end["outcome"]["failure"]["targets"])


def test_two_changes_on_one_router_run_one_after_the_other(region: Region, watch: Watch) -> None:
    intents = [f"ip prefix-list FIRST{n} seq 5 permit 10.{68 + n}.0.0/16\n" for n in range(2)]
    first, second = (_asked(region, "name=ac01", intent, name=f"n{n}") for n, intent in enumerate(intents))
    with _stopped(region, watch, first, "apply"):
        region.approve(second)
        assert region.change(second["id"])["state"] == "approved"
    ends = [region.ended(one["id"]) for one in (first, second)]
    assert ends[0]["state"] == "succeeded", ends[0]["outcome"]
    # The second was planned for a router without the first one's lines: it says so, and touches nothing.
    assert ends[1]["state"] == "stale", ends[1]["outcome"]
    assert "FIRST0" in region.running("ac01")
    assert "FIRST1" not in region.running("ac01")
    _take_back(region, first["id"])


def test_cancelled_while_it_runs_it_is_taken_back(region: Region, watch: Watch) -> None:
    made = _asked(region, "role=access", _HARMLESS, atomic=True)
    with _stopped(region, watch, made, "apply"):
        answer = region.api("POST", f"/api/v1/changes/{made['id']}:cancel", json={"reason": "changed my mind"})
        assert answer.status_code == 200, answer.text
    end = region.ended(made["id"])
    assert end["state"] == "rolled_back", end["outcome"]
    assert "changed my mind" in end["outcome"]["summary"]
