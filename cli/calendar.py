"""`irisplane calendar`: when the region may be altered."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

from cyclopts import App, Parameter

from cli import output
from cli.asking import moment
from cli.client import connect
from cli.errors import WrongUse

__all__ = ["app"]

app = App(name="calendar", help="Maintenance windows and freezes.")

Reason = Annotated[str | None, Parameter(name=["--reason", "-r"], help="Why.")]


@app.command(name="list")
def list_() -> None:
    """Windows and freezes that have not ended."""
    with connect() as client:
        found = client.items("/api/v1/calendar")
    rows = [
        {**one, "begins": output.local_time(one["begins"]), "ends": output.local_time(one["ends"]),
         "concerns": ", ".join(f"{fact}={value}" for fact, value in one["selector"].items()) or "everything"}
        for one in found
    ]  # fmt: skip
    columns = {"kind": "kind", "name": "name", "begins": "from", "ends": "until", "concerns": "concerns", "id": "id"}
    output.give(found, lambda: output.table(rows, columns, empty="Nothing is in the calendar."))


@app.command
def add(
    kind: Literal["window", "freeze"],
    name: str,
    *,
    from_: Annotated[str, Parameter(name="--from")],
    until: str,
    select: Annotated[list[str] | None, Parameter(name=["--select", "-s"], negative="")] = None,
    reason: Reason = None,
) -> None:
    """Add a maintenance window or a freeze.

    Args:
        from_: its beginning, 2027-01-31T22:00.
        until: its end.
        select: FACT=VALUE that a target must have to be concerned (role, site, tenant, name, kind); none: everything.
    """
    selector: dict[str, Any] = {}
    for pair in select or []:
        fact, equals, value = pair.partition("=")
        if not equals:
            raise WrongUse(f"{pair!r} is not FACT=VALUE.")
        selector.setdefault(fact, []).append(value)
    body = {"kind": kind, "name": name, "begins": moment(from_), "ends": moment(until), "selector": selector}
    with connect() as client:
        made = client.post("/api/v1/calendar", body, reason=reason)
    output.give(made, lambda: output.say(f"The {kind} {name!r} is in the calendar ({made['id']})."))


@app.command
def remove(entry_id: str, *, reason: Reason = None) -> None:
    """Take a window or a freeze out of the calendar."""
    with connect() as client:
        client.request("DELETE", f"/api/v1/calendar/{quote(entry_id, safe='')}", reason=reason)
    output.give({"removed": entry_id}, lambda: output.say("Removed."))
