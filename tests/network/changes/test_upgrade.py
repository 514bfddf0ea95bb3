"""Router software in waves: drained, played, looked at, undrained; and taken back."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from core.errors import InvalidInput
from network.drivers.ansible import run_play
from network.errors import HostKeyUnknown, PlayFailed
from orchestrator.plan import Options
from orchestrator.states import State
from tests.lab.running import eventually
from tests.network.changes.small_region import SmallRegion

pytestmark = [pytest.mark.lab, pytest.mark.slow]
_DRAINED = ("max-metric router-lsa administrative", "ipv6 ospf6 cost 65535", "bgp graceful-shutdown")


def _installed(small: SmallRegion) -> str:
    with small.lab.driver("ac01") as driver:
        return driver.package()


def _zebra(small: SmallRegion, router: str) -> str:
    return small.lab.console(router, "cat", "/run/frr/zebra.pid")


@contextmanager
def _watching(small: SmallRegion, *routers: str) -> Iterator[dict[str, set[str]]]:
    """Which draining lines were seen on routers meanwhile."""
    seen: dict[str, set[str]] = {router: set() for router in routers}
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.3):
            for router in routers:
                running = _running_or_nothing(small, router)
                seen[router] |= {line for line in _DRAINED if line in running}

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def test_routers_go_one_wave_after_the_other_drained_meanwhile_and_back_again(small: SmallRegion) -> None:
    version, before = _installed(small), small.everything()
    pids = {name: _zebra(small, name) for name in before}
    made = small.submit("network.upgrade", {"select": "name=ac01|ag01", "version": version})
    plan = small.plan(made.id)
    assert [len(wave) for wave in plan["batches"]] == [1, 1], "neighbours are never worked on at once"
    assert "a restart" in plan["targets"][0]["diff"]
    with _watching(small, "ac01", "ag01") as seen:
        done = small.approved(made, 240)
    assert done.state is State.SUCCEEDED, (small.last, small.steps(made.id))
    assert seen == {"ac01": set(_DRAINED), "ag01": set(_DRAINED)}
    assert small.everything() == before
    assert {name for name in before if _zebra(small, name) != pids[name]} == {"ac01", "ag01"}
    again = small.taken_back(made.id)
    assert again.state is State.SUCCEEDED, (small.last, small.steps(again.id))
    assert small.everything() == before


def test_a_worker_that_dies_in_the_middle_leaves_nobody_drained(small: SmallRegion) -> None:
    version, before = _installed(small), small.everything()
    made = small.submit("network.upgrade", {"select": "name=ac01", "version": version})
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(small.approved, made, 240)
        eventually(lambda: _DRAINED[0] in _running_or_nothing(small, "ac01"), 60, "drained")
        small.new_worker()
        assert ended.result().state in (State.SUCCEEDED, State.ROLLED_BACK)
    assert small.everything() == before


def _running_or_nothing(small: SmallRegion, router: str) -> str:
    try:
        return small.running(router)
    except AssertionError:
        return ""  # its daemons start anew


def test_a_version_that_cannot_be_installed_stops_at_the_canary(small: SmallRegion) -> None:
    before = small.everything()
    pids = {name: _zebra(small, name) for name in before}
    done = small.carried_out("network.upgrade", {"select": "platform=frr", "version": "9.9.1-1"})
    assert done.state is State.ROLLED_BACK, (small.last, small.steps(done.id))
    assert "which has frr" in small.last["summary"]
    assert sorted(step.state for step in small.steps(done.id).values()) == ["skipped", "skipped", "skipped", "undone"]
    assert small.everything() == before
    assert {name: _zebra(small, name) for name in before} == pids


def test_all_at_once_and_unknown_plays_are_refused(small: SmallRegion) -> None:
    intent = {"select": "name=ac01", "version": "8.4.4-1"}
    with pytest.raises(InvalidInput, match="waves"):
        small.submit("network.upgrade", intent, options=Options(atomic=True))
    with pytest.raises(InvalidInput, match="no playbook 'ios_upgrade'"):
        small.submit("network.upgrade", {**intent, "playbook": "ios_upgrade"})


def _everywhere(secret: bytes, over: threading.Event, found: set[str]) -> None:
    """Look for a secret on command lines, in environments, and in the folders of plays, until told to stop."""
    while not over.is_set():
        for process in Path("/proc").glob("[0-9]*"):
            for part in ("cmdline", "environ"):
                with suppress(OSError):
                    if process.name != str(os.getpid()) and secret in (process / part).read_bytes():
                        found.add(f"{part} of {(process / 'comm').read_text()}")
        for folder in Path(tempfile.gettempdir()).glob("irisplane-play-*"):
            for at, _, names in os.walk(folder):  # passes over what goes away meanwhile
                for path in (Path(at, name) for name in names):
                    with suppress(OSError):
                        if path.is_file() and secret in path.read_bytes():
                            found.add(str(path.relative_to(folder)))
        time.sleep(0.02)


def test_a_play_leaves_the_password_nowhere_and_trusts_no_other_key(small: SmallRegion) -> None:
    target = small.lab.target("cr01")
    assert target.password is not None
    over, found = threading.Event(), set[str]()
    watcher = threading.Thread(target=_everywhere, args=(target.password.encode(), over, found))
    watcher.start()
    try:
        with pytest.raises(PlayFailed, match=r"Ask the lab to do both.*which has frr"):
            run_play("frr_upgrade", target, {"version": "0.1-1"}, seconds=60)
    finally:
        over.set()
        watcher.join()
    assert not found
    assert not list(Path(tempfile.gettempdir()).glob("irisplane-play-*"))
    with pytest.raises(HostKeyUnknown):
        run_play("frr_upgrade", small.lab.target("cr01", host_keys=()), {"version": "0.1-1"}, seconds=60)
    foreign = small.lab.credentials["host_keys"]["cr02"]
    with pytest.raises(PlayFailed, match=r"(?i)host key|verification"):
        run_play("frr_upgrade", small.lab.target("cr01", host_keys=(foreign,)), {"version": "0.1-1"}, seconds=60)
