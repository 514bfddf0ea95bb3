"""Which processes live in a router, and how to signal exactly those.

A router is a network namespace with a process namespace inside it. A process is known by the namespace it is in, and
signalled through a pidfd that was opened before that was checked: a recycled id is never hit.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Process", "end", "inside", "send"]

_NETNS = Path("/run/netns")


@dataclass(frozen=True, slots=True)
class Process:
    """A process in a router. ``inner`` is its id in the router's own process namespace: 1 is its first process."""

    pid: int
    inner: int
    name: str
    namespace: str


def _inode(path: str) -> int | None:
    try:
        return os.stat(path).st_ino  # noqa: PTH116 - called for each process of the machine; Path costs more than the call
    except OSError:
        return None


def inside(namespaces: Iterable[str]) -> dict[str, list[Process]]:
    """The processes in each of these network namespaces, in one pass over ``/proc``."""
    found: dict[str, list[Process]] = {name: [] for name in namespaces}
    wanted: Mapping[int, str] = {inode: name for name in found if (inode := _inode(str(_NETNS / name))) is not None}
    if not wanted:
        return found
    for entry in os.listdir("/proc"):  # noqa: PTH208 - as above
        if not entry.isdigit():
            continue
        inode = _inode(f"/proc/{entry}/ns/net")
        if inode is None or inode not in wanted:
            continue
        with suppress(OSError):
            status = Path(f"/proc/{entry}/status").read_text()
            fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
            name = wanted[inode]
            found[name].append(Process(int(entry), int(fields["NSpid"].split()[-1]), fields["Name"].strip(), name))
    return found


def _open(process: Process) -> int | None:
    """A pidfd of this process, or nothing if the id has meanwhile gone to another."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        return None
    if _inode(f"/proc/{process.pid}/ns/net") != _inode(str(_NETNS / process.namespace)):
        os.close(descriptor)
        return None
    return descriptor


def send(processes: Iterable[Process], number: signal.Signals) -> int:
    """Signal these processes; how many were there to be signalled."""
    reached = 0
    for process in processes:
        descriptor = _open(process)
        if descriptor is None:
            continue
        try:
            signal.pidfd_send_signal(descriptor, number)
            reached += 1
        except ProcessLookupError:
            pass
        finally:
            os.close(descriptor)
    return reached


def end(processes: Iterable[Process], timeout: float = 10.0) -> list[Process]:
    """Kill these processes at once and wait until they are gone; those that are still there after ``timeout``."""
    descriptors: dict[int, Process] = {}
    for process in processes:
        descriptor = _open(process)
        if descriptor is not None:
            descriptors[descriptor] = process
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    deadline = time.monotonic() + timeout
    try:
        waiting = set(descriptors)
        while waiting and (left := deadline - time.monotonic()) > 0:
            for descriptor, _ in poll.poll(left * 1000):
                poll.unregister(descriptor)
                waiting.discard(descriptor)
        return [descriptors[descriptor] for descriptor in waiting]
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
