"""`irisplane device | site | rack | prefix | vlan`: the source of truth, one shape of commands for every noun."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote

from cyclopts import App, Parameter

from cli import output
from cli.asking import submit
from cli.client import Client, connect
from cli.errors import WrongUse

__all__ = ["device", "prefix", "rack", "site", "vlan"]

Reason = Annotated[str, Parameter(name=["--reason", "-r"], help="Why: it stands in the journal for good.")]
Yes = Annotated[bool, Parameter(name=["--yes", "-y"], help="Without asking.")]
DryRun = Annotated[bool, Parameter(name="--dry-run", help="Show the plan, submit nothing.", negative="")]
Fields = Annotated[list[str], Parameter(name=["--set"], help="FIELD=VALUE; a value may be JSON.", negative="")]
Filters = Annotated[list[str] | None, Parameter(name=["--where", "-w"], help="FIELD=VALUE", negative="")]

device = App(name="device", help="Devices, and what was last seen of them.")
site = App(name="site", help="Sites.")
rack = App(name="rack", help="Racks.")
prefix = App(name="prefix", help="Prefixes, and the next free one.")
vlan = App(name="vlan", help="VLANs, and the next free one.")


# ---------------------------------------------------------------------------------------------------------- devices
@device.command(name="list")
def list_devices(*, select: Annotated[str, Parameter(name=["--select", "-s"])] = "all") -> None:
    """Devices, and whether they were reached within the last two minutes.

    Args:
        select: which: role=access,site=DC-ARTS,name~ac0*
    """
    with connect() as client:
        found = client.items("/api/v1/network/devices", select=select)
    columns = {"name": "device", "role": "role", "site": "site", "management_address": "management", "status": "status",
               "state": "seen", "configured": "configured", "problem": "problem"}  # fmt: skip
    output.give(found, lambda: output.table(found, columns, empty="No devices."))


@device.command(name="show")
def show_device(name: str) -> None:
    """A device with its interfaces, addresses and links."""
    with connect() as client:
        found = client.get(f"/api/v1/devices/{_quoted(name)}")
    output.give(found, lambda: _show(found))


@device.command(name="look")
def look(*, select: Annotated[str, Parameter(name=["--select", "-s"])] = "all") -> None:
    """Look at devices now, instead of at what was seen within the last minute."""
    with connect() as client:
        found = client.request("POST", "/api/v1/network/devices:look", query={"select": select}).json()
    rows = found if isinstance(found, list) else found["items"]
    columns = {"name": "device", "state": "seen", "seen_at": "last seen", "problem": "problem"}
    output.give(rows, lambda: output.table(rows, columns))


# ------------------------------------------------------------------------------------------------- the shape of all
def _offer(app: App, kind: str, collection: str, columns: Mapping[str, str], *, lists: bool = True) -> None:
    noun = kind.replace("_", " ")

    def list_(*, where: Filters = None, limit: int = 200) -> None:
        with connect() as client:
            found = client.items(f"/api/v1/{collection}", most=limit, limit=min(limit, 1000), **_pairs(where or []))
        output.give(found, lambda: output.table(found, columns, empty=f"No {collection}."))

    def show(ref: str) -> None:
        with connect() as client:
            found = client.get(f"/api/v1/{collection}/{_quoted(ref)}")
        output.give(found, lambda: _show(found))

    def add(*, set_: Fields, reason: Reason, yes: Yes = False, dry_run: DryRun = False) -> None:
        _edit({"action": "create", "type": kind, "values": [_pairs(set_)]}, reason, yes=yes, dry_run=dry_run)

    def edit(ref: str, *, set_: Fields, reason: Reason, yes: Yes = False, dry_run: DryRun = False) -> None:
        with connect() as client:
            version = _version(client, f"/api/v1/{collection}/{_quoted(ref)}")
        item = {"ref": ref, "version": version, "set": _pairs(set_)}
        _edit({"action": "update", "type": kind, "items": [item]}, reason, yes=yes, dry_run=dry_run)

    def remove(ref: str, *, reason: Reason, yes: Yes = False, dry_run: DryRun = False) -> None:
        with connect() as client:
            version = _version(client, f"/api/v1/{collection}/{_quoted(ref)}")
        item = {"ref": ref, "version": version}
        _edit({"action": "delete", "type": kind, "items": [item]}, reason, yes=yes, dry_run=dry_run)

    told: tuple[tuple[str, Callable[..., None], str], ...] = (
        ("add", add, f"Add a {noun}."),
        ("edit", edit, f"Set fields of a {noun}; refused when somebody altered it since."),
        ("remove", remove, f"Remove a {noun}, with what is a part of it."),
    )
    if lists:
        told = (("list", list_, f"List {collection}."), ("show", show, f"One {noun}."), *told)
    for name, command, text in told:
        app.command(command, name=name, help=text)


def _allocating(app: App, collection: str, what: str, text: str) -> None:
    def allocate(
        pool: str,
        *,
        reason: Reason,
        length: int | None = None,
        size: int | None = None,
        set_: Annotated[list[str] | None, Parameter(name=["--set"], help="FIELD=VALUE", negative="")] = None,
    ) -> None:
        given = {"what": what, "length": length, "size": size, **_pairs(set_ or [])}
        body = {name: value for name, value in given.items() if value is not None}
        with connect() as client:
            made = client.post(f"/api/v1/{collection}/{_quoted(pool)}:allocate", body, reason=reason)
        output.give(made, lambda: _allocated(made))

    app.command(allocate, name="allocate", help=text)


_offer(device, "device", "devices", {}, lists=False)
_offer(
    site, "site", "sites",
    {"code": "site", "kind": "kind", "name_fr": "nom", "name_nl": "naam", "commune": "commune", "provenance": "record"},
)  # fmt: skip
_offer(rack, "rack", "racks", {"site": "site", "name": "rack", "room": "room", "units": "units"})
_offer(
    prefix, "prefix", "prefixes",
    {"cidr": "prefix", "vrf": "VRF", "kind": "kind", "purpose": "purpose", "site": "site", "description": "text"},
)  # fmt: skip
_offer(vlan, "vlan", "vlans", {"vid": "VLAN", "group": "group", "name": "name", "held": "held"})
_allocating(
    prefix, "prefixes", "prefix", "Take the next free prefix of a pool: POOL is 'VRF CIDR', --length says how long."
)
_allocating(vlan, "vlan-groups", "vlan", "Take the next free VLAN of a group.")
_allocating(rack, "racks", "unit", "Take the next free rack units for a device: --set device=NAME.")


# ----------------------------------------------------------------------------------------------------------- inside
def _edit(operation: Mapping[str, Any], reason: str, *, yes: bool, dry_run: bool) -> None:
    request = {"kind": "inventory.edit", "intent": {"operations": [operation]}, "reason": reason}
    submit(request, yes=yes, dry_run=dry_run)


def _allocated(made: Mapping[str, Any]) -> None:
    for one in made.get("allocated") or ():
        output.say(f"{one['what']} {one['value']}  (from {one['pool']})")
    output.notice(f"change {made['change']['id']}: {made['change']['state']}", "dim")


def _version(client: Client, path: str) -> int | None:
    tag = client.request("GET", path).headers.get("etag", "").strip('"')
    return int(tag) if tag.isdecimal() else None


def _pairs(given: Sequence[str]) -> dict[str, Any]:
    """``FIELD=VALUE`` pairs; a value that is JSON (a number, true, a list) is taken as such."""
    found: dict[str, Any] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise WrongUse(f"{pair!r} is not FIELD=VALUE.")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def _quoted(ref: str) -> str:
    return quote(ref, safe="")


def _show(found: Mapping[str, Any]) -> None:
    simple = [(key, value) for key, value in found.items() if not isinstance(value, list | dict)]
    output.facts([(key.replace("_", " "), value) for key, value in simple])
    for key, value in found.items():
        if isinstance(value, dict) and value:
            output.heading(key.replace("_", " "))
            output.facts([(name, json.dumps(one, ensure_ascii=False)) for name, one in value.items()])
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            output.heading(key.replace("_", " "))
            hidden = {"id", "version", "tenant", "device_id"}
            columns = {name: name.replace("_", " ") for name in value[0] if name not in hidden}
            output.table(value, columns)
        elif isinstance(value, list) and value:
            output.heading(key.replace("_", " "))
            output.say("  " + ", ".join(map(str, value)))
