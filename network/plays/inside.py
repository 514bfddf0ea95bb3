"""The process of a play: obeys one order on standard input, tells on standard output, ends when its input closes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.masking import mask, remember
from network.plays.reading import Ears

__all__ = ["main"]


def main() -> None:
    """Carry out the order; each word is a JSON object a line, the last one says how it ended."""
    order = json.loads(sys.stdin.buffer.readline())
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever Ansible prints is not an answer
    threading.Thread(target=_die_with_the_caller, args=(order["folder"],), daemon=True).start()
    for host in order["hosts"]:
        for secret in (host["password"], *host["secrets"]):
            remember(secret)
    ears = Ears([host["name"] for host in order["hosts"]])

    def hear(event: dict[str, Any]) -> bool:
        told = ears.hear(event)
        if told is not None:
            host, task, status = told
            _say(out, {"event": "heard", "host": host, "task": mask(task), "status": status})
        return False

    try:
        status = _play(order, hear)
    except Exception as error:  # noqa: BLE001 - the class is all that may leave: the text may hold anything
        status, ears.trouble = "failed", type(error).__name__
    hosts = list(ears.told())
    silent = all(host["status"] == "not for it" for host in hosts)
    trouble = ears.trouble if silent and status not in ("successful", "timeout", "canceled") else ""
    if silent and status == "failed" and not trouble:
        trouble = "Ansible ended without a word"
    _say(out, {"event": "ended", "status": status, "trouble": mask(trouble), "hosts": hosts})
    _end_children()


def _say(out: Any, told: Mapping[str, Any]) -> None:
    out.write(json.dumps(told).encode() + b"\n")


def _play(order: Mapping[str, Any], hear: Any) -> str:
    from ansible_runner import Runner, RunnerConfig

    folder = Path(order["folder"])
    (folder / "ansible.cfg").touch()  # so that none of the machine's is read
    known = folder / "known_hosts"
    known.write_text("".join(_known_lines(host) for host in order["hosts"]))
    ssh = (
        f"-F /dev/null -o UserKnownHostsFile={known} -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes"
        " -o PreferredAuthentications=password -o NumberOfPasswordPrompts=1"
    )
    # In memory, and nowhere else: it holds passwords. Ansible, which we start, finds it through our descriptor.
    inventory = os.memfd_create("inventory")
    os.write(inventory, _inventory(order, ssh).encode())
    config = RunnerConfig(
        private_data_dir=str(folder),
        playbook=order["playbook"],
        inventory=f"/proc/{os.getpid()}/fd/{inventory}",
        cmdline="--diff --check" if order["check"] else "--diff",
        forks=order["forks"],
        quiet=True,
        suppress_output_file=True,
        timeout=order["seconds"],
    )
    config.prepare()
    status, _ = Runner(config, event_handler=hear).run()
    return str(status)


def _known_lines(host: Mapping[str, Any]) -> str:
    names = f"{host['address']},[{host['address']}]:{host['port']}"
    return "".join(f"{names} {key}\n" for key in host["host_keys"])


def _inventory(order: Mapping[str, Any], ssh: str) -> str:
    """The inventory as YAML in which no text is a template (``!unsafe``): what people wrote is data."""
    hosts: dict[str, Any] = {}
    groups: dict[str, Any] = {}
    for host in order["hosts"]:
        hosts[host["name"]] = {
            **host["variables"],
            "ansible_host": host["address"], "ansible_port": host["port"], "ansible_user": host["user"],
            "ansible_password": host["password"], "ansible_ssh_common_args": ssh,
            "ansible_python_interpreter": host["python"],
        }  # fmt: skip
        for group in host["groups"]:
            groups.setdefault(group, {"hosts": {}})["hosts"][host["name"]] = {}
    return _yaml({"all": {"hosts": hosts}, **groups})


def _yaml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(name))}: {_yaml(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_yaml(inner) for inner in value) + "]"
    return f"!unsafe {json.dumps(value)}" if isinstance(value, str) else json.dumps(value)


def _die_with_the_caller(folder: str) -> None:
    while os.read(0, 4096):
        pass
    _end_children()
    shutil.rmtree(folder, ignore_errors=True)  # what was rendered there may hold secrets, and nobody else takes it away
    os._exit(1)


def _end_children() -> None:
    """Kill whatever this process began, in whichever session it is by now."""
    for _ in range(3):  # a parent may have begun another while we looked
        for pid in _descendants(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def _descendants(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            found = re.match(r"(\d+) \(.*\) \S (\d+)", stat, re.DOTALL)
            if found:
                parents[int(found[1])] = int(found[2])
    out: list[int] = []
    level = [root]
    while level:
        level = [pid for pid, parent in parents.items() if parent in level]
        out += level
    return out


if __name__ == "__main__":
    main()
