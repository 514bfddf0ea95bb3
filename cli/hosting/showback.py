"""`irisplane usage | showback`: what was used, and what it came to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

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
    csv: Csv = False,
) -> None:
    """What was metered: each line with its quantity, its source and what it came to.

    Args:
        until: 2027-02-01; now when absent.
        project: only of this project.
    """
    asked: dict[str, Any] = {"from": moment(from_), "until": moment(until), "project": project}
    with connect() as client:
        if csv:
            print(client.text("/api/v1/usage", format="csv", **asked), end="")
            return
        found = client.items("/api/v1/usage", **asked)
    output.give(found, lambda: output.table([_row(one) for one in found], _COLUMNS, empty="Nothing was used."))


@showback.command(name="show")
def show_month(month: str, *, project: str | None = None, csv: Csv = False) -> None:
    """What a month came to: quantity × price = amount, line by line.

    Args:
        month: 2027-01.
        project: only of this project.
    """
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise WrongUse(f"{month!r} is no month.", hint="For example 2027-01.")
    with connect() as client:
        if csv:
            print(client.text(f"/api/v1/showback/{month}", format="csv", project=project), end="")
            return
        found = client.get(f"/api/v1/showback/{month}", project=project)

    def shown() -> None:
        lines = found.get("lines") or found.get("items") or ()
        output.table([_row(one) for one in lines], _COLUMNS, empty="Nothing was used in this month.")
        total = found.get("total_micro_eur") or (found.get("total") or {}).get("micro_eur")
        frozen = "closed: it does not alter any more" if found.get("closed_at") or found.get("closed") else "still open"
        output.say()
        output.facts([("total", euro(total)), ("month", f"{month}, {frozen}")])

    output.give(found, shown)


_COLUMNS = {"project": "project", "resource": "what", "component": "of which", "quantity": "quantity", "unit": "unit",
            "price": "price", "amount": "amount", "source": "metered by"}  # fmt: skip


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    resource = one.get("resource")
    return {
        **one,
        "resource": resource.get("name") if isinstance(resource, Mapping) else resource or one.get("name"),
        "price": euro(one.get("quarter_micro_eur") or one.get("price_micro_eur")),
        "amount": euro(one.get("amount_micro_eur")),
    }
