"""`irisplane inventory`: the devices as other programs want them."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

from cyclopts import App, Parameter

from cli.client import connect
from cli.errors import WrongUse

__all__ = ["app"]

app = App(name="inventory", help="The devices as other programs want them: Ansible, Prometheus.")

Select = Annotated[str, Parameter(name=["--select", "-s"], help="Which devices: role=edge,site=TH-21009; or all.")]


@app.command
def ansible(
    *,
    list_: Annotated[bool, Parameter(name="--list", negative="")] = False,
    host: str | None = None,
    select: Select = "all",
) -> None:
    """Ansible's dynamic inventory, as JSON; our own plays run on the same.

    Args:
        list_: every host, its groups and variables.
        host: the variables of one host.
    """
    if list_ == (host is not None):
        raise WrongUse("Say what Ansible asks: --list, or --host NAME.")
    with connect() as client:
        found = client.get(f"/api/v1/ansible-inventory?select={quote(select if list_ else f'name={host}')}")
    _print(found if list_ else found["_meta"]["hostvars"].get(host, {}))


@app.command
def prometheus(*, select: Select = "all", port: int = 9100) -> None:
    """Target groups of Prometheus' HTTP service discovery, as JSON.

    Args:
        port: where the targets are asked.
    """
    with connect() as client:
        found = client.request("GET", f"/api/v1/prometheus/targets?select={quote(select)}&port={port}").json()
    _print(found)


def _print(found: Any) -> None:
    print(json.dumps(found, ensure_ascii=False, indent=1))
