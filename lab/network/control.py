"""The lab's verbs: up, down, status, and every fault that a real network knows.

Each is idempotent: what is already so stays so. Only one runs at a time (a lock in the lab's folder).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Literal

from core.errors import IrisplaneError
from core.instance import Instance
from lab.errors import LabImpossible, LabIsDown, NoSuchRouter, RouterSilent
from lab.network import links
from lab.network.disk import format_disk, hash_password
from lab.network.layout import Cut, Layout, State
from lab.network.light import shine
from lab.network.processes import Process, end, inside, send
from lab.network.router import PROGRAMS, enter, first_process, start
from lab.network.ssh_access import write_client_files
from lab.network.topology import DEFAULT_SIZE, Router, Topology, plan

__all__ = [
    "LabStatus", "RouterStatus", "UpReport", "bend", "console", "cut", "down", "execute", "hang", "mend", "possible",
    "power_off", "power_on", "resume", "status", "up",
]  # fmt: skip

_NEEDED = ("ip", "nft", "unshare", "nsenter", "vtysh", "sshd", "snmpd", "lldpd", "openssl")


@dataclass(frozen=True, slots=True)
class UpReport:
    """What ``up`` did: how many routers it started (none when all ran already) and how long that took."""

    routers: int
    started: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RouterStatus:
    """One router as it is now. ``missing`` names programs that should run and do not."""

    name: str
    role: str
    site: str
    address: str
    power: Literal["on", "off"]
    hung: bool
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LabStatus:
    """The lab as it is now; no routers when it is down."""

    instance: str
    running: bool
    routers: tuple[RouterStatus, ...]
    cuts: tuple[Cut, ...]


def possible() -> str | None:
    """Why this machine or user cannot hold the lab, or nothing if it can."""
    if sys.platform != "linux":
        return "the lab needs Linux network namespaces"
    if os.geteuid() != 0:
        return "the lab needs root, for network namespaces"
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/lib/frr"))
    missing = [name for name in (*_NEEDED, "zebra", "bgpd") if shutil.which(name, path=path) is None]
    return f"not installed: {', '.join(missing)}" if missing else None


def _layout(instance: Instance | None) -> Layout:
    return Layout(instance or Instance.current())


def _demand() -> None:
    reason = possible()
    if reason:
        raise LabImpossible(f"The lab cannot run here: {reason}.")


def _running(layout: Layout) -> tuple[State, Topology]:
    _demand()
    state = layout.read_state()
    if not state.size or not links.claim(layout):
        raise LabIsDown(f"The lab of instance {layout.instance.name} is down.", instance=layout.instance.name)
    return state, plan(state.size)


def _known(topology: Topology, name: str) -> Router:
    try:
        return topology.router(name)
    except KeyError:
        raise NoSuchRouter(f"The lab has no router {name!r}.", router=name) from None


def _members(layout: Layout, router: str) -> list[Process]:
    space = layout.instance.namespace(router)
    return inside([space])[space]


# ---------------------------------------------------------------------------------------------------------- up, down
def up(
    size: int | None = None, instance: Instance | None = None, *, bfd: bool = False, keep_disks: bool = False
) -> UpReport:
    """Bring the lab up: make what is missing, start what does not run, and nothing else.

    A lab of another size is taken down first. Routers that were powered off on purpose stay off.

    Args:
        size: number of routers, 4 to 60; what it was before, or 12, when absent.
        keep_disks: a lab that was taken down comes back with the configuration its routers had stored, as after a loss
            of power; without it, as delivered.
    Raises:
        LabImpossible: this machine or user cannot hold the lab.
        LabElsewhere: another folder's lab uses this instance's names.
        RouterSilent: a router did not start; the others run.
    """
    _demand()
    layout = _layout(instance)
    began = time.monotonic()
    with layout.lock():
        old = layout.read_state()
        size = size or old.size or DEFAULT_SIZE
        topology = plan(size)
        spaces = [layout.instance.namespace(router.name) for router in topology.routers]
        if links.claim(layout) and (old.size != size or links.namespaces(layout) != links.expected(layout, topology)):
            _take_down(layout)
        if not links.claim(layout):
            old = State()
            _take_down(layout)
            _deliver(layout, topology, keep_disks=keep_disks)
            links.build(layout, topology)
        state = replace(old, size=size)
        layout.write_state(state)
        members = inside(spaces)
        waiting = [
            router
            for router in topology.routers
            if router.name not in state.off and not first_process(members[layout.instance.namespace(router.name)])
        ]
        _start_all(layout, topology, waiting, state, bfd=bfd)
    return UpReport(size, len(waiting), round(time.monotonic() - began, 2))


def _deliver(layout: Layout, topology: Topology, *, keep_disks: bool) -> None:
    """Every router as the vendor delivers it: nothing of an earlier lab, but the host key it always had."""
    credentials = layout.credentials()
    hashes = {name: hash_password(credentials[name]["password"]) for name in ("irisplane", "admin", "ops")}
    for router in topology.routers:
        for leftover in () if keep_disks else ("etc/frr", "snmp", "kept"):
            shutil.rmtree(layout.router(router.name) / leftover, ignore_errors=True)
        credentials["host_keys"][router.name] = format_disk(layout, router, credentials, hashes)
    layout.write_credentials(credentials)
    write_client_files(layout, topology)


def _start_all(layout: Layout, topology: Topology, routers: Sequence[Router], state: State, *, bfd: bool) -> None:
    failed: list[RouterSilent] = []

    def one(router: Router) -> None:
        shine(layout, topology, router.name, state.cuts)
        try:
            start(layout, router, links.uplink(topology, router.name, state.cuts), bfd=bfd)
        except RouterSilent as error:
            failed.append(error)

    with ThreadPoolExecutor(max_workers=(os.cpu_count() or 2) + 1) as pool:
        list(pool.map(one, routers))
    if failed:
        raise failed[0]


def down(instance: Instance | None = None) -> bool:
    """Stop every process of the lab and take its namespaces, cables and bridge away; whether there was anything.

    Raises:
        LabElsewhere: another folder's lab uses this instance's names.
    """
    _demand()
    layout = _layout(instance)
    with layout.lock():
        links.claim(layout)
        return _take_down(layout)


def _take_down(layout: Layout) -> bool:
    spaces = links.namespaces(layout)
    processes = [process for members in inside(spaces).values() for process in members]
    left = end(processes)
    if left:
        names = ", ".join(f"{process.name} ({process.pid})" for process in left)
        raise RouterSilent(f"These processes of the lab cannot be ended: {names}.")
    was = bool(spaces) or links.claim(layout)
    links.remove(layout)
    layout.forget_state()
    return was


def status(instance: Instance | None = None) -> LabStatus:
    """The lab as it is now. Needs no root; without it the routers' processes cannot be seen and count as missing."""
    layout = _layout(instance)
    state = layout.read_state()
    if not state.size or not links.claim(layout):
        return LabStatus(layout.instance.name, running=False, routers=(), cuts=())
    topology = plan(state.size)
    members = inside(layout.instance.namespace(router.name) for router in topology.routers)
    out = []
    for router in topology.routers:
        processes = members[layout.instance.namespace(router.name)]
        names = {process.name for process in processes}
        on = first_process(processes) is not None
        out.append(
            RouterStatus(
                name=router.name,
                role=router.role,
                site=router.site,
                address=str(layout.instance.mgmt_address(router.number)),
                power="on" if on else "off",
                hung=any(process.name == "sshd" and _stopped(process) for process in processes),
                missing=tuple(name for name in PROGRAMS if on and name not in names),
            )
        )
    return LabStatus(layout.instance.name, running=True, routers=tuple(out), cuts=state.cuts)


def _stopped(process: Process) -> bool:
    try:
        with open(f"/proc/{process.pid}/stat", encoding="utf-8") as file:  # noqa: PTH123 - a kernel file, read once
            return file.read().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


# ------------------------------------------------------------------------------------------------------------ faults
def cut(a: str, b: str, *, silent: bool = False, instance: Instance | None = None) -> None:
    """Cut the fibre between two routers: both ends lose light, or (``silent``) neither notices."""
    layout = _layout(instance)
    with layout.lock():
        state, topology = _running(layout)
        fault = _fault(topology, a, b, silent=silent)
        if any({c.a, c.b} == {a, b} and c.how == fault.how for c in state.cuts):
            return
        links.cut(layout, fault)
        layout.write_state(replace(state, cuts=(*state.cuts, fault)))


def bend(a: str, b: str, loss_db: float, instance: Instance | None = None) -> None:
    """Bend the fibre between two routers: light still arrives at both ends, weaker by so many decibels."""
    layout = _layout(instance)
    with layout.lock():
        state, topology = _running(layout)
        fibre = _fault(topology, a, b, silent=False)
        bent = Cut(fibre.a, fibre.b, "bent", loss_db)
        others = tuple(c for c in state.cuts if c.how != "bent" or {c.a, c.b} != {a, b})
        _dim(layout, topology, replace(state, cuts=(*others, bent)), bent)


def mend(a: str, b: str, instance: Instance | None = None) -> None:
    """Splice the fibre between two routers, however it was cut or bent."""
    layout = _layout(instance)
    with layout.lock():
        state, topology = _running(layout)
        whole = _fault(topology, a, b, silent=False)
        for fault in state.cuts:
            if {fault.a, fault.b} == {a, b}:
                on = [name for name in (a, b) if first_process(_members(layout, name))]
                links.mend(layout, fault, powered=on)
        _dim(layout, topology, replace(state, cuts=tuple(c for c in state.cuts if {c.a, c.b} != {a, b})), whole)


def _dim(layout: Layout, topology: Topology, state: State, fault: Cut) -> None:
    """Keep a state, and have both ends of a fibre read the light that it leaves them."""
    layout.write_state(state)
    for router in (fault.a, fault.b):
        shine(layout, topology, router, state.cuts)


def _fault(topology: Topology, a: str, b: str, *, silent: bool) -> Cut:
    try:
        fibre = topology.fibre(a, b)
    except KeyError:
        raise NoSuchRouter(f"No fibre joins {a!r} and {b!r}.", a=a, b=b) from None
    return Cut(fibre.a, fibre.b, "silent" if silent else "dark")


def hang(router: str, instance: Instance | None = None) -> None:
    """Make a router's management hang: it accepts connections (the kernel does) and then says nothing.

    Forwarding and routing go on, and so does everything a session has already set going on the router.
    """
    _signal_sshd(router, signal.SIGSTOP, instance)


def resume(router: str, instance: Instance | None = None) -> None:
    """Undo :func:`hang`."""
    _signal_sshd(router, signal.SIGCONT, instance)


def _signal_sshd(router: str, number: signal.Signals, instance: Instance | None) -> None:
    layout = _layout(instance)
    with layout.lock():
        _known(_running(layout)[1], router)
        send([process for process in _members(layout, router) if process.name == "sshd"], number)


def power_off(router: str, instance: Instance | None = None) -> None:
    """Take a router's power: every process dies at once, what was in memory is lost, its fibres go dark."""
    layout = _layout(instance)
    with layout.lock():
        state, topology = _running(layout)
        _known(topology, router)
        end(_members(layout, router))
        links.lower(layout, router)
        layout.write_state(replace(state, off=tuple(sorted({*state.off, router}))))


def power_on(router: str, instance: Instance | None = None) -> None:
    """Give a router its power back; it boots from what it had saved."""
    layout = _layout(instance)
    with layout.lock():
        state, topology = _running(layout)
        known = _known(topology, router)
        layout.write_state(replace(state, off=tuple(name for name in state.off if name != router)))
        if first_process(_members(layout, router)) is None:
            shine(layout, topology, router, state.cuts)
            start(layout, known, links.uplink(topology, router, state.cuts))


def execute(
    router: str, command: Sequence[str], instance: Instance | None = None, *, timeout: float = 60.0, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command at a router's console; raises what :func:`console` raises."""
    line = [*console(router, instance), *command]
    return subprocess.run(line, input=stdin, text=True, capture_output=True, timeout=timeout, check=False)


def console(router: str, instance: Instance | None = None) -> list[str]:
    """What to put before a command so that it runs inside a router, as its root.

    Raises:
        LabIsDown: the lab, or this router, does not run.
    """
    layout = _layout(instance)
    _known(_running(layout)[1], router)
    first = first_process(_members(layout, router))
    if first is None:
        raise LabIsDown(f"The router {router} has no power.", router=router)
    return enter(first)


# -------------------------------------------------------------------------------------------------------------- entry
def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab.network.control", description="The lab's routers.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up").add_argument("size", type=int, nargs="?")
    verbs.add_parser("down")
    verbs.add_parser("status")
    for verb in ("cut", "bend", "mend"):
        fibre = verbs.add_parser(verb)
        fibre.add_argument("a")
        fibre.add_argument("b")
        if verb == "bend":
            fibre.add_argument("loss_db", type=float)
        if verb == "cut":
            fibre.add_argument("--silent", action="store_true")
    for verb in ("hang", "resume"):
        verbs.add_parser(verb).add_argument("router")
    power = verbs.add_parser("power")
    power.add_argument("router")
    power.add_argument("what", choices=("on", "off"))
    inside_one = verbs.add_parser("exec")
    inside_one.add_argument("router")
    inside_one.add_argument("command", nargs=argparse.REMAINDER)
    return parser


def _obey(given: argparse.Namespace) -> int:
    match given.verb:
        case "up":
            print(json.dumps(asdict(up(given.size))))  # noqa: T201 - an entry point for the terminal
        case "down":
            down()
        case "status":
            print(json.dumps(asdict(status()), indent=1))  # noqa: T201 - as above
        case "cut":
            cut(given.a, given.b, silent=given.silent)
        case "bend":
            bend(given.a, given.b, given.loss_db)
        case "mend":
            mend(given.a, given.b)
        case "hang" | "resume":
            (hang if given.verb == "hang" else resume)(given.router)
        case "power":
            (power_on if given.what == "on" else power_off)(given.router)
        case _:
            done = execute(given.router, given.command)
            sys.stdout.write(done.stdout)
            sys.stderr.write(done.stderr)
            return done.returncode
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m lab.network.control VERB …``; the command for people is ``irisplane lab``."""
    try:
        return _obey(_parser().parse_args(arguments))
    except IrisplaneError as error:
        sys.stderr.write(f"{error.code}: {error.message}\n{error.hint}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
