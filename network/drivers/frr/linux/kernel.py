"""The kernel's namespaces and links as lines of the grammar, and from there to others. Runs as root on the router."""

from __future__ import annotations

import json
import os
import subprocess
import time
from hashlib import sha256

from network.drivers.frr.linux.grammar import MAIN, Item, parse, written

TYPE_CHECKING = False  # what typing would say, without loading it
if TYPE_CHECKING:
    from typing import Any

__all__ = ["KernelRefuses", "add_spaces", "bring", "running", "spaces"]

_SPACES = "/run/netns"
_LINKS = "/sys/class/net"
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
_PORT = 4789  # RFC 7348
_DISMANTLING = 15.0  # seconds
_MEGABIT = 125_000  # bytes
# The bucket of a shaped interface: a hundredth of a second at the rate, and never less than ten packets. What comes in
# larger pieces the kernel cuts up for it.
_BURST = (100, 16_384)
_NO_INTERFACE = ("all", "default")
_WAITING = "50ms"  # the longest that a packet waits in it before it is dropped
_SWITCHES = (
    "net.ipv4.ip_forward=1",
    "net.ipv6.conf.all.forwarding=1",
    "net.ipv6.conf.default.forwarding=1",
    "net.ipv6.conf.default.accept_dad=0",  # an address that is not yet usable cannot be probed
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0",
)
# What has to be there before what; taken away in the other direction.
_ORDER = ("bridge", "vxlan", "veth", "port", "shape", "address", "strict")


# What is said of something that went with what held it: a cable's other end and that one's addresses.
_GONE = ("Cannot find device", "Cannot assign", "No such file")


class KernelRefuses(Exception):
    """``ip`` said no."""


def _run(words: list[str]) -> str:
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=_ENVIRONMENT, check=False
    )
    if done.returncode:
        raise KernelRefuses(f"{' '.join(words)}: {done.stderr.strip()[-300:]}")
    return done.stdout


def _json(*words: str) -> list[dict[str, Any]]:
    said = _run(["ip", "-j", *words])
    found: list[dict[str, Any]] = json.loads(said or "[]")
    return [one for one in found if one]


# ------------------------------------------------------------------------------------------------------------- reading
def spaces() -> list[str]:
    """The namespaces that exist, but for ``main``."""
    try:
        return sorted(os.listdir(_SPACES))
    except FileNotFoundError:
        return []


def _anything() -> bool:
    """Whether there is anything to read: on most routers there is not, and that is found without a process."""
    if spaces():
        return True
    for name in os.listdir(_LINKS):
        try:
            with open(f"{_LINKS}/{name}/uevent", encoding="ascii") as file:
                kind = file.read()
        except OSError:
            continue
        if "DEVTYPE=bridge" in kind or "DEVTYPE=vxlan" in kind or name.startswith("v-"):
            return True
    return False


def running() -> str:
    """The Linux half as it is, in canonical form; empty when there is nothing of it."""
    if not _anything():
        return ""
    links = {space: _links(space) for space in [MAIN, *spaces()]}
    lines: dict[str, list[str]] = {}
    for space, there in links.items():
        lines[space] = [line for link in there if (line := _line(link, space, links))]
        lines[space] += _shapes() if space == MAIN else [*_addresses(space), *_strict(space)]
    return written(lines)


def _links(space: str) -> list[dict[str, Any]]:
    where = ["-n", space] if space else []
    return _json(*where, "-d", "link")


def _line(link: dict[str, Any], space: str, links: dict[str, list[dict[str, Any]]]) -> str:
    info = link.get("linkinfo", {})
    kind, data = info.get("info_kind", ""), info.get("info_data", {})
    name = link["ifname"]
    master = f" master {link['master']}" if "master" in link else ""
    down = "" if "UP" in link.get("flags", ()) else " down"
    if kind == "bridge":
        mac = f" address {link['address']}" if space != MAIN else ""
        return f"bridge {name}{mac}{down}"
    if kind == "vxlan":
        remote = f" remote {data['remote']}" if "remote" in data else ""
        return f"vxlan {name} id {data['id']} local {data.get('local', 'none')}{remote}{master}{down}"
    if space == MAIN and name.startswith("v-") and kind == "veth":
        return f"veth {name}{master} to {_other_end(link, links)}{down}"
    return f"port {name}{master}{down}" if space == MAIN and master else ""


def _other_end(link: dict[str, Any], links: dict[str, list[dict[str, Any]]]) -> str:
    """The namespace and name of a cable's other end: the two know each other's number."""
    for space, there in links.items():
        for other in there:
            knows = other.get("link_index") == link["ifindex"] and other["ifindex"] == link.get("link_index")
            if space and knows and other.get("linkinfo", {}).get("info_kind") == "veth":
                return f"{other['ifname']} namespace {space}"
    return "nowhere namespace nowhere"


def _addresses(space: str) -> list[str]:
    return [
        f"address {link['ifname']} {one['local']}/{one['prefixlen']}"
        for link in _json("-n", space, "addr")
        if link["ifname"] != "lo"
        for one in link.get("addr_info", ())
        if one.get("scope") == "global"
    ]


def _strict(space: str) -> list[str]:
    return [
        f"strict {one['interface']}"
        for one in _json("-n", space, "netconf")
        if one.get("family") == "inet" and one.get("rp_filter") == "strict" and one["interface"] not in _NO_INTERFACE
    ]


def _shapes() -> list[str]:
    """What is held to a rate; one that is no whole number of Mbit/s is nobody's line, so it is drift."""
    found: list[dict[str, Any]] = json.loads(_run(["tc", "-j", "qdisc", "show"]) or "[]")
    rates = {one["dev"]: one["options"]["rate"] for one in found if one["kind"] == "tbf" and one.get("root")}
    return [f"shape {name} rate {_megabits(rate)}mbit" for name, rate in rates.items()]


def _megabits(rate: int) -> str:
    return f"{rate / _MEGABIT:.6f}".rstrip("0").rstrip(".")


# ------------------------------------------------------------------------------------------------------------ altering
def add_spaces(names: list[str]) -> None:
    """Make the namespaces that are missing; nothing else.

    Raises:
        KernelRefuses, NotLinux
    """
    parse("".join(f"linux namespace {name}\n" for name in names))
    for space in sorted(set(names) - set(spaces())):
        _run(["ip", "netns", "add", space])
        _run(["ip", "-n", space, "link", "set", "lo", "up"])
        _run(["ip", "netns", "exec", space, "sysctl", "-qw", *_SWITCHES])


def bring(text: str) -> None:
    """Bring the kernel to a Linux half: first what goes, then what comes.

    A namespace goes whole, with all that stands in it: FRR 8.4's zebra ends in an assertion when it loses one whose
    links went just before.

    Raises:
        KernelRefuses, NotLinux
    """
    want, have = parse(text), parse(running(), judge=False)
    for space in have:
        if space != MAIN and space not in want:
            _run(["ip", "netns", "del", space])
    for space, items in have.items():
        if space in want or space == MAIN:
            keep = {item.line for item in want.get(space, ())}
            _take(space, [item for item in items if item.line not in keep])
    add_spaces([space for space in want if space != MAIN])
    have = parse(running(), judge=False)
    missing: dict[str, list[Item]] = {}
    for space, items in want.items():
        there: set[str] = {item.line for item in have.get(space, ())}
        missing[space] = [item for item in items if item.line not in there]
    for kind in _ORDER:
        for space, items in missing.items():
            for item in items:
                if item.kind == kind:
                    _make(space, item)


def _take(space: str, items: list[Item]) -> None:
    where = ["-n", space] if space else []
    for item in sorted(items, key=lambda one: -_ORDER.index(one.kind)):
        if item.kind == "address":
            words = ["ip", *where, "addr", "del", item["address"], "dev", item["name"]]
        elif item.kind == "shape":
            words = ["tc", "qdisc", "del", "dev", item["name"], "root"]
        elif item.kind == "strict":
            words = _filtering(space, item["name"], on=False)
        elif item.kind == "port":
            words = ["ip", *where, "link", "set", item["name"], "nomaster"]
        else:
            words = ["ip", *where, "link", "del", item["name"]]
        try:
            _run(words)
        except KernelRefuses as error:
            if not any(said in str(error) for said in _GONE):
                raise


def _make(space: str, item: Item) -> None:
    where = ["-n", space] if space else []
    name = item["name"]
    if item.kind == "address":
        _run(["ip", *where, "addr", "add", item["address"], "dev", name])
        return
    if item.kind == "shape":
        _shape(name, int(item["rate"]))
        return
    if item.kind == "strict":
        _run(_filtering(space, name, on=True))
        return
    if item.kind == "bridge":
        mac = ["address", item["mac"]] if item["mac"] else []
        _run(["ip", *where, "link", "add", name, *mac, "type", "bridge"])
    elif item.kind == "vxlan":
        _make_tunnel(space, item)
    elif item.kind == "veth":
        far_end = ["peer", "name", item["peer"], "netns", item["space"]]
        _patiently(["ip", "link", "add", name, "type", "veth", *far_end])
        _run(["ip", "-n", item["space"], "link", "set", item["peer"], "address", _gateway(item), "up"])
    if item.kind in ("bridge", "vxlan", "veth"):
        _run(["ip", *where, "link", "set", name, "addrgenmode", "none"])
    if item["master"]:
        _run(["ip", *where, "link", "set", name, "master", item["master"]])
    if item.kind == "vxlan" and not item["remote"]:
        # BGP says where addresses are; nothing is learnt from frames, nobody is asked for neighbours.
        _run(["ip", *where, "link", "set", name, "type", "bridge_slave", "neigh_suppress", "on", "learning", "off"])
    _run(["ip", *where, "link", "set", name, "down" if item["down"] else "up"])


def _shape(name: str, rate: int) -> None:
    """A token bucket on everything that leaves an interface; ``rate`` in Mbit/s."""
    share, least = _BURST
    burst = max(rate * _MEGABIT // share, least)
    words = ["rate", f"{rate}mbit", "burst", str(burst), "latency", _WAITING]
    _run(["tc", "qdisc", "replace", "dev", name, "root", "tbf", *words])


def _filtering(space: str, name: str, *, on: bool) -> list[str]:
    # Slashes: a dot in an interface's name is no step.
    return ["ip", "netns", "exec", space, "sysctl", "-qw", f"net/ipv4/conf/{name}/rp_filter={int(on)}"]


def _gateway(item: Item) -> str:
    """The hardware address of a table's end of a cable: always the same, so that a host's memory of it stays true."""
    with open("/etc/machine-id", encoding="ascii") as file:
        digest = sha256(f"{file.read().strip()} {item['space']} {item['peer']}".encode()).digest()
    return ":".join(["02", *(f"{byte:02x}" for byte in digest[:5])])


def _patiently(words: list[str]) -> None:
    """Run what may meet a namespace that is being taken apart: the kernel does that later, and holds on to names."""
    deadline = time.monotonic() + _DISMANTLING
    while True:
        try:
            _run(words)
        except KernelRefuses as error:
            if "exists" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _make_tunnel(space: str, item: Item) -> None:
    """Made in ``main``, where its packets travel, then moved to where its frames belong."""
    name = item["name"]
    far = ["remote", item["remote"]] if item["remote"] else ["nolearning"]
    near = ["id", item["id"], "local", item["local"], "dstport", str(_PORT)]
    _patiently(["ip", "link", "add", name, "type", "vxlan", *near, *far])
    if space:
        _run(["ip", "link", "set", name, "netns", space])
