"""`irisplane context`: NTP, syslog, SNMP, banners, routing parameters: what devices inherit, and from where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from cyclopts import App, Parameter

from cli import output
from cli.asking import read_text, submit
from cli.client import connect
from cli.errors import WrongUse

__all__ = ["app"]

app = App(name="context", help="Configuration context: what devices inherit.")

Reason = Annotated[str, Parameter(name=["--reason", "-r"], help="Why: it stands in the journal for good.")]
Yes = Annotated[bool, Parameter(name=["--yes", "-y"], help="Without asking.")]


@app.command(name="list")
def list_() -> None:
    """Every context, and what it attaches to."""
    with connect() as client:
        found = client.items("/api/v1/config-contexts", limit=1000)
    names = ("scope", "role", "site", "device", "weight", "active")
    columns = {"name": "context", **{name: name for name in names}}
    output.give(found, lambda: output.table(found, columns, empty="No contexts."))


@app.command
def show(name: str) -> None:
    """One context with its data."""
    with connect() as client:
        found = client.get(_path(name))
    output.give(found, lambda: output.say(json.dumps(found, indent=2, ensure_ascii=False)))


@app.command
def explain(device: str) -> None:
    """What a device inherits, value by value, and which context gave it."""
    with connect() as client:
        found = client.items(f"/api/v1/devices/{quote(device, safe='')}/context", explain="true")
    columns = {name: name.replace("_", " ") for name in (found[0] if found else {})}
    output.give(found, lambda: output.table(found, columns, empty=f"{device} inherits nothing."))


@app.command(name="set")
def set_(
    name: str,
    *,
    reason: Reason,
    file: Path | None = None,
    scope: str | None = None,
    role: str | None = None,
    site: str | None = None,
    device: str | None = None,
    weight: int | None = None,
    active: bool | None = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    yes: Yes = False,
) -> None:
    """Add or alter a context.

    Args:
        file: its data as JSON or YAML, - for standard input.
        scope: region, role, site or device; only for a new one.
        role: the role it attaches to.
        site: the site it attaches to.
        device: the device it attaches to.
        weight: among contexts of one scope, the heavier one wins.
        active: --no-active lays it aside.
        dry_run: show the plan, submit nothing.
    """
    given = {"scope": scope, "role": role, "site": site, "device": device, "weight": weight, "active": active}
    values: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if file is not None:
        values["data"] = _data(read_text(file))
    with connect() as client:
        here = {one["name"]: one for one in client.items("/api/v1/config-contexts", limit=1000)}
    operation: dict[str, Any]
    if name in here:
        item = {"ref": name, "version": here[name].get("version"), "set": values}
        operation = {"action": "update", "type": "config_context", "items": [item]}
    else:
        operation = {"action": "create", "type": "config_context", "values": [{"name": name, **values}]}
    request = {"kind": "inventory.edit", "intent": {"operations": [operation]}, "reason": reason}
    submit(request, dry_run=dry_run, yes=yes)


@app.command
def remove(name: str, *, reason: Reason, yes: Yes = False) -> None:
    """Remove a context."""
    operation = {"action": "delete", "type": "config_context", "items": [{"ref": name}]}
    submit({"kind": "inventory.edit", "intent": {"operations": [operation]}, "reason": reason}, yes=yes)


def _data(text: str) -> Any:
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise WrongUse(f"The data are neither JSON nor YAML{where}.") from None
    if not isinstance(found, dict):
        raise WrongUse("The data are names and values.", hint="For example: {ntp: {servers: [192.0.2.1]}}")
    return found


def _path(name: str) -> str:
    return f"/api/v1/config-contexts/{quote(name, safe='')}"
