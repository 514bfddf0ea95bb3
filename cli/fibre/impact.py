"""`irisplane fibre impact`: what breaks if something of the plant is lost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from cli import output
from cli.client import connect
from cli.errors import WrongUse

__all__ = ["impact"]

Codes = Annotated[list[str] | None, Parameter(negative="")]

_SAID: Final = {
    "down": "down",
    "protected": "goes on over another way",
    "degraded": "goes on, protection lost",
}
_MOST: Final = 30


def impact(
    *,
    cable: Codes = None,
    duct: Codes = None,
    strand: Codes = None,
    node: Codes = None,
    site: Codes = None,
    device: Codes = None,
    link: Codes = None,
    feed: Codes = None,
    polygon: Path | None = None,
    all_: Annotated[bool, Parameter(name=["--all", "-a"], negative="")] = False,
) -> None:
    """What breaks if something is lost: strands, circuits, links, devices, sites, administrations. Alters nothing.

    Everything named is lost together; each option may be given more than once.

    Args:
        cable: code of a cable.
        duct: code of a duct: every cable in it.
        strand: CABLE/NUMBER.
        node: code of a manhole, cabinet or building: every cable that passes it.
        site: code of a site: its building and its devices.
        device: name of a device.
        link: name of a link.
        feed: code of a power feed: devices of sites that have no other.
        polygon: a GeoJSON file: what lies in the ground inside it.
        all_: every line of every table, instead of the first thirty.
    """
    given = {"cable": cable, "duct": duct, "strand": strand, "node": node, "site": site, "device": device,
             "link": link, "feed": feed}  # fmt: skip
    of = [{"kind": kind, "key": key} for kind, keys in given.items() for key in keys or ()]
    if not of and polygon is None:
        raise WrongUse("Say what is lost.", hint="For instance --cable CODE, --duct CODE, or --polygon FILE.")
    body: dict[str, Any] = {"of": of}
    if polygon is not None:
        body["polygon"] = _read(polygon)
    with connect() as client:
        found = client.request("POST", "/api/v1/fibre/impact", body=body).json()
    output.give(found, lambda: _show(found, None if all_ else _MOST))


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise WrongUse(f"{path} is not JSON: {error}.", hint="Give a GeoJSON Polygon, WGS84.") from error
    if not isinstance(found, dict):
        raise WrongUse(f"{path} holds no GeoJSON object.", hint="Give a GeoJSON Polygon, WGS84.")
    return found


def _show(found: Mapping[str, Any], most: int | None) -> None:
    lost, users = found["lost"], found["users"]
    codes = [cable["code"] for cable in lost["cables"]]
    rest = f" and {len(codes) - 10} more" if len(codes) > 10 else ""
    basis = f"{users['sites_assumed']} sites assumed by kind, {users['sites_known']} known"
    go_on = users["protected"] + users["degraded"]
    output.facts(
        (
            ("ducts", len(lost["ducts"]) or None),
            ("cables", ", ".join(codes[:10]) + rest),
            ("strands", f"{lost['strands']:,}, {lost['lit']:,} of them lit"),
            ("one feed left", ", ".join(lost["one_feed_left"])),
            ("people a day", f"about {users['down']:,} out of service, {go_on:,} go on ({basis})"),
        )
    )
    _part(
        "Circuits", found["circuits"], {"code": "circuit", "tenant": "of", "state": "state", "strands": "strands"}, most
    )
    _part("Links down", found["links"], {"name": "link"}, most)
    _part("Devices", found["devices"], {"name": "device", "role": "role", "site": "site", "state": "state"}, most)
    _part("Sites", found["sites"], {"code": "site", "kind": "kind", "name_fr": "name", "state": "state"}, most)
    _part("Administrations", found["tenants"], {"code": "code", "name_fr": "name", "state": "state"}, most)
    if not any(found[part] for part in ("circuits", "links", "devices", "sites")):
        output.say("Nothing that is known of is touched.")
    if unknown := found["unknown"]["links_without_circuit"]:
        output.notice(f"{unknown} links have no circuit: nobody can say what they run over.")


def _part(title: str, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], most: int | None) -> None:
    if not rows:
        return
    output.heading(f"{title} ({len(rows):,})")
    shown = [
        {**row, "state": _SAID[row["state"]], "strands": ", ".join(row.get("strands", ())[:6])} for row in rows[:most]
    ]
    output.table(shown, columns)
    if most is not None and len(rows) > most:
        output.notice(f"… and {len(rows) - most:,} more: --all shows them.")
