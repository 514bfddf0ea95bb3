"""A cut that splits the region and takes the management of half of it along: one incident, and no Change that is
called good because nobody could look."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text

from lab.network import control
from network.incidents import alerts, queries
from network.incidents.hints import heard_so_far
from network.incidents.watching import watch
from orchestrator.engine import approve
from orchestrator.plan import Options
from orchestrator.states import ENDED, State
from tests.network.changes.small_region import SCOPE, SmallRegion, in_force

pytestmark = pytest.mark.lab

NEAR, FAR = ("cr01", "cr02"), ("ag01", "ac01")
DUCT = "SP-BRIDGE"
_FLOOD = """
import socket, sys, time
where, trap = (sys.argv[1], int(sys.argv[2])), bytes.fromhex(sys.argv[3])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    for number in range(10_000):
        sender.sendto(trap, where)
        if number % 200 == 199:
            time.sleep(0.005)
"""
"""What a router runs that cries without end; the way to us may lose some of it, and tells nobody."""


def _until(question: Callable[[], bool], what: str, seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.2)


def _incidents(small: SmallRegion) -> list[dict[str, Any]]:
    """The open ones, each whole."""
    with small.database.transaction("worker", SCOPE) as tx:
        found = json.loads(queries.incidents_json(tx, "open", 100))
        return [json.loads(queries.incident_json(tx, one["number"])) for one in found]


def _every(small: SmallRegion) -> list[dict[str, Any]]:
    with small.database.transaction("worker", SCOPE) as tx:
        found: list[dict[str, Any]] = json.loads(queries.incidents_json(tx, "all", 100))
    return found


@pytest.fixture(scope="module")
def bridge(small: SmallRegion) -> Iterator[SmallRegion]:
    """Every fibre between the two halves lies in one duct over the canal; gone afterwards."""
    crossing = [one for one in small.lab.topology.fibres if (one.a in NEAR) != (one.b in NEAR)]
    assert len(crossing) == 3
    sites = {router.name: router.site for router in small.lab.topology.routers}
    place = {"W": (4.340, 50.850), "E": (4.345, 50.850)}
    nodes = [{"code": f"SP-{bank}", "kind": "manhole", "lon": lon, "lat": lat} for bank, (lon, lat) in place.items()]
    ducts = [{"code": DUCT, "a_node": "SP-W", "b_node": "SP-E", "length_m": 400.0}]
    for number, name in enumerate((*NEAR, *FAR)):
        bank = "W" if name in NEAR else "E"
        nodes.append({"code": f"SP-{name}", "kind": "cabinet", "site": sites[name], "lon": place[bank][0],
                      "lat": 50.851 + 0.001 * number})  # fmt: skip
        ducts.append({"code": f"SP-D-{name}", "a_node": f"SP-{name}", "b_node": f"SP-{bank}", "length_m": 900.0})
    cables, lying, circuits, lit = [], [], [], []
    for fibre in crossing:
        near, far = (fibre.a, fibre.b) if fibre.a in NEAR else (fibre.b, fibre.a)
        cable = f"SP-{fibre.name}"
        cables.append({"code": cable, "strands": 12, "a_node": f"SP-{near}", "b_node": f"SP-{far}", "length_m": 2500.0})
        lying += [{"cable": cable, "duct": f"SP-D-{near}", "position": 1},
                  {"cable": cable, "duct": DUCT, "position": 2},
                  {"cable": cable, "duct": f"SP-D-{far}", "position": 3, "reversed": True}]  # fmt: skip
        circuits.append({"code": cable, "link": fibre.name, "a_interface": f"{fibre.a}:{fibre.a_interface}",
                         "b_interface": f"{fibre.b}:{fibre.b_interface}"})  # fmt: skip
        lit.append({"circuit": cable, "strand": f"{cable}/1", "position": 1})
    rows = {"plant_node": nodes, "duct": ducts, "cable": cables, "cable_duct": lying, "circuit": circuits,
            "circuit_strand": lit}  # fmt: skip
    made = small.edit(*({"action": "create", "type": kind, "values": values} for kind, values in rows.items()))
    assert made.state is State.SUCCEEDED
    yield small
    assert small.taken_back(made.id).state is State.SUCCEEDED


@pytest.fixture(scope="module")
def watched(bridge: SmallRegion) -> Iterator[SmallRegion]:
    """The watch, running as the worker that leads runs it."""
    ended, failures = threading.Event(), list[BaseException]()

    def look() -> None:
        while not ended.wait(0.2):
            try:
                watch(bridge.database)
            except BaseException as error:  # noqa: BLE001 - told to the test, which runs in another thread
                failures.append(error)

    def all_up() -> bool:
        assert failures == []
        with bridge.database.transaction("worker", SCOPE) as tx:
            up = tx.execute(text("select count(*) from link_state where state = 'up'")).scalar()
        return bool(up == len(bridge.lab.topology.fibres)) and not _incidents(bridge)

    thread = threading.Thread(target=look, daemon=True)
    with in_force({**bridge.environment, "IRISPLANE_INSTANCE": bridge.lab.instance.name}):
        thread.start()
        try:
            _until(all_up, "every link stands")
            yield bridge
        finally:
            ended.set()
            thread.join(120)
    assert failures == []


@contextmanager
def _split(small: SmallRegion) -> Iterator[None]:
    """The bridge falls: its fibres, and the way that management takes to the far bank."""
    instance = small.lab.instance
    crossing = [one for one in small.lab.topology.fibres if (one.a in NEAR) != (one.b in NEAR)]
    try:
        for name in FAR:
            _management(small, name, "down")
        for fibre in crossing:
            control.cut(fibre.a, fibre.b, instance=instance)
        yield
    finally:
        for fibre in crossing:
            control.mend(fibre.a, fibre.b, instance)
        for name in FAR:
            _management(small, name, "up")


def _management(small: SmallRegion, router: str, way: str) -> None:
    subprocess.run(["ip", "link", "set", small.lab.instance.mgmt_veth(router), way], check=True)


def test_it_is_one_incident_and_what_is_behind_it_is_its_consequence(watched: SmallRegion) -> None:
    with _split(watched):
        _until(lambda: any(len(one["links"]) == 3 for one in _incidents(watched)), "all three fibres are one incident")
        told = "Behind it, and not answering: ac01, ag01."
        _until(
            lambda: any(told == line["said"] for one in _incidents(watched) for line in one["story"]), "who is behind"
        )
        (one,) = _incidents(watched)
        assert (one["kind"], one["name"]) == ("plant", f"duct {DUCT}")
        down = {each["name"] for each in one["impact"]["devices"] if each["state"] == "down"}
        assert down == set(FAR)
        names = ("IrisplaneDeviceSilent", "IrisplaneAdjacencyLost", "IrisplaneSessionLost")
        labels = [{"alertname": name, "device": device} for device in FAR for name in names]
        silent = [alerts.Alert("/".join(each.values()), firing=True, labels=each) for each in labels]
        with watched.database.transaction("worker", SCOPE) as tx:
            assert alerts.take(tx, silent) == {"opened": 0, "joined": 6, "closed": 0}
        time.sleep(10)  # dead intervals are over, sessions have dropped: all of that is this incident still
        assert [each["number"] for each in _incidents(watched)] == [one["number"]]
    _until(lambda: not _incidents(watched), "mended, it is closed")


def test_ten_thousand_traps_of_one_router_are_one_incident_with_their_rate(watched: SmallRegion) -> None:
    lab = watched.lab
    place = lab.instance
    known = {each["number"] for each in _every(watched)}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as catcher:
        catcher.bind(("127.0.0.1", 0))
        catcher.settimeout(30)
        program = shutil.which("snmptrap", path="/usr/bin:/usr/sbin")
        assert program is not None
        subprocess.run([program, "-v2c", "-c", "a-flood", f"127.0.0.1:{catcher.getsockname()[1]}", "",
                        ".1.3.6.1.6.3.1.1.5.3"], env={"MIBS": "", "SNMP_PERSISTENT_DIR": "/nonexistent"},
                       check=True)  # fmt: skip
        trap = catcher.recv(65535)
    before = sum(heard_so_far().values())
    lab.console("ac01", "/usr/bin/python3", "-c", _FLOOD, str(place.mgmt_gateway), str(place.trap_port), trap.hex())
    _until(lambda: sum(heard_so_far().values()) >= before + 5_000, "what reached this machine is counted")
    _until(lambda: len(_incidents(watched)) == 1, "it is an incident")
    (one,) = _incidents(watched)
    assert (one["kind"], one["name"]) == ("alert", "flood of notifications")
    assert "a second." in " ".join(line["said"] for line in one["story"])
    _until(
        lambda: any("They came from ac01 (" in line["said"] for line in _incidents(watched)[0]["story"]), "who sends"
    )
    _until(lambda: not _incidents(watched), "quiet for a minute, it is over")
    assert {each["number"] for each in _every(watched) if each["kind"] == "alert"} - known == {one["number"]}


def test_a_change_that_was_under_way_there_ends_unknown_and_never_succeeded(bridge: SmallRegion) -> None:
    before = bridge.everything()
    lines = "ip prefix-list SPLIT seq 5 permit 10.68.0.0/16\n"
    made = bridge.submit("network.snippet", {"select": "name=ag01", "template": lines, "name": "split"},
                         options=Options(timer=30))  # fmt: skip
    worker = bridge.worker
    assert worker is not None
    for lead in ("lead", "lead2"):
        if made.state is State.WAITING:
            made = approve(bridge.database, bridge.people[lead], made.id, made.plan_hash, "read", "test")
    _until(lambda: "SPLIT" in bridge.running("ag01"), "the router has the lines")
    worker.send_signal(signal.SIGSTOP)
    try:
        state = bridge.record(made.id).state
        assert state not in ENDED, f"{state}: it was over before the cut"
        _management(bridge, "ag01", "down")
    finally:
        worker.send_signal(signal.SIGCONT)
    try:
        _until(lambda: bridge.record(made.id).state in ENDED, "it ends", 400)
        assert bridge.record(made.id).state is State.UNKNOWN, bridge.steps(made.id)
    finally:
        _management(bridge, "ag01", "up")
    _until(lambda: bridge.running("ag01") == before["ag01"], "its own timer has taken it back")
