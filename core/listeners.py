"""Who listens on a port of this machine? Read from ``/proc``; no program is needed."""

from __future__ import annotations

import socket
from pathlib import Path

__all__ = ["listener"]

_LISTEN = "0A"  # TCP_LISTEN in the kernel's tables


def listener(port: int) -> str | None:
    """Who listens on a TCP port, as ``name (pid)``; ``None`` when it is free.

    Another user's program is not named unless we are root. Where there is no ``/proc`` the port is tried on loopback.
    """
    inodes = set()
    tables = [table for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")) if table.exists()]
    for table in tables:
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    if not tables:
        return None if _free(port) else "another program"
    if not inodes:
        return None
    return _owner({f"socket:[{inode}]" for inode in inodes}) or "a program of another user"


def _owner(sockets: set[str]) -> str | None:
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            if any(str(held.readlink()) in sockets for held in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:  # gone meanwhile, or not ours to look at
            continue
    return None


def _free(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
