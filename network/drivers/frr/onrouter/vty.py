"""Speaking to FRR's daemons: over their sockets to ask, through ``vtysh`` to tell.

Asking over the sockets costs a fraction of a millisecond; starting ``vtysh`` costs 25 ms of CPU, which a fleet pays
per router and question.
"""

from __future__ import annotations

import os
import time
from _socket import AF_UNIX, socket  # without the module around it, which takes 3 ms to load

__all__ = ["SOCKETS", "Refused", "ask", "daemons", "run", "running", "tell", "unaccepted"]

SOCKETS = "/run/frr"
_RELOAD = "/usr/lib/frr/frr-reload.py"
# The order in which vtysh asks them.
_ORDER = (
    "zebra", "ripd", "ripngd", "ospfd", "ospf6d", "ldpd", "bgpd", "isisd", "pimd", "nhrpd", "eigrpd", "babeld",
    "sharpd", "fabricd", "watchfrr", "pbrd", "staticd", "bfdd", "vrrpd", "pathd", "pim6d",
)  # fmt: skip
_END = b"\0\0\0"
_SIGKILL = 9
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "VTYSH_HISTFILE": "/dev/null", "HOME": "/tmp"}  # noqa: S108 - vtysh only wants to know one


class Refused(Exception):
    """A daemon does not answer, or says no."""


def daemons() -> list[str]:
    """The daemons that run, in vtysh's order."""
    there = {name[:-4] for name in os.listdir(SOCKETS) if name.endswith(".vty")}
    return [name for name in _ORDER if name in there]


def ask(daemon: str, commands: list[str], timeout: float = 20.0) -> list[str]:
    """Answers of one daemon to some ``show`` commands.

    The protocol is vtysh's: a command ends with a zero byte, an answer with three and a status.
    """
    out = []
    vty = socket(AF_UNIX)
    try:
        vty.settimeout(timeout)
        try:
            vty.connect(f"{SOCKETS}/{daemon}.vty")
            for command in ("enable", *commands):
                vty.sendall(command.encode() + b"\0")
                answer = bytearray()
                while not (len(answer) >= 4 and answer[-4:-1] == _END):
                    chunk = vty.recv(65536)
                    if not chunk:
                        raise Refused(f"{daemon} hung up")
                    answer += chunk
                out.append(answer[:-4].decode("utf-8", "replace"))
        except OSError as error:
            raise Refused(f"{daemon} does not answer: {error}") from error
    finally:
        vty.close()
    return out[1:]


def running() -> str:
    """The running configuration of all daemons, one after the other; the parser joins what belongs together."""
    found = daemons()
    if "zebra" not in found:
        raise Refused("zebra does not run")
    return "".join(ask(daemon, ["show running-config"])[0] for daemon in found)


def run(words: list[str], timeout: float, keep: tuple[int, ...] = ()) -> tuple[int, str]:
    """Run a program; its exit status and everything it said. 124 when it had to be stopped.

    ``subprocess`` would cost 8 ms to import. Descriptors in ``keep`` (the lock) stay open in the program, so that a
    lock outlives us for as long as the program works.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setpgid(0, 0)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            for descriptor in keep:
                os.set_inheritable(descriptor, True)  # noqa: FBT003 - the only way to say it
            os.execvpe(words[0], words, _ENVIRONMENT)
        finally:
            os._exit(127)
    os.close(writing)
    said = _drain(reading, time.monotonic() + timeout)
    if said is None:
        os.killpg(pid, _SIGKILL)
    status = os.waitpid(pid, 0)[1]
    if said is None:
        return 124, f"{words[0]} did not end within {timeout:.0f} s"
    return os.waitstatus_to_exitcode(status), said


def _drain(reading: int, deadline: float) -> str | None:
    import select

    said = bytearray()
    try:
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([reading], [], [], left)[0]:
                return None
            chunk = os.read(reading, 65536)
            if not chunk:
                return said.decode("utf-8", "replace")
            said += chunk
    finally:
        os.close(reading)


class _Draft:
    """A text as a file that exists only in memory, by a path that other programs can open."""

    def __init__(self, text: str) -> None:
        self.descriptor = os.memfd_create("irisplane")
        os.write(self.descriptor, text.encode()) if text else None
        self.path = f"/proc/{os.getpid()}/fd/{self.descriptor}"

    def __enter__(self) -> str:
        return self.path

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)


def unaccepted(text: str) -> tuple[int, str] | None:
    """What FRR's own grammar says against a text: the line's number (0 when not told) and FRR's words."""
    import re

    with _Draft(text) as path:
        code, said = run(["vtysh", "-C", "-f", path], 30)
    if code == 0:
        return None
    found = re.search(r"line (\d+)\b:?\s*(.*)", said)
    return (int(found[1]), found[2].strip()) if found else (0, said.strip()[-400:])


def tell(lines: list[str], keep: tuple[int, ...]) -> str:
    """Type lines into the router's configuration; what it said. Whether it took them is seen by reading back."""
    with _Draft("\n".join(lines) + "\n") as path:
        # FRR checks each list entry against all before it: 800 new ones take 20 s
        return run(["vtysh", "-f", path], 60 + len(lines) / 10, keep)[1]


def reload(text: str, keep: tuple[int, ...], rundir: str) -> str:
    """The slow road: FRR's own ``frr-reload.py`` brings the router to a text."""
    with _Draft(text) as path:
        words = ["python3", _RELOAD, "--reload", "--stdout", "--log-level", "error", "--rundir", rundir, path]
        return run(words, 120, keep)[1]
