"""`irisplane lab hosts`: edge routers and a hypervisor on this machine, for plays to run on."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from cli import output
from cli.errors import FAILED, Ended

if TYPE_CHECKING:
    from lab.network.hosts import HostStatus

__all__ = ["app"]

app = App(name="hosts", help="The lab's hosts that are no routers: up, down, console.")


@app.command
def up(
    *,
    fresh: Annotated[bool, Parameter(negative="")] = False,
    enter: Annotated[bool, Parameter(negative="--bare")] = True,
) -> None:
    """Start them (needs root), enter them into the inventory and enrol their host keys.

    Args:
        fresh: as delivered: what plays altered on them is forgotten.
        enter: --bare leaves the inventory alone.
    """
    from cli.local import profiles_file
    from core.settings import get_settings
    from lab.network import hosts
    from lab.seed import enter_hosts

    found = hosts.up(fresh=fresh)
    settings = get_settings()
    done = enter_hosts(settings, profiles_file()) if enter else None

    def shown() -> None:
        _table(found)
        if done is not None:
            output.say("Entered and enrolled." if done.changed else "The inventory knows them.")

    output.give({"hosts": [asdict(one) for one in found], "entered": bool(done and done.changed)}, shown)


@app.command
def down() -> None:
    """Stop them; their disks stay."""
    from lab.network import hosts

    stopped = hosts.down()
    output.give({"stopped": stopped}, lambda: output.say("Stopped." if stopped else "Nothing ran."))


@app.command
def status() -> None:
    """Every host, and whether it runs."""
    from lab.network import hosts

    found = hosts.status()
    output.give([asdict(one) for one in found], lambda: _table(found))


@app.command
def power(host: str, what: Literal["on", "off"]) -> None:
    """Take a host's power away, or give it back."""
    from lab.network import hosts

    (hosts.power_on if what == "on" else hosts.power_off)(host)
    output.give({"done": f"{host} is {what}."}, lambda: output.say(f"{host} is {what}."))


@app.command
def console(host: str, /, *command: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> None:
    """Sit down at a host's console, as its root, past Irisplane.

    Args:
        command: `nft list ruleset` …; a shell when absent.
    """
    import subprocess

    from lab.network import hosts

    ended = subprocess.run([*hosts.console(host), *(command or ("bash",))], check=False)
    if ended.returncode:
        raise Ended(FAILED)


def _table(found: list[HostStatus]) -> None:
    columns = {"name": "host", "role": "role", "site": "site", "address": "management", "power": "power"}
    output.table([asdict(one) for one in found], columns)
