"""The door between the account and root: a socket on which the Linux half is read, judged and brought about.

A JSON object a line, an answer a line. Whoever may speak to FRR (group ``frrvty``) may speak here; what can be asked
for is what the grammar can say, and nothing else.
"""

from __future__ import annotations

import json
import os
import socket
import sys

from network.drivers.frr.linux import kernel
from network.drivers.frr.linux.grammar import NotLinux, parse

TYPE_CHECKING = False  # what typing would say, without loading it
if TYPE_CHECKING:
    from typing import Any

__all__ = ["SAVED", "SOCKET", "main"]

SOCKET = "/run/irisplane/linux.sock"
SAVED = "/etc/frr/linux.conf"
"""What the router boots with, beside ``frr.conf``; written by the guard at confirm and at no other time."""

_NAME = "irisplane-linux"
_LARGEST = 4 * 1024 * 1024
_PINGS = 64


def _ping(given: dict[str, Any]) -> dict[str, Any]:
    """Who answers inside a namespace; asked from there, so with that namespace's routes and no others."""
    space = str(given["namespace"])
    if space not in kernel.spaces():
        return {"ok": True, "answering": []}
    targets = [str(target) for target in given["targets"]][:_PINGS]
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            _enter(space)
            from network.drivers.frr.onrouter.reach import answering

            os.write(writing, json.dumps(answering(targets, float(given["wait"]))).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return {"ok": True, "answering": json.loads(said or "[]")}


def _enter(space: str) -> None:
    """Move this process into a network namespace; unprivileged pings are allowed there too."""
    import ctypes

    descriptor = os.open(f"/run/netns/{space}", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, 0x40000000):
        raise OSError(ctypes.get_errno(), f"cannot enter {space}")
    with open("/proc/sys/net/ipv4/ping_group_range", "w", encoding="ascii") as file:
        file.write("0 2147483647")


def _answer(given: dict[str, Any]) -> dict[str, Any]:
    verb = given.get("op")
    if verb == "running":
        return {"ok": True, "text": kernel.running()}
    if verb == "check":
        parse(given["text"])
        return {"ok": True}
    if verb == "spaces":
        kernel.add_spaces([str(name) for name in given["names"]])
        return {"ok": True}
    if verb == "bring":
        kernel.bring(given["text"])
        return {"ok": True}
    if verb == "ping":
        return _ping(given)
    return {"ok": False, "error": f"no such command: {verb}"}


def _obey(line: bytes) -> dict[str, Any]:
    try:
        return _answer(json.loads(line))
    except NotLinux as error:
        return {"ok": False, "line": error.line, "error": str(error)}
    except (kernel.KernelRefuses, OSError, ValueError, KeyError, TypeError) as error:
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}


def _serve() -> None:
    os.makedirs(os.path.dirname(SOCKET), mode=0o755, exist_ok=True)
    if os.path.exists(SOCKET):
        os.unlink(SOCKET)
    listening = socket.socket(socket.AF_UNIX)
    os.umask(0o117)
    listening.bind(SOCKET)
    import grp

    os.chown(SOCKET, 0, grp.getgrnam("frrvty").gr_gid)
    listening.listen(16)
    while True:
        one, _ = listening.accept()
        with one:
            one.settimeout(60)
            try:
                said = bytearray()
                while not said.endswith(b"\n") and len(said) < _LARGEST:
                    chunk = one.recv(65536)
                    if not chunk:
                        break
                    said += chunk
                if said.endswith(b"\n"):
                    one.sendall(json.dumps(_obey(bytes(said))).encode() + b"\n")
            except OSError:
                continue  # whoever asked is gone


def _boot() -> None:
    """Bring about what was last confirmed, before the routing daemons start."""
    try:
        with open(SAVED, encoding="utf-8") as file:
            kernel.bring(file.read())
    except FileNotFoundError:
        return
    except (NotLinux, kernel.KernelRefuses, OSError) as error:
        sys.stderr.write(f"the Linux half does not boot: {error}\n")


def main() -> None:
    """``boot`` once, then ``serve``."""
    if sys.argv[-1] == "boot":
        _boot()
        return
    with open("/proc/self/comm", "w", encoding="ascii") as file:
        file.write(_NAME)
    _serve()


if __name__ == "__main__":
    main()
