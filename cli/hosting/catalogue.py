"""`irisplane catalogue | flavor | image | zone`: what can be ordered, where, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from cyclopts import App, Parameter

from cli import output
from cli.asking import asked_for, moment, read_text
from cli.client import connect
from cli.errors import WrongUse
from cli.hosting.amounts import euro, mib

__all__ = ["catalogue", "flavor", "image", "zone"]

catalogue = App(name="catalogue", help="What can be ordered, and what it costs.")
flavor = App(name="flavor", help="Sizes of servers.")
image = App(name="image", help="What a server can start from.")
zone = App(name="zone", help="Where servers can stand, and for which data.")

DataClass = Literal["open", "internal", "personal", "sensitive"]

_UNITS = {"gib": "a GiB", "address": "an address", "server": "a server", "server-off": "a server that stands still",
          "network": "a network"}  # fmt: skip


@catalogue.command(name="list")
def list_offerings(*, kind: str | None = None, at: str | None = None) -> None:
    """Everything that is offered, with plans and prices, in your language (LANG).

    Args:
        kind: server, volume, snapshot, backup, floating-ip, network or image.
        at: as of this time, 2027-01-31.
    """
    with connect() as client:
        found = client.items("/api/v1/catalogue", kind=kind, at=moment(at))
    rows = [row for one in found for row in _rows(one)]
    columns = {"kind": "kind", "code": "code", "name": "name", "month": "a month", "unit": "for"}
    output.give(found, lambda: output.table(rows, columns, empty="Nothing is offered."))


@catalogue.command(name="show")
def show_offering(code: str, *, at: str | None = None) -> None:
    """One offering with its plans and prices.

    Args:
        code: as 'irisplane catalogue list' shows it.
        at: as of this time, 2027-01-31.
    """
    with connect() as client:
        found = client.get(f"/api/v1/catalogue/{quote(code, safe='')}", at=moment(at))

    def shown() -> None:
        output.say(str(found["name"]), "bold")
        output.facts(
            [
                ("code", found["code"]),
                ("kind", found["kind"]),
                ("", found.get("description")),
                ("offered from", output.local_time(found.get("from"))),
                ("until", output.local_time(found.get("until"))),
            ]
        )
        output.say()
        output.table(_rows(found), {"code": "code", "name": "name", "month": "a month", "unit": "for"})

    output.give(found, shown)


@catalogue.command(name="import")
def import_(
    file: Path | None = None, *, builtin: Annotated[Literal["lab"] | None, Parameter(help="What comes along.")] = None
) -> None:
    """Bring the catalogue to what a document says: one change; twice the same alters nothing. The region's staff only.

    Args:
        file: YAML or JSON.
    """
    if (file is None) == (builtin is None):
        raise WrongUse("Name a file, or --builtin lab.")
    content = read_text(file).encode() if file else b""
    with connect() as client:
        made = client.upload("/api/v1/catalogue:import", content, "application/yaml", builtin=builtin)
        asked_for(client, made, wait=False, show=False)


@flavor.command(name="list")
def list_flavors(*, at: str | None = None) -> None:
    """Sizes of servers, cheapest first: 'irisplane server create --plan CODE'.

    Args:
        at: as of this time, 2027-01-31.
    """
    with connect() as client:
        found = client.items("/api/v1/flavors", at=moment(at))
    rows = [{**one, "memory": mib(one["ram_mib"]), "month": euro(one["month_micro_eur"])} for one in found]
    columns = {"code": "plan", "name": "name", "vcpus": "vCPU", "memory": "memory", "disk_gib": "disk GiB",
               "month": "a month", "flavor": "in the cloud"}  # fmt: skip
    output.give(found, lambda: output.table(rows, columns, empty="No sizes."))


@image.command(name="list")
def list_images(*, at: str | None = None) -> None:
    """What a server can start from: 'irisplane server create --image CODE'.

    Args:
        at: as of this time, 2027-01-31.
    """
    with connect() as client:
        found = client.items("/api/v1/images", at=moment(at))
    columns = {"code": "image", "name": "name", "description": ""}
    output.give(found, lambda: output.table(found, columns, empty="No images."))


@zone.command(name="list")
def list_zones() -> None:
    """Where servers can stand, and which classes of data may."""
    with connect() as client:
        found = client.items("/api/v1/zones")
    columns = {"code": "zone", "site": "site", "data_classes": "data", "open": "takes new servers",
               "present": "in the cloud now"}  # fmt: skip
    output.give(found, lambda: output.table(found, columns, empty="No zones: the cloud chooses."))


@zone.command(name="set")
def set_zone(
    code: str,
    *,
    site: str | None = None,
    availability_zone: str | None = None,
    data: Annotated[list[DataClass] | None, Parameter(negative="")] = None,
    open_: Annotated[bool | None, Parameter(name="--open")] = None,
    reason: Annotated[str | None, Parameter(name=["--reason", "-r"], help="Why.")] = None,
) -> None:
    """Add a zone, or let one be as said. The region's platform managers only.

    Args:
        code: what agencies call it.
        site: code of the site at which it is.
        availability_zone: its name in the cloud; the same as its code when absent.
        data: a class of data that it may hold: open, internal, personal, sensitive; can be given several times.
        open_: whether it takes new servers.
    """
    given = {"site": site, "availability_zone": availability_zone, "data_classes": data, "open": open_}
    body = {"code": code, **{name: value for name, value in given.items() if value is not None}}
    with connect() as client:
        asked_for(client, client.post("/api/v1/zones", body, reason=reason), wait=False, show=False)


def _rows(offering: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each plan and for each price without one; an image has neither."""
    same = {"kind": offering["kind"]}
    rows = [
        {
            **same,
            "code": plan["code"],
            "name": plan["name"],
            **_cost(plan["prices"]),
        }
        for plan in offering.get("plans") or ()
    ]
    rows += [
        {**same, "code": offering["code"], "name": offering["name"], **_cost([price])}
        for price in offering.get("prices") or ()
    ]
    return rows or [{**same, "code": offering["code"], "name": offering["name"]}]


def _cost(prices: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The price of what runs; what it costs while it stands still is in the details."""
    found = next((one for one in prices if one["component"] != "server-off"), None)
    if found is None:
        return {"month": "", "unit": ""}
    return {"month": euro(found["month_micro_eur"]), "unit": _UNITS.get(str(found["component"]), "")}
