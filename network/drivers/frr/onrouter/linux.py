"""The guard's side of the door to root (see ``network/drivers/frr/linux/door.py``): the Linux half read and altered."""

from __future__ import annotations

import json
import os
import time
from _socket import AF_UNIX, socket  # without the module around it, which takes 3 ms to load

from network.drivers.frr.onrouter import vty

TYPE_CHECKING = False  # what typing would say, without loading it
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["SAVED", "Shut", "add_spaces", "bring", "check", "pings", "running", "spaces"]

SOCKET = "/run/irisplane/linux.sock"
SAVED = "/etc/frr/linux.conf"
"""What the router boots with, beside ``frr.conf``."""
_PATIENCE = 20.0  # seconds until zebra has seen a namespace come or go; it looks once a second


class Shut(vty.Refused):
    """The door is not there, or root could not obey."""


def _ask(question: dict[str, Any], timeout: float = 60.0) -> dict[str, Any]:
    door = socket(AF_UNIX)
    try:
        door.settimeout(timeout)
        door.connect(SOCKET)
        door.sendall(json.dumps(question).encode() + b"\n")
        said = bytearray()
        while not said.endswith(b"\n"):
            chunk = door.recv(65536)
            if not chunk:
                raise Shut("the door to the Linux half closed")
            said += chunk
    except OSError as error:
        raise Shut(f"the door to the Linux half does not answer: {error}") from error
    finally:
        door.close()
    answer: dict[str, Any] = json.loads(said)
    return answer


def running() -> str:
    """The Linux half as it is; empty where there is none, and on a router without a door."""
    if not os.path.exists(SOCKET):
        return ""
    answer = _ask({"op": "running"})
    if not answer["ok"]:
        raise Shut(answer["error"])
    return str(answer["text"])


def check(text: str) -> tuple[int, str] | None:
    """What is said against a Linux half: the line's number and words, or nothing."""
    if not text:
        return None
    if not os.path.exists(SOCKET):
        first = next(number for number, line in enumerate(text.splitlines(), 1) if line)
        return first, "this router has no door to a Linux half"
    answer = _ask({"op": "check", "text": text})
    return None if answer["ok"] else (int(answer.get("line", 0)), str(answer["error"]))


def spaces(text: str) -> set[str]:
    """The namespaces of a Linux half."""
    start = "linux namespace "
    return {line[len(start) :].strip() for line in text.splitlines() if line.startswith(start)}


def add_spaces(names: set[str]) -> None:
    """Make the namespaces that are missing, and wait until zebra knows them: told of one before, it never opens it."""
    _obey({"op": "spaces", "names": sorted(names)})
    _await(lambda known: names <= known)


def bring(text: str) -> None:
    """Bring the kernel to a Linux half, and wait until zebra knows its namespaces and no others."""
    _obey({"op": "bring", "text": text})
    wanted = spaces(text)
    _await(lambda known: known == wanted)


def _obey(command: dict[str, Any]) -> None:
    answer = _ask(command)
    if not answer["ok"]:
        raise Shut(answer["error"])


def _await(enough: Callable[[set[str]], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        known = set()
        for line in vty.ask("zebra", ["show vrf"])[0].splitlines():
            words = line.split()
            if len(words) > 5 and words[0] == "vrf" and words[4] == "netns":
                known.add(words[1])
        if enough(known):
            return
        time.sleep(0.05)


def pings(space: str, targets: list[str], wait: float) -> list[str]:
    """Those of ``targets`` that answer inside a namespace."""
    answer = _ask({"op": "ping", "namespace": space, "targets": targets, "wait": wait}, timeout=30 + 4 * wait)
    if not answer["ok"]:
        raise Shut(answer["error"])
    answering: list[str] = answer["answering"]
    return answering
