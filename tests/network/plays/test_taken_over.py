"""A worker that dies in the middle of a play, and one that was frozen and replaced."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from network.errors import FencedOut
from network.plays.hosts import hosts_for, target_of
from network.plays.keeper import Keeper
from network.plays.process import PlayHost
from orchestrator.states import State
from tests.lab.running import eventually
from tests.network.changes.small_region import SCOPE
from tests.network.plays.conftest import PlayedRegion, device

pytestmark = [pytest.mark.lab, pytest.mark.slow]

_INTENT = {
    "play": "edge_router",
    "select": "name=ed02",
    "variables": {
        "networks": [
            {
                "name": "staff",
                "interface": "lan0",
                "address": "10.71.1.1/24",
                "first": "10.71.1.10",
                "last": "10.71.1.99",
            }
        ]
    },
}


def _host(played: PlayedRegion, name: str) -> PlayHost:
    with played.database.transaction("worker", SCOPE) as tx:
        key = device(tx, name)
        return hosts_for(tx, [key])[key]


def _heard(played: PlayedRegion, change_id: UUID) -> str:
    step = played.steps(change_id).get("ed02")
    return str((step.record.get("notes") or {}).get("apply", "")) if step else ""


@pytest.mark.timeout(600)
def test_a_worker_that_is_killed_in_the_middle_is_taken_over_and_services_are_told(played: PlayedRegion) -> None:
    before = played.everything("ed02")
    made = played.submit("network.play", _INTENT)
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(played.approved, made, 400)
        eventually(lambda: "Configure the networks" in _heard(played, made.id), 180, "the play is at work")
        assert played.worker is not None
        begun = _below(played.worker.pid)
        assert any("network.plays.inside" in words for words in begun.values())
        played.new_worker()  # the one before is killed
        eventually(lambda: not [pid for pid in begun if _lives(pid)], 60, f"what it began has ended: {begun}")
        done = ended.result()
    assert done.state is State.SUCCEEDED, (played.last, played.steps(made.id))
    record = played.steps(made.id)["ed02"].record
    assert record["apply"]["again"] is True
    assert 'comment "staff"' in played.console("ed02", "nft", "list", "ruleset")
    assert played.console("ed02", "cat", "/proc/sys/net/ipv4/ip_forward").strip() == "1"
    assert played.taken_back(made.id).state is State.SUCCEEDED, played.last
    assert played.everything("ed02") == before


def test_who_entered_later_keeps_the_earlier_ones_out(played: PlayedRegion) -> None:
    change = str(uuid4())
    with Keeper(target_of(_host(played, "ed02"))) as keeper:
        epoch = _epoch(played)
        keeper.keep(change, ["/etc/hosts"])
        old, again = keeper.enter(change, epoch)
        assert not again
        assert played.console("ed02", old, "-c", "print(1)").strip() == "1"
        new, again = keeper.enter(change, _epoch(played))
        assert again
        with pytest.raises(FencedOut):
            keeper.enter(change, epoch)
        with pytest.raises(FencedOut):
            keeper.put_back(change, epoch)
    assert played.console("ed02", new, "-c", "print(2)").strip() == "2"
    with pytest.raises(AssertionError, match=r"not found|No such file"):
        played.console("ed02", "sh", "-c", f"{old} -c 'print(3)'")


def test_who_enters_waits_for_the_module_that_is_under_way(played: PlayedRegion) -> None:
    change = str(uuid4())
    with Keeper(target_of(_host(played, "ed02"))) as keeper:
        python, _ = keeper.enter(change, _epoch(played))
        with ThreadPoolExecutor(1) as pool:
            slow = "import time; open('/run/slow', 'w').close(); time.sleep(2); print(time.time())"
            under_way = pool.submit(played.console, "ed02", python, "-c", slow)
            eventually(lambda: "slow" in played.console("ed02", "ls", "/run"), 60, "the module is under way")
            keeper.enter(change, _epoch(played))
            entered = time.time()
            assert float(under_way.result()) <= entered


def _epoch(played: PlayedRegion) -> int:
    """A number as a run draws it."""
    with played.database.transaction("owner", SCOPE) as tx:
        return int(tx.execute(text("select nextval('change_epoch')")).scalar_one())


def _below(root: int) -> dict[int, str]:
    """Processes that a process began, with their command lines."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
    found: dict[int, str] = {}
    level = [root]
    while level:
        level = [pid for pid, parent in parents.items() if parent in level]
        for pid in level:
            found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode() if _lives(pid) else ""
    return found


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
