"""Runs a play on many hosts in a process of its own, and tells what came of each.

The process is told everything on its standard input: no password and no secret stands on a command line, in an
environment, or in a file of a disk. It ends with whoever started it: when its standard input closes, so does all that
it began. What it still has under way on a host then is stopped there, see ``network.plays.keeper``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from core.instance import ROOT
from core.masking import mask
from network.errors import PlayFailed
from network.plays.catalogue import PLAYBOOKS
from network.plays.results import Heard, HostResult

__all__ = ["PlayHost", "run"]

_AT_ONCE: Final = threading.Semaphore(4)  # a play costs 100 MB and a second of CPU before it says a word
_GRACE_SECONDS: Final = 10.0
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folder made in it is this user's alone


@dataclass(frozen=True, slots=True)
class PlayHost:
    """A host as a play meets it.

    Attributes:
        variables: its variables in Ansible's inventory, with secrets in their places.
        host_keys: its enrolled host keys; any other is refused.
        groups: the inventory's groups that it is in.
        secrets: what must not be told of all this.
    """

    name: str
    address: str
    port: int
    user: str
    password: str = field(repr=False)
    host_keys: tuple[str, ...]
    groups: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    python: str = "/usr/bin/python3"


def run(
    playbook: str,
    hosts: Sequence[PlayHost],
    *,
    check: bool,
    seconds: float,
    forks: int = 10,
    heard: Callable[[Heard], None] | None = None,
) -> dict[str, HostResult]:
    """Run a playbook of ours.

    Args:
        playbook: its name in ``playbooks/``, without ``.yml``.
        check: say what it would do, alter nothing.
        seconds: until it is ended; waiting for other plays counts.
        heard: is told what a host says while it is under way, from the thread that called.
    Raises:
        PlayFailed: it could not be begun, was not done in time, or is no playbook that Ansible reads.
    """
    names = ", ".join(host.name for host in hosts[:5])
    with _place(playbook, names, seconds) as left, _folder() as folder:
        order = {
            "folder": folder, "playbook": str(PLAYBOOKS / f"{playbook}.yml"), "check": check, "forks": forks,
            "seconds": int(left), "hosts": [_on_wire(host) for host in hosts],
        }  # fmt: skip
        ended = _in_a_process(order, folder, left, heard)
    if ended is None:
        raise PlayFailed(f"The play {playbook} on {names} was not done within {seconds:.0f} s.", task="")
    if ended["trouble"]:
        raise PlayFailed(f"The play {playbook} could not be begun: {mask(ended['trouble'])}", task="start")
    return {told["name"]: HostResult.from_wire(told) for told in ended["hosts"]}


def _on_wire(host: PlayHost) -> dict[str, Any]:
    return {
        "name": host.name, "address": host.address, "port": host.port, "user": host.user, "password": host.password,
        "host_keys": list(host.host_keys), "groups": list(host.groups), "variables": dict(host.variables),
        "secrets": list(host.secrets), "python": host.python,
    }  # fmt: skip


@contextmanager
def _place(playbook: str, names: str, seconds: float) -> Iterator[float]:
    """One of the few plays at a time; gives the seconds that are left for it."""
    began = time.monotonic()
    if not _AT_ONCE.acquire(timeout=seconds / 2):
        raise PlayFailed(
            f"The play {playbook} on {names} waited {seconds / 2:.0f} s for others and was not begun.",
            hint="Nothing was altered there. Run the change with a lower concurrency, or on fewer hosts.",
            task="",
        )
    try:
        yield seconds - (time.monotonic() - began)
    finally:
        _AT_ONCE.release()


@contextmanager
def _folder() -> Iterator[str]:
    """A folder for what Ansible must have as files: in memory where that can be, for templates hold secrets."""
    where = str(_MEMORY) if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="irisplane-play-", dir=where, ignore_cleanup_errors=True) as folder:
        yield folder


def _in_a_process(
    order: Mapping[str, Any], folder: str, seconds: float, heard: Callable[[Heard], None] | None
) -> dict[str, Any] | None:
    process = subprocess.Popen(
        [sys.executable, "-m", "network.plays.inside"],
        cwd=ROOT, env=environment(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    overdue = threading.Timer(seconds + _GRACE_SECONDS, process.kill)
    overdue.daemon = True
    overdue.start()
    ended: dict[str, Any] | None = None
    try:
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()  # and stays open: its end is ours
        for line in process.stdout:
            told = json.loads(line)
            if told["event"] == "ended":
                ended = None if told["status"] in ("timeout", "canceled") else told
            elif heard is not None:
                heard(Heard(told["host"], told["task"], told["status"]))
    except (ValueError, BrokenPipeError):
        ended = {"trouble": "it ended without an answer", "hosts": []}
    finally:
        overdue.cancel()
        process.stdin.close()
        process.stdout.close()
        process.wait()
    return ended


def environment(folder: str) -> dict[str, str]:
    """What Ansible may know of this machine: nothing of the worker's own environment, which holds its settings."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": folder,
        "LC_ALL": "C.UTF-8",
        "TMPDIR": folder,
        "ANSIBLE_LOCAL_TEMP": f"{folder}/local",
        "ANSIBLE_HOME": f"{folder}/home",
        "ANSIBLE_CONFIG": f"{folder}/ansible.cfg",
        "ANSIBLE_ROLES_PATH": str(PLAYBOOKS / "roles"),
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        # A connection is kept while a play lasts, and a few seconds longer: a log-in costs a host more than a task.
        "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=6 -o KexAlgorithms=^curve25519-sha256",
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_DEPRECATION_WARNINGS": "False",
        "ANSIBLE_INJECT_FACT_VARS": "False",
        "ANSIBLE_NO_TARGET_SYSLOG": "True",
        "ANSIBLE_TIMEOUT": "10",
    }
