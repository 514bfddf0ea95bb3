"""The cloud's network: OVN's databases and its controller, and a virtual switch for each compute host.

With real machines the switch moves real frames, in user space, inside a network namespace of its own: bridges and taps
are called there as everywhere, and go when it goes. A cable from its external bridge ends in the root namespace.
Without machines the switch has a datapath that goes nowhere, as in OVN's own tests: every flow is computed, no frame
moves, no privilege is needed.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from lab.errors import WiringFailed
from lab.openstack.configuration import HOSTS
from lab.openstack.place import Mode, Place, lay_folder
from lab.openstack.processes import Program, Programs
from lab.openstack.waiting import patiently

__all__ = ["EXTERNAL", "GATEWAY", "lay_cable", "plug_cable", "remove_cable", "start_chassis", "start_controller"]

EXTERNAL = "br-ex"
GATEWAY = 1
"""The root namespace's address on the external network is its first."""

_SECONDS = "--timeout=120"
"""A command to a database or a switch takes a moment; where others have the processors, many."""


def start_controller(place: Place) -> None:
    """OVN's two databases and the daemon that translates one into the other."""
    programs = Programs(place)
    for which in ("nb", "sb"):
        file = place.base / "ovn" / f"{which}.db"
        if not file.exists():
            schema = f"/usr/share/ovn/ovn-{which}.ovsschema"
            programs.run(Program("ovsdb-tool", ["ovsdb-tool", "create", str(file), schema]))
        programs.start(_database(place, f"ovn-{which}", file, place.runtime / f"{which}.sock"))
    for which, command in (("nb", "ovn-nbctl"), ("sb", "ovn-sbctl")):
        socket = f"--db=unix:{place.runtime / f'{which}.sock'}"
        ask = Program(command, [command, socket, _SECONDS, "init"])
        patiently(place, f"ovn-{which}", lambda which=which: (place.runtime / f"{which}.sock").exists())  # type: ignore[misc] # mypy: no lambda with defaults
        programs.run(ask)
    programs.start(
        Program(
            "ovn-northd",
            ["ovn-northd", f"--ovnnb-db=unix:{place.runtime / 'nb.sock'}",
             f"--ovnsb-db=unix:{place.runtime / 'sb.sock'}", f"--unixctl={place.runtime / 'northd.ctl'}",
             f"--log-file={place.log / 'ovn-northd.log'}", "-vconsole:off"],
        )
    )  # fmt: skip


def start_chassis(place: Place, mode: Mode) -> None:
    """A switch for each compute host, each with a tunnel address of its own, as OVN demands."""
    programs = Programs(place)
    real = mode == "qemu"
    for number, host in enumerate(HOSTS[mode], start=1):
        folder = place.chassis(host)
        _own_folder(place, folder, real=real)
        file = place.base / "ovn" / f"{host}.db"
        if not file.exists():
            schema = "/usr/share/openvswitch/vswitch.ovsschema"
            programs.run(Program("ovsdb-tool", ["ovsdb-tool", "create", str(file), schema]))
        programs.start(_database(place, f"ovsdb-{host}", file, folder / "db.sock"))
        patiently(place, f"ovsdb-{host}", (folder / "db.sock").exists)
        programs.run(Program("ovs-vsctl", _wiring(place, host, number)))
        surroundings = {"OVS_RUNDIR": str(folder), "OVN_RUNDIR": str(folder)}
        datapath = ["--disable-system"] if real else ["--enable-dummy=override", "--disable-system"]
        programs.start(
            Program(
                f"vswitchd-{host}",
                [*(_for_its_group(place) if real else []),
                 "ovs-vswitchd", f"unix:{folder / 'db.sock'}", f"--unixctl={folder / 'vswitchd.ctl'}",
                 f"--log-file={place.log / f'vswitchd-{host}.log'}", "-vconsole:off", "--disable-system-route",
                 *datapath],
                surroundings,
                privileged=real,
                enter=place.instance.cloud_namespace if real else "",
            )
        )  # fmt: skip
        programs.start(
            Program(
                f"ovn-controller-{host}",
                ["ovn-controller", f"unix:{folder / 'db.sock'}", "-vconsole:off",
                 f"--log-file={place.log / f'ovn-controller-{host}.log'}"],
                surroundings,
            )
        )  # fmt: skip


def _database(place: Place, name: str, file: Path, socket: Path) -> Program:
    return Program(
        name,
        ["ovsdb-server", str(file), f"--remote=punix:{socket}", f"--unixctl={socket.with_suffix('.ctl')}",
         f"--log-file={place.log / f'{name}.log'}", "-vconsole:off"],
        {"OVS_RUNDIR": str(place.runtime)},
    )  # fmt: skip


def _wiring(place: Place, host: str, number: int) -> list[str]:
    socket = place.chassis(host) / "db.sock"
    line = ["ovs-vsctl", f"--db=unix:{socket}", "--no-wait", _SECONDS, "--", "init"]
    line += ["--", "set", "Open_vSwitch", "."]
    facts = {
        "system-id": host,
        "hostname": host,
        "ovn-remote": f"unix:{place.runtime / 'sb.sock'}",
        "ovn-encap-type": "geneve",
        "ovn-encap-ip": str(place.instance.cloud_encapsulation(number)),
        "ovn-cms-options": "enable-chassis-as-gw",
        "ovn-bridge-mappings": f"public:{EXTERNAL}",
        "ovn-bridge-datapath-type": "netdev",
    }
    line += [f'external_ids:{key}="{value}"' for key, value in facts.items()]
    for bridge, more in (("br-int", ["fail-mode=secure"]), (EXTERNAL, [])):
        line += ["--", "--may-exist", "add-br", bridge]
        line += ["--", "set", "Bridge", bridge, "datapath_type=netdev", *more]
    return line


def _for_its_group(place: Place) -> list[str]:
    """Run what follows so that the cloud's group, whose controller it is, may speak to the sockets it makes."""
    return ["sh", "-c", 'umask 007; exec "$@"', "-", "setpriv", f"--regid={place.user.gid}", "--clear-groups"]


def _own_folder(place: Place, folder: Path, *, real: bool) -> None:
    # with real machines the switch runs as root, its controller does not: both make sockets here
    lay_folder(folder, (os.geteuid() if real else place.user.uid, place.user.gid), 0o770)


# -------------------------------------------------------------------------------------------------------------- cable
def lay_cable(place: Place) -> None:
    """The namespace of switch and machines, and a cable from it to the root namespace. Idempotent."""
    space, outside = place.instance.cloud_namespace, place.instance.cloud_veth
    inside = f"{outside}-in"
    network = place.instance.cloud_network
    if not Path(f"/run/netns/{space}").exists():
        _ip("netns", "add", space)
        _ip("-n", space, "link", "set", "lo", "up")
    if not Path(f"/sys/class/net/{outside}").exists():
        _ip("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", space)
        _ip("address", "add", f"{network[GATEWAY]}/{network.prefixlen}", "dev", outside)
        _ip("link", "set", outside, "up")
        _ip("-n", space, "link", "set", inside, "up")
        # the switch in user space completes no partial checksums: TCP would not get through
        _run("ethtool", "-K", outside, "tx", "off")
        _run("ip", "netns", "exec", space, "ethtool", "-K", inside, "tx", "off")


def plug_cable(place: Place) -> None:
    """Plug the cable into the external bridge."""
    host = HOSTS["qemu"][0]
    line = ["ovs-vsctl", f"--db=unix:{place.chassis(host) / 'db.sock'}", _SECONDS]
    line += ["--", "--may-exist", "add-port", EXTERNAL, f"{place.instance.cloud_veth}-in"]
    Programs(place).run(Program("ovs-vsctl", line))


def remove_cable(place: Place) -> bool:
    """Take cable and namespace away; give whether there was anything."""
    space, outside = place.instance.cloud_namespace, place.instance.cloud_veth
    was = False
    if Path(f"/sys/class/net/{outside}").exists():
        _ip("link", "delete", outside)
        was = True
    if Path(f"/run/netns/{space}").exists():
        _ip("netns", "delete", space)
        was = True
    return was


def _ip(*arguments: str) -> None:
    _run("ip", *arguments)


def _run(*line: str) -> None:
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise WiringFailed(f"{' '.join(line)}: {done.stderr.strip()}")
