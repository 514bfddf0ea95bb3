"""Plays on real hosts: what is shown first, then done, then nothing more to do, and put back."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from core.errors import InvalidInput
from lab.network import hosts
from network.errors import NotOffered, NotReady
from orchestrator.plan import Options
from orchestrator.states import State
from tests.lab.running import eventually
from tests.network.changes.small_region import SCOPE
from tests.network.plays.conftest import PlayedRegion

pytestmark = [pytest.mark.lab, pytest.mark.slow]

_PUPILS = {
    "name": "pupils", "interface": "lan0", "address": "10.70.1.1/24", "first": "10.70.1.10", "last": "10.70.1.200",
}  # fmt: skip


def _edge(**variables: Any) -> dict[str, Any]:
    return {"play": "edge_router", "select": "name=ed01", "variables": {"networks": [_PUPILS], **variables}}


@contextmanager
def watching_for(*secrets: str) -> Iterator[set[str]]:
    """Where secrets turned up meanwhile: on command lines, in environments, in files of a disk."""
    over, found = threading.Event(), set[str]()
    values = [one.encode() for one in secrets]

    def look() -> None:
        while not over.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                for part in ("cmdline", "environ"):
                    with suppress(OSError):
                        content = (process / part).read_bytes()
                        if process.name != str(os.getpid()) and any(one in content for one in values):
                            found.add(f"{part} of {(process / 'comm').read_text()}")
            for folder in Path("/tmp").glob("irisplane-play-*"):  # noqa: S108 - nothing may be there
                found.add(str(folder))
            time.sleep(0.05)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()


def test_a_play_shows_what_it_would_do_then_does_it_then_has_nothing_to_do_and_is_put_back(
    played: PlayedRegion,
) -> None:
    before = played.everything("ed01")
    made = played.submit("network.play", _edge())
    [target] = played.plan(made.id)["targets"]
    assert "~ /etc/nftables.conf: Write the firewall" in target["diff"]
    assert '+        iifname "lan0" oifname "wan0" accept comment "pupils"' in target["diff"]
    assert played.everything("ed01") == before, "a plan alters nothing"

    done = played.approved(made, 240)
    assert done.state is State.SUCCEEDED, (played.last, played.steps(made.id))
    assert "dhcp-range=set:pupils,10.70.1.10,10.70.1.200,8h" in str(
        played.read("ed01", "/etc/dnsmasq.d/irisplane.conf")
    )
    assert 'iifname "lan0" oifname "wan0" accept comment "pupils"' in played.console("ed01", "nft", "list", "ruleset")
    assert played.console("ed01", "cat", "/proc/sys/net/ipv4/ip_forward").strip() == "1"

    again = played.submit("network.play", _edge())
    assert again.state is State.SUCCEEDED
    assert played.plan(again.id)["targets"] == []

    back = played.taken_back(made.id)
    assert back.state is State.SUCCEEDED, (played.last, played.steps(back.id))
    assert (
        '-        iifname "lan0" oifname "wan0" accept comment "pupils"' in played.plan(back.id)["targets"][0]["diff"]
    )
    assert played.everything("ed01") == before
    assert played.console("ed01", "nft", "list", "ruleset").strip() == ""


def _heard(played: PlayedRegion, change_id: UUID, host: str) -> str:
    """What a host's play has said so far."""
    step = played.steps(change_id).get(host)
    return str((step.record.get("notes") or {}).get("apply", "")) if step else ""


def test_a_host_that_dies_under_a_play_is_unknown_and_the_others_are_put_back(played: PlayedRegion) -> None:
    before = played.everything("ed01")
    made = played.submit("network.play", {**_edge(), "select": "role=edge"}, options=Options(canary=0, share=100))
    try:
        with ThreadPoolExecutor(1) as pool:
            ended = pool.submit(played.approved, made, 400)
            eventually(lambda: _heard(played, made.id, "ed02") != "", 180, "the play is at work")
            hosts.power_off("ed02", played.instance)
            assert ended.result().state is State.UNKNOWN, (played.last, played.steps(made.id))
    finally:
        hosts.power_on("ed02", played.instance)
    steps = played.steps(made.id)
    assert (steps["ed01"].state, steps["ed02"].state) == ("undone", "unknown")
    assert "ed02" in played.last["summary"]
    assert played.everything("ed01") == before


def test_a_secret_stands_in_the_file_and_nowhere_else(played: PlayedRegion) -> None:
    old, new = "old-passphrase-0815", "new-passphrase-4711"
    played.keep_secret("snmp/auth", new)
    played.keep_secret("snmp/privacy", "privacy-passphrase-1")
    path = "/etc/snmp/snmpd.conf"
    played.console("hv01", "sh", "-c", f"mkdir -p /etc/snmp && echo 'createUser noc SHA-256 \"{old}\"' > {path}")
    user = {"name": "noc", "auth": "{{ secret('snmp/auth') }}", "privacy": "{{ secret('snmp/privacy') }}"}
    intent = {"play": "router_baseline", "select": "name=hv01", "variables": {"snmp_users": [user]}}
    with watching_for(new, "privacy-passphrase-1") as found:
        made = played.submit("network.play", intent)
        done = played.approved(made, 240)
    assert done.state is State.SUCCEEDED, (played.last, played.steps(made.id))
    assert not found
    assert f'createUser noc SHA-256 "{new}" AES "privacy-passphrase-1"' in str(played.read("hv01", path))
    diff = played.plan(made.id)["targets"][0]["diff"]
    assert "-createUser <withheld>" in diff
    assert '+createUser noc SHA-256 "<withheld>" AES "<withheld>"' in diff
    with played.database.transaction("owner", SCOPE) as tx:
        written = [
            str(tx.execute(text(f"select string_agg(t::text, ' ') from {table} t")).scalar())
            for table in ("change", "change_step", "journal", "blob")
        ]
    for value in (old, new, "privacy-passphrase-1"):
        assert value not in played.log.read_text()
        assert not [one for one in written if value in one], value


def test_a_play_that_fails_in_the_middle_is_put_back_and_its_words_are_told(played: PlayedRegion) -> None:
    before = played.everything("ed01")
    made = played.submit("network.play", _edge(wan='wan"0'))  # a name that nft does not read; a check does not ask it
    done = played.approved(made, 240)
    assert done.state is State.ROLLED_BACK, (played.last, played.steps(made.id))
    assert "failed on ed01 at 'Write the firewall'" in played.last["summary"]
    assert played.everything("ed01") == before


def test_a_file_that_was_altered_since_the_plan_makes_it_stale(played: PlayedRegion) -> None:
    before = played.everything("ed01")
    made = played.submit("network.play", _edge())
    played.console("ed01", "sh", "-c", "echo '# by hand' > /etc/nftables.conf")
    try:
        assert played.approved(made, 240).state is State.STALE, (played.last, played.steps(made.id))
        assert played.read("ed01", "/etc/nftables.conf") == "# by hand\n"
    finally:
        played.console("ed01", "rm", "/etc/nftables.conf")
    assert played.everything("ed01") == before


def test_what_a_play_does_not_take_is_refused_with_the_way_out(played: PlayedRegion) -> None:
    intent = {"play": "router_baseline", "select": "name=hv01"}
    for variables, said in (
        ({"ntp": ["10.0.0.1"]}, "takes no variable 'ntp'"),
        ({"ntp_client": "ntpd"}, "must be one of: timesyncd, chrony"),
        ({"snmp_users": [{"name": "a", "auth": "in the open", "privacy": "x"}]}, "'auth' is a secret"),
        ({"ntp_servers": ["{{ lookup('pipe', 'id') }}"]}, "a variable is no template"),
    ):
        with pytest.raises(InvalidInput, match=said):
            played.submit("network.play", {**intent, "variables": variables})
    with pytest.raises(InvalidInput, match="no play 'wifi'"):
        played.submit("network.play", {"play": "wifi", "select": "all"})
    with pytest.raises(NotOffered, match="edge_router is not for hv01"):
        played.submit("network.play", {**_edge(), "select": "name=hv01"})


def test_what_would_cut_the_way_in_is_refused_before_anybody_is_asked(played: PlayedRegion) -> None:
    with pytest.raises(NotReady, match="ed01 at 'Keep the way in': It has no interface eth9"):
        played.submit("network.play", _edge(management="eth9"))
    hardened = {"play": "hypervisor_baseline", "select": "name=hv01", "variables": {"log_ins": ["marie"]}}
    with pytest.raises(NotReady, match="log_ins leaves out ops"):
        played.submit("network.play", hardened)


def test_a_hypervisor_is_hardened_and_accounts_come_with_their_keys_and_go_again(played: PlayedRegion) -> None:
    before = played.everything("hv01")
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5lcm8gd2FzIG5vdCBhIG5pY2UgcGVyc29uIGF0IGFs marie"
    plays = (
        {
            "play": "hypervisor_baseline",
            "variables": {"log_ins": ["ops", "marie"], "kernel": {"net.core.somaxconn": 512}},
        },
        {
            "play": "router_baseline",
            "variables": {"users": [{"name": "marie", "keys": [key]}], "ntp_servers": ["10.0.0.1"]},
        },
    )
    made = []
    for intent in plays:
        done = played.carried_out("network.play", {**intent, "select": "name=hv01"})
        assert done.state is State.SUCCEEDED, (played.last, played.steps(done.id))
        made.append(done.id)
        assert played.submit("network.play", {**intent, "select": "name=hv01"}).state is State.SUCCEEDED
    assert "~ user marie: present: Keep the accounts" in played.plan(made[1])["targets"][0]["diff"]
    sshd = played.console("hv01", "/usr/sbin/sshd", "-T").splitlines()
    assert {"permitrootlogin no", "allowusers marie", "maxauthtries 3"} <= set(sshd)
    assert played.console("hv01", "cat", "/proc/sys/net/core/somaxconn").strip() == "512"
    assert played.console("hv01", "getent", "passwd", "marie").startswith("marie:x:")
    assert key in str(played.read("hv01", "/etc/ssh/authorized_keys/marie"))
    for change in reversed(made):
        assert played.taken_back(change).state is State.SUCCEEDED, played.last
    assert played.everything("hv01") == before
