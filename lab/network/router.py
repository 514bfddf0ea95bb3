"""How a router starts: namespaces of its own inside its network namespace, then its programs.

Its first process holds a process namespace: when it is killed everything in the router dies with it, at once, as when
the power goes. ``/run`` and ``/tmp`` are memory and go too; ``/etc`` and the logs are its disk and stay.
"""

from __future__ import annotations

import select
import shlex
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lab.errors import RouterSilent
from lab.network.layout import Layout, write_whole
from lab.network.processes import Process
from lab.network.software import COMMAND, asking_script, serving_lines
from lab.network.topology import Router

__all__ = ["PROGRAMS", "READY", "begin", "enter", "first_process", "start", "starting_script"]

_FRR: Final = "/usr/lib/frr"
_TERMINAL: Final = "-A 127.0.0.1 -P 0"  # no telnet: the unix socket is enough
_DAEMONS: Final = (
    f"{_FRR}/zebra -d -n {_TERMINAL} -s 90000000 -M snmp",
    f"{_FRR}/staticd -d {_TERMINAL}",
    f"{_FRR}/ospfd -d {_TERMINAL} -M snmp",
    f"{_FRR}/ospf6d -d {_TERMINAL} -M snmp",
    f"{_FRR}/bgpd -d {_TERMINAL} -M snmp",
)
_ROOTS_DOOR: Final = "/usr/bin/python3 -E -s -S -m network.drivers.frr.linux.door"
PROGRAMS: Final = ("zebra", "staticd", "ospfd", "ospf6d", "bgpd", "snmpd", "lldpd", "sshd", "irisplane-linux")
"""What runs in a router; one of them missing is a fault."""

_KERNEL: Final[dict[str, int | str]] = {
    "net.ipv4.ip_forward": 1,
    "net.ipv4.ping_group_range": "0 2147483647",
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
    "net.ipv4.fib_multipath_hash_policy": 1,
    "net.ipv6.conf.all.forwarding": 1,
    "net.ipv6.conf.default.forwarding": 1,
    "net.ipv6.conf.all.keep_addr_on_down": 1,
    "net.ipv6.conf.default.accept_dad": 0,  # a /127 between two routers has nobody to collide with
}
READY: Final = "router is ready"
"""What a starting script says when its programs serve."""


def starting_script(layout: Layout, router: Router, raised: Sequence[str], *, bfd: bool = False) -> str:
    """What a router does from power-on until it serves; ends as its first process, which collects the dead."""
    home = shlex.quote(str(layout.router(router.name)))
    daemons = [*_DAEMONS, *([f"{_FRR}/bfdd -d {_TERMINAL}"] if bfd else [])]
    lines = [
        "#!/bin/sh",
        "set -e",
        "mount --make-rprivate /",
        f"mount --bind {home}/log /var/log/frr",
        f"mount --bind {home}/snmp /var/lib/snmp",
        f"mount --bind {home}/etc /etc",
        f"mkdir -p {home}/kept /var/lib/irisplane",  # what plays keep on the router, see docs/plays.md
        f"mount --bind {home}/kept /var/lib/irisplane",
        "mount -t tmpfs -o mode=755,size=16m tmpfs /run",
        "mount -t tmpfs -o mode=1777,size=64m tmpfs /tmp",
        "mkdir -p /run/sshd /run/lldpd /run/frr /run/netns",
        "chown frr:frr /run/frr && chmod 775 /run/frr",
        f"hostname {router.name}",
        *(f"echo {value} > /proc/sys/{key.replace('.', '/')}" for key, value in _KERNEL.items()),
        *(f"ip link set {name} up" for name in raised),
        f"cd /etc/irisplane && {_ROOTS_DOOR} boot",  # namespaces first: zebra looks for them when it starts
        f"{_ROOTS_DOOR} serve < /dev/null > /dev/null 2>> /var/log/frr/linux.log &",
        "cd /",
        "snmpd -LF w /var/log/frr/snmpd.log -C -c /etc/snmp/snmpd.conf -p /run/snmpd.pid -x /run/frr/agentx",
        *daemons,
        "vtysh -b > /run/frr/boot.log 2>&1 || :",
        f"lldpd -x -X /run/frr/agentx -I 'to-*' -S 'FRRouting, Irisplane lab, {router.site}'",
        "/usr/sbin/sshd -f /etc/ssh/sshd_config",
        "until [ -s /run/sshd.pid ]; do sleep 0.02; done",  # written once it listens
        *serving_lines(daemons),
        f"echo {shlex.quote(READY)}",
        "exec > /dev/null 2>&1",
        "trap : TERM HUP INT",
        "while :; do sleep 2147483647 & wait; done",
    ]
    return "\n".join(lines) + "\n"


def start(layout: Layout, router: Router, raised: Sequence[str], *, bfd: bool = False, timeout: float = 60.0) -> float:
    """Power a router on and wait until its programs serve; the seconds that took.

    Raises:
        RouterSilent: a program did not start, or not in time.
    """
    home = layout.router(router.name)
    script = home / "start.sh"
    write_whole(script, starting_script(layout, router, raised, bfd=bfd), 0o755)
    write_whole(home / "etc" / COMMAND, asking_script(), 0o755)
    began = time.monotonic()
    begin(router.name, layout.instance.namespace(router.name), home, timeout)
    return time.monotonic() - began


def begin(name: str, namespace: str, home: Path, timeout: float) -> None:
    """Run a machine's ``start.sh`` in namespaces of its own, and wait until it has said that it is ready.

    Args:
        namespace: the network namespace that it is in.
        home: where its script and its logs are.
        timeout: in seconds.
    Raises:
        RouterSilent: it stopped, or was not ready in time.
    """
    deadline = time.monotonic() + timeout
    log = home / "log" / "start.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [
                "ip", "netns", "exec", namespace,
                "unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--mount-proc", "/bin/sh", home / "start.sh",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            cwd="/",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
    try:
        _await_ready(name, process, log, deadline)
    finally:
        if process.stdout is not None:
            process.stdout.close()
    # It outlives us on purpose; forgetting it silences Popen's warning about a child still running.
    process.returncode = 0


def _await_ready(name: str, process: subprocess.Popen[bytes], log: Path, deadline: float) -> None:
    out = process.stdout
    assert out is not None
    said = b""
    while READY.encode() not in said:
        left = deadline - time.monotonic()
        readable = select.select([out], [], [], max(left, 0))[0]
        chunk = out.read1(4096) if readable else b""  # type: ignore[attr-defined] # Popen's pipe is a BufferedReader, typed as IO
        if not chunk:
            what = "stopped while starting" if readable else "was not ready in time"
            last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["nothing was said"]
            raise RouterSilent(f"{name} {what}: {last[0]} (see {log})", router=name)
        said += chunk


def first_process(processes: Sequence[Process]) -> Process | None:
    """The first process among a router's processes; without it the router is off."""
    return next((process for process in processes if process.inner == 1 and process.name != "unshare"), None)


def enter(first: Process) -> list[str]:
    """The words before a command that make it run inside the router."""
    return ["nsenter", "-t", str(first.pid), "--mount", "--uts", "--ipc", "--net", "--pid", "--"]
