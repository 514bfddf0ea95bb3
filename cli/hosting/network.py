"""`irisplane network`: private networks of a project; the region's own is designed by `cli.design`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from cli.client import connect
from cli.hosting.finding import NETWORK, find
from cli.hosting.looking import Where, list_all, show_fields, show_one
from cli.hosting.ordering import Manner, Order, place

__all__ = ["app"]

app = App(name="network", help="Private networks of projects; design and capacity of the region's.")
app.command("cli.design:design", name="design", help="Lay the region's network over its corridor.")
app.command("cli.capacity:capacity", name="capacity", help="What of the network fills first, and when.")
_HOW = Manner()


@app.command(name="list")
def list_(*, project: str | None = None) -> None:
    """Your private networks.

    Args:
        project: only those of this project.
    """
    columns = {"name": "network", "project": "project", "cidr": "addresses", "routed": "leads outside",
               "status": "status", "fault": ""}  # fmt: skip
    list_all(NETWORK, columns, project=project)


@app.command
def show(name: str, *, project: Where = None) -> None:
    """Everything of one network.

    Args:
        name: its name or id.
    """
    show_one(NETWORK, name, project=project)


@app.command
def create(
    name: str,
    *,
    cidr: str | None = None,
    routed: Annotated[bool, Parameter(negative="--isolated")] = True,
    project: str = "main",
    how: Manner = _HOW,
) -> None:
    """Order a private network.

    Args:
        cidr: its addresses, 10.1.0.0/24; chosen when absent.
        routed: whether a router leads to the outside.
        project: code of the project.
    """
    body: dict[str, object] = {"name": name, "routed": routed, "project": project}
    body |= {"cidr": cidr} if cidr else {}
    with connect() as client:
        place(client, Order(NETWORK.path, body), how, shown=show_fields)


@app.command
def delete(name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Delete a network in which nothing stands any more.

    Args:
        name: its name or id.
    """
    with connect() as client:
        found = find(client, NETWORK, name, project=project)
        question = f"Delete the network {found['name']} ({found['cidr']})?"
        place(client, Order(NETWORK.at(found), method="DELETE", match=found, question=question), how)
