"""`irisplane incident`: what went wrong in the network, who has it in hand, what is expected to be down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import uuid4

from cyclopts import App, Parameter

from cli import output
from cli.asking import moment
from cli.client import connect
from cli.errors import WrongUse

__all__ = ["app"]

app = App(name="incident", help="What went wrong in the network; silences.")

_PATH = "/api/v1/incidents"


@app.command(name="list")
def list_(*, all_: Annotated[bool, Parameter(name="--all", negative="")] = False) -> None:
    """Incidents that are open, newest first.

    Args:
        all_: closed ones too.
    """
    with connect() as client:
        found = client.items(_PATH, which="all" if all_ else "open", most=500)
        seen = client.get("/api/v1/incident-watch")
    columns = {"number": "no.", "state": "state", "severity": "touched", "name": "what", "links": "links down",
               "falls": "times", "opened": "since", "closed": "until", "told": "told"}  # fmt: skip
    output.give(found, lambda: output.table([_row(one) for one in found], columns, empty=_well(seen)))


@app.command
def show(number: int) -> None:
    """One incident: what is down, what explains it, whom it touches, its story."""
    with connect() as client:
        found = client.get(f"{_PATH}/{number}")
    output.give(found, lambda: _show(found))


@app.command
def ack(number: int, said: str = "") -> None:
    """Take an incident in hand.

    Args:
        said: what is being done about it.
    """
    with connect() as client:
        found = client.request("POST", f"{_PATH}/{number}:acknowledge", body={"said": said}).json()
    output.give(found, lambda: output.say(f"Incident {number} is yours."))


@app.command
def note(number: int, said: str) -> None:
    """Say something in an incident's story."""
    with connect() as client:
        found = client.request("POST", f"{_PATH}/{number}:note", body={"said": said}).json()
    output.give(found, lambda: _show(found))


@app.command
def silence(
    kind: Literal["link", "device", "site"],
    name: str,
    *,
    until: str,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    reason: Annotated[str | None, Parameter(name=["--reason", "-r"], help="Why.")] = None,
) -> None:
    """Expect something to be down: incidents about nothing else are told to nobody.

    Args:
        until: its end, 2027-01-31T22:00.
        from_: its beginning; now when absent.
    """
    if not reason:
        raise WrongUse("'irisplane incident silence' needs --reason.", hint='--reason "splicing in the Wetstraat"')
    begins = moment(from_) or datetime.now(UTC).isoformat()
    body = {
        "kind": kind,
        "name": name,
        "begins": begins,
        "ends": moment(until),
        "reason": reason,
    }
    with connect() as client:
        made = client.request("POST", "/api/v1/incident-silences", body=body, key=str(uuid4())).json()
    output.give(made, lambda: output.say(f"The {kind} {name} may be down until {output.local_time(made['ends'])}."))


@app.command
def silences() -> None:
    """What is expected to be down, now or later."""
    with connect() as client:
        found = client.get("/api/v1/incident-silences")
    rows = [{**one, "from": output.local_time(one["begins"]), "until": output.local_time(one["ends"])}
            for one in found["items"]]  # fmt: skip
    columns = {"kind": "", "name": "what", "from": "from", "until": "until", "reason": "why", "by": "by", "id": "id"}
    output.give(found, lambda: output.table(rows, columns, empty="Nothing is expected to be down."))


@app.command
def unsilence(silence_id: str) -> None:
    """End a silence now."""
    with connect() as client:
        client.request("DELETE", f"/api/v1/incident-silences/{silence_id}")
    output.give({"done": silence_id}, lambda: output.say("It is over."))


def _well(seen: Mapping[str, Any]) -> str:
    """What it means that there is none: only what was looked at a moment ago is well."""
    at = output.local_time(seen["looked_at"]) if seen["looked_at"] else "never"
    if seen["sees"] == "everything":
        return f"Nothing is wrong: {seen['up']} links were looked at, {at}."
    if seen["sees"] == "part":
        return f"No incident is open, and {seen['unknown']} links could not be judged, {at}."
    return f"No incident is open, and nobody knows whether all is well: links were last looked at: {at}."


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    down = [link["link"] for link in one["links"] if link["up_at"] is None]
    return {
        **one, "links": down[:5] + ([f"and {len(down) - 5} more"] if len(down) > 5 else []),
        "opened": output.local_time(one["opened_at"]),
        "closed": output.local_time(one["closed_at"]) if one["closed_at"] else "",
        "state": f"{one['state']} (expected)" if one["silenced"] else one["state"],
    }  # fmt: skip


def _show(one: Mapping[str, Any]) -> None:
    output.say(f"{one['number']}  {one['name']}  {one['state']}{' (expected)' if one['silenced'] else ''}")
    if len(one["suspects"]) > 1:
        output.say("explained by  " + ", ".join(f"{each['kind']} {each['code']}" for each in one["suspects"]))
    rows = [{**link, "down": output.local_time(link["down_at"]),
             "up": output.local_time(link["up_at"]) if link["up_at"] else "", "evidence": "; ".join(link["evidence"])}
            for link in one["links"]]  # fmt: skip
    output.table(rows, {"link": "link", "down": "down", "up": "up again", "evidence": "seen"}, empty="")
    totals = (one["impact"] or {}).get("totals", {})
    for name, counts in totals.items():
        if counts:
            output.say(f"{name}: " + ", ".join(f"{count} {state}" for state, count in counts.items()))
    if one["told"]:
        output.say(f"told: {', '.join(one['told'])}")
    story = [
        {"at": output.local_time(line["at"]), "said": line["said"], "by": line["by"] or ""} for line in one["story"]
    ]
    output.table(story, {"at": "at", "said": "", "by": "by"}, empty="")
