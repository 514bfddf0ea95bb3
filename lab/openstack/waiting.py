"""Does it answer yet? Waiting for a socket or a service of the cloud, and giving up when its program has died."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable
from pathlib import Path

from core.masking import mask
from lab.errors import CloudFailed
from lab.openstack.place import LOOPBACK, Place
from lab.openstack.processes import Programs

__all__ = ["answers_http", "greets", "last_words", "listens", "patiently"]


def patiently(place: Place, name: str, ask: Callable[[], bool], seconds: float = 240.0) -> None:
    """Ask until the answer is yes.

    Args:
        name: the program that is waited for; empty when it is none in particular.
    Raises:
        CloudFailed: the program died, or the time is over; with its last words.
    """
    programs = Programs(place)
    deadline = time.monotonic() + seconds
    while not ask():
        died = bool(name) and not programs.alive(name)
        if died or time.monotonic() > deadline:
            why = "died" if died else f"did not answer within {seconds:.0f} s"
            raise CloudFailed(f"{name or 'The cloud'} {why}: {last_words(place, name)}", part=name)
        time.sleep(0.1)


def last_words(place: Place, name: str, lines: int = 4) -> str:
    """The end of what a program said."""
    said: list[str] = []
    for path in (place.out / f"{name}.out", place.log / f"{name}.log"):
        try:
            with path.open("rb") as log:
                log.seek(max(0, log.seek(0, 2) - 4000))
                said += log.read().decode(errors="replace").strip().splitlines()[-lines:]
        except OSError:
            continue
    return mask(" | ".join(line[:200] for line in said)) or "it said nothing"


def listens(port: int) -> bool:
    """Is there somebody at that loopback port?"""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def greets(path: Path) -> bool:
    """Does somebody at that unix socket speak first, as MariaDB does when it is ready?"""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
            return bool(probe.recv(1))
        except OSError:
            return False


def answers_http(port: int, path: str) -> bool:
    """Does a service answer at all? Any status but a server's own failure will do."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
