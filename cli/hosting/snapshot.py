"""`irisplane snapshot`: what stood on a volume at one moment."""

from __future__ import annotations

from cyclopts import App

from cli.client import connect
from cli.hosting.finding import SNAPSHOT, VOLUME, find
from cli.hosting.looking import Where, list_all, show_one
from cli.hosting.ordering import Manner, Order, place

__all__ = ["app"]

app = App(name="snapshot", help="Snapshots: what stood on a volume at one moment.")
_HOW = Manner()


@app.command(name="list")
def list_(*, project: str | None = None) -> None:
    """Your snapshots.

    Args:
        project: only those of this project.
    """
    columns = {"name": "snapshot", "project": "project", "volume": "of volume", "size_gib": "GiB", "status": "status",
               "taken_at": "taken at"}  # fmt: skip
    list_all(SNAPSHOT, columns, project=project)


@app.command
def show(name: str, *, project: Where = None) -> None:
    """Everything of one snapshot.

    Args:
        name: its name or id.
    """
    show_one(SNAPSHOT, name, project=project)


@app.command
def create(volume: str, name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Keep what stands on a volume now. 'irisplane volume create --snapshot' makes a volume of it.

    Args:
        volume: its name or id.
        name: of the snapshot.
    """
    with connect() as client:
        found = find(client, VOLUME, volume, project=project)
        body = {"name": name, "volume": found["id"]}
        copy = f"A volume of it: irisplane volume create NAME --snapshot {name}"
        place(client, Order(SNAPSHOT.path, body), how, afterwards=copy)


@app.command
def delete(name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Delete a snapshot.

    Args:
        name: its name or id.
    """
    with connect() as client:
        found = find(client, SNAPSHOT, name, project=project)
        question = f"Delete the snapshot {found['name']}?"
        place(client, Order(SNAPSHOT.at(found), method="DELETE", match=found, question=question), how)
