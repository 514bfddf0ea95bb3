"""`irisplane secret`: values go in and never come out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from cyclopts import App, Parameter

from cli import output
from cli.asking import read_text
from cli.client import connect
from cli.errors import WrongUse

__all__ = ["app"]

app = App(name="secret", help="Secrets: set, list, rotate. Values never come out.")

Reason = Annotated[str | None, Parameter(name=["--reason", "-r"], help="Why.")]


@app.command(name=["put", "set"])
def put(name: str, *, file: Path | None = None, reason: Reason = None) -> None:
    """Set a secret. The value is typed unseen, or comes from a file or standard input; never from the command line.

    Args:
        file: where the value stands, - for standard input; one line end at its end is left out.
    """
    value = _typed(name) if file is None and sys.stdin.isatty() else read_text(file or Path("-")).removesuffix("\n")
    if not value:
        raise WrongUse("The value is empty.", hint="Type it, or give --file.")
    with connect() as client:
        made = client.request("PUT", _path(name), body={"value": value}, reason=reason).json()
    output.give(made, lambda: output.say(f"{name} is set (version {made['version']})."))


@app.command(name="list")
def list_(*, prefix: str = "") -> None:
    """Names, versions and the master keys that seal them."""
    with connect() as client:
        found = client.items("/api/v1/secrets", prefix=prefix or None)
    rows = [{**one, "when": output.local_time(one["updated_at"])} for one in found]
    columns = {"name": "secret", "version": "version", "key_id": "sealed with", "when": "set at"}
    output.give(found, lambda: output.table(rows, columns, empty="No secrets."))


@app.command
def remove(name: str, *, reason: Reason = None) -> None:
    """Forget a secret."""
    with connect() as client:
        client.request("DELETE", _path(name), reason=reason)
    output.give({"removed": name}, lambda: output.say(f"{name} is forgotten."))


@app.command
def rotate(*, reason: Annotated[str, Parameter(name=["--reason", "-r"])] = "rotate the master key") -> None:
    """Make a new master key on this machine and seal every secret under it; the old one goes when nothing needs it."""
    from cli import keeping

    done = keeping.rotate(reason)
    output.give(
        done,
        lambda: output.facts(
            [
                ("new key", done["key_id"]),
                ("sealed anew", f"{done['resealed']} values"),
                ("dropped", ", ".join(done["dropped"])),
                ("note", "An interrupted rotation was finished." if done["resumed"] else ""),
            ]
        ),
    )


def _typed(name: str) -> str:
    from getpass import getpass

    value = getpass(f"Value of {name}: ")
    if value != getpass("Again: "):
        raise WrongUse("The two values differ; nothing was set.")
    return value


def _path(name: str) -> str:
    return f"/api/v1/secrets/{quote(name, safe='/')}"
