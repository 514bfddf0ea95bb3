"""The hosts at customers' ports: machines of a customer, so what they are is theirs to say and not Irisplane's.

A host is a network namespace with one interface, ``eth0``, whose other end is a port of a router.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from core.instance import Instance
from lab.errors import NoSuchRouter, WiringFailed
from lab.network.layout import Layout
from lab.network.links import customer
from lab.network.topology import plan

__all__ = ["execute", "give", "words_for"]


def give(router: str, port: str, address: str = "", gateway: str = "", instance: Instance | None = None) -> None:
    """Give a host its address (with a length) and its gateway; without an address it loses what it had.

    Raises:
        NoSuchRouter: the lab has no such router, or the router no such port.
        WiringFailed: the kernel takes no such address.
    """
    lines = ["addr flush dev eth0 scope global"]
    if address:
        lines.append(f"addr add {address} dev eth0")
    if gateway:
        lines.append(f"route replace default via {gateway}")
    space = _space(router, port, instance)
    for line in lines:
        done = subprocess.run(["ip", "-n", space, *line.split()], capture_output=True, text=True, check=False)
        if done.returncode:
            raise WiringFailed(f"ip {line}: {done.stderr.strip()}", router=router)


def execute(
    router: str, port: str, command: Sequence[str], instance: Instance | None = None, *, timeout: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run a command on the host behind a port."""
    words = words_for(router, port, command, instance)
    return subprocess.run(words, capture_output=True, text=True, timeout=timeout, check=False)


def words_for(router: str, port: str, command: Sequence[str], instance: Instance | None = None) -> list[str]:
    """The words that run a command on the host behind a port, for who wants to run it beside others."""
    return ["ip", "netns", "exec", _space(router, port, instance), *command]


def _space(router: str, port: str, instance: Instance | None) -> str:
    layout = Layout(instance or Instance.current())
    size = layout.read_state().size
    known = [one for one in plan(size).routers if one.name == router] if size else []
    if not known or port not in known[0].ports:
        raise NoSuchRouter(f"The lab has no host at {router}:{port}.", router=router)
    return customer(layout, router, port)
