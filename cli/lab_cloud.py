"""`irisplane lab cloud`: the lab's OpenStack on this machine, and its parts stopped and started on a bad day."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from cli import output
from cli.errors import FAILED, Ended

__all__ = ["app"]

app = App(name="cloud", help="The lab's OpenStack: up, down, status, wait, and its parts on a bad day.")


@app.command
def up(*, wait: Annotated[bool, Parameter(negative="", help="Until it runs.")] = False) -> None:
    """Begin to bring the cloud up; again, nothing changes."""
    from lab.openstack import control

    now = control.begin()
    if now.state == "stopped":
        output.notice("There is to be no cloud: IRISPLANE_LAB_CLOUD or IRISPLANE_LAB is off.")
        raise Ended(FAILED)
    if wait:
        wait_()
        return
    output.give(control.as_dict(now), lambda: output.say(f"The cloud is {now.state} ({now.mode})."))


@app.command
def down() -> None:
    """Stop the cloud, also while it still starts; what was stored stays, servers come back with it."""
    from lab.openstack import control

    stopped = control.down()
    output.give({"stopped": stopped}, lambda: output.say("Stopped." if stopped else "Nothing ran."))


@app.command
def forget() -> None:
    """Stop the cloud and remove it with everything in it; the next one starts from nothing."""
    from lab.openstack import control

    gone = control.forget()
    output.give({"forgotten": gone}, lambda: output.say("Forgotten." if gone else "Nothing to forget."))


@app.command
def status() -> None:
    """How the cloud is, and every program of it; the exit code is 1 unless it runs."""
    from lab.openstack import control

    now = control.status()
    about = control.as_dict(now)

    def shown() -> None:
        output.facts([("state", now.state), ("mode", now.mode), ("now", now.detail), ("died", ", ".join(now.dead))])
        if now.state == "running":
            output.say(f"parts: {', '.join(control.parts())}")

    output.give(about, shown)
    if now.state != "running":
        raise Ended(FAILED)


@app.command(name="wait")
def wait_(*, seconds: Annotated[float, Parameter(help="How long at most.")] = 900.0) -> None:
    """Wait until the cloud runs, telling what it does; the exit code is 1 when it fails."""
    from lab.openstack import control

    now = control.wait(tell=output.notice, seconds=seconds)
    output.give(control.as_dict(now), lambda: output.say(f"The cloud runs ({now.mode})."))


@app.command
def stop(part: str, /) -> None:
    """Stop one part of the running cloud, as on a bad day.

    Args:
        part: as `irisplane lab cloud status` lists them: rabbitmq, nova-compute1, nova, …
    """
    from lab.openstack import control

    control.stop_part(part)
    output.give({"stopped": part}, lambda: output.say(f"{part} is stopped; 'irisplane lab cloud start {part}'."))


@app.command
def start(part: str, /) -> None:
    """Start a part again that was stopped or died."""
    from lab.openstack import control

    control.start_part(part)
    output.give({"started": part}, lambda: output.say(f"{part} runs."))
