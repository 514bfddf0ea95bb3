"""`irisplane maintenance`: what the region will work on, and which of one's things it touches."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from cyclopts import App

from cli import output
from cli.client import connect
from cli.errors import WrongUse
from cli.hosting.finding import is_id

__all__ = ["app", "show_notice"]

app = App(name="maintenance", help="What the region will work on, and what of yours it touches.")

_PATH: Final = "/api/v1/maintenance"


@app.command(name="list")
def list_(*, state: str | None = None) -> None:
    """Maintenance that touches something of yours, newest first.

    Args:
        state: scheduled, in-progress, done or cancelled.
    """
    with connect() as client:
        found = client.items(_PATH, state=state)
    rows = [
        {**one, "title": _in_my_language(one["title"]), "from": output.local_time(one["begins"]),
         "until": output.local_time(one["ends"]), "touches": [each["name"] for each in one["resources"][:5]]}
        for one in found
    ]  # fmt: skip
    columns = {"title": "what", "state": "state", "impact": "felt as", "from": "from", "until": "until",
               "touches": "touches", "id": "id"}  # fmt: skip
    output.give(found, lambda: output.table(rows, columns, empty="No maintenance."))


@app.command
def show(notice: str) -> None:
    """One notice, with everything of yours that it touches.

    Args:
        notice: its id, or the end of it.
    """
    with connect() as client:
        found = client.get(f"{_PATH}/{notice}" if is_id(notice) else f"{_PATH}/{_whole(client.items(_PATH), notice)}")
    output.give(found, lambda: show_notice(found))


@app.command
def announce(notice: str) -> None:
    """Tell everybody whom a drafted notice touches. The region's staff only.

    Args:
        notice: its id, or the end of it.
    """
    with connect() as client:
        whole = notice if is_id(notice) else _whole(client.items(_PATH, state="draft"), notice)
        answer = client.request("GET", f"{_PATH}/{whole}")
        told = client.request(
            "PATCH", f"{_PATH}/{whole}", body={"state": "scheduled"}, match=answer.headers["etag"]
        ).json()
    output.give(told, lambda: show_notice(told))


def _whole(known: list[Any], end: str) -> str:
    found = [str(one["id"]) for one in known if str(one["id"]).endswith(end.lower())]
    if len(found) != 1:
        raise WrongUse(f"{end!r} is the id of no notice, or the end of several.", hint="'irisplane maintenance list'.")
    return found[0]


def show_notice(found: Mapping[str, Any]) -> None:
    """A notice as people read it, in their language."""
    output.say(_in_my_language(found["title"]), "bold")
    output.facts(
        [
            ("state", found["state"]),
            ("felt as", found["impact"]),
            ("from", output.local_time(found["begins"])),
            ("until", output.local_time(found["ends"])),
            ("", _in_my_language(found["text"])),
            ("touches", "\n".join(f"{one['type']} {one['name']}" for one in found["resources"])),
        ]
    )


def _in_my_language(texts: Mapping[str, Any]) -> str:
    spoken = (os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "en")[:2]
    return str(texts.get(spoken) or texts.get("en") or "")
