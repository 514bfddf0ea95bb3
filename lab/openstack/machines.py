"""libvirt for one cloud alone: in the cloud's network namespace, with the cloud's own folders in place of its.

libvirt has its paths built in, and calls plain ``ovs-vsctl``. In a mount namespace of its own, ``/etc/libvirt``,
``/var/lib/libvirt`` and the others are the cloud's folders, and ``/run/openvswitch`` is the cloud's switch. This
machine's own libvirt, if there is any, is not touched.
"""

from __future__ import annotations

import grp
import os
import signal
import subprocess
import time
from typing import Final

from core.leftovers import end
from lab.openstack.configuration import HOSTS
from lab.openstack.place import Place, lay_folder
from lab.openstack.processes import Program, Programs, machines
from lab.openstack.waiting import patiently

__all__ = ["end_machines", "start_hypervisor"]

_POWER_OFF: Final = 10.0
"""Seconds a machine gets to power off by itself when the cloud goes down."""

_ENCLOSE: Final = """\
set -e
base=$1 runtime=$2 switch=$3
exec 7<"$runtime/libvirt" 8<"$switch" 9<"$runtime"
mkdir -p /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt
mount --bind "$base/etc" /etc/libvirt
mount --bind "$base/lib" /var/lib/libvirt
mount --bind "$base/cache" /var/cache/libvirt
mount --bind "$base/log" /var/log/libvirt
# nothing is made in this machine's own /run; what is needed of it was opened before it is covered
mount -t tmpfs -o mode=755,size=1m irisplane /run
mkdir -p /run/libvirt /run/openvswitch "$runtime"
mount --no-canonicalize --bind /proc/self/fd/7 /run/libvirt
mount --no-canonicalize --bind /proc/self/fd/8 /run/openvswitch
mount --no-canonicalize --bind /proc/self/fd/9 "$runtime"
exec 7<&- 8<&- 9<&-
exec libvirtd -f "$base/libvirtd.conf" -p "$runtime/libvirt/libvirtd.pid"
"""


def start_hypervisor(place: Place) -> None:
    """libvirtd, waiting until it listens."""
    base = place.base / "libvirt"
    root = (os.geteuid(), os.getegid())
    for folder in (base, place.runtime / "libvirt"):
        lay_folder(folder, root, 0o755)
    for name in ("etc", "etc/qemu", "lib", "lib/qemu", "cache", "log", "log/qemu"):
        lay_folder(base / name, root, 0o755)
    socket = place.runtime / "libvirt" / "libvirt-sock"
    place.give(
        base / "libvirtd.conf",
        "listen_tls = 0\n"
        "listen_tcp = 0\n"
        f'unix_sock_dir = "{place.runtime / "libvirt"}"\n'
        'unix_sock_rw_perms = "0700"\n'
        'auth_unix_rw = "none"\n'
        'auth_unix_ro = "none"\n',
        os.getegid(),
    )
    place.give(
        base / "etc" / "qemu.conf",
        'user = "root"\n'
        # the files of volumes are the cloud user's, open to its group
        f'group = "{grp.getgrgid(place.user.gid).gr_name}"\n'
        "dynamic_ownership = 0\n"
        "remember_owner = 0\n"
        'security_driver = "none"\n'
        "namespaces = []\n"
        "cgroup_controllers = []\n"
        'stdio_handler = "file"\n'
        "max_core = 0\n",
        os.getegid(),
    )
    switch = str(place.chassis(HOSTS["qemu"][0]))
    line = ["unshare", "--mount", "--propagation", "slave", "sh", "-c", _ENCLOSE, "-", str(base), str(place.runtime)]
    enclosed = Program("libvirtd", [*line, switch], privileged=True, enter=place.instance.cloud_namespace)
    Programs(place).start(enclosed)
    patiently(place, "libvirtd", socket.exists)


def end_machines(place: Place) -> bool:
    """Let every machine power off, and end those that do not; give whether there were any."""
    there = machines(place)
    if not there:
        return False
    address = f"qemu+unix:///system?socket={place.runtime / 'libvirt' / 'libvirt-sock'}"
    if Programs(place).alive("libvirtd"):
        for name in _virsh(address, "list", "--name").split():
            _virsh(address, "shutdown", name)
        deadline = time.monotonic() + _POWER_OFF
        while time.monotonic() < deadline and any(process.alive for process in there):
            time.sleep(0.1)
    end(there, signal.SIGTERM)
    return True


def _virsh(address: str, *verb: str) -> str:
    try:
        done = subprocess.run(
            ["virsh", "--connect", address, *verb], capture_output=True, text=True, timeout=10, check=False
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout
