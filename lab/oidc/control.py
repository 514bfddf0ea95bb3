"""The lab's identity provider of an instance: up, down, and is it there.

It runs as the service user, like everything that is reached over a network, and is known by its process id and start.
"""

from __future__ import annotations

import json
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.errors import Conflict, Unavailable
from core.instance import Instance
from core.leftovers import Process, end
from core.roles import SCOPES
from core.service_user import ServiceUser, lay_folders, place_file
from lab.oidc import provider

__all__ = ["Report", "down", "running", "up"]

_MACHINE: Final = "lab-machine"


@dataclass(frozen=True, slots=True)
class Report:
    """The provider as it runs.

    Attributes:
        people: the file that says who may sign in; it is read at every log-in.
        machine: client id of the machine, and its secret.
        resource: what a machine asks its token for.
    """

    issuer: str
    started: bool
    people: Path
    machine: tuple[str, str]
    resource: str


def up(instance: Instance, user: ServiceUser, *, url: str, issuers: Path) -> Report:
    """Start the provider, unless it runs, and let Irisplane take its word.

    Args:
        url: where people reach Irisplane.
        issuers: the file of providers, written here unless it is somebody's own.
    Raises:
        Unavailable: it cannot run here, npm could not bring it, or it does not start.
        Conflict: the file of providers is not the lab's, or the port is taken.
    """
    why_not = provider.absent()
    if why_not:
        raise Unavailable(
            f"The lab's identity provider cannot run: {why_not}.", hint="Install Node 18 or newer, and npm."
        )
    if issuers.exists() and "# the lab's" not in issuers.read_text(encoding="utf-8", errors="replace")[:200]:
        raise Conflict(
            f"{issuers} is not the lab's: your own providers stand there.",
            hint="Move it away, or add the lab to it by hand (docs/identity.md).",
        )
    provider.install()
    lay_folders(instance, user)
    clients = _clients(instance, url)
    people = instance.state_dir / "lab-people.json"
    if not people.exists():
        place_file(people, provider.PEOPLE.read_text(encoding="utf-8"), user)
    wanted = provider.configuration(instance.oidc_port, clients, people)
    config, secret = instance.state_dir / "lab-oidc.json", instance.state_dir / "lab-oidc.secret"
    altered = place_file(config, json.dumps(wanted, indent=2) + "\n", user)
    place_file(secret, clients.secret + "\n", user)
    started = False
    if altered and down(instance):
        started = True  # anew, with another configuration
    if not running(instance):
        _start(instance, user, config)
        started = True
    place_file(issuers, "# the lab's\n" + provider.issuers_file(instance.oidc_port, clients, secret), user)
    machine = (_MACHINE, clients.machines[_MACHINE])
    return Report(wanted["issuer"], started, people, machine, clients.resource)


def down(instance: Instance) -> bool:
    """Stop the provider; give whether it ran."""
    there = _process(instance)
    if there is None:
        return False
    end([there], signal.SIGTERM)
    _record(instance).unlink(missing_ok=True)
    return True


def running(instance: Instance) -> bool:
    """Whether the provider runs and listens."""
    return _process(instance) is not None and provider.listens(instance.oidc_port)


def _start(instance: Instance, user: ServiceUser, config: Path) -> None:
    port = instance.oidc_port
    if provider.listens(port):
        raise Conflict(
            f"Port {port} is taken by another program.", hint="Stop it: the lab's identity provider listens there."
        )
    log = instance.state_dir / "lab" / "oidc.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            user.command(provider.command(config), instance=instance),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=provider.environment(),
            cwd="/",
            start_new_session=True,
        )
    provider.ready(port, lambda: process.poll() is None, log)
    born = Process.of(process.pid)
    process.returncode = 0  # it outlives us on purpose; forgetting it silences Popen's warning about a running child
    if born is None:
        raise Unavailable("The identity provider ended at once.", hint=f"{log} says why.")
    _record(instance).write_text(json.dumps({"pid": born.pid, "uid": born.uid, "born": born.born}), encoding="utf-8")


def _process(instance: Instance) -> Process | None:
    try:
        known = Process(**json.loads(_record(instance).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return known if known.alive else None


def _record(instance: Instance) -> Path:
    return instance.state_dir / "lab" / "oidc.pid"


def _clients(instance: Instance, url: str) -> provider.Clients:
    """Secrets that were made before are kept: they may stand in somebody's script."""
    try:
        before: dict[str, Any] = json.loads((instance.state_dir / "lab-oidc.json").read_text(encoding="utf-8"))
        kept = {client["client_id"]: str(client["client_secret"]) for client in before["clients"]}
    except (OSError, ValueError, KeyError, TypeError):
        kept = {}
    return provider.Clients(
        urls=[url],
        secret=kept.get("irisplane") or provider.new_secret(),
        machines={_MACHINE: kept.get(_MACHINE) or provider.new_secret()},
        resource=f"{url}/api/v1",
        scopes=list(SCOPES),
    )
