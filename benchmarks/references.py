"""What people use instead, on the same routers with the same lines: asyncssh, Nornir with netmiko and with NAPALM,
ansible-runner. None of them locks, fingerprints, sets a timer, verifies the network, or writes a journal.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

__all__ = ["REFERENCES", "Router", "remove", "with_asyncssh"]

_AT_ONCE: Final = 30


@dataclass(frozen=True, slots=True)
class Router:
    """A lab router and how to log in: as ``irisplane`` to a shell, as ``admin`` to vtysh."""

    name: str
    host: str
    host_key: str
    shell_password: str
    admin_password: str


def with_asyncssh(routers: Sequence[Router], lines: Sequence[str]) -> None:
    """One ``exec`` of vtysh each, thirty at a time."""
    import asyncssh

    words = ["vtysh", "-c", "configure terminal"]
    for line in lines:
        words += ["-c", line]
    typed = shlex.join(words)

    async def one(router: Router, place: asyncio.Semaphore) -> None:
        async with place:
            known = asyncssh.import_known_hosts(f"{router.host} {router.host_key}\n")
            async with asyncssh.connect(
                router.host, username="irisplane", password=router.shell_password, known_hosts=known, config=None,
                client_keys=None, agent_path=None,
            ) as connection:  # fmt: skip
                done = await connection.run(typed)
                if done.exit_status:
                    raise RuntimeError(f"{router.name}: {done.stdout!r} {done.stderr!r}")

    async def everyone() -> None:
        place = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(one(router, place) for router in routers))

    asyncio.run(everyone())


def with_netmiko(routers: Sequence[Router], lines: Sequence[str]) -> None:
    """Nornir's threads, netmiko's dialogue with vtysh's prompt."""
    from nornir_netmiko.tasks import netmiko_send_config

    def options(router: Router) -> dict[str, Any]:
        return {
            "platform": "cisco_ios",
            "username": "admin",
            "password": router.admin_password,
            "connection_options": {"netmiko": {"extras": {"fast_cli": True, "global_cmd_verify": False}}},
        }

    _nornir(routers, options, netmiko_send_config, config_commands=list(lines))


def with_napalm(routers: Sequence[Router], lines: Sequence[str]) -> None:
    """Nornir's threads, ``napalm_configure`` (merge, compare, commit) with our NAPALM driver for FRR."""
    from nornir_napalm.plugins.tasks import napalm_configure

    def options(router: Router) -> dict[str, Any]:
        return {
            "platform": "frr",
            "username": "irisplane",
            "password": router.shell_password,
            "connection_options": {"napalm": {"extras": {"optional_args": {"host_keys": [router.host_key]}}}},
        }

    _nornir(routers, options, napalm_configure, configuration="\n".join(lines) + "\n")


def _nornir(
    routers: Sequence[Router],
    options: Callable[[Router], Mapping[str, Any]],
    task: Callable[..., Any],
    **arguments: Any,
) -> None:
    from nornir import InitNornir

    with tempfile.TemporaryDirectory() as place:
        hosts = Path(place) / "hosts.yaml"
        hosts.write_text(yaml.safe_dump({r.name: {"hostname": r.host, **options(r)} for r in routers}))
        nornir = InitNornir(
            runner={"plugin": "threaded", "options": {"num_workers": _AT_ONCE}},
            inventory={"plugin": "SimpleInventory", "options": {"host_file": str(hosts)}},
            logging={"enabled": False},
        )
        result = nornir.run(task=task, **arguments)
        failed = {name: str(one[-1].exception or one[-1].result)[-300:] for name, one in result.failed_hosts.items()}
        nornir.close_connections()
    if failed:
        raise RuntimeError(f"{len(failed)} of {len(routers)} failed: {next(iter(failed.items()))}")


def with_ansible(routers: Sequence[Router], lines: Sequence[str]) -> None:
    """ansible-runner, one ``raw`` task with vtysh each, thirty forks.

    The collection with FRR's own modules is on no index for this core, and ``cli_config`` needs it; ``raw`` asks less.
    """
    import ansible_runner

    words = ["vtysh", "-c", "configure terminal"]
    for line in lines:
        words += ["-c", line]
    play = [{"hosts": "all", "gather_facts": False, "tasks": [{"raw": shlex.join(words)}]}]
    with tempfile.TemporaryDirectory() as place:
        known = Path(place) / "known_hosts"
        known.write_text("".join(f"{r.host} {r.host_key}\n" for r in routers))
        hosts = {
            r.name: {"ansible_host": r.host, "ansible_user": "irisplane", "ansible_password": r.shell_password}
            for r in routers
        }
        shared = {
            "ansible_connection": "paramiko",
            "ansible_paramiko_host_key_checking": False,  # it would ask in the caller's own known_hosts
            "ansible_paramiko_record_host_keys": False,
        }
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # ansible-playbook is beside our Python
        done = ansible_runner.run(
            private_data_dir=place,
            inventory={"all": {"hosts": hosts, "vars": shared}},
            playbook=play,
            forks=_AT_ONCE,
            quiet=True,
            envvars={"ANSIBLE_HOST_KEY_CHECKING": "False", "ANSIBLE_DEPRECATION_WARNINGS": "False", "PATH": path},
        )
        if done.rc:
            raise RuntimeError(f"ansible-runner ended {done.rc}: {done.stdout.read()[-500:]}")


REFERENCES: Final[Mapping[str, Callable[[Sequence[Router], Sequence[str]], None]]] = {
    "asyncssh, one exec": with_asyncssh,
    "nornir + netmiko": with_netmiko,
    "nornir + NAPALM (our frr driver)": with_napalm,
    "ansible-runner, raw": with_ansible,
}


def remove(routers: Sequence[Router], lists: Sequence[str]) -> None:
    """Take prefix lists off again that a reference left on the routers."""
    if lists:
        with_asyncssh(routers, [f"no ip prefix-list {name}" for name in lists])
