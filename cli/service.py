"""`irisplane service`: services of tenants on the network: order, list, show, test, remove."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote

from cyclopts import App, Parameter

from cli import output
from cli.asking import submit
from cli.client import connect
from cli.errors import FAILED, Ended, WrongUse

__all__ = ["app"]

app = App(name="service", help="Services of tenants on the network: order, see, test, remove.")

Reason = Annotated[str, Parameter(name=["--reason", "-r"], help="Why: it stands in the journal for good.")]
Yes = Annotated[bool, Parameter(name=["--yes", "-y"])]


@app.command
def order(
    code: str,
    *ends: str,
    tenant: str,
    reason: Reason,
    kind: Literal["l3vpn", "e-line", "internet"] = "l3vpn",
    bandwidth: int | None = None,
    protection: Literal["none", "protected", "diverse"] = "none",
    dry_run: bool = False,
    wait: bool = False,
    yes: Yes = False,
) -> None:
    """Order a service between ports: the plan shows numbers, ways and every router's difference.

    Args:
        code: what it is called, town-halls.
        ends: where it comes out, DEVICE:PORT=GATEWAY/LENGTH, with ,PROBE when a host there answers pings:
            ac01:port1=10.20.1.1/24,10.20.1.10; an E-Line's ends have no address, those of internet access
            a public one.
        tenant: whose it is.
        bandwidth: Mbit/s that each end is held to, in both directions; without it, to nothing.
        protection: protected: two ways without a common link; diverse: without a common device either,
            nor a common duct, building or power feed where the plant knows the ways; the plan says what they share.
        dry_run: show the plan, submit nothing.
        wait: follow it until it has ended.
        yes: submit without asking.
    """
    intent: dict[str, Any] = {
        "code": code,
        "tenant": tenant,
        "kind": kind,
        "protection": protection,
        "ends": [_end(one) for one in ends],
    }
    if bandwidth is not None:
        intent["bandwidth_mbps"] = bandwidth
    _ask("network.service.order", intent, reason, dry_run=dry_run, wait=wait, yes=yes)


@app.command
def request(
    name: str,
    *ends: str,
    reason: Reason,
    kind: Literal["l3vpn", "e-line", "internet"] = "l3vpn",
    bandwidth: int | None = None,
    protection: Literal["none", "protected", "diverse"] = "none",
    dry_run: bool = False,
    wait: bool = False,
    yes: Yes = False,
) -> None:
    """Ask the region for a service between sites of your administration; an engineer approves and orders it.

    Args:
        name: what it is called among yours, town-halls.
        ends: where it comes out, SITE=GATEWAY/LENGTH, with ,PROBE when a host there answers pings:
            TH-21009=10.20.1.1/24,10.20.1.10; an E-Line's ends are sites alone.
        bandwidth: Mbit/s that each end is held to, in both directions; without it, to nothing.
        protection: protected: two ways without a common link; diverse: without a common device either,
            nor a common duct, building or power feed where the plant knows the ways.
        dry_run: show the plan, submit nothing.
        wait: follow it until it has ended.
        yes: submit without asking.
    """
    intent: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "protection": protection,
        "ends": [_site(one) for one in ends],
    }
    if bandwidth is not None:
        intent["bandwidth_mbps"] = bandwidth
    asked = {"kind": "service.request", "intent": intent, "reason": reason}
    submit(asked, dry_run=dry_run, wait=wait, yes=yes)


@app.command
def remove(code: str, *, reason: Reason, dry_run: bool = False, wait: bool = False, yes: Yes = False) -> None:
    """Take a service back: every line and number of it, and nothing of another.

    Args:
        code: which.
        dry_run: show the plan, submit nothing.
        wait: follow it until it has ended.
        yes: submit without asking.
    """
    _ask("network.service.remove", {"code": code}, reason, dry_run=dry_run, wait=wait, yes=yes)


@app.command(name="list")
def list_() -> None:
    """Services in force."""
    with connect() as client:
        found = client.get("/api/v1/network/services")
    rows = [{**one, "ends": _places(one)} for one in found["items"]]
    columns = {"code": "service", "tenant": "tenant", "kind": "kind", "bandwidth_mbps": "Mbit/s",
               "protection": "protection", "table_number": "table", "tunnel_number": "tunnel",
               "ends": "ends"}  # fmt: skip
    output.give(found, lambda: output.table(rows, columns, empty="No service is in force."))


@app.command
def show(code: str) -> None:
    """A service: its numbers, and where it comes out."""
    with connect() as client:
        found = client.get(f"/api/v1/network/services/{quote(code, safe='')}")

    def shown() -> None:
        names = {"code": "service", "tenant": "tenant", "kind": "kind", "bandwidth_mbps": "Mbit/s",
                 "protection": "protection", "table_number": "table", "tunnel_number": "tunnel"}  # fmt: skip
        output.facts((label, found[name]) for name, label in names.items())
        columns = {"device": "device", "site": "site", "port": "port", "address": "gateway", "probe": "probe"}
        output.table(found["ends"], columns, empty="It comes out nowhere.")

    output.give(found, shown)


@app.command
def test(code: str) -> None:
    """Send packets through a service now, from each of its routers; fails when not exactly its members answer."""
    with connect() as client:
        found = client.request("POST", f"/api/v1/network/services/{quote(code, safe='')}:test").json()
    rows = [{**one, "evidence": "; ".join(one["evidence"])} for one in found["items"]]
    columns = {"device": "device", "status": "state", "evidence": "seen"}
    output.give(found, lambda: output.table(rows, columns, empty="It comes out nowhere."))
    if any(one["status"] != "ok" for one in found["items"]):
        raise Ended(FAILED)


def _places(service: Mapping[str, Any]) -> str:
    return ", ".join(f"{end['device']}:{end['port']}" for end in service["ends"])


def _end(text: str) -> dict[str, str]:
    place, _, addresses = text.partition("=")
    device, colon, port = place.partition(":")
    if not (device and colon and port):
        raise WrongUse(f"{text!r} is no end.", hint="Write DEVICE:PORT=GATEWAY/LENGTH, ac01:port1=10.20.1.1/24.")
    gateway, _, probe = addresses.partition(",")
    end = {"device": device, "port": port}
    end |= {"address": gateway} if gateway else {}
    return end | ({"probe": probe} if probe else {})


def _site(text: str) -> dict[str, str]:
    site, _, addresses = text.partition("=")
    gateway, _, probe = addresses.partition(",")
    if not site:
        raise WrongUse(f"{text!r} is no end.", hint="Write SITE=GATEWAY/LENGTH, TH-21009=10.20.1.1/24.")
    return {"site": site} | ({"address": gateway} if gateway else {}) | ({"probe": probe} if probe else {})


def _ask(kind: str, intent: dict[str, Any], reason: str, *, dry_run: bool, wait: bool, yes: bool) -> None:
    request = {"kind": kind, "intent": intent, "reason": reason, "options": {"atomic": True}}
    submit(request, dry_run=dry_run, wait=wait, yes=yes)
