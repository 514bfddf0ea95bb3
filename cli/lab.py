"""`irisplane lab`: the routers and the cloud at the other end of the wire, on this machine, and every fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Literal

from cyclopts import App, Parameter, validators

from cli import lab_cloud, output, session
from cli.errors import FAILED, Ended

__all__ = ["app"]

app = App(name="lab", help="The lab's routers and its cloud: up, down, console, and every fault.")
app.command(lab_cloud.app)
app.command("cli.lab_hosts:app", name="hosts", help="The lab's edge routers and hypervisor: up, down, console.")
app.command("cli.lab_oidc:app", name="oidc", help="The lab's identity provider: up, down.")


@app.command
def up(routers: int | None = None) -> None:
    """Start the lab's routers (needs root).

    Args:
        routers: how many, 4 to 60; as the settings say when absent.
    """
    from core.settings import get_settings
    from lab.network import control

    report = control.up(routers or get_settings().lab_routers)
    output.give(
        asdict(report),
        lambda: output.say(f"{report.routers} routers, {report.started} started in {report.seconds:.0f} s."),
    )


@app.command
def down() -> None:
    """Stop them."""
    from lab.network import control

    stopped = control.down()
    output.give({"stopped": stopped}, lambda: output.say("Stopped." if stopped else "Nothing ran."))


@app.command
def customer(
    place: str, *command: Annotated[str, Parameter(allow_leading_hyphen=True)], address: str = "", gateway: str = ""
) -> None:
    """Give the customer's host at a port an address, or run a command on it.

    Args:
        place: ROUTER:PORT, ac01:port1.
        command: what to run there: ping -c1 10.20.2.10.
        address: with its length, 10.20.1.10/24.
        gateway: where its packets go, 10.20.1.1.
    """
    from lab.network import customers

    router, _, port = place.partition(":")
    if address or not command:
        customers.give(router, port, address, gateway)
    if command:
        done = customers.execute(router, port, command)
        output.give({"status": done.returncode, "said": done.stdout}, lambda: output.say(done.stdout + done.stderr))
        if done.returncode:
            raise Ended(FAILED)


@app.command
def status() -> None:
    """Every router, and what is wrong with it; fibres that are cut."""
    from lab.network import control

    found = control.status()

    def shown() -> None:
        rows = [
            {**asdict(one), "hung": "hangs" if one.hung else "", "missing": ", ".join(one.missing)}
            for one in found.routers
        ]
        columns = {"name": "router", "role": "role", "site": "site", "address": "management", "power": "power",
                   "hung": "", "missing": "missing programs"}  # fmt: skip
        output.table(rows, columns, empty="The lab is down.")
        for cut_ in found.cuts:
            how = f"bent, {cut_.loss_db:g} dB" if cut_.how == "bent" else f"cut, {cut_.how}"
            output.say(f"{cut_.a} {cut_.b}: {how}", "yellow")

    output.give(asdict(found), shown)


@app.command
def cut(a: str, b: str, *, silent: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Cut the fibre between two routers.

    Args:
        silent: packets are lost, but both ends still see light.
    """
    from lab.network import control

    _done(lambda: control.cut(a, b, silent=silent), f"The fibre between {a} and {b} is cut.")


@app.command
def bend(a: str, b: str, *, loss: Annotated[float, Parameter(validator=validators.Number(gt=0, lte=40))] = 6.0) -> None:
    """Bend the fibre between two routers, so that less light arrives.

    Args:
        loss: decibels that the bend takes.
    """
    from lab.network import control

    _done(lambda: control.bend(a, b, loss), f"The fibre between {a} and {b} is bent: {loss:g} dB are lost there.")


@app.command
def mend(a: str, b: str) -> None:
    """Mend the fibre between two routers."""
    from lab.network import control

    _done(lambda: control.mend(a, b), f"The fibre between {a} and {b} is mended.")


@app.command
def hang(router: str) -> None:
    """Make a router accept connections and say nothing more."""
    from lab.network import control

    _done(lambda: control.hang(router), f"{router} hangs.")


@app.command
def resume(router: str) -> None:
    """Let a hung router go on."""
    from lab.network import control

    _done(lambda: control.resume(router), f"{router} goes on.")


@app.command
def power(router: str, what: Literal["on", "off"]) -> None:
    """Take a router's power away, or give it back."""
    from lab.network import control

    switch = control.power_on if what == "on" else control.power_off
    _done(lambda: switch(router), f"{router} is {what}.")


@app.command
def exchange(router: str) -> None:
    """Carry a router away and put a new one in its place, fresh from the vendor; tells its console's fingerprint."""
    from lab.network.exchange import exchange as put
    from network.host_keys import key_fingerprint

    fingerprint = key_fingerprint(put(router))
    done = f"{router} is another one now."

    def shown() -> None:
        output.say(done)
        output.say(f"Its console shows {fingerprint}: irisplane config replace {router} --fingerprint …")

    output.give({"done": done, "fingerprint": fingerprint}, shown)


@app.command
def console(router: str, /, *command: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> None:
    """Sit down at a router's console, past Irisplane: vtysh, or one command.

    Args:
        command: `vtysh -c "show ip route"`, `ip address` …; vtysh when absent.
    """
    import subprocess

    from lab.network import control

    ended = subprocess.run([*control.console(router), *(command or ("vtysh",))], check=False)
    if ended.returncode:
        raise Ended(FAILED)


def _done(act: Callable[[], object], said: str) -> None:
    act()
    if session.current.as_json:
        output.give({"done": said}, lambda: None)
    else:
        output.say(said)
