"""`irisplane play`: Ansible plays on routers, edge routers and servers, as changes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from cyclopts import App, Parameter

from cli import output
from cli.asking import read_text
from cli.client import connect
from cli.errors import WrongUse
from cli.rollout import Rollout

__all__ = ["app"]

app = App(name="play", help="Bring servers and edge routers to their baseline by Ansible.")
_AS_USUAL = Rollout()


@app.command(name="list")
def list_() -> None:
    """Which plays there are."""
    with connect() as client:
        found = client.items("/api/v1/network/plays")
    columns = {"name": "play", "summary": "what it brings", "hosts": "for hosts of"}
    output.give(found, lambda: output.table(found, columns, empty="There is none."))


@app.command
def show(name: str) -> None:
    """A play and what it takes."""
    with connect() as client:
        found = client.get(f"/api/v1/network/plays/{quote(name, safe='')}")

    def shown() -> None:
        output.say(found["title"], "bold")
        output.facts([("for hosts of", found["hosts"]), ("run it with", f"irisplane play run {name} --select …")])
        output.heading("What it takes")
        columns = {"name": "variable", "type": "type", "default": "unless given", "description": "what it is"}
        output.table(list(_rows(found["variables"])), columns)

    output.give(found, shown)


@app.command
def run(
    name: str,
    *,
    select: Annotated[str, Parameter(name=["--select", "-s"], help="Which hosts: role=edge,site=TH-21009,name~ed0*")],
    reason: Annotated[str, Parameter(name=["--reason", "-r"], help="Why: it stands in the journal for good.")],
    variables: Annotated[Path | None, Parameter(name=["--variables", "-f"])] = None,
    set_: Annotated[Sequence[str], Parameter(name="--set", negative="")] = (),
    rollout: Rollout = _AS_USUAL,
) -> None:
    """Run a play on hosts: what it would alter on each is shown first.

    Args:
        name: as 'irisplane play list' names it.
        variables: a file of what it takes, YAML or JSON; - for standard input.
        set_: one variable, NAME=VALUE (VALUE as JSON or a word), before those of the file; a secret as
            "NAME={{ secret('NAME') }}".
    """
    given = {**(_from_file(variables) if variables else {}), **dict(_one(word) for word in set_)}
    rollout.submit("network.play", {"play": name, "select": select, "variables": given}, reason)


def _from_file(path: Path) -> dict[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise WrongUse(f"{path} is neither YAML nor JSON: {error}", hint="Write 'name: value' lines.") from None
    if not isinstance(found, dict):
        raise WrongUse(
            f"{path} holds no variables.", hint="Write 'name: value' lines; 'irisplane play show' has names."
        )
    return found


def _one(word: str) -> tuple[str, Any]:
    name, sign, value = word.partition("=")
    if not sign or not name:
        raise WrongUse(f"{word!r} sets nothing.", hint="For example --set ntp_servers='[\"10.0.0.1\"]'.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _rows(variables: Sequence[Mapping[str, Any]], before: str = "") -> Iterator[dict[str, Any]]:
    for one in variables:
        kind = f"list of {one['elements']}" if one["elements"] else one["type"]
        default = "must be given" if one["required"] else "" if one["default"] is None else json.dumps(one["default"])
        told = f" One of: {', '.join(one['choices'])}." if one["choices"] else ""
        secret = " A secret: {{ secret('NAME') }}." if one["secret"] else ""
        yield {
            "name": before + one["name"], "type": kind, "default": default,
            "description": f"{one['description']}{told}{secret}",
        }  # fmt: skip
        yield from _rows(one["fields"], f"{before}{one['name']}[]." if one["elements"] else f"{before}{one['name']}.")
