"""Do one thing where the machines are: in their network namespace, whose loopback is not this machine's.

QEMU's serial ports listen there; nova-compute, which chooses them, and the proxy, which leads to them, speak to
everything else on this machine's loopback.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["NAME", "among_the_machines"]

NAME = os.environ.get("IRISPLANE_LAB_NAMESPACE", "")
"""The machines' namespace; empty where there are no machines."""

_NETWORK = 0x40000000  # CLONE_NEWNET
_LIBC = ctypes.CDLL(None, use_errno=True)


@contextmanager
def among_the_machines() -> Iterator[None]:
    """What this thread does with sockets meanwhile is done in the machines' namespace; a socket stays in its own."""
    with open("/proc/thread-self/ns/net", "rb") as home, open(f"/run/netns/{NAME}", "rb") as there:  # noqa: PTH123 - no path is altered
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def _enter(namespace: int) -> None:
    if _LIBC.setns(namespace, _NETWORK) != 0:  # os.setns came with Python 3.12
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), NAME)
