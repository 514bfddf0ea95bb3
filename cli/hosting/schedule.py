"""`irisplane schedule`: copies of volumes that come about by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from cyclopts import App

from cli import output
from cli.client import Client, connect
from cli.hosting.finding import VOLUME, find
from cli.hosting.looking import Where, show_fields
from cli.hosting.ordering import Manner, Order, place
from core.errors import NotFound

__all__ = ["app"]

app = App(name="schedule", help="Copies of volumes that come about by themselves.")

_PATH: Final = "/api/v1/backup-schedules"
_HOW = Manner()
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


@app.command(name="list")
def list_(*, project: str | None = None) -> None:
    """Your schedules: when each is due next, and what came of the last time.

    Args:
        project: only those of this project.
    """
    with connect() as client:
        found = client.items(_PATH, project=project)
    columns = {"volume": "volume", "name": "schedule", "project": "project", "when": "when", "next": "next at",
               "copies": "copies", "keep": "of", "active": "active", "fault": "the last one failed"}  # fmt: skip
    rows = [{**one, "when": _when(one), "next": output.local_time(one.get("next_due"))} for one in found]
    output.give(found, lambda: output.table(rows, columns, empty="No schedules."))


@app.command
def show(volume: str, name: str, *, project: Where = None) -> None:
    """One schedule.

    Args:
        volume: name or id of the volume.
        name: of the schedule.
    """
    with connect() as client:
        found = _find(client, volume, name, project)
    output.give(found, lambda: show_fields(found))


@app.command
def create(
    volume: str,
    name: str,
    *,
    hour: int,
    on: Day | None = None,
    keep: int = 7,
    project: Where = None,
    how: Manner = _HOW,
) -> None:
    """Copy a volume every day, or every week on one day; the oldest copies are deleted.

    Args:
        volume: name or id of the volume.
        name: of the schedule.
        hour: 0 to 23, of the clock in Brussels.
        on: the day of the week; every day when absent.
        keep: so many copies.
    """
    with connect() as client:
        found = find(client, VOLUME, volume, project=project)
        body: dict[str, Any] = {"volume": found["id"], "name": name, "hour": hour, "keep": keep, "every": "day"}
        body |= {"every": "week", "weekday": _DAYS.index(on) + 1} if on else {}
        place(client, Order(_PATH, body, certain=True), how)


@app.command
def pause(volume: str, name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """No copies until 'resume'.

    Args:
        volume: name or id of the volume.
        name: of the schedule.
    """
    _alter(volume, name, project, {"active": False}, how)


@app.command
def resume(volume: str, name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Copies again, from the next time on.

    Args:
        volume: name or id of the volume.
        name: of the schedule.
    """
    _alter(volume, name, project, {"active": True}, how)


@app.command
def delete(volume: str, name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """End a schedule; the copies that there are stay.

    Args:
        volume: name or id of the volume.
        name: of the schedule.
    """
    with connect() as client:
        found = _find(client, volume, name, project)
        question = f"End the schedule {name} of {found['volume']}? The copies that there are stay."
        place(client, Order(f"{_PATH}/{found['id']}", method="DELETE", match=found, question=question), how)


def _alter(volume: str, name: str, project: str | None, body: Mapping[str, Any], how: Manner) -> None:
    with connect() as client:
        found = _find(client, volume, name, project)
        place(client, Order(f"{_PATH}/{found['id']}", body, method="PATCH", match=found, certain=True), how)


def _find(client: Client, volume: str, name: str, project: str | None) -> dict[str, Any]:
    of = find(client, VOLUME, volume, project=project)
    found: list[dict[str, Any]] = [one for one in client.items(_PATH, volume=of["id"]) if one["name"] == name]
    if not found:
        raise NotFound(f"{of['name']} has no schedule {name!r}.", hint="'irisplane schedule list' shows yours.")
    return found[0]


def _when(one: Mapping[str, Any]) -> str:
    day = f"{_DAYS[int(one['weekday']) - 1]}s" if one.get("weekday") else "every day"
    return f"{day}, {one['hour']:02}:00"
