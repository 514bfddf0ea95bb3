"""The first hour of a network engineer: look around, change something, break something, take it back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.region.conftest import Region, eventually

pytestmark = pytest.mark.lab


def test_every_part_runs(region: Region) -> None:
    parts = region.ask("status")
    states = {part["name"]: part["state"] for part in parts}
    assert states.keys() >= {"postgres", "api", "worker", "mail", "sequencer", "lab"}
    assert states.pop("cloud") == "skipped", "these tests are of routers: the lab's cloud is off"
    assert set(states.values()) == {"running"}
    assert region.api("GET", "/api/v1/health").status_code == 200


def test_up_again_changes_nothing(region: Region) -> None:
    before = region.sql("select count(*) from change")
    pids = [region.pid(name) for name in ("api", "worker", "postgres")]
    assert "nothing had to be done" in region.run("up").stdout
    assert region.sql("select count(*) from change") == before
    assert [region.pid(name) for name in ("api", "worker", "postgres")] == pids


def test_the_routers_are_reachable_and_run_their_intent(region: Region) -> None:
    devices = region.ask("device", "list")
    assert len([row for row in devices if row["reachable"]]) >= 12
    diff = region.ask("config", "diff", "--all")
    assert all(one["in_sync"] for one in diff)


def test_without_our_code_neighbours_are_full_and_loopbacks_answer(region: Region) -> None:
    from lab.network import plan

    topology = plan(12)
    for name in ("ac01", "cr02"):
        answer = json.loads(region.console(name, "vtysh", "-c", "show ip ospf neighbor json"))
        full = [
            n
            for entries in answer["neighbors"].values()
            for n in entries
            if n.get("nbrState", n.get("state", "")).startswith("Full")
        ]
        assert len(full) == len(topology.fibres_of(name))
        for router in topology.routers:
            assert " 0% packet loss" in region.console(name, "ping", "-c1", "-W2", f"10.255.0.{router.number}")
            region.console(name, "ping", "-6", "-c1", "-W2", f"fd00:1715:255::{router.number:x}")


def test_a_snippet_is_planned_read_approved_pushed_and_taken_back(region: Region, tmp_path: Path) -> None:
    snippet = tmp_path / "customers.j2"
    snippet.write_text(
        "ip prefix-list CUSTOMERS seq 5 permit 10.64.0.0/12 le 24\n"
        "interface lo\n description {{ name }} at {{ site }}\n"
    )
    before = region.everything()
    asked = region.run(
        "config", "push", "--select", "role=access", "--snippet", str(snippet), "--reason", "customers", "--yes"
    )
    shown = asked.stdout
    for word in (
        "ac01",
        "+ip prefix-list CUSTOMERS",
        "network-lead",
        "network-needs-a-lead",
        "TH-21001",
        "commune-21001",
    ):
        assert word in shown, f"{word} is not in the plan:\n{shown}"
    change = region.ask("change", "list")[0]
    assert change["state"] == "waiting"
    refused = region.run(
        "change", "approve", change["id"], "--hash", change["plan_hash"], "--reason", "mine", code=None
    )
    assert refused.returncode == 3, refused.stderr
    region.run(
        "change", "approve", change["id"], "--hash", change["plan_hash"], "--reason", "fine", "--profile", "lead"
    )
    followed = region.run("change", "watch", change["id"])
    assert "succeeded" in followed.stdout
    assert region.ask("change", "list", "--device", "ac04")[0]["id"] == change["id"]
    for name in ("ac01", "ac02", "ac03", "ac04"):
        assert "ip prefix-list CUSTOMERS seq 5 permit 10.64.0.0/12 le 24" in region.running(name)
    assert region.running("cr01") == before["cr01"]
    story = region.run("change", "show", change["id"]).stdout
    for word in ("customers", "lead", "fine", change["plan_hash"][:12], "ac04", "succeeded"):
        assert word in story
    assert all(one["in_sync"] for one in region.ask("config", "diff", "--all"))
    region.run("change", "undo", change["id"], "--reason", "back again", "--wait")
    assert region.everything() == before


def test_a_snippet_that_breaks_ospf_stops_at_the_canary(region: Region) -> None:
    before = region.everything()
    made = region.submit(
        "network.snippet",
        {"select": "role=access", "template": "router ospf\n passive-interface default\n", "name": "bad"},
    )
    region.approve(made)
    end = region.ended(made["id"], seconds=180)
    assert end["state"] == "rolled_back"
    assert "ospf adjacency" in json.dumps(end["outcome"])
    states = {
        step["target"] if "target" in step else step["target_name"]: step["state"] for step in region.steps(made["id"])
    }
    assert sorted(states.values()) == ["skipped", "skipped", "skipped", "undone"]
    assert region.everything() == before


def test_what_is_typed_by_hand_is_found_and_handled_as_policy_says(region: Region) -> None:
    region.typed("ac02", "interface to-ag02", "description typed by hand")
    found = eventually(lambda: [one for one in region.ask("config", "drift") if one["device"] == "ac02"], seconds=180)
    assert "typed by hand" in found[0]["diff"]
    done = region.submit(
        "inventory.edit",
        {
            "operations": [
                {"action": "update", "type": "device", "items": [{"ref": "ac02", "set": {"drift_policy": "restore"}}]}
            ]
        },
    )
    assert done["state"] == "succeeded"
    eventually(lambda: "typed by hand" not in region.running("ac02"), seconds=180)
    # What is typed while the restored text is still on trial would be taken back with it.
    restored = "select state from change where id in (select drift_change from device_state) and state <> 'running'"
    assert eventually(lambda: region.sql(restored), seconds=180) == [["succeeded"]]
    done = region.submit(
        "inventory.edit",
        {
            "operations": [
                {"action": "update", "type": "device", "items": [{"ref": "ac02", "set": {"drift_policy": "adopt"}}]}
            ]
        },
    )
    assert done["state"] == "succeeded"
    region.typed("ac02", "interface to-ag02", "description typed twice", "ip ospf cost 44")
    eventually(
        lambda: not region.ask("config", "drift") and region.sql("select 1 from config_overlay where kind = 'pinned'"),
        seconds=150,
    )
    assert "typed twice" in region.running("ac02")
    assert all(one["in_sync"] for one in region.ask("config", "diff", "--select", "name=ac02"))
