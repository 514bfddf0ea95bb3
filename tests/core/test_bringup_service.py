"""The service user, the view it gets of a closed home, the supervisor and what it leaves."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Misconfigured, Unavailable
from core.instance import ROOT, Instance
from core.leftovers import Process, end, leftovers
from core.listeners import listener
from core.private_view import closed_ancestor, covers_for
from core.service_user import ServiceUser, lay_folders, place_file, service_user
from core.supervisor import Program, Supervisor

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs programs as another user")

_SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def user() -> ServiceUser:
    return service_user(create=True)


@pytest.fixture
def instance(user: ServiceUser) -> Iterator[Instance]:
    """An instance of its own, below a folder that only its maker may enter."""
    base = Path(tempfile.mkdtemp(prefix="irisplane-t-"))
    made = Instance("test", 1, base / "state", base / "run")
    lay_folders(made, user)
    yield made
    end(leftovers(made, user), signal.SIGKILL)
    shutil.rmtree(base)


# ------------------------------------------------------------------------------------------------------- closed homes
def test_a_closed_folder_on_the_way_is_found(tmp_path: Path) -> None:
    closed = tmp_path / "home"
    inner = closed / "clone" / "core"
    inner.mkdir(parents=True)
    closed.chmod(0o700)
    stranger = 54321
    found = closed_ancestor(inner, stranger, [stranger])
    assert found is not None
    assert inner.is_relative_to(found)
    assert closed_ancestor(inner, os.geteuid(), [os.getegid()]) is None


def test_a_needed_path_below_another_is_shown_once() -> None:
    base = Path(tempfile.mkdtemp(prefix="irisplane-t-"))
    try:
        (base / "clone" / "var").mkdir(parents=True)
        covers = covers_for([base / "clone" / "var", base / "clone"], 54321, [54321])
        assert covers == {base: [base / "clone"]}
    finally:
        shutil.rmtree(base)


@as_root
def test_the_service_user_reads_what_it_needs_below_a_closed_home_and_nothing_else(
    instance: Instance, user: ServiceUser
) -> None:
    home = instance.state_dir.parent
    (home / "private").write_text("not for the service")
    home.chmod(0o700)
    seen = user.run(["/bin/sh", "-c", f"ls {home}; touch {instance.state_dir}/log/mine && id -un"], instance)
    assert seen.split() == ["run", "state", "irisplane"]
    assert (instance.state_dir / "log" / "mine").stat().st_uid == user.uid
    assert home.stat().st_mode & 0o777 == 0o700
    assert str(home) not in Path("/proc/self/mountinfo").read_text()


@as_root
def test_where_the_temporary_folder_is_closed_a_program_gets_one_of_its_own(user: ServiceUser) -> None:
    probe = "import ctypes, os; print(bool(ctypes.CDLL(None).tmpfile()), sorted(os.listdir('/tmp')))"
    before = Path("/tmp").stat()  # noqa: S108 - it is what must stay as it is
    closed = (  # in a namespace of its own, with this clone where it was, which may be below that very folder
        'exec 3<"$1"; mount -t tmpfs -o mode=0755 none /tmp; mkdir -p /tmp/needed /tmp/other "$1";'
        ' mount -c --bind /proc/self/fd/3 "$1"; exec 3<&-; cd "$1";'
        ' exec "$2" -m core.private_view --need /tmp/needed "$3" -- /usr/bin/python3 -c "$4"'
    )
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", closed, "-", str(ROOT), sys.executable, user.name, probe],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == "True ['needed']\n", done
    assert Path("/tmp").stat().st_mode == before.st_mode  # noqa: S108


@as_root
def test_the_service_user_has_no_capability_and_cannot_gain_one(instance: Instance, user: ServiceUser) -> None:
    said = user.run(["/bin/cat", "/proc/self/status"], instance)
    status = dict(line.split(":\t", 1) for line in said.splitlines() if ":\t" in line)
    assert {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert status["Groups"].split() == [str(user.gid)]


@as_root
def test_a_clone_that_is_itself_closed_is_named(instance: Instance, user: ServiceUser) -> None:
    closed = instance.state_dir.parent / "clone"
    closed.mkdir(mode=0o700)
    with pytest.raises(Unavailable, match="itself is closed to user irisplane"):
        user.run(["/bin/true"], instance, needs=[closed])


@as_root
def test_what_root_keeps_cannot_be_moved_by_the_service(instance: Instance, user: ServiceUser) -> None:
    with pytest.raises(Unavailable, match="Operation not permitted"):
        user.run(["/bin/mv", str(instance.state_dir / "lab"), str(instance.state_dir / "taken")], instance)


def test_a_link_in_place_of_a_file_is_replaced_not_followed(instance: Instance, user: ServiceUser) -> None:
    victim = instance.state_dir.parent / "victim"
    victim.write_text("whole")
    (instance.runtime_dir / "conf").symlink_to(victim)
    place_file(instance.runtime_dir / "conf", "ours", user)
    assert victim.read_text() == "whole"
    assert (instance.runtime_dir / "conf").read_text() == "ours"


def test_a_link_in_place_of_a_folder_is_refused(user: ServiceUser, instance: Instance) -> None:
    target = instance.state_dir / "credentials"
    target.rmdir()
    target.symlink_to(instance.state_dir.parent)
    with pytest.raises(Misconfigured, match="credentials"):
        lay_folders(instance, user)


def test_a_user_without_a_name_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(Misconfigured, match="54321 has no name"):
        service_user()


# --------------------------------------------------------------------------------------------------------- supervisor
def test_programs_run_once_and_are_gone_afterwards(instance: Instance, user: ServiceUser) -> None:
    supervisor = Supervisor(instance, user)
    programs = [Program("one", _SLEEP, ours=False), Program("two", _SLEEP, ours=False)]
    assert supervisor.start(programs)
    assert supervisor.start_program("one")
    assert not supervisor.start_program("one")
    states = {each.name: each for each in supervisor.states()}
    assert states["one"].state in {"starting", "running"}
    assert states["two"].state == "stopped"
    pid = states["one"].pid
    assert pid
    assert Path(f"/proc/{pid}").stat().st_uid == user.uid

    assert supervisor.stop()
    assert not Path(f"/proc/{pid}").exists()
    assert not supervisor.running
    assert not supervisor.stop()


def test_programs_of_a_killed_supervisor_are_found_and_ended(instance: Instance, user: ServiceUser) -> None:
    supervisor = Supervisor(instance, user)
    supervisor.start([Program("one", _SLEEP, ours=False)])
    supervisor.start_program("one")
    pid = next(each.pid for each in supervisor.states())
    assert pid
    os.kill(int((instance.runtime_dir / "supervisord.pid").read_text()), signal.SIGKILL)
    _until(lambda: not supervisor.running)
    # a program that was only just forked has no environment to be known by until it has become what it is to be
    _until(lambda: [process.pid for process in leftovers(instance, user)] == [pid])
    assert supervisor.stop()
    assert Process.of(pid) is None


def test_a_program_that_dies_is_started_again(instance: Instance, user: ServiceUser) -> None:
    supervisor = Supervisor(instance, user)
    supervisor.start([Program("one", _SLEEP, ours=False)])
    supervisor.start_program("one")
    first = next(each.pid for each in supervisor.states())
    assert first
    time.sleep(1.2)  # the supervisor holds it for started after one second
    os.kill(first, signal.SIGKILL)
    _until(lambda: any(each.pid not in {None, first} for each in supervisor.states()))
    supervisor.stop()


def test_a_program_that_ends_slowly_is_waited_for(
    instance: Instance, user: ServiceUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.supervisor._PATIENCE", 1.0)
    slow = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: (time.sleep(2), exit(0))); time.sleep(600)"
    supervisor = Supervisor(instance, user)
    supervisor.start([Program("slow", [sys.executable, "-c", slow])])
    supervisor.start_program("slow")
    time.sleep(1.2)  # until it listens to the signal
    first = next(each.pid for each in supervisor.states())
    supervisor.restart_program("slow")
    second = next(each.pid for each in supervisor.states())
    assert second
    assert second != first
    supervisor.stop()


def test_another_configuration_starts_the_supervisor_anew(instance: Instance, user: ServiceUser) -> None:
    supervisor = Supervisor(instance, user)
    supervisor.start([Program("one", _SLEEP, ours=False)])
    assert supervisor.start([Program("other", _SLEEP, ours=False)])
    assert [each.name for each in supervisor.states()] == ["other"]
    supervisor.stop()


# ------------------------------------------------------------------------------------------------------------ looking
def test_who_listens_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert listener(port) is None
        taken.listen()
        assert str(os.getpid()) in (listener(port) or "")
    assert listener(port) is None


def test_a_process_is_named_by_its_start_too() -> None:
    with subprocess.Popen(_SLEEP) as child:
        process = Process.of(child.pid)
        assert process is not None
        assert not Process(process.pid, process.uid, process.born + 1).alive
        end([process], signal.SIGTERM)
        assert not process.alive


def _until(condition: object, patience: float = 60.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
