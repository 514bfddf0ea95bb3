"""What of the lab's cloud needs no cloud: names that never collide, which mode is chosen, programs known and ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.instance import CLOUD_PORTS, CONSOLES, INSTANCES, Instance
from core.leftovers import Process
from core.service_user import ServiceUser
from core.settings import load
from lab.errors import CloudElsewhere, CloudFailed, CloudImpossible, CloudIsDown
from lab.openstack import control, software
from lab.openstack.place import Place
from lab.openstack.processes import Program, Programs, strays

_SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A cloud that is not there, of the user who runs the tests; what was started in it is ended."""
    instance = Instance("dev1", INSTANCES["dev1"], tmp_path / "state", tmp_path / "run")
    me = ServiceUser(str(os.geteuid()), os.geteuid(), os.getegid(), apart=False)
    made = Place(instance, me, os.getegid())
    made.lay()
    yield made
    Programs(made).stop(Programs(made).names(), first=signal.SIGKILL)


# ------------------------------------------------------------------------------------------------------------- names
def test_no_two_instances_share_a_port_a_name_or_a_network() -> None:
    places = [Instance.named(name) for name in INSTANCES]
    ports = [place.cloud_port(service) for place in places for service in CLOUD_PORTS]
    consoles = [place.cloud_port("consoles") + number for place in places for number in range(1, CONSOLES)]
    others = [port for place in places for port in (place.api_port, place.metrics_port, place.smtp_port)]
    assert len({*ports, *consoles, *others}) == len(ports) + len(consoles) + len(others)
    assert max(*ports, *consoles) < 32768  # where Linux takes ports for outgoing connections from
    for names in zip(
        *((place.cloud_namespace, place.cloud_veth, place.cloud_network, place.cloud_runtime_dir) for place in places),
        strict=True,
    ):
        assert len(set(names)) == len(places)


# -------------------------------------------------------------------------------------------------------------- modes
@pytest.fixture
def can(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """Why each mode cannot run; both can."""
    reasons: dict[str, str | None] = {"qemu": None, "fake": None}
    monkeypatch.setattr(software, "missing", lambda mode: reasons[mode])
    return reasons


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ({}, "qemu"),
        ({"IRISPLANE_LAB": "off"}, None),
        ({"IRISPLANE_LAB_CLOUD": "off"}, None),
        ({"IRISPLANE_LAB_CLOUD": "fake"}, "fake"),
        ({"IRISPLANE_LAB": "off", "IRISPLANE_LAB_CLOUD": "fake"}, "fake"),
    ],
)
def test_the_settings_choose_the_mode(can: dict[str, str | None], given: dict[str, str], chosen: str | None) -> None:
    assert software.choose(load(given)) == chosen


def test_without_root_there_are_no_machines_and_without_packages_no_cloud(can: dict[str, str | None]) -> None:
    can["qemu"] = "real machines need root, for their network devices"
    assert software.choose(load({})) == "fake"
    with pytest.raises(CloudImpossible, match="need root"):
        software.choose(load({"IRISPLANE_LAB_CLOUD": "qemu"}))
    can["fake"] = "not installed: ovn-central"
    with pytest.raises(CloudImpossible, match="ovn-central"):
        software.choose(load({}))


def test_a_cloud_stays_what_it_was_made_as(can: dict[str, str | None], place: Place) -> None:
    place.note(mode="fake")
    assert software.choose(load({}), place) == "fake"
    with pytest.raises(CloudElsewhere, match="made as fake") as refused:
        software.choose(load({"IRISPLANE_LAB_CLOUD": "qemu"}), place)
    assert "forget" in refused.value.hint


def test_another_folder_keeps_the_names_of_its_cloud(place: Place) -> None:
    place.claim()
    place.claim()
    (place.runtime / "owner").write_text("/somewhere/else/cloud")
    with pytest.raises(CloudElsewhere, match="/somewhere/else"):
        place.claim()


# ------------------------------------------------------------------------------------------------------------ secrets
def test_passwords_are_made_once_and_for_one_pair_of_eyes(place: Place) -> None:
    made = place.secrets()
    assert place.secrets() == made
    assert len(set(made.values())) == len(made)
    assert (place.base / "secrets.json").stat().st_mode & 0o777 == 0o600


# ----------------------------------------------------------------------------------------------------------- programs
def test_a_program_is_started_once_known_and_ended_with_its_children(place: Place) -> None:
    programs = Programs(place)
    parent = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    program = Program("one", [sys.executable, "-c", f"{parent} time.sleep(600)"])
    assert programs.start(program)
    assert not programs.start(program)
    _eventually(lambda: len(strays(place)) == 2)
    family = strays(place)
    founder = programs.founder("one")
    assert founder in family
    assert programs.stop(["one"])
    assert not any(process.alive for process in family)
    assert programs.names() == []
    assert not programs.stop(["one"])


def test_children_of_a_killed_founder_are_ended_too(place: Place) -> None:
    programs = Programs(place)
    parent = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    programs.start(Program("one", [sys.executable, "-c", f"{parent} time.sleep(600)"]))
    _eventually(lambda: len(strays(place)) == 2)
    founder = programs.founder("one")
    assert founder is not None
    os.kill(founder.pid, signal.SIGKILL)
    _eventually(lambda: not founder.alive)
    assert programs.dead() == ["one"]
    assert programs.stop(["one"])
    assert strays(place) == []


def test_what_runs_from_a_folder_that_was_removed_is_ended_and_its_names_are_free(place: Place, tmp_path: Path) -> None:
    nobodys = Instance("dev1", 200, tmp_path / "gone", tmp_path / "run")  # no instance has this number's devices
    gone = Place(nobodys, place.user, place.readers)
    ours = Place(replace(nobodys, state_dir=tmp_path / "ours"), place.user, place.readers)
    gone.lay()
    gone.claim()
    Programs(gone).start(Program("one", _SLEEP))
    founder = Programs(gone).founder("one")
    assert founder is not None
    ours.lay()
    with pytest.raises(CloudElsewhere, match="gone"):
        control._claim(ours)
    assert Programs(gone).alive("one")
    shutil.rmtree(tmp_path / "gone")
    control._claim(ours)
    assert not founder.alive
    assert (ours.runtime / "owner").read_text() == str(ours.base)


def test_a_number_that_was_given_away_is_not_signalled(place: Place) -> None:
    other = subprocess.Popen(_SLEEP)
    try:
        (place.runtime / "pids" / "one.json").write_text(f'{{"pid": {other.pid}, "born": 1, "at": 0}}')
        assert not Programs(place).alive("one")
        assert not Programs(place).stop(["one"])
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_program_that_does_not_listen_is_killed(place: Place) -> None:
    programs = Programs(place)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    programs.start(Program("deaf", [sys.executable, "-c", deaf]))
    _eventually(lambda: "deaf" in (place.out / "deaf.out").read_text())
    founder = programs.founder("deaf")
    assert programs.stop(["deaf"], patience=0.5)
    assert founder is not None
    assert not founder.alive


def test_what_fails_is_told_without_its_secrets(place: Place) -> None:
    line = [sys.executable, "-c", "import sys; sys.exit('mysql://openstack:hunter2secret@localhost failed')"]
    with pytest.raises(CloudFailed, match="localhost failed") as told:
        Programs(place).run(Program("one", line))
    assert "hunter2secret" not in told.value.message


# ------------------------------------------------------------------------------------------------------------- status
def test_a_starter_that_died_is_told_and_waiting_ends(place: Place) -> None:
    place.note(state="starting", part="schemas", since=time.time() - 60, mode="fake", starter=(2**22, 1))
    found = control.status(place.instance)
    assert (found.state, found.part) == ("failed", "schemas")
    with pytest.raises(CloudFailed, match="schemas"):
        control.wait(place.instance, seconds=5)


def test_a_starter_that_lives_is_waited_for(place: Place) -> None:
    me = Process.of(os.getpid())
    assert me is not None
    place.note(state="starting", part="keystone", since=time.time() - 60, mode="fake", starter=(me.pid, me.born))
    assert control.status(place.instance).detail == "keystone (fake)"
    told: list[str] = []
    with pytest.raises(CloudFailed, match="does not run after"):
        control.wait(place.instance, tell=told.append, seconds=0.3)
    assert told == ["keystone"]


def test_a_program_that_died_makes_a_running_cloud_failed_and_a_restart_of_the_machine_stopped(place: Place) -> None:
    programs = Programs(place)
    place.note(state="running", since=time.time(), mode="fake")
    assert control.status(place.instance).state == "stopped"
    for name in ("one", "two"):
        programs.start(Program(name, _SLEEP))
    assert control.status(place.instance).state == "running"
    founder = programs.founder("two")
    assert founder is not None
    os.kill(founder.pid, signal.SIGKILL)
    _eventually(lambda: not founder.alive)
    found = control.status(place.instance)
    assert (found.state, found.dead) == ("failed", ("two",))


def test_nothing_is_waited_for_and_no_part_is_stopped_where_nothing_runs(tmp_path: Path) -> None:
    nowhere = Instance("dev1", INSTANCES["dev1"], tmp_path / "state", tmp_path / "run")
    assert control.status(nowhere).state == "stopped"
    assert not control.down(nowhere)
    with pytest.raises(CloudIsDown):
        control.wait(nowhere)
    with pytest.raises(CloudIsDown):
        control.stop_part("rabbitmq", nowhere)


def _eventually(question: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.02)
