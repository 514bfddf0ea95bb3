"""`irisplane web`: sign a browser in as the profile, by a link that is good once."""

from __future__ import annotations

import webbrowser
from typing import Annotated

from cyclopts import Parameter

from cli import output, session
from cli.client import connect

__all__ = ["web"]


def web(*, open_: Annotated[bool, Parameter(name="--open", negative="--no-open")] = True) -> None:
    """Open the pages in a browser, signed in as this profile; the link is good once, for two minutes.

    Args:
        open_: --no-open prints the link and opens nothing.
    """
    with connect() as client:
        made = client.post("/enter", {})
        link = f"{client.access.url}{made['path']}"
    shown = {"url": link, "seconds": made["seconds"]}
    output.give(shown, lambda: output.say(link))
    if open_ and not session.current.as_json and webbrowser.open(link):
        output.notice("A browser opens; the link is good once.")
