"""Every verb of a server's life by command, and OpenStack agrees after each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.clouds import CloudForTests
from tests.hosting_story.conftest import Agency, in_the_cloud
from tests.hosting_story.terminal import typed

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def app1(agency: Agency, key: str) -> Any:
    """A server to live through."""
    return agency.order(
        "server", "create", "app1", "--plan", "small", "--image", "debian", "--network", "private", "--key", key,
        "--tag", "story", "--metadata", "role=app",
    )  # fmt: skip


def status(cloud: CloudForTests, server: Any) -> str:
    """What Nova says of it."""
    (there,) = in_the_cloud(cloud, server["id"])
    return str(there.status)


def test_it_is_stopped_and_started_and_rebooted(agency: Agency, app1: Any, story_cloud: CloudForTests) -> None:
    assert agency.order("server", "stop", "app1")["status"] == "stopped"
    assert status(story_cloud, app1) == "SHUTOFF"
    assert agency.order("server", "start", "app1")["status"] == "active"
    assert agency.order("server", "reboot", "app1", "--hard")["status"] == "active"
    assert status(story_cloud, app1) == "ACTIVE"


def test_somebody_sits_down_at_its_serial_port(agency: Agency, app1: Any, story_cloud: CloudForTests) -> None:
    if story_cloud.mode != "qemu":
        refused = agency.run("server", "console", app1["name"], "--attach", code=2)
        assert "needs a terminal" in refused.stderr
        assert "HST-127" in agency.run("server", "console-url", app1["name"], code=5).stderr
        return
    code, seen = typed(
        ["--profile", agency.profile, "server", "console", app1["name"], "--attach"], agency.region.environment,
        {"Ctrl-] leaves": "", "/ #": "echo $((6*7)) on $(hostname)", "42 on app1": "\x1d"},
    )  # fmt: skip
    assert code == 0, seen
    assert "Left the console of app1" in seen

    made = agency.ask("server", "console-url", app1["name"])
    opens, token = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC), made["url"].partition("token=")[2]
    assert 500 < opens.total_seconds() <= 600
    told = "select count(*) from journal where action = 'server.console_opened' and kind = 'audit' and subject_id ="
    assert agency.region.sql(f"{told} '{app1['id']}'") == [["2"]]
    kept = agency.region.sql("select 1 from journal where body::text like '%token=%'")
    logs = [path.read_text(errors="replace") for path in (agency.region.instance.state_dir / "log").iterdir()]
    assert token
    assert not kept
    assert not any(token in log for log in logs)

    agency.order("server", "stop", app1["name"])
    assert "there is nobody to type to" in agency.run("server", "console-url", app1["name"], code=5).stderr
    agency.order("server", "start", app1["name"])


def test_it_is_resized_taken_back_and_resized_for_good(agency: Agency, app1: Any, story_cloud: CloudForTests) -> None:
    assert agency.order("server", "resize", "app1", "medium")["status"] == "resized"
    assert agency.order("server", "revert-resize", "app1")["plan"] == "small"
    agency.order("server", "resize", "app1", "medium")
    kept = agency.order("server", "confirm-resize", "app1")
    assert (kept["status"], kept["plan"], kept["vcpus"]) == ("active", "medium", 2)
    (there,) = in_the_cloud(story_cloud, app1["id"])
    assert there.flavor["vcpus"] == 2


def test_it_gets_another_name_and_begins_anew(agency: Agency, app1: Any, story_cloud: CloudForTests) -> None:
    agency.order("server", "rename", "app1", "app2")
    agency.order("server", "rebuild", "app2", "--image", "debian")
    (there,) = in_the_cloud(story_cloud, app1["id"])
    assert (there.name, there.status) == ("app2", "ACTIVE")
    assert agency.ask("server", "show", "app2")["id"] == app1["id"]
    agency.order("server", "rename", "app2", "app1")


def test_it_is_put_into_a_security_group_while_it_runs(agency: Agency, app1: Any, story_cloud: CloudForTests) -> None:
    agency.order("security-group", "create", "front")
    agency.order("security-group", "allow", "front", "--port", "80")
    told = agency.run("server", "add-security-group", "app1", "front", "--yes").stdout
    assert "+ group front" in told
    assert "+ in tcp 80 from anywhere" in told
    (there,) = in_the_cloud(story_cloud, app1["id"])
    assert {one["name"] for one in there.security_groups} == {"base", "front"}
    refused = agency.run("security-group", "delete", "front", "--yes", code=5)
    assert "app1" in refused.stderr
    left = agency.order("server", "remove-security-group", "app1", "front")["security_groups"]
    assert [one["name"] for one in left] == ["base"]
    agency.order("security-group", "delete", "front")


def test_its_disk_is_kept_and_the_image_is_found_and_deleted(agency: Agency, app1: Any) -> None:
    agency.order("server", "snapshot", "app1", "monday")
    (image,) = agency.ask("server", "images")
    assert (image["name"], image["server"]["id"], image["status"]) == ("monday", app1["id"], "active")
    assert "monday" in agency.run("server", "images", "app1").stdout
    assert "has no image 'tuesday'" in agency.run("server", "delete-image", "app1", "tuesday", "--yes", code=2).stderr
    agency.run("server", "delete-image", "app1", "monday", "--yes")
    assert agency.ask("server", "images") == []


def test_the_list_says_what_it_costs(agency: Agency, app1: Any) -> None:
    told = agency.run("server", "list", "--tag", "story").stdout
    (line,) = [line for line in told.splitlines() if line.startswith("app1")]
    assert "active" in line
    assert " EUR" in line
    assert app1["addresses"][0]["address"] in line


def test_deleted_by_mistake_it_comes_back(agency: Agency, app1: Any, story_cloud: CloudForTests) -> None:
    agency.order("server", "protect", "app1")
    refused = agency.run("server", "delete", "app1", "--yes", code=5)
    assert "protect" in refused.stderr
    agency.order("server", "unprotect", "app1")
    told = agency.run("server", "delete", "app1", "--yes").stdout
    assert "irisplane server restore app1" in told
    assert status(story_cloud, app1) == "SHUTOFF"
    assert agency.order("server", "restore", "app1")["status"] == "active"
    assert status(story_cloud, app1) == "ACTIVE"


def test_what_is_not_mine_and_what_is_not_there_are_told_alike(agency: Agency, app1: Any) -> None:
    stranger = Agency(agency.region, "agency2")
    nowhere = "0000000000000-0000-7000-8000-000000000000"[5:]
    for name in ("app1", app1["id"], nowhere):
        told = stranger.run("server", "show", name, code=4).stderr
        assert f"There is no server '{name}', or it is not yours." in told
    assert stranger.ask("server", "list") == []
