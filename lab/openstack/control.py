"""The cloud's verbs: begin, bring up, wait, take down, forget; how it is; and its parts stopped and started.

``begin`` returns at once and leaves a starter behind, which tells what it does in ``cloud.log`` and writes down how far
it is. Everything else works on what that left.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from core.errors import IrisplaneError
from core.instance import ROOT, Instance
from core.leftovers import Process, end
from core.settings import Settings, get_settings
from lab.errors import CloudElsewhere, CloudFailed, CloudIsDown, NoSuchPart
from lab.openstack import backing, services, switch
from lab.openstack.configuration import HOSTS
from lab.openstack.machines import end_machines
from lab.openstack.place import Mode, Place, Progress, State
from lab.openstack.processes import Programs, machines, strays
from lab.openstack.software import choose
from lab.openstack.way_up import WayUp

__all__ = [
    "CloudStatus", "begin", "bring_up", "down", "forget", "start_part", "status", "stop_part", "wait",
]  # fmt: skip

Tell = Callable[[str], None]

_HIDDEN: Final = {"IRISPLANE_RUNTIME_DIR": "IRISPLANE_LAB_RUNTIME_DIR"}
"""By that variable the platform's own leftovers are known, and the starter is none of them."""


@dataclass(frozen=True, slots=True)
class CloudStatus:
    """How the cloud is.

    Attributes:
        state: stopped, starting, running, or failed.
        mode: ``qemu``, ``fake``, or empty while none was made.
        part: what is being started, or what failed.
        since: seconds since the epoch.
        words: what went wrong.
        dead: programs that died by themselves.
        programs: how many run.
    """

    state: State
    mode: str = ""
    part: str = ""
    since: float = 0.0
    words: str = ""
    dead: tuple[str, ...] = ()
    programs: int = 0

    @property
    def detail(self) -> str:
        """The same in a few words, with what is ours and not OpenStack's."""
        if self.state == "starting":
            return f"{self.part} ({self.mode})"
        if self.state == "failed":
            return self.words or f"{self.part} failed"
        if self.state == "stopped":
            return ""
        ours = (
            "real machines (QEMU); guest image and volume driver are the lab's own"
            if self.mode == "qemu"
            else "no machines: virt driver and volume driver are the lab's own; ports are real"
        )
        return f"{self.programs} programs; {ours}"


# --------------------------------------------------------------------------------------------------------- going up
def begin(settings: Settings | None = None) -> CloudStatus:
    """See that the cloud runs or starts; returns at once.

    Raises:
        CloudImpossible: it cannot run here.
        CloudElsewhere: another folder's cloud uses this instance's names.
    """
    settings = settings or get_settings()
    place = Place.of(settings.place, create=True)
    now = status(settings.place)
    if now.state in {"running", "starting"}:
        return now
    mode = choose(settings, place)
    if mode is None:
        return now
    place.lay()
    _claim(place)
    place.note(state="starting", part="beginning", since=time.time(), mode=mode, words="", starter=None)
    environment = {
        **os.environ,
        "IRISPLANE_INSTANCE": settings.instance,
        "IRISPLANE_STATE_DIR": str(settings.state_dir),
        "IRISPLANE_RUNTIME_DIR": str(settings.runtime_dir),
        "PYTHONUNBUFFERED": "1",
    }
    for name, hidden in _HIDDEN.items():
        environment[hidden] = environment.pop(name)
    descriptor = os.open(place.starter_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "ab") as log:
        started = subprocess.Popen(  # it outlives us
            [sys.executable, "-m", "lab.openstack", "up", "--here"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT, env=environment,
            start_new_session=True,
        )  # fmt: skip
    known = Process.of(started.pid)
    if known:
        place.note(starter=(known.pid, known.born))
    return status(settings.place)


def reveal_environment() -> None:
    """In the starter: give hidden variables their names back."""
    for name, hidden in _HIDDEN.items():
        if hidden in os.environ:
            os.environ[name] = os.environ.pop(hidden)


def bring_up(tell: Tell, settings: Settings | None = None) -> CloudStatus:
    """Bring the cloud up here and now; what runs already stays.

    Args:
        tell: gets a line for each part.
    Raises:
        CloudFailed: a part did not start; what runs stays, and the next attempt goes on from there.
    """
    settings = settings or get_settings()
    place = Place.of(settings.place, create=True)
    mode = choose(settings, place)
    if mode is None:
        return CloudStatus("stopped")
    with place.alone():
        place.lay()
        _claim(place)
        me = Process.of(os.getpid())
        begun = time.time()
        starter = (me.pid, me.born) if me else None
        place.note(state="starting", part="software", since=begun, mode=mode, words="", starter=starter)
        try:
            WayUp(place, mode, lambda: _empty(place), tell, begun).all()
        except BaseException as error:
            words = error.message if isinstance(error, IrisplaneError) else f"{type(error).__name__}: {error}"
            place.note(state="failed", words=words[:600], since=time.time(), starter=None)
            tell(f"failed: {words}")
            raise
        place.note(state="running", part="", since=time.time(), starter=None)
        tell(f"running after {time.time() - begun:.0f} s")
    return status(settings.place)


# ------------------------------------------------------------------------------------------------------- going down
def down(instance: Instance | None = None) -> bool:
    """Stop the cloud, also while it still starts; what was stored stays. Gives whether anything ran.

    Raises:
        CloudElsewhere: another folder's cloud uses this instance's names.
    """
    instance = instance or Instance.current()
    if not instance.cloud_dir.is_dir():
        return False
    place = Place.of(instance, create=True)
    if place.runtime.is_dir():
        _claim(place)
    ran = _stop_starter(place)
    with place.alone():
        ran |= _take_down(place)
        if place.progress().state != "stopped":
            place.note(state="stopped", part="", words="", since=time.time(), starter=None)
    return ran


def _stop_starter(place: Place) -> bool:
    starter = _starter(place.progress())
    if starter is None or starter.pid == os.getpid():
        return False
    with suppress(ProcessLookupError):
        # with the children that it waits for: they are of its session
        if os.getsid(starter.pid) == starter.pid:
            os.killpg(starter.pid, signal.SIGTERM)
    end([starter], signal.SIGTERM, patience=10)
    return True


def _take_down(place: Place) -> bool:
    programs = Programs(place)
    running = programs.names()
    beneath = ("mariadb", "rabbitmq", "epmd", "ovn-nb", "ovn-sb")
    network = tuple(name for name in running if name.startswith(("ovn-", "vswitchd-", "ovsdb-")))
    above = [name for name in running if name not in {*beneath, *network, "libvirtd"}]
    ran = programs.stop(above)
    ran |= end_machines(place)
    ran |= programs.stop(["libvirtd"])
    left = machines(place)
    end(left, signal.SIGTERM)
    ran |= programs.stop([name for name in network if not name.startswith(("ovsdb-", "ovn-nb", "ovn-sb"))])
    ran |= programs.stop(programs.names(), patience=30)
    stray = [process for process in strays(place) if process.pid != os.getpid()]
    end(stray, signal.SIGTERM)
    if os.geteuid() == 0:
        ran |= switch.remove_cable(place)
    if place.runtime.is_dir() and not place.runtime.is_symlink():
        shutil.rmtree(place.runtime)
        with suppress(OSError):
            if place.user.apart:
                place.runtime.parent.rmdir()
    return ran or bool(left or stray)


def _claim(place: Place) -> None:
    """See that this instance's names are ours; what still runs from a folder that was removed is ended first.

    Raises:
        CloudElsewhere: another folder's cloud uses them.
    """
    try:
        place.claim()
    except CloudElsewhere as error:
        holder = Path(str(error.fields["folder"]))
        if holder.exists():
            raise
        _take_down(replace(place, instance=replace(place.instance, state_dir=holder.parent)))
        place.lay()
        place.claim()


def _empty(place: Place) -> None:
    _take_down(place)
    place.empty()
    place.lay()
    _claim(place)


def forget(instance: Instance | None = None) -> bool:
    """Stop the cloud and remove everything in it; give whether there was anything."""
    instance = instance or Instance.current()
    ran = down(instance)
    if not instance.cloud_dir.is_dir():
        return ran
    shutil.rmtree(instance.cloud_dir)
    (instance.state_dir / "credentials" / "clouds.yaml").unlink(missing_ok=True)
    return True


# ----------------------------------------------------------------------------------------------------------- asking
def status(instance: Instance | None = None) -> CloudStatus:
    """How the cloud is now."""
    place = _place_to_look_at(instance or Instance.current())
    if place is None:
        return CloudStatus("stopped")
    progress = place.progress()
    programs = Programs(place)
    names = programs.names()
    dead = tuple(programs.dead())
    alive = len(names) - len(dead)
    about = {"mode": progress.mode, "since": progress.since, "programs": alive, "dead": dead}
    if progress.state == "starting":
        # between the note and the starter's own there is a moment without one
        if _starter(progress) or time.time() - progress.since < 10:
            return CloudStatus("starting", part=progress.part, **about)  # type: ignore[arg-type] # as named above
        words = f"whoever started it is gone; it was at: {progress.part}"
        return CloudStatus("failed", part=progress.part, words=words, **about)  # type: ignore[arg-type] # as above
    if progress.state == "failed":
        return CloudStatus("failed", part=progress.part, words=progress.words, **about)  # type: ignore[arg-type] # as above
    if progress.state == "running" and alive:
        if dead:
            words = f"died: {', '.join(dead)}; 'irisplane up' starts them again"
            return CloudStatus("failed", part=dead[0], words=words, **about)  # type: ignore[arg-type] # as above
        return CloudStatus("running", **about)  # type: ignore[arg-type] # as above
    return CloudStatus("stopped", mode=progress.mode)


def wait(instance: Instance | None = None, *, tell: Tell | None = None, seconds: float = 900.0) -> CloudStatus:
    """Wait until the cloud runs.

    Args:
        tell: gets each part as it begins.
    Raises:
        CloudIsDown: nobody starts it.
        CloudFailed: it failed, or the time is over.
    """
    deadline = time.monotonic() + seconds
    told = ""
    while True:
        now = status(instance)
        match now.state:
            case "running":
                return now
            case "stopped":
                raise CloudIsDown("The lab's cloud is down, and nobody starts it.")
            case "failed":
                raise CloudFailed(f"The lab's cloud failed: {now.detail}", part=now.part)
            case _:
                if tell and now.part != told:
                    tell(told := now.part)
        if time.monotonic() > deadline:
            raise CloudFailed(f"The lab's cloud does not run after {seconds:.0f} s: {now.detail}", part=now.part)
        time.sleep(0.2)


# --------------------------------------------------------------------------------------------------------- bad days
def stop_part(name: str, instance: Instance | None = None, *, how: signal.Signals = signal.SIGTERM) -> None:
    """Stop one program of the running cloud, as on a bad day; ``start_part`` brings it back.

    Args:
        name: as ``parts`` lists them: ``rabbitmq``, ``nova-compute1``, ``nova``, …
        how: SIGKILL for one that dies without a word.
    Raises:
        CloudIsDown: it does not run.
        NoSuchPart: no such program.
    """
    place = _running(instance)
    if name not in parts(place.instance):
        raise NoSuchPart(f"The cloud has no part {name!r}.", part=name)
    Programs(place).stop([name], first=how, patience=30)


def start_part(name: str, instance: Instance | None = None) -> None:
    """Start one program again and wait until it answers, where it answers at all.

    Raises:
        CloudIsDown: the cloud does not run.
        NoSuchPart: no such program, or none that was meant to be stopped alone.
    """
    place = _running(instance)
    mode: Mode = "qemu" if place.progress().mode == "qemu" else "fake"
    if name == "rabbitmq":
        backing.start_messages(place)
        return
    if name == "mariadb":
        backing.start_database(place)
        return
    if name in {api.name for api in services.APIS}:
        services.start_apis(place, [name])
        return
    known = {program.name: program for program in services.worker_programs(place)}
    known |= {f"nova-{host}": services.compute_program(place, mode, host) for host in HOSTS[mode]}
    if mode == "qemu":
        known[services.SERIAL_PROXY] = services.serial_proxy_program(place)
    if name not in known:
        raise NoSuchPart(f"The cloud has no part {name!r} that could be started alone.", part=name)
    Programs(place).start(known[name])


def parts(instance: Instance | None = None) -> list[str]:
    """The programs of the running cloud."""
    return Programs(_running(instance)).names()


def _running(instance: Instance | None) -> Place:
    instance = instance or Instance.current()
    place = _place_to_look_at(instance)
    if place is None or place.progress().state != "running":
        raise CloudIsDown(f"The cloud of instance {instance.name} is down.", instance=instance.name)
    return place


def _place_to_look_at(instance: Instance) -> Place | None:
    return Place.of(instance, create=os.geteuid() == 0) if instance.cloud_dir.is_dir() else None


def _starter(progress: Progress) -> Process | None:
    if progress.starter is None:
        return None
    found = Process.of(progress.starter[0])
    return found if found and found.born == progress.starter[1] else None


def as_dict(found: CloudStatus) -> dict[str, object]:
    """A status as JSON-able data."""
    return {**asdict(found), "detail": found.detail}


def log_file(instance: Instance) -> Path:
    """Where the starter tells what it does."""
    return instance.cloud_dir / "cloud.log"
