"""`irisplane network capacity`: what of the network fills first, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from cyclopts import Parameter

from cli import output
from cli.client import connect
from cli.figures import when_full

__all__ = ["capacity"]

Kind = Literal["link", "cable-strands", "site-strands", "site-panel-ports", "site-device-ports"]
_OF: Final[Mapping[str, str]] = {
    "link": "link",
    "cable-strands": "strands of cable",
    "site-strands": "strands at site",
    "site-panel-ports": "panel ports at site",
    "site-device-ports": "device ports at site",
}


def capacity(
    *,
    kind: Annotated[tuple[Kind, ...], Parameter(negative_iterable="")] = (),
    days: int = 90,
    most: int = 40,
    csv: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """What of the network fills first, and when: links, strands of cables, strands and ports of sites.

    Args:
        kind: only these; may be given several times.
        days: of the past that lines go through, 14 to 400.
        most: lines that are shown.
        csv: every line, for a spreadsheet.
    """
    asked = urlencode({"days": days, "kind": kind, "format": "csv" if csv else "json"}, doseq=True)
    with connect() as client:
        if csv:
            print(client.text(f"/api/v1/network/capacity?{asked}"), end="")
            return
        found = client.get(f"/api/v1/network/capacity?{asked}")
    columns = {"what": "", "name": "name", "now": "now", "busy": "busy", "capacity": "of", "share": "full",
               "grows": "a day", "on": "full on"}  # fmt: skip
    rows = [_row(one) for one in found["items"][:most]]

    def shown() -> None:
        if found["state"] == "unknown":
            output.say(f"The past is not known: {found['problem']}", "yellow")
        output.table(rows, columns, empty="There are no links, cables or sites.")
        if more := len(found["items"]) - len(rows):
            output.notice(f"and {more} more: --most {len(found['items'])} shows them, --csv writes them", "dim")

    output.give(found, shown)


def _row(one: Mapping[str, Any]) -> dict[str, str]:
    unit = one["unit"]
    return {
        "what": _OF[one["kind"]], "name": one["name"], "now": _amount(one["now"], unit),
        "busy": _amount(one["busy"], unit) if one["kind"] == "link" else "", "capacity": _amount(one["capacity"], unit),
        "share": "" if one["share"] is None else f"{one['share']:.0%}",
        "grows": _amount(one["per_day"], unit) if one["per_day"] else "", "on": when_full(one),
    }  # fmt: skip


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "unknown"
    return f"{value / 1e6:,.1f} Mbit/s" if unit == "bit/s" else f"{value:,.4g}"
