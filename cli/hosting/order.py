"""`irisplane order`: what was ordered, what it costs, what it waits for, how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cyclopts import App

from cli import change, output
from cli.client import connect
from cli.hosting.amounts import euro

__all__ = ["app"]

app = App(name="order", help="Orders: what was asked for, what it waits for, how it ended.")


@app.command(name="list")
def list_(*, state: str | None = None, project: str | None = None, limit: int = 20) -> None:
    """Orders of your administration, newest first.

    Args:
        state: waiting, approved, running, succeeded, failed …
        project: only those of this project.
        limit: how many at most.
    """
    with connect() as client:
        found = client.items("/api/v1/orders", most=limit, limit=min(limit, 1000), state=state, project=project)
    columns = {"id": "order", "state": "state", "title": "what", "month": "a month", "requested_by": "by",
               "waiting_for": "waits for", "when": "ordered at", "said": ""}  # fmt: skip
    output.give(found, lambda: output.table([_row(one) for one in found], columns, empty="No orders."))


for _verb in (change.show, change.watch, change.approve, change.reject, change.cancel, change.undo):
    app.command(_verb)  # an order is a change: told, followed and decided on by the same words


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "month": euro(one.get("month_micro_eur") or (one.get("price") or {}).get("month_micro_eur")),
        "when": output.local_time(one.get("requested_at")),
        "said": (one.get("outcome") or {}).get("summary", "") if one.get("state") != "succeeded" else "",
    }
