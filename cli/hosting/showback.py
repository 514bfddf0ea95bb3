"""`irisplane usage | showback`: what was used, and what it came to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from cli import output
from cli.asking import moment
from cli.client import connect
from cli.errors import WrongUse
from cli.hosting.amounts import euro

__all__ = ["showback", "usage"]

usage = App(name="usage", help="What was used, by the quarter-hour.")
showback = App(name="showback", help="What a month came to.")

Csv = Annotated[bool, Parameter(name="--csv", negative="", help="As CSV, for a spreadsheet.")]


@usage.command(name="list")
def list_usage(
    *,
    from_: Annotated[
        str | None, Parameter(name="--from", help="2027-01-01; the month's first day when absent.")
    ] = None,
    until: str | None = None,
    project: str | None = None,
    grain: Literal["day", "quarter"] = "day",
) -> None:
    """What was metered, by the day or by the quarter-hour, and by whom.

    Args:
        until: 2027-02-01; now when absent.
        project: only of this project.
        grain: quarter: by the quarter-hour, for two days at most.
    """
    asked: dict[str, Any] = {"from": moment(from_), "until": moment(until), "project": project, "grain": grain}
    with connect() as client:
        found = client.items("/api/v1/usage", **asked)
    columns = {"when": "when", "resource": "what", "name": "name", "component": "of which", "quantity": "quarter-hours",
               "source": "metered by"}  # fmt: skip
    rows = [{**_row(one), "when": output.local_time(one["at"])[: 10 if grain == "day" else 16]} for one in found]
    output.give(found, lambda: output.table(rows, columns, empty="Nothing was used."))


@showback.command(name="show")
def show_month(month: str, *, project: str | None = None, csv: Csv = False) -> None:
    """What a month came to: quantity × price = amount, line by line.

    Args:
        month: 2027-01.
        project: only of this project.
    """
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise WrongUse(f"{month!r} is no month.", hint="For example 2027-01.")
    path = f"/api/v1/showback/{month}"
    with connect() as client:
        if csv:
            print(client.text(path, format="csv", project=project), end="")
            return
        found = client.get(path, project=project, limit=1000)
        found["items"] = client.items(path, project=project, limit=1000)

    def shown() -> None:
        output.table([_row(one) for one in found["items"]], _COLUMNS, empty="Nothing was used in this month.")
        output.say()
        lines = sum(int(one["amount_micro_eur"] or 0) for one in found["items"])
        output.facts([("total", euro(lines)), ("month", month), ("so far", _standing(found))])

    output.give(found, shown)


_COLUMNS = {"project": "project", "resource": "what", "name": "name", "component": "of which", "quantity": "quantity",
            "unit": "unit", "price": "for one", "amount": "amount", "source": "metered by"}  # fmt: skip


def _standing(found: Mapping[str, Any]) -> str:
    if found.get("closed"):
        return f"closed {output.local_time(found['closed_at'])}: it does not alter any more"
    gaps = f"; {len(found['gaps'])} gaps in the metering" if found.get("gaps") else ""
    return f"metered until {output.local_time(found.get('metered_until')) or 'nothing yet'}{gaps}"


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "resource": one["resource"]["type"],
        "name": one["resource"]["name"],
        "price": euro(one.get("unit_micro_eur")),
        "amount": euro(one.get("amount_micro_eur")),
    }
