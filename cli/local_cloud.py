"""The lab's cloud as a part of this machine: its step of coming up, of going down, how it is, and what it lacks.

It comes up behind the region: ``up`` begins it and goes on, ``status`` says how far it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from core.bringup import Outcome, Platform
from core.doctor import Finding, Verdict
from core.errors import IrisplaneError
from core.instance import ROOT
from core.supervisor import State

if TYPE_CHECKING:
    from cli.local import Part

__all__ = ["begin", "check", "down", "part", "where_to_look"]


def begin(platform: Platform) -> Outcome:
    """Begin to bring the cloud up, unless it runs or already starts."""
    why_not = _why_not(platform)
    if why_not:
        return Outcome(why_not, skipped=True)
    from lab.openstack import control

    before = control.status(platform.instance).state
    now = control.begin(platform.settings)
    if before == "running":
        return Outcome("runs already")
    said = f"{now.mode}: starts in the background, about a minute; 'irisplane status' says how far it is"
    return Outcome(said, changed=before != "starting")


def down(platform: Platform) -> bool:
    """Stop the cloud, also one that still starts; give whether anything ran."""
    if not platform.instance.cloud_dir.is_dir():
        return False
    from lab.openstack import control

    return control.down(platform.instance)


def part(platform: Platform) -> Part:
    """How the cloud is."""
    from cli.local import Part
    from lab.openstack import control

    try:
        now = control.status(platform.instance)
    except (IrisplaneError, OSError) as error:
        return Part("cloud", "failed", detail=str(error))
    if now.state == "stopped":
        why_not = _why_not(platform)
        return Part("cloud", "skipped" if why_not else "stopped", detail=why_not)
    state: State = now.state
    return Part("cloud", state, datetime.fromtimestamp(now.since, UTC), now.detail)


def check(platform: Platform) -> Finding:
    """Can the cloud run here, does it, and are its ports its own?"""
    from core.listeners import listener
    from lab.openstack import control
    from lab.openstack.services import APIS

    now = control.status(platform.instance)
    if now.state == "failed":
        hint = "'irisplane logs cloud' says more; 'irisplane lab cloud up' goes on from there."
        return Finding(Verdict.FAIL, now.detail, hint)
    if now.state in {"running", "starting"}:
        return Finding(Verdict.OK, f"{now.state}: {now.detail}")
    why_not = _why_not(platform)
    if why_not:
        verdict = Verdict.OK if why_not.startswith("IRISPLANE_") else Verdict.WARN
        hint = "" if verdict is Verdict.OK else "Without it nothing can be hosted; the rest works. See docs/cloud.md."
        return Finding(verdict, f"no cloud: {why_not}", hint)
    taken = [f"{port} by {held}" for api in APIS if (held := listener(port := platform.instance.cloud_port(api.name)))]
    if taken:
        hint = "Stop that program, or choose another IRISPLANE_INSTANCE."
        return Finding(Verdict.FAIL, f"ports of the cloud are taken: {', '.join(taken)}", hint)
    return Finding(Verdict.WARN, "it can run here and does not", "'make up' starts it.")


def where_to_look(platform: Platform, shown: Callable[[Path], Path]) -> str:
    """A line that says how people speak to the cloud; empty where there is none.

    Args:
        shown: a path as somebody who stands here would type it.
    """
    if _why_not(platform):
        return ""
    people = shown(platform.instance.state_dir / "credentials" / "clouds.yaml")
    client = shown(ROOT / ".cloud" / "venv" / "bin" / "openstack")
    return f"  the cloud, soon     OS_CLIENT_CONFIG_FILE={people} OS_CLOUD=admin {client} server list --all\n"


def _why_not(platform: Platform) -> str:
    """Why there is no cloud here; empty when there may be one."""
    from lab.openstack.place import Place
    from lab.openstack.software import choose

    settings = platform.settings
    place = Place.of(platform.instance) if platform.instance.cloud_dir.is_dir() else None
    try:
        if choose(settings, place) is not None:
            return ""
    except IrisplaneError as error:
        return error.message
    return "IRISPLANE_LAB_CLOUD=off" if settings.lab_cloud == "off" else "IRISPLANE_LAB=off"
