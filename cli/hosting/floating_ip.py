"""`irisplane floating-ip`: addresses by which a server is reached from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cyclopts import App

from cli import output
from cli.client import connect
from cli.hosting.finding import FLOATING_ADDRESS, SERVER, find, project_of
from cli.hosting.looking import Where, list_all, show_one
from cli.hosting.ordering import Manner, Order, place

__all__ = ["app"]

app = App(name="floating-ip", help="Addresses by which a server is reached from outside.")
_HOW = Manner()


@app.command(name="list")
def list_(*, project: str | None = None) -> None:
    """Your floating addresses, and where they lead.

    Args:
        project: only those of this project.
    """
    columns = {"address": "address", "project": "project", "status": "status", "leads_to": "leads to", "id": "id"}
    list_all(FLOATING_ADDRESS, columns, row=_row, project=project)


@app.command
def show(address: str, *, project: Where = None) -> None:
    """Everything of one floating address.

    Args:
        address: the address itself, or its id.
    """
    show_one(FLOATING_ADDRESS, address, project=project)


@app.command
def create(*, server: str | None = None, project: str = "main", how: Manner = _HOW) -> None:
    """Order a floating address, for a server or to keep.

    Args:
        server: to which it leads; name or id.
        project: code of the project.
    """
    body: dict[str, object] = {"project": project}
    with connect() as client:
        if server:
            body["server"] = find(client, SERVER, server, project=project)["id"]
        place(client, Order(FLOATING_ADDRESS.path, body), how, shown=_made)


@app.command
def attach(address: str, server: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Let a floating address lead to a server.

    Args:
        address: the address itself, or its id.
        server: its name or id.
    """
    with connect() as client:
        found = find(client, FLOATING_ADDRESS, address, project=project)
        body = {"server": find(client, SERVER, server, project=project_of(found))["id"]}
        place(client, Order(f"{FLOATING_ADDRESS.at(found)}:attach", body, match=found, certain=True), how, shown=_made)


@app.command
def detach(address: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Let a floating address lead nowhere; it stays yours.

    Args:
        address: the address itself, or its id.
    """
    with connect() as client:
        found = find(client, FLOATING_ADDRESS, address, project=project)
        question = f"Take {found['address']} from its server? It is not reached by it any more."
        place(
            client, Order(f"{FLOATING_ADDRESS.at(found)}:detach", {}, match=found, question=question), how, shown=_made
        )


@app.command
def delete(address: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Give a floating address back.

    Args:
        address: the address itself, or its id.
    """
    with connect() as client:
        found = find(client, FLOATING_ADDRESS, address, project=project)
        question = f"Give {found['address']} back? You may not get the same one again."
        place(client, Order(FLOATING_ADDRESS.at(found), method="DELETE", match=found, question=question), how)


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    server = one.get("server")
    return {**one, "leads_to": server.get("name") if isinstance(server, Mapping) else server}


def _made(one: Mapping[str, Any]) -> None:
    to = _row(one)["leads_to"]
    output.say(f"{one['address']} leads to {to}." if to else f"{one['address']} is yours and leads nowhere yet.")
