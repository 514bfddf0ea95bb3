"""Plays on one device, through ansible-runner: what a router's own configuration cannot say, such as its software.

A play runs in a process of its own (``python -m network.drivers.ansible``) that is told everything on its standard
input: the password stands on no command line, in no environment and in no file. Its inventory holds the one device,
known by its enrolled host key and no other. Artifacts lie in a private folder that goes with the play.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.instance import ROOT
from network.drivers.protocol import Target
from network.errors import HostKeyUnknown, PlayFailed

__all__ = ["PLAYBOOKS", "Told", "run_play"]

PLAYBOOKS: Final = ROOT / "playbooks"
_AT_ONCE: Final = threading.Semaphore(4)  # a play costs 100 MB and a second of CPU before it says a word
_GRACE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Told:
    """What a play that went through told in its ``debug`` tasks, and the names of the tasks that altered something."""

    messages: tuple[str, ...]
    altered: tuple[str, ...]


def run_play(playbook: str, target: Target, variables: Mapping[str, str], *, seconds: float) -> Told:
    """Run a playbook of ours against one device.

    Args:
        playbook: its name in ``playbooks/``, without ``.yml``.
        variables: extra variables; never secrets, because they stand on Ansible's command line.
        seconds: until the play is ended; waiting for others counts.
    Raises:
        HostKeyUnknown: no host key was enrolled for the device.
        PlayFailed: names the task that failed and why; or it was not done, or could not begin, in time.
    """
    if not target.host_keys:
        raise HostKeyUnknown(f"No host key is enrolled for {target.name}.", device=target.name)
    with _place(playbook, target, seconds) as left, tempfile.TemporaryDirectory(prefix="irisplane-play-") as folder:
        order = {
            "folder": folder,
            "playbook": str(PLAYBOOKS / f"{playbook}.yml"),
            "name": target.name,
            "host": target.host,
            "port": target.port,
            "user": target.username,
            "password": target.password or "",
            "host_keys": list(target.host_keys),
            "variables": dict(variables),
            "seconds": int(left),
        }
        said = _in_a_process(order, target, playbook, left)
    if said["status"] == "successful":
        return Told(tuple(said["messages"]), tuple(said["altered"]))
    what = "was not done in time" if said["status"] == "timeout" else f"failed at '{said['task']}'"
    why = _without_secrets(str(said["why"]), target)
    raise PlayFailed(
        f"The play {playbook} on {target.name} {what}{': ' if why else ''}{why}", device=target.name, task=said["task"]
    )


@contextmanager
def _place(playbook: str, target: Target, seconds: float) -> Iterator[float]:
    """One of the few plays at a time; gives the seconds that are left for it.

    Who waits too long gives up: a play that began after its caller was given up for lost would alter a router that has
    been taken back meanwhile, and no epoch stops a play.
    """
    began = time.monotonic()
    if not _AT_ONCE.acquire(timeout=seconds / 2):
        raise PlayFailed(
            f"The play {playbook} on {target.name} waited {seconds / 2:.0f} s for others and was not begun.",
            hint="Nothing was altered there. Run the change with a lower concurrency, or on fewer devices.",
            device=target.name,
        )
    try:
        yield seconds - (time.monotonic() - began)
    finally:
        _AT_ONCE.release()


def _in_a_process(order: Mapping[str, Any], target: Target, playbook: str, seconds: float) -> dict[str, Any]:
    process = subprocess.Popen(
        [sys.executable, "-m", "network.drivers.ansible"],
        cwd=ROOT, env=_environment(str(order["folder"])), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        out, _ = process.communicate(json.dumps(order).encode(), timeout=seconds + _GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return {"status": "timeout", "task": "", "why": ""}
    try:
        said: dict[str, Any] = json.loads(out)
    except ValueError:
        raise PlayFailed(f"The play {playbook} on {target.name} ended without an answer.", device=target.name) from None
    return said


def _environment(folder: str) -> dict[str, str]:
    """What Ansible may know of this machine: nothing of the worker's own environment, which holds its settings."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": folder,
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_LOCAL_TEMP": f"{folder}/local",
        "ANSIBLE_HOME": f"{folder}/home",
        "ANSIBLE_CONFIG": f"{folder}/ansible.cfg",
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        # Plays share nothing, so a connection is kept for none: a master process would outlive the folder.
        "ANSIBLE_SSH_ARGS": "-o ControlMaster=no -o ControlPersist=no",
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_DEPRECATION_WARNINGS": "False",
        "ANSIBLE_TIMEOUT": "10",
    }


def _without_secrets(text: str, target: Target) -> str:
    return text.replace(target.password, "<redacted>") if target.password else text


# ------------------------------------------------------------------------------------------- in the process of a play
class _Ears:
    """Listens to the events of a play."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.altered: list[str] = []
        self.task = ""
        self.why = ""

    def hear(self, event: dict[str, Any]) -> bool:
        """Take what matters from one event; nothing is written to the folder."""
        data = event.get("event_data", {})
        result = data.get("res") or {}
        task = str(data.get("task", ""))
        match event.get("event"):
            case "runner_on_ok":
                if data.get("task_action", "").endswith("debug") and "msg" in result:
                    self.messages.append(str(result["msg"]))
                if result.get("changed"):
                    self.altered.append(task)
            case "runner_on_failed" if not data.get("ignore_errors"):
                self.task, self.why = task, _words(result)
            case "runner_on_unreachable":
                self.task, self.why = task, _words(result)
            case "verbose" if not self.why and "ERROR" in event.get("stdout", ""):
                self.task, self.why = "start", str(event["stdout"]).strip()[:400]
        return False


def _words(result: Mapping[str, Any]) -> str:
    """What a failed task says, in one line."""
    found = [str(result.get(name) or "").strip() for name in ("stdout", "stderr", "msg")]
    return " ".join(" ".join(word for word in found if word).split())[:400]


def _play(order: Mapping[str, Any]) -> dict[str, Any]:
    from ansible_runner import Runner, RunnerConfig

    folder = Path(order["folder"])
    (folder / "ansible.cfg").touch()  # so that none of the machine's is read
    known = folder / "known_hosts"
    names = f"{order['host']},[{order['host']}]:{order['port']}"
    known.write_text("".join(f"{names} {key}\n" for key in order["host_keys"]))
    ssh = (
        f"-F /dev/null -o UserKnownHostsFile={known} -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes"
        " -o PreferredAuthentications=password -o NumberOfPasswordPrompts=1"
    )
    host = {
        "ansible_host": order["host"],
        "ansible_port": order["port"],
        "ansible_user": order["user"],
        "ansible_ssh_common_args": ssh,
    }
    inventory = folder / "inventory.json"
    inventory.write_text(json.dumps({"all": {"hosts": {order["name"]: host}}}))
    config = RunnerConfig(
        private_data_dir=str(folder),
        playbook=order["playbook"],
        inventory=str(inventory),
        extravars=dict(order["variables"]),
        cmdline="--ask-pass",
        # Given here and not through ansible_runner.run(), which would write it to a file of the folder.
        passwords={r"SSH password:\s*$": order["password"]},
        quiet=True,
        suppress_output_file=True,
        timeout=order["seconds"],
    )
    config.prepare()
    ears = _Ears()
    runner = Runner(config, event_handler=ears.hear)
    status, _ = runner.run()
    return {
        "status": status, "task": ears.task, "why": ears.why, "messages": ears.messages, "altered": ears.altered,
    }  # fmt: skip


def main() -> None:
    """Carry out the order on standard input; the answer, one JSON object, goes to standard output."""
    order = json.load(sys.stdin)
    answer = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever Ansible prints is not the answer
    try:
        said = _play(order)
    except Exception as error:  # noqa: BLE001 - the class is all that may leave: the text may hold anything
        said = {"status": "failed", "task": "start", "why": type(error).__name__, "messages": [], "altered": []}
    os.write(answer, json.dumps(said).encode())


if __name__ == "__main__":
    main()
