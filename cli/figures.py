"""`irisplane figures`: the region in figures, and the page for the board."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from cli import output
from cli.client import connect
from cli.hosting.amounts import euro

__all__ = ["app", "when_full"]

app = App(name="figures", help="The region in figures, and the page for the board.")

_WHY = {
    "full": "full now",
    "steady": "does not grow",
    "far": "not within ten years",
    "unsteady": "goes up and down too much",
    "no-capacity": "",
}


@app.command(name="list")
def list_(*, csv: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Capacity, what is granted and used, changes, orders, money: as they are now, and when they are full.

    Args:
        csv: every day that was kept, for a spreadsheet.
    """
    with connect() as client:
        if csv:
            print(client.text("/api/v1/figures", format="csv"), end="")
            return
        found = client.get("/api/v1/figures")
    columns = {"figure": "figure", "of": "of", "value": "now", "capacity": "at most", "full": "full on"}
    rows = [_row(one, found["least_days"]) for one in found["items"]]
    output.give(found, lambda: output.table(rows, columns, empty="Nothing is measured."))


@app.command
def links(*, days: int = 90) -> None:
    """When links are full: now, the busy hour of yesterday, and the line through what Prometheus kept.

    Args:
        days: of the past that the line goes through, 14 to 400.
    """
    with connect() as client:
        found = client.get("/api/v1/network/capacity", days=days, kind="link")
    columns = {"link": "link", "now": "now", "busy": "busy", "capacity": "of", "share": "full", "grows": "a day",
               "on": "full on"}  # fmt: skip
    rows = [
        {
            "link": one["name"], "now": _bits(one["now"]), "busy": _bits(one["busy"]),
            "capacity": _bits(one["capacity"]), "share": "" if one["share"] is None else f"{one['share']:.0%}",
            "grows": _bits(one["per_day"]) if one["per_day"] else "", "on": when_full(one),
        }
        for one in found["items"]
    ]  # fmt: skip

    def shown() -> None:
        if found["state"] == "unknown":
            output.say(f"Nothing is known: {found['problem']}", "yellow")
            return
        output.table(rows, columns, empty="Prometheus has no figures of links.")

    output.give(found, shown)


def _bits(value: float | None) -> str:
    return "unknown" if value is None else f"{value / 1e6:,.1f} Mbit/s"


def when_full(one: Mapping[str, Any]) -> str:
    """The day, or why there is none."""
    if one["full_on"] and one["outlook"] == "dated":
        return str(one["full_on"])
    return _WHY.get(one["outlook"], f"too little is known yet ({one['days']} days)")


@app.command
def capacity() -> None:
    """What the cloud's machines can hold and what is taken: hosts, storage pools, ranges of public addresses."""
    with connect() as client:
        found = client.get("/api/v1/capacity")
    columns = {"name": "name", "kind": "", "zone": "zone", "resource": "of what", "used": "taken", "usable": "at most",
               "share": "full", "taking": "takes what is new"}  # fmt: skip
    rows = [
        {**one, **row, "share": f"{row['used'] / row['usable']:.0%}" if row["usable"] else ""}
        for one in found["items"]
        for row in one["resources"]
    ]
    output.give(found, lambda: output.table(rows, columns, empty="The cloud has not said yet what it can hold."))


@app.command
def board(
    *,
    output_: Annotated[Path, Parameter(name=["--output", "-o"])],
    language: Literal["fr", "nl", "en"] | None = None,
) -> None:
    """Write the page for the board: the region's month on one sheet, as PDF.

    Args:
        output_: the file; one that is there is replaced.
        language: yours when absent.
    """
    with connect() as client:
        made = client.content("/api/v1/figures:board", language=language)
    output_.write_bytes(made)
    output.give({"file": str(output_), "bytes": len(made)}, lambda: output.say(f"{output_}: one page"))


def _row(one: Mapping[str, Any], least: int) -> dict[str, str]:
    course, unit = one["course"], one["unit"]
    short = f"{course['days']} of {least} days kept"
    full = course["full_on"] if course["outlook"] == "dated" else _WHY.get(course["outlook"], short)
    return {
        "figure": one["name"], "of": one["subject"], "value": _written(one["value"], unit),
        "capacity": "" if unit == "share" else _written(one["capacity"], unit), "full": full,
    }  # fmt: skip


def _written(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "micro-euro":
        return euro(round(value))
    if unit == "share":
        return f"{value:.1%}"
    return f"{value:.12g}{ {'mib': ' MiB', 'gib': ' GiB', 'seconds': ' s'}.get(unit, '') }"
