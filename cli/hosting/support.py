"""`irisplane support`: ask the region about anything one has, and follow what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from cyclopts import App, Parameter

from cli import output
from cli.asking import read_text
from cli.client import Client, connect
from cli.errors import WrongUse
from cli.hosting import finding
from cli.hosting.finding import find, is_id

__all__ = ["app"]

app = App(name="support", help="Ask the region, follow what it answers.")

_PATH: Final = "/api/v1/support-requests"
_NOUNS: Final = {
    "server": finding.SERVER,
    "volume": finding.VOLUME,
    "snapshot": finding.SNAPSHOT,
    "network": finding.NETWORK,
    "security-group": finding.SECURITY_GROUP,
    "floating-ip": finding.FLOATING_ADDRESS,
    "project": finding.PROJECT,
}
_TYPES: Final = {"snapshot": "volume-snapshot"}
"""What the API calls a thing that the command line calls otherwise."""

Text = Annotated[str | None, Parameter(help="What is to be said.")]
File = Annotated[Path | None, Parameter(help="File with what is to be said; - for standard input.")]


@app.command(name="list")
def list_(*, state: Literal["open", "answered", "solved", "closed"] | None = None) -> None:
    """Your administration's requests, newest first.

    Args:
        state: only these.
    """
    with connect() as client:
        found = client.items(_PATH, state=state)
    rows = [{**one, "about": _about(one), "when": output.local_time(one["updated_at"])} for one in found]
    columns = {"id": "request", "state": "state", "subject": "subject", "about": "about", "messages": "messages",
               "opened_by": "by", "when": "last word"}  # fmt: skip
    output.give(found, lambda: output.table(rows, columns, empty="No requests."))


@app.command
def show(request: str) -> None:
    """A request with everything that was said.

    Args:
        request: its id, or the end of it.
    """
    with connect() as client:
        found = client.get(f"{_PATH}/{_id(client, request)}")
    output.give(found, lambda: _show(found))


@app.command
def ask(
    subject: str,
    *,
    text: Text = None,
    file: File = None,
    about: Annotated[str | None, Parameter(help="server:web1, volume:data, project:main …")] = None,
    project: str | None = None,
) -> None:
    """Ask the region, about something of yours or in general.

    Args:
        subject: in a few words.
        project: where to look for the name.
    """
    with connect() as client:
        body: dict[str, Any] = {"subject": subject, "body": _said(text, file)}
        if about:
            body["resource"] = _resource(client, about, project)
        made = client.post(_PATH, body)
    told = f"Request {made['id']} is open. Follow it: irisplane support show {str(made['id'])[-12:]}"
    output.give(made, lambda: output.say(told))


@app.command
def reply(request: str, *, text: Text = None, file: File = None) -> None:
    """Say something more.

    Args:
        request: its id, or the end of it.
    """
    with connect() as client:
        made = client.post(f"{_PATH}/{_id(client, request)}/messages", {"body": _said(text, file)})
    output.give(made, lambda: output.say("Said."))


@app.command
def solve(request: str) -> None:
    """Say that a request is solved; it opens again when somebody says something more.

    Args:
        request: its id, or the end of it.
    """
    _move(request, "solved")


@app.command
def close(request: str) -> None:
    """Close a request for good.

    Args:
        request: its id, or the end of it.
    """
    _move(request, "closed")


def _move(request: str, state: str) -> None:
    with connect() as client:
        path = f"{_PATH}/{_id(client, request)}"
        tag = client.request("GET", path).headers["etag"]
        made = client.request("PATCH", path, body={"state": state}, match=tag).json()
    output.give(made, lambda: output.say(f"{made['subject']}: {made['state']}"))


def _id(client: Client, given: str) -> str:
    if is_id(given):
        return given.lower()
    found = [one["id"] for one in client.items(_PATH, most=500) if str(one["id"]).endswith(given.lower())]
    if len(found) != 1:
        raise WrongUse(f"{given!r} is the id of no request, or the end of several.", hint="'irisplane support list'.")
    return str(found[0])


def _resource(client: Client, about: str, project: str | None) -> dict[str, str]:
    kind, _, name = about.partition(":")
    if kind not in _NOUNS or not name:
        raise WrongUse(
            f"--about {about!r} names nothing.", hint=f"For example server:web1; there are {', '.join(_NOUNS)}."
        )
    found = find(client, _NOUNS[kind], name, project=project)
    return {"type": _TYPES.get(kind, kind), "id": str(found["id"])}


def _said(text: str | None, file: Path | None) -> str:
    if (text is None) == (file is None):
        raise WrongUse("Say it with --text, or name a --file.")
    return text if text is not None else read_text(Path(file or "-"))


def _about(one: Mapping[str, Any]) -> str:
    resource = one.get("resource")
    return f"{resource['type']} {resource['name'] or resource['id']}" if resource else ""


def _show(found: Mapping[str, Any]) -> None:
    output.say(str(found["subject"]), "bold")
    output.facts([("state", found["state"]), ("about", _about(found)), ("opened by", found.get("opened_by")),
                  ("request", found["id"])])  # fmt: skip
    for one in found["messages"]:
        side = " (the region)" if one["of_staff"] else ""
        output.heading(f"{one['author']}{side}, {output.local_time(one['created_at'])}")
        for line in str(one["body"]).splitlines():
            output.say(f"  {line}")
