"""`irisplane project`: what an administration's servers are grouped by."""

from __future__ import annotations

from cyclopts import App

from cli import output
from cli.client import connect
from cli.hosting.finding import PROJECT, find
from cli.hosting.looking import list_all, show_fields, show_one
from cli.hosting.ordering import Manner, Order, place

__all__ = ["app"]

app = App(name="project", help="Projects: servers that belong together.")
_HOW = Manner()


@app.command(name="list")
def list_() -> None:
    """Your projects, and whether the cloud holds them as they are meant."""
    columns = {"tenant": "administration", "code": "project", "name": "name", "status": "status", "servers": "servers",
               "findings": "differs in the cloud", "fault": ""}  # fmt: skip
    list_all(PROJECT, columns)


@app.command
def show(code: str) -> None:
    """One project.

    Args:
        code: its code or id.
    """
    show_one(PROJECT, code)


@app.command
def create(code: str, *, name: str, how: Manner = _HOW) -> None:
    """Order a project. It may hold nothing until 'quota split' gives it a part of what the administration has.

    Args:
        code: a short word for commands, shop-test.
        name: for people.
    """
    body = {"code": code, "name": name}
    order = Order(PROJECT.path, body, kind="hosting.project.create", intent=body)
    then = f"Let it hold something: irisplane quota split {code} servers=2 vcpus=4 …"
    with connect() as client:
        place(client, order, how, shown=show_fields, afterwards=then)


@app.command
def reconcile(code: str, *, how: Manner = _HOW) -> None:
    """Bring the project in the cloud back to what it should be.

    Args:
        code: its code or id.
    """
    with connect() as client:
        found = find(client, PROJECT, code)
        place(client, Order(f"{PROJECT.at(found)}:reconcile", {}, match=found, certain=True), how,
              shown=lambda one: output.say(f"{one.get('code', code)}: {one.get('status', 'asked')}."))  # fmt: skip
