"""`irisplane telemetry`: what devices tell over SNMP, and what is wired otherwise than written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

from cyclopts import App, Parameter

from cli import output
from cli.client import connect

__all__ = ["app"]

_PARTS: Final = 24

app = App(name="telemetry", help="What devices tell over SNMP, and what Prometheus makes of it.")


@app.command
def show(*, select: Annotated[str, Parameter(name=["--select", "-s"])] = "all") -> None:
    """What devices told when they were last asked, a line an interface.

    Args:
        select: which devices: name=cr01, role=access, all.
    """
    with connect() as client:
        found = client.get(f"/api/v1/network/telemetry?select={quote(select)}")
    columns = {"device": "device", "state": "", "interface": "interface", "alias": "alias", "up": "up",
               "in": "in Mbit/s", "out": "out Mbit/s", "speed": "of", "problem": "problem"}  # fmt: skip
    rows = [row for one in found["items"] for row in _rows(one)]
    output.give(found, lambda: output.table(rows, columns, empty="No device is asked over SNMP."))


@app.command
def cabling() -> None:
    """Where LLDP hears somebody else than the inventory says."""
    with connect() as client:
        found = client.get("/api/v1/network/cabling")
    columns = {"device": "device", "interface": "interface", "problem": "", "link": "link", "expected": "expected",
               "heard": "heard"}  # fmt: skip
    told = found["listening"]
    well = f"What is heard is what is written, as {told} devices told." if told else "Nobody knows: no device told."
    output.give(found, lambda: output.table(found["items"], columns, empty=well))


@app.command
def load(link: str, *, hours: int = 24) -> None:
    """What a link carried, in 24 parts of the time; a gap is said to be one.

    Args:
        hours: of the past, at most 9600.
    """
    with connect() as client:
        found = client.get(f"/api/v1/network/links/{quote(link, safe='')}/load", hours=hours)
    columns = {"from": "from", "mean": "mean Mbit/s", "most": "most Mbit/s", "known": "known"}

    def shown() -> None:
        if found["state"] == "unknown":
            output.say(f"Nothing is known of {link}: {found['problem']}", "yellow")
            return
        capacity = found["capacity"]
        output.say(f"{link}, which carries {'unknown' if capacity is None else f'{capacity / 1e6:,.1f}'} Mbit/s")
        output.table(_parts(found["points"]), columns, empty="")

    output.give(found, shown)


def _parts(points: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Points in 24 parts: mean and most of what is known, and how much that is."""
    size = -(-len(points) // _PARTS)
    rows = []
    for first in range(0, len(points), size):
        part = points[first : first + size]
        known = [one["bits_per_second"] / 1e6 for one in part if one["bits_per_second"] is not None]
        rows.append({
            "from": output.local_time(part[0]["at"]),
            "mean": f"{sum(known) / len(known):,.1f}" if known else "unknown",
            "most": f"{max(known):,.1f}" if known else "unknown",
            "known": "gap" if not known else "all" if len(known) == len(part) else f"{len(known) / len(part):.0%}",
        })  # fmt: skip
    return rows


@app.command
def rules(*, output_file: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None, hold: int = 60) -> None:
    """What Prometheus is to look for, from the intent: a file of recording and alerting rules.

    Args:
        output_file: where to write it; shown when absent.
        hold: seconds something must last before it is an alert.
    """
    with connect() as client:
        found = client.text("/api/v1/network/telemetry/rules", hold=str(hold))
    if output_file is None:
        print(found, end="")
        return
    output_file.write_text(found, encoding="utf-8")
    output.notice(f"Written to {output_file}; 'promtool check rules {output_file}' checks it.")


@app.command
def targets() -> None:
    """Whom Prometheus is told to scrape."""
    with connect() as client:
        found = client.get("/metrics/targets")
    rows = [{"target": one["targets"][0], **one["labels"], "path": one["labels"]["__metrics_path__"]} for one in found]
    columns = {"instance": "instance", "target": "target", "path": "path", "role": "role", "site": "site"}
    output.give(found, lambda: output.table(rows, columns, empty="Nobody."))


def _rows(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    if one["state"] != "answers":
        return [{"device": one["device"], "state": one["state"], "problem": one["problem"]}]
    return [
        {
            "device": one["device"], "state": one["state"], "interface": port["name"], "alias": port["alias"],
            "up": {True: "up", False: "down", None: "unknown"}[port["up"]],
            "in": _mega(port["in_bits_per_second"]), "out": _mega(port["out_bits_per_second"]),
            "speed": "" if port["speed"] is None else f"{port['speed'] / 1e6:,.0f}",
            "problem": "; ".join(one["complaints"]),
        }
        for port in one["interfaces"]
    ]  # fmt: skip


def _mega(bits: int | None) -> str:
    return "unknown" if bits is None else f"{bits / 1e6:,.2f}"
