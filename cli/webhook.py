"""`irisplane webhook`: where events are sent, and what was not taken there."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from cyclopts import App, Parameter

from cli import output
from cli.client import connect

__all__ = ["app"]

app = App(name="webhook", help="Where events are sent.")

Reason = Annotated[str | None, Parameter(name=["--reason", "-r"], help="Why.")]


@app.command(name="list")
def list_() -> None:
    """Webhooks, with the state of their deliveries."""
    with connect() as client:
        found = client.items("/api/v1/webhooks")
    hidden = {"version", "created_at", "secret"}
    columns = {name: name.replace("_", " ") for name in (found[0] if found else {}) if name not in hidden}
    output.give(found, lambda: output.table(found, columns, empty="No webhooks."))


@app.command
def add(url: str, *, action: Annotated[list[str] | None, Parameter(negative="")] = None, reason: Reason = None) -> None:
    """Add a webhook. Its signing secret is shown once.

    Args:
        action: beginnings of actions, change.; everything your tenant may see when absent.
    """
    with connect() as client:
        made = client.post("/api/v1/webhooks", {"url": url, "actions": action or []}, reason=reason)

    def shown() -> None:
        output.say(f"Webhook {made['id']}")
        print(made["secret"])
        output.notice("The signing secret is shown once.")

    output.give(made, shown)


@app.command
def remove(webhook_id: str, *, reason: Reason = None) -> None:
    """Forget a webhook, its secret, and what was to be delivered."""
    with connect() as client:
        client.request("DELETE", _path(webhook_id), reason=reason)
    output.give({"removed": webhook_id}, lambda: output.say("Removed."))


@app.command
def deliveries(webhook_id: str, *, dead: Annotated[bool, Parameter(negative="")] = False, limit: int = 50) -> None:
    """What was sent or is to be sent, newest first.

    Args:
        dead: only what was given up.
    """
    with connect() as client:
        found = client.items(f"{_path(webhook_id)}/deliveries", dead="true" if dead else None, limit=limit)
    rows = [
        {**one, "due": output.local_time(one["due_at"]), "done": output.local_time(one["done_at"]),
         "dead": output.local_time(one["dead_at"])}
        for one in found
    ]  # fmt: skip
    columns = {
        "seq": "event",
        "attempts": "attempts",
        "due": "due",
        "done": "taken",
        "dead": "given up",
        "answer": "answer",
    }
    output.give(found, lambda: output.table(rows, columns, empty="No deliveries."))


@app.command
def redeliver(webhook_id: str, *, reason: Reason = None) -> None:
    """Send again what was given up."""
    with connect() as client:
        made = client.request("POST", f"{_path(webhook_id)}:redeliver", reason=reason).json()
    output.give(made, lambda: output.say(f"{made['deliveries']} deliveries are sent again."))


def _path(webhook_id: str) -> str:
    return f"/api/v1/webhooks/{quote(webhook_id, safe='')}"
