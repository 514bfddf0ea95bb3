"""Router software in waves: drained, played, looked at, undrained; and taken back."""

from __future__ import annotations

import os
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pytest

from core.errors import InvalidInput
from network.changes.entering import enter
from network.changes.telling import forget, watch_and_tell
from network.drain import drained
from network.drivers.ansible import run_play
from network.drivers.protocol import Mark
from network.errors import HostKeyUnknown, PlayFailed
from network.expectations import BgpSession
from network.verify import Expectation
from orchestrator.kinds import Step
from orchestrator.plan import Options, Target
from orchestrator.states import State
from tests.lab.running import eventually
from tests.network.changes.small_region import SmallRegion

pytestmark = [pytest.mark.lab, pytest.mark.slow]
_DRAINED = ("max-metric router-lsa administrative", "ipv6 ospf6 cost 65535", "bgp graceful-shutdown")
_PATIENCE = 1000
"""Seconds: two waves, each of which plays, is looked at for five minutes at most, and is perhaps taken back."""


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


@pytest.mark.timeout(2400)  # each of four waves may wait for five minutes
def test_routers_go_one_wave_after_the_other_drained_meanwhile_and_back_again(small: SmallRegion) -> None:
    version, before = _installed(small), small.everything()
    pids = {name: _zebra(small, name) for name in before}
    made = small.submit("network.upgrade", {"select": "name=ac01|ag01", "version": version})
    plan = small.plan(made.id)
    assert [len(wave) for wave in plan["batches"]] == [1, 1], "neighbours are never worked on at once"
    assert "a restart" in plan["targets"][0]["diff"]
    with _watching(small, "ac01", "ag01") as seen:
        done = small.approved(made, _PATIENCE)
    assert done.state is State.SUCCEEDED, (small.last, small.steps(made.id), small.seen_everywhere())
    assert seen == {"ac01": set(_DRAINED), "ag01": set(_DRAINED)}
    assert small.everything() == before
    assert {name for name in before if _zebra(small, name) != pids[name]} == {"ac01", "ag01"}
    again = small.taken_back(made.id, seconds=_PATIENCE)
    assert again.state is State.SUCCEEDED, (small.last, small.steps(again.id), small.seen_everywhere())
    assert small.everything() == before


def _said(small: SmallRegion, by: str, on: str) -> int:
    """How often a router has said anew what its prefixes are, as another one knows it."""
    shown = small.lab.console(on, "vtysh", "-c", f"show ipv6 ospf6 database intra-prefix adv-router {by} detail")
    return max((int(count, 16) for count in re.findall(r"LS Sequence Number: (0x[0-9a-f]+)", shown)), default=0)


def test_what_is_not_there_after_a_restart_is_told_again_and_the_router_runs_what_it_ran(small: SmallRegion) -> None:
    before = small.running("ac01")
    missing = Expectation((BgpSession(peer="fd00::1", name="nobody"),), dead=1)
    with small.lab.driver("ac01") as driver:
        epoch = driver.status(Mark("none", "none", 0)).epoch  # a higher one would keep the worker out afterwards
        step = Step(uuid4(), uuid4(), epoch, Target("device:ac01", "ac01", "", "", {}, {}), 120, {})
        enter(driver, step, "drain", drained(before))
        said, now = _said(small, "10.255.0.4", "cr01"), driver.fingerprint()
        verdict = watch_and_tell(driver, step, before, missing, [], 30)
        assert (verdict.status, driver.fingerprint()) == ("failed", now)
        assert "told again, 1 time" in verdict.evidence[-1]
        eventually(lambda: _said(small, "10.255.0.4", "cr01") > said, 60, "cr01 was told")
        forget(driver, step)
        enter(driver, step, "undrain", before)
    assert small.running("ac01") == before


@pytest.mark.timeout(1500)
def test_a_worker_that_dies_in_the_middle_leaves_nobody_drained(small: SmallRegion) -> None:
    version, before = _installed(small), small.everything()
    made = small.submit("network.upgrade", {"select": "name=ac01", "version": version})
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(small.approved, made, _PATIENCE)
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
