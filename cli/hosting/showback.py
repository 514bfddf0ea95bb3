"""`irisplane usage | showback`: what was used, what it came to, whether it agrees; and months that are closed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from cli import output
from cli.asking import moment, submit
from cli.client import connect
from cli.errors import FAILED, Ended, WrongUse
from cli.hosting.amounts import euro

__all__ = ["showback", "usage"]

usage = App(name="usage", help="What was used, by the quarter-hour.")
showback = App(name="showback", help="What a month came to.")

Reason = Annotated[str, Parameter(name=["--reason", "-r"], help="Why: it stands in the journal for good.")]
DryRun = Annotated[bool, Parameter(negative="", help="Show what would be done, and stop there.")]
Yes = Annotated[bool, Parameter(name=["--yes", "-y"], negative="", help="Do not ask.")]
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


@usage.command(name="compare")
def compare(
    *,
    from_: Annotated[str | None, Parameter(name="--from", help="2027-01-01T10:00; a day ago when absent.")] = None,
    until: str | None = None,
) -> None:
    """Whether what was metered agrees with what Nova says now, server by server. The region's staff only.

    Args:
        until: 2027-01-02; now when absent.
    """
    with connect() as client:
        found = client.get("/api/v1/usage:compare", **{"from": moment(from_), "until": moment(until)})
    columns = {"server": "server in the cloud", "metered": "seconds metered", "nova": "Nova's", "why": "why"}

    def shown() -> None:
        output.table(found["differences"], columns, empty="No server differs.")
        output.say()
        seconds = found["seconds"]
        output.facts(
            [
                ("servers", found["servers"]),
                ("metered", f"{seconds['metered']} s"),
                ("Nova", f"{seconds['nova']} s"),
                ("agrees", "yes" if found["agrees"] else "no"),
            ]
        )

    output.give(found, shown)
    if not found["agrees"]:
        raise Ended(FAILED)


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


@showback.command(name="close")
def close_month(
    month: str,
    *,
    reason: Reason,
    accept_gaps: Annotated[bool, Parameter(negative="", help="Also where something will never be known.")] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Freeze a month that is over and wholly metered: its lines never alter again. Platform managers only.

    Args:
        month: 2027-01.
    """
    intent = {"month": month, "accept_gaps": accept_gaps}
    submit({"kind": "hosting.month.close", "intent": intent, "reason": reason}, dry_run=dry_run, yes=yes)


@showback.command(name="correct")
def correct_month(
    month: str, tenant: str, micro_eur: int, *, reason: Reason, dry_run: DryRun = False, yes: Yes = False
) -> None:
    """Put a closed month right by a line of the open one. Platform managers only.

    Args:
        month: the closed one, 2027-01.
        tenant: code of the administration.
        micro_eur: what is added, in millionths of a euro; less than zero gives back.
    """
    intent = {"tenant": tenant, "corrects": month, "amount_micro_eur": micro_eur, "reason": reason}
    submit({"kind": "hosting.charge.correct", "intent": intent, "reason": reason}, dry_run=dry_run, yes=yes)


@showback.command(name="limit")
def limit_month(
    euros: int | None = None,
    *,
    none: Annotated[bool, Parameter(negative="", help="Take the limit away.")] = False,
    tenant: str | None = None,
    reason: Annotated[str, Parameter(name=["--reason", "-r"], help="Why, when it is altered.")] = "",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """What a month may come to at most: shown; or set, in whole euros, by the administration's administrator.

    Args:
        euros: an order that would pass it is refused.
        tenant: another administration's, for the region's staff.
    """
    if euros is None and not none:
        with connect() as client:
            found = client.get("/api/v1/spend-limit", tenant=tenant)
        told = [("limit", euro(found["limit_micro_eur"]) or "none"), ("stands", euro(found["stands_micro_eur"])),
                ("left", euro(found["left_micro_eur"]))]  # fmt: skip
        output.give(found, lambda: output.facts(told))
        return
    if euros is not None and none:
        raise WrongUse("A limit, or --none.")
    intent = {"tenant": tenant, "month_micro_eur": None if euros is None else euros * 1_000_000}
    why = reason or "a limit for the month"
    submit({"kind": "hosting.spend-limit.set", "intent": intent, "reason": why}, dry_run=dry_run, yes=yes)


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
