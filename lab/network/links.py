"""Namespaces, the management bridge, and the fibres between routers: what is made with ``ip``.

Everything is done in batches: a lab of 60 routers costs a handful of processes, not hundreds. The bridge carries the
folder it was made from as its alias, so that two clones of the repository never pull out each other's cables.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from lab.errors import LabElsewhere, WiringFailed
from lab.network.layout import Cut, Layout
from lab.network.topology import Topology

__all__ = [
    "build", "claim", "customer", "cut", "expected", "lower", "mend", "namespaces", "remove", "run_ip", "uplink",
]  # fmt: skip

_NETNS = Path("/run/netns")


def run_ip(commands: Sequence[str], *, namespace: str | None = None, force: bool = False) -> None:
    """Run a batch of ``ip`` commands; with ``force`` what does not exist is passed over."""
    if not commands:
        return
    where = ["-n", namespace] if namespace else []
    done = subprocess.run(
        ["ip", *where, *(["-force"] if force else []), "-batch", "-"],
        input="\n".join(commands) + "\n",
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode and not force:
        raise WiringFailed(f"ip: {done.stderr.strip()}", commands=len(commands))


def namespaces(layout: Layout) -> list[str]:
    """The namespaces of this instance that exist."""
    prefix = layout.instance.namespace("")
    return sorted(p.name for p in _NETNS.iterdir() if p.name.startswith(prefix)) if _NETNS.exists() else []


def customer(layout: Layout, router: str, port: str) -> str:
    """The namespace of the host behind a customer port."""
    return layout.instance.namespace(f"customer-{router}-{port}")


def expected(layout: Layout, topology: Topology) -> list[str]:
    """The namespaces that a lab of this size has: its routers and the hosts at their ports."""
    routers = [layout.instance.namespace(router.name) for router in topology.routers]
    return sorted(
        routers + [customer(layout, router.name, port) for router in topology.routers for port in router.ports]
    )


def claim(layout: Layout) -> bool:
    """Whether this instance's bridge exists.

    Raises:
        LabElsewhere: it was made from another folder.
    """
    bridge = layout.instance.bridge
    try:
        alias = Path(f"/sys/class/net/{bridge}/ifalias").read_text().strip()
    except OSError:
        return False
    if alias and alias != str(layout.base):
        raise LabElsewhere(f"The bridge {bridge} belongs to the lab in {alias}.", bridge=bridge, folder=alias)
    return True


def build(layout: Layout, topology: Topology) -> None:
    """Make namespaces, bridge, management cables and fibres; all of them down, none with an address.

    Raises:
        WiringFailed: the kernel refused something.
    """
    instance = layout.instance
    space = {router.name: instance.namespace(router.name) for router in topology.routers}
    batch = [f"netns add {name}" for name in space.values()]
    batch += [
        f"link add {instance.bridge} type bridge",
        f"link set {instance.bridge} alias {layout.base}",
        f"addr add {instance.mgmt_gateway}/{instance.mgmt_network.prefixlen} dev {instance.bridge}",
        f"link set {instance.bridge} up",
    ]
    for router, name in space.items():
        veth = instance.mgmt_veth(router)
        batch += [
            f"link add {veth} type veth peer name mgmt0 netns {name}",
            f"link set {veth} master {instance.bridge} up",
        ]
    batch += [
        f"link add {fibre.a_interface} netns {space[fibre.a]} type veth peer name {fibre.b_interface}"
        f" netns {space[fibre.b]}"
        for fibre in topology.fibres
    ]
    hosts = {
        customer(layout, router.name, port): (port, space[router.name])
        for router in topology.routers
        for port in router.ports
    }
    for far, (port, near) in hosts.items():
        batch += [f"netns add {far}", f"link add {port} netns {near} type veth peer name eth0 netns {far}"]
    run_ip(batch)
    for far in hosts:
        run_ip(["link set lo up", "link set eth0 up"], namespace=far)


def remove(layout: Layout) -> None:
    """Take away every namespace and cable of this instance, and the bridge.

    The root ends of the cables go first: a namespace is taken apart lazily, and a quick ``up`` would otherwise meet
    names that are still in use.
    """
    spaces = namespaces(layout)
    prefix = layout.instance.mgmt_veth("")
    ends = [p.name for p in Path("/sys/class/net").iterdir() if p.name.startswith(prefix)]
    run_ip(
        [f"link del {end}" for end in ends]
        + [f"netns del {space}" for space in spaces]
        + ([f"link del {layout.instance.bridge}"] if claim(layout) else []),
        force=True,
    )


def uplink(topology: Topology, router: str, cuts: Iterable[Cut]) -> list[str]:
    """The interfaces a router raises when it starts: all but those whose fibre is dark."""
    dark = {frozenset((c.a, c.b)) for c in cuts if c.how == "dark"}
    return [
        "lo",
        "mgmt0",
        *(name for name in topology.router(router).interfaces if {router, name[3:]} not in dark),
        *topology.router(router).ports,
    ]


def lower(layout: Layout, router: str) -> None:
    """What a power loss leaves in the kernel: the cables, every interface down, no address, no route."""
    space = layout.instance.namespace(router)
    shown = subprocess.run(["ip", "-n", space, "-d", "-j", "link"], capture_output=True, text=True, check=True)
    batch: list[str] = []
    for link in json.loads(shown.stdout):
        name = str(link["ifname"])
        kind = link.get("linkinfo", {}).get("info_kind")
        if kind in ("bridge", "vxlan") or name.startswith("v-"):  # what the router made itself (its Linux half)
            batch.append(f"link del {name}")
        else:
            batch += [f"link set {name} down", f"addr flush dev {name}"]
    run_ip(batch, namespace=space, force=True)


def _table(peer: str) -> str:
    return f"lab_silent_{peer}"


def cut(layout: Layout, fault: Cut) -> None:
    """Cut a fibre: ``dark`` takes the light from both ends; ``silent`` drops every frame while the light stays on."""
    for one, other in ((fault.a, fault.b), (fault.b, fault.a)):
        space = layout.instance.namespace(one)
        if fault.how == "dark":
            run_ip([f"link set to-{other} down"], namespace=space)
        elif fault.how == "silent":
            rules = (
                f"add table netdev {_table(other)}\n"
                f"add chain netdev {_table(other)} dark"
                f' {{ type filter hook ingress device "to-{other}" priority 0; policy drop; }}\n'
            )
            words = ["ip", "netns", "exec", space, "nft", "-f", "-"]
            done = subprocess.run(words, input=rules, text=True, check=False, capture_output=True)
            if done.returncode:
                raise WiringFailed(f"nft: {done.stderr.strip()}", router=one)


def mend(layout: Layout, fault: Cut, *, powered: Iterable[str]) -> None:
    """Splice a fibre that was cut. Ends at a router without power stay down until it starts."""
    on = set(powered)
    for one, other in ((fault.a, fault.b), (fault.b, fault.a)):
        space = layout.instance.namespace(one)
        if fault.how == "silent":
            command = ["ip", "netns", "exec", space, "nft", "delete", "table", "netdev", _table(other)]
            subprocess.run(command, check=False, capture_output=True, env={**os.environ, "LC_ALL": "C"})
        elif fault.how == "dark" and one in on:
            run_ip([f"link set to-{other} up"], namespace=space)
