"""`irisplane volume`: disks that outlive the servers they are attached to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import App, Parameter

from cli import output
from cli.client import connect
from cli.hosting.amounts import euro
from cli.hosting.finding import SERVER, SNAPSHOT, VOLUME, find, project_of
from cli.hosting.looking import Where, list_all, show_one
from cli.hosting.ordering import Manner, Order, place

__all__ = ["app"]

app = App(name="volume", help="Volumes: disks that outlive servers.")
_HOW = Manner()


@app.command(name="list")
def list_(*, project: str | None = None, status: str | None = None) -> None:
    """Your volumes, where they are attached, and what they cost.

    Args:
        project: only those of this project.
        status: available, attached, error …
    """
    columns = {"name": "volume", "project": "project", "status": "status", "size_gib": "GiB", "attached": "attached to",
               "device": "as", "month": "a month", "fault": ""}  # fmt: skip
    list_all(VOLUME, columns, row=_row, project=project, status=status)


@app.command
def show(name: str, *, project: Where = None) -> None:
    """Everything of one volume.

    Args:
        name: its name or id.
    """
    show_one(VOLUME, name, project=project)


@app.command
def create(
    name: str,
    *,
    size: Annotated[int | None, Parameter(help="GiB; that of the snapshot when absent.")] = None,
    snapshot: str | None = None,
    image: str | None = None,
    project: str = "main",
    how: Manner = _HOW,
) -> None:
    """Order a volume.

    Args:
        snapshot: of which it is a copy; name or id.
        image: of which it is a copy.
        project: code of the project.
    """
    with connect() as client:
        copied = find(client, SNAPSHOT, snapshot, project=project) if snapshot else None
        given = {
            "name": name,
            "size_gib": size or (copied or {}).get("size_gib"),
            "project": project,
            "snapshot": copied["id"] if copied else None,
            "image": image,
        }
        body = {field: value for field, value in given.items() if value is not None}
        attach = f"Attach it: irisplane volume attach {name} SERVER"
        place(client, Order(VOLUME.path, body), how, shown=_made, afterwards=attach)


@app.command
def extend(name: str, size: int, *, project: Where = None, how: Manner = _HOW) -> None:
    """Make a volume larger. It never becomes smaller.

    Args:
        name: its name or id.
        size: GiB that it gets.
    """
    with connect() as client:
        found = find(client, VOLUME, name, project=project)
        place(client, Order(f"{VOLUME.at(found)}:extend", {"size_gib": size}, match=found), how, shown=_made)


@app.command
def attach(name: str, server: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Give a volume to a server.

    Args:
        name: its name or id.
        server: its name or id.
    """
    with connect() as client:
        found = find(client, VOLUME, name, project=project)
        taker = find(client, SERVER, server, project=project_of(found))
        body = {"volume": found["id"]}
        place(client, Order(f"{SERVER.at(taker)}:attach-volume", body, certain=True), how)


@app.command
def detach(name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Take a volume from its server; what it holds stays.

    Args:
        name: its name or id.
    """
    with connect() as client:
        found = client.get(VOLUME.at(find(client, VOLUME, name, project=project)))
        holder = (
            (found.get("server") or {}).get("id") if isinstance(found.get("server"), dict) else found.get("server_id")
        )
        if not holder:
            output.give(found, lambda: output.say(f"{name} is attached to no server."))
            return
        body = {"volume": found["id"]}
        question = f"Detach {found['name']}? What it holds stays."
        place(client, Order(f"{SERVER.path}/{holder}:detach-volume", body, question=question), how)


@app.command
def rename(name: str, new_name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Give a volume another name.

    Args:
        name: its name or id.
    """
    with connect() as client:
        found = find(client, VOLUME, name, project=project)
        order = Order(VOLUME.at(found), {"name": new_name}, method="PATCH", match=found, certain=True)
        place(client, order, how, shown=_made)


@app.command
def restore(name: str, snapshot: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Let a volume that no server has go back to its newest snapshot.

    Args:
        name: its name or id.
        snapshot: its name or id.
    """
    with connect() as client:
        found = find(client, VOLUME, name, project=project)
        kept = find(client, SNAPSHOT, snapshot, project=project_of(found))
        question = f"Let {found['name']} go back to {kept['name']}? What was written since is lost."
        order = Order(f"{VOLUME.at(found)}:restore", {"snapshot": kept["id"]}, match=found, question=question)
        place(client, order, how, shown=_made)


@app.command
def delete(name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Delete a volume and everything on it.

    Args:
        name: its name or id.
    """
    with connect() as client:
        found = find(client, VOLUME, name, project=project)
        question = f"Delete {found['name']} ({found['size_gib']} GiB) and everything on it?"
        place(client, Order(VOLUME.at(found), method="DELETE", match=found, question=question), how)


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    holder = one.get("server")
    attached = holder.get("name") if isinstance(holder, Mapping) else holder
    return {**one, "attached": attached, "month": euro(one.get("month_micro_eur"))}


def _made(one: Mapping[str, Any]) -> None:
    output.say(f"{one['name']} is {one['status']}: {one['size_gib']} GiB.")
