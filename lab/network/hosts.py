"""Hosts of the lab that are no routers: a school's edge router and a hypervisor, Debian with sshd, for plays to run on.

They come up on demand and cost one sshd each; they need neither FRR nor the lab's routers. A host's ``/etc`` and
``/var/lib/irisplane`` are its own disk. ``/usr`` is this machine's, and what is not the network's in ``/proc/sys`` can
only be read: a play must not alter the machine that the lab runs on.
"""

from __future__ import annotations

import grp
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from core.instance import Instance
from lab.errors import LabElsewhere, LabImpossible, LabIsDown, NoSuchRouter, RouterSilent
from lab.network.disk import OPS, copy_system_files, hash_password, let_ops_in, write_accounts
from lab.network.layout import Layout, host_key_in, write_whole
from lab.network.links import run_ip
from lab.network.processes import Process, end, inside
from lab.network.router import READY, begin, enter, first_process

__all__ = ["HOSTS", "Host", "HostStatus", "console", "down", "power_off", "power_on", "status", "up"]

_NEEDED: Final = ("ip", "nft", "unshare", "nsenter", "sshd", "sudo", "openssl")
_READ_ONLY: Final = ("kernel", "vm", "fs", "dev", "debug")
"""Parts of ``/proc/sys`` that are the machine's, not the network namespace's."""


@dataclass(frozen=True, slots=True)
class Host:
    """One host: ``number`` counts its address from the first of the instance's ``host_network``."""

    name: str
    number: int
    role: str
    site: str

    def address(self, instance: Instance) -> IPv4Address:
        """Where it is managed."""
        return instance.host_network.network_address + 1 + self.number


HOSTS: Final = (
    Host("ed01", 1, "edge", "TH-21009"),
    Host("ed02", 2, "edge", "TH-21004"),
    Host("hv01", 3, "server", "DC-ARTS"),
)


@dataclass(frozen=True, slots=True)
class HostStatus:
    """A host as it is now."""

    name: str
    role: str
    site: str
    address: str
    power: str


def up(instance: Instance | None = None, *, fresh: bool = False) -> list[HostStatus]:
    """Start the hosts that do not run.

    Args:
        fresh: every host as delivered: what was altered on its disk is forgotten, its host key stays.
    Raises:
        LabImpossible: this machine or user cannot hold them.
        LabElsewhere: another folder's hosts use this instance's names.
        RouterSilent: a host did not start.
    """
    layout = _layout(instance)
    with layout.lock():
        _claim(layout)
        if fresh:
            _take_down(layout)
        _wire(layout)
        credentials = layout.credentials()
        hashes = {"ops": hash_password(credentials["ops"]["password"])}
        for host in HOSTS:
            if _first(layout, host.name) is None:
                credentials["host_keys"][host.name] = _format(layout, host, hashes, fresh=fresh)
                _start(layout, host)
        layout.write_credentials(credentials)
    return status(instance)


def down(instance: Instance | None = None) -> bool:
    """Stop the hosts and take their cables away; whether there was anything."""
    layout = _layout(instance)
    with layout.lock():
        _claim(layout)
        return _take_down(layout)


def status(instance: Instance | None = None) -> list[HostStatus]:
    """Every host; without a process it is off."""
    layout = Layout(instance or Instance.current())
    return [
        HostStatus(
            host.name, host.role, host.site, str(host.address(layout.instance)),
            "off" if _first(layout, host.name) is None else "on",
        )
        for host in HOSTS
    ]  # fmt: skip


def power_off(name: str, instance: Instance | None = None) -> None:
    """Take a host's power: everything in it dies at once, its disk stays."""
    layout = _layout(instance)
    with layout.lock():
        host = _known(name)
        end(inside([layout.instance.host_namespace(host.name)])[layout.instance.host_namespace(host.name)])


def power_on(name: str, instance: Instance | None = None) -> None:
    """Give a host its power back; it boots from its disk."""
    layout = _layout(instance)
    with layout.lock():
        host = _known(name)
        if _first(layout, name) is None:
            _start(layout, host)


def console(name: str, instance: Instance | None = None) -> list[str]:
    """What to put before a command so that it runs on a host, as its root.

    Raises:
        NoSuchRouter: there is no such host.
        LabIsDown: it does not run.
    """
    layout = _layout(instance)
    _known(name)
    first = _first(layout, name)
    if first is None:
        raise LabIsDown(f"The host {name} does not run.", hint="Start it with 'irisplane lab hosts up'.", router=name)
    return enter(first)


# ------------------------------------------------------------------------------------------------------------- inside
def _layout(instance: Instance | None) -> Layout:
    if sys.platform != "linux" or os.geteuid() != 0:
        raise LabImpossible("The lab's hosts need root and Linux network namespaces.")
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
    missing = [name for name in _NEEDED if shutil.which(name, path=path) is None]
    if missing:
        raise LabImpossible(f"The lab's hosts cannot run here: not installed: {', '.join(missing)}.")
    return Layout(instance or Instance.current())


def _known(name: str) -> Host:
    for host in HOSTS:
        if host.name == name:
            return host
    raise NoSuchRouter(
        f"The lab has no host {name!r}.", hint=f"There are: {', '.join(host.name for host in HOSTS)}.", router=name
    )


def _first(layout: Layout, name: str) -> Process | None:
    space = layout.instance.host_namespace(name)
    return first_process(inside([space])[space])


def _claim(layout: Layout) -> bool:
    bridge = layout.instance.host_bridge
    try:
        alias = Path(f"/sys/class/net/{bridge}/ifalias").read_text().strip()
    except OSError:
        return False
    if alias and alias != str(layout.base):
        raise LabElsewhere(f"The bridge {bridge} belongs to the lab in {alias}.", bridge=bridge, folder=alias)
    return True


def _wire(layout: Layout) -> None:
    instance = layout.instance
    network = instance.host_network
    if not _claim(layout):
        run_ip(
            [
                f"link add {instance.host_bridge} type bridge",
                f"link set {instance.host_bridge} alias {layout.base}",
                f"addr add {network.network_address + 1}/{network.prefixlen} dev {instance.host_bridge}",
                f"link set {instance.host_bridge} up",
            ]
        )
    for host in HOSTS:
        space, veth = instance.host_namespace(host.name), instance.host_veth(host.name)
        if not Path("/run/netns", space).exists():
            run_ip(
                [
                    f"netns add {space}",
                    f"link add {veth} type veth peer name mgmt0 netns {space}",
                    f"link set {veth} master {instance.host_bridge} up",
                ]
            )


def _take_down(layout: Layout) -> bool:
    spaces = [layout.instance.host_namespace(host.name) for host in HOSTS]
    left = end([process for members in inside(spaces).values() for process in members])
    if left:
        names = ", ".join(f"{process.name} ({process.pid})" for process in left)
        raise RouterSilent(f"These processes of the lab's hosts cannot be ended: {names}.")
    was = _claim(layout)
    cables = [f"link del {layout.instance.host_veth(host.name)}" for host in HOSTS]
    run_ip([*cables, *(f"netns del {space}" for space in spaces)], force=True)
    if was:
        run_ip([f"link del {layout.instance.host_bridge}"], force=True)
    return was


def _format(layout: Layout, host: Host, hashes: dict[str, str], *, fresh: bool) -> str:
    """Make a host's disk as it is delivered, where there is none; its public host key."""
    home = layout.host(host.name)
    etc = home / "etc"
    if fresh:
        keys = {path.name: path.read_bytes() for path in (etc / "ssh").glob("ssh_host_*")}
        shutil.rmtree(home, ignore_errors=True)
        for name, content in keys.items():
            (etc / "ssh").mkdir(parents=True, exist_ok=True)
            (etc / "ssh" / name).write_bytes(content)
            (etc / "ssh" / name).chmod(0o644 if name.endswith(".pub") else 0o600)
    for folder in (etc, home / "log", home / "kept"):
        folder.mkdir(parents=True, exist_ok=True)
    if not (etc / "hostname").exists():
        copy_system_files(etc)
        write_accounts(etc, OPS, hashes)
        let_ops_in(etc)
        write_whole(etc / "gshadow", "", 0o640, (0, grp.getgrnam("shadow").gr_gid))
        write_whole(etc / "hosts", f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {host.name}\n")
        write_whole(etc / "ssh" / "sshd_config", _sshd_config())
        write_whole(etc / "hostname", host.name + "\n")
    return host_key_in(etc)[1]


def _sshd_config() -> str:
    """As Debian delivers it: what stands in ``sshd_config.d`` comes first, so it wins."""
    return (
        "Include /etc/ssh/sshd_config.d/*.conf\n"
        "HostKey /etc/ssh/ssh_host_ed25519_key\n"
        "PidFile /run/sshd.pid\n"
        "UsePAM no\n"
        "KbdInteractiveAuthentication no\n"
        "X11Forwarding yes\n"
        "PrintMotd no\n"
        "UseDNS no\n"
        "Subsystem sftp internal-sftp\n"
    )


def _script(layout: Layout, host: Host) -> str:
    home = shlex.quote(str(layout.host(host.name)))
    network = layout.instance.host_network
    lines = [
        "#!/bin/sh",
        "set -e",
        "mount --make-rprivate /",
        "mkdir -p /var/lib/irisplane",
        f"mount --bind {home}/kept /var/lib/irisplane",
        f"mount --bind {home}/etc /etc",
        "mount -t tmpfs -o mode=755,size=16m tmpfs /run",
        "mount -t tmpfs -o mode=1777,size=64m tmpfs /tmp",
        f"for part in {' '.join(_READ_ONLY)}; do",
        "  [ ! -d /proc/sys/$part ] || { mount --bind /proc/sys/$part /proc/sys/$part",
        "    mount -o remount,bind,ro /proc/sys/$part; }",
        "done",
        "mkdir -p /run/sshd",
        f"hostname {host.name}",
        "ip link set lo up",
        "ip link set mgmt0 up",
        f"ip addr replace {host.address(layout.instance)}/{network.prefixlen} dev mgmt0",
        "/usr/sbin/sshd -f /etc/ssh/sshd_config",
        "until [ -s /run/sshd.pid ]; do sleep 0.02; done",
        f"echo {shlex.quote(READY)}",
        "exec > /dev/null 2>&1",
        "trap : TERM HUP INT",
        "while :; do sleep 2147483647 & wait; done",
    ]
    return "\n".join(lines) + "\n"


def _start(layout: Layout, host: Host, timeout: float = 60.0) -> None:
    home = layout.host(host.name)
    write_whole(home / "start.sh", _script(layout, host), 0o755)
    begin(host.name, layout.instance.host_namespace(host.name), home, timeout)


def _main(words: Sequence[str]) -> None:
    """``python -m lab.network.hosts up|down``; the command for people is ``irisplane lab hosts``."""
    if list(words) == ["down"]:
        down()
    else:
        up(fresh=list(words) == ["up", "--fresh"])


if __name__ == "__main__":
    _main(sys.argv[1:])
