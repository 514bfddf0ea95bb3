"""The lab's routers entered into the inventory, and given their first configuration: what a region's people would do.

It speaks to the REST API as the persons of this instance (the engineer asks, two network leads approve), never to the
database: the first push goes the same road as every later one. Run again it finds everything done and changes nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.settings import Settings
from lab.desk import Desk
from lab.entries import LINUX, OPS, create, operations_for, operations_for_hosts, secrets_of
from lab.errors import SeedFailed
from lab.network import Layout, Router, Topology, plan
from lab.network.hosts import HOSTS, Host
from lab.plant import cabinet, plant_of

__all__ = ["Seeded", "enter_hosts", "run"]

_PATIENCE: Final = 240.0
_ENDED: Final = frozenset(
    {"succeeded", "failed", "rolled_back", "unknown", "rejected", "cancelled", "expired", "stale"}
)


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was done."""

    detail: str
    changed: bool = False
    skipped: bool = False


def run(settings: Settings, profiles: Path, tell: Callable[[str], None]) -> Seeded:
    """Enter region, routers and links; enrol host keys; push the first configuration.

    Args:
        profiles: the file with the tokens of this instance's persons.
        tell: gets progress, in pieces that carry their own line ends.
    Raises:
        SeedFailed: a step was refused, or the push did not succeed.
    """
    people = json.loads(profiles.read_text(encoding="utf-8"))["profiles"]
    with Desk(settings, people) as desk:
        changed = _region(desk)
        changed |= _catalogue(desk)
        changed |= settings.lab_cloud != "off" and _zones(desk)
        layout = Layout(settings.place)
        size = layout.read_state().size
        if not size:
            return Seeded("the region's data; no lab, so no routers", changed=changed)
        topology = plan(size)
        known = {one["name"]: one for one in desk.get("/api/v1/network/devices")}
        _same_lab(topology, known)
        missing = [router for router in topology.routers if router.name not in known]
        if missing:
            _enter(desk, settings, topology, layout, known)
            changed = True
        changed |= _enrol(desk, layout, topology.routers)
        known = {one["name"]: one for one in desk.get("/api/v1/network/devices")}
        fresh = [router.name for router in topology.routers if not known[router.name]["configured"]]
        if fresh:
            tell(f"\n      first configuration of {len(fresh)} routers ")
            _push(desk, fresh, tell)
            changed = True
        changed |= _plant(desk, topology)
        desk.post("/api/v1/network/devices:look")
        return Seeded(f"{size} routers, {len(topology.fibres)} fibres", changed=changed)


def _same_lab(topology: Topology, known: Mapping[str, Any]) -> None:
    """A lab of another size is wired differently, so the inventory of the one cannot serve the other.

    Raises:
        SeedFailed: the inventory holds a lab of another size.
    """
    names = {router.name for router in topology.routers}
    entered = {name for name in known if re.fullmatch(r"(?:cr|ag|ac)\d\d", name)}
    if entered and entered != names:
        raise SeedFailed(
            f"The inventory holds a lab of {len(entered)} routers; this one has {len(names)}.",
            hint=f"Set IRISPLANE_LAB_ROUTERS={len(entered)} again, or begin anew: 'make clean', then 'make up'.",
        )


def _region(desk: Desk) -> bool:
    """Import the region's own data; whether anything differed."""
    sites = desk.get("/api/v1/sites", limit=1)["items"]
    if sites:
        return False
    desk.import_region("The region's own data.")
    return True


def _catalogue(desk: Desk) -> bool:
    """Import the catalogue that comes with the lab, where there is none yet: what people altered since is theirs."""
    if desk.get("/api/v1/catalogue")["items"]:
        return False
    desk.import_catalogue("The catalogue that comes with the lab.")
    return True


def _zones(desk: Desk) -> bool:
    """Say where the lab's cloud stands and what it may hold, where nobody has said anything about zones yet."""
    if desk.get("/api/v1/zones")["items"]:
        return False
    for zone in _ZONES:
        desk.create("/api/v1/zones", zone, "Where the lab's cloud stands.", who="manager")
    return True


def _enter(desk: Desk, settings: Settings, topology: Topology, layout: Layout, known: Mapping[str, Any]) -> None:
    """Devices, links, addresses and access, in one Change."""
    for name, value in secrets_of(layout.credentials()).items():
        desk.put(f"/api/v1/secrets/{name}", {"value": value})
    new = {router.name for router in topology.routers} - known.keys()
    operations = operations_for(settings, topology, new, first=not known)
    desk.change("inventory.edit", {"operations": operations}, "The lab's routers and fibres, as they were wired.")


def _plant(desk: Desk, topology: Topology) -> bool:
    """Say what the lab's fibres lie in, once: what people altered since is theirs, and so are circuits they entered."""
    first = cabinet(topology.routers[0].site)
    if any(one["code"] == first for one in desk.get("/api/v1/plant-nodes", q=first)["items"]):
        return False
    known = {one["link"] for one in desk.every("/api/v1/circuits")}
    sites = [desk.get(f"/api/v1/sites/{router.site}") for router in topology.routers]
    places = {one["code"]: (one["lon"], one["lat"]) for one in sites if one["lon"] is not None}
    left = Topology(topology.routers, tuple(fibre for fibre in topology.fibres if fibre.name not in known))
    operations = [made for kind, values in plant_of(left, places).items() for made in create(kind, values)]
    if not operations:
        return False
    desk.change("inventory.edit", {"operations": operations}, "What the lab's fibres lie in.")
    return True


def enter_hosts(settings: Settings, profiles: Path) -> Seeded:
    """Enter the lab's hosts that are no routers, and enrol their host keys.

    Args:
        profiles: the file with the tokens of this instance's persons.
    Raises:
        SeedFailed: a step was refused.
    """
    people = json.loads(profiles.read_text(encoding="utf-8"))["profiles"]
    with Desk(settings, people) as desk:
        layout = Layout(settings.place)
        known = {one["name"]: one for one in desk.get("/api/v1/network/devices")}
        missing = [host for host in HOSTS if host.name not in known]
        if missing:
            types = {f"{one['manufacturer']}/{one['model']}" for one in desk.get("/api/v1/device-types")["items"]}
            desk.put(f"/api/v1/secrets/{OPS}", {"value": layout.credentials()["ops"]["password"]})
            operations = operations_for_hosts(settings, missing, new_type=LINUX not in types)
            desk.change("inventory.edit", {"operations": operations}, "The lab's hosts.")
        return Seeded(f"{len(HOSTS)} hosts", changed=bool(missing) | _enrol(desk, layout, HOSTS))


_ZONES: Final = (
    {"code": "arts", "site": "DC-ARTS", "data_classes": ["open", "internal", "personal"]},
    {"code": "siamu", "site": "DC-SIAMU", "data_classes": ["open", "internal"]},
)
"""Zones of the same names stand in the lab's cloud, the second only where it has two hosts; Irisplane finds out. What
is sensitive has no place in a laboratory."""


def _enrol(desk: Desk, layout: Layout, machines: Sequence[Router | Host]) -> bool:
    """Enrol the routers' host keys, after comparing them with what stands on the routers' disks (their consoles)."""
    enrolled = {one["name"] for one in desk.get("/api/v1/network/devices") if one["enrolled"]}
    names = [machine.name for machine in machines if machine.name not in enrolled]
    if not names:
        return False
    consoles = layout.credentials()["host_keys"]
    intent = {"select": "name=" + "|".join(names)}
    asked = {"kind": "network.enrol", "intent": intent, "reason": "First enrolment."}
    shown = desk.post("/api/v1/changes:preview", asked)
    for name, fingerprint in shown["plan"]["facts"]["fingerprints"].items():
        if fingerprint != _fingerprint(consoles[name]):
            raise SeedFailed(f"{name} shows {fingerprint}, its console {_fingerprint(consoles[name])}.")
    desk.change("network.enrol", intent, "First enrolment; fingerprints compared with the consoles.")
    return True


def _fingerprint(key: str) -> str:
    digest = hashlib.sha256(base64.b64decode(key.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _push(desk: Desk, names: Sequence[str], tell: Callable[[str], None]) -> None:
    """The first configuration: asked for by the engineer, approved by two leads, run as one transaction."""
    change = desk.change(
        "network.config",
        {"select": "name=" + "|".join(names)},
        "First configuration of the lab's routers.",
        options={"atomic": True},
    )
    for person in ("lead", "lead2"):
        if desk.get(f"/api/v1/changes/{change['id']}")["state"] == "waiting":
            body = {"plan_hash": change["plan_hash"], "reason": "First configuration, read and found right."}
            desk.post(f"/api/v1/changes/{change['id']}:approve", body, who=person)
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        now = desk.get(f"/api/v1/changes/{change['id']}")
        if now["state"] in _ENDED:
            break
        tell(".")
        time.sleep(1.0)
    tell(" ")
    if now["state"] not in _ENDED:
        raise SeedFailed(
            f"The change {change['id']} has not ended within {_PATIENCE:.0f} s: it is {now['state']}.",
            change_id=change["id"],
        )
    if now["state"] != "succeeded":
        raise SeedFailed(f"The change {change['id']} ended {now['state']}.", change_id=change["id"])
